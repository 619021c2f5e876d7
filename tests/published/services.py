# ruff: noqa: E501 - each row is a file of a template
"""Miniatures of templates for services: web frameworks, front ends, programs in Go and Java."""

from __future__ import annotations

from collections.abc import Mapping

from tests.published.form import PNG, Published
from tests.published.packages import REMOVING

SLUG = "{{cookiecutter.project_slug}}"

DJANGO = Published(
    context={
        "project_name": "My Awesome Project",
        "project_slug": "{{ cookiecutter.project_name.lower()|replace(' ', '_')|replace('-', '_')|trim() }}",
        "timezone": "UTC",
        "windows": "n",
        "use_docker": False,
        "use_celery": True,
        "cloud_provider": ["AWS", "GCP", "None"],
        "frontend_pipeline": ["None", "Gulp", "Webpack"],
        "postgresql_version": ["16", "15"],
        "debug": "n",
        "_template_version": "2026",
    },
    given={"project_name": "Book Shop", "use_docker": "yes", "cloud_provider": "None", "frontend_pipeline": "Gulp"},
    files={
        "hooks/pre_gen_project.py": 'project_slug = "{{ cookiecutter.project_slug }}"\n'
        "assert project_slug.isidentifier(), f\"'{project_slug}' is no name\"\n"
        'assert project_slug == project_slug.lower()\n\nif "{{ cookiecutter.use_docker }}".lower() == "false":\n'
        "    raise SystemExit(1)\n",
        "hooks/post_gen_project.py": REMOVING + "import hashlib\nfrom pathlib import Path\n\n"
        "def set_flag(file, flag):\n    path = Path(file)\n    text = path.read_text()\n"
        "    value = hashlib.sha256(flag.encode()).hexdigest()[:32]\n    path.write_text(text.replace(flag, value))\n\n"
        'set_flag(os.path.join(".envs", ".production", ".django"), "!!!SET DJANGO_SECRET_KEY!!!")\n'
        'if "{{ cookiecutter.use_celery }}".lower() == "false":\n    remove("config/celery_app.py")\n'
        'if "{{ cookiecutter.frontend_pipeline }}" != "Gulp":\n    remove("gulpfile.mjs")\n'
        'with open(".gitignore", "a") as ignored:\n    ignored.write(".env\\n.envs/*\\n")\n',
        f"{SLUG}/.envs/.production/.django": "DJANGO_SECRET_KEY=!!!SET DJANGO_SECRET_KEY!!!\n"
        "{% if cookiecutter.cloud_provider == 'AWS' %}AWS=1{% endif %}",
        f"{SLUG}/.gitignore": "*.pyc\n",
        f"{SLUG}/config/celery_app.py": "{% if cookiecutter.use_celery -%}\napp = '{{ cookiecutter.project_slug }}'\n{%- endif %}",
        f"{SLUG}/compose/production/django/entrypoint": "#!/bin/bash\n{% if cookiecutter.use_celery %}\n"
        'export X="${REDIS_URL}" Y={% raw %}{{ y }}{% endraw %}\n{% endif %}\nexec "$@"\n',
        f"{SLUG}/{SLUG}/templates/base.html": "{% raw %}{% load static i18n %}<!DOCTYPE html>\n{% block title %}{% endraw %}"
        "{{ cookiecutter.project_name }}{% raw %}{% endblock title %}{{ user.name }}{% endraw %}\n",
        f"{SLUG}/{SLUG}/static/images/favicons/favicon.ico": PNG,
        f"{SLUG}/{SLUG}/static/fonts/font.woff2": b"wOF2\x00\x01{{ cookiecutter.none }}",
        f"{SLUG}/locale/README.md": "```\n{% if cookiecutter.use_docker %}docker{% else %}python{% endif %} compose\n```\n",
        f"{SLUG}/gulpfile.mjs": "const s = `${x}`;\n// {{ cookiecutter.postgresql_version|int + 1 }}\n",
    },
    executable=[f"{SLUG}/compose/production/django/entrypoint"],
    makes=[".envs/.production/.django", "book_shop/static/fonts/font.woff2", "gulpfile.mjs"],
)

FLASK = Published(
    context={
        "full_name": "Ann O'Nymous",
        "app_name": "my_flask_app",
        "project_short_description": "A \\ flasky & <app>.",
        "use_pipenv": ["no", "yes"],
        "python_version": ["3.12", "3.11"],
        "node_version": ["22", "20"],
        "use_heroku": ["no", "yes"],
    },
    given={"use_pipenv": "yes", "python_version": "3.11", "project_short_description": 'A \\ "é" %} & <{x}>'},
    files={
        "hooks/post_gen_project.py": REMOVING
        + "if '{{cookiecutter.use_pipenv}}' == 'yes':\n    remove('requirements')\n"
        "else:\n    remove('Pipfile')\nprint('done {{ cookiecutter.app_name }}')\n",
        "{{cookiecutter.app_name}}/Pipfile": "[requires]\npython_version = '{{cookiecutter.python_version}}'\n",
        "{{cookiecutter.app_name}}/requirements/prod.txt": "flask\n",
        "{{cookiecutter.app_name}}/package.json": '{\n  "name": {{ cookiecutter.app_name|tojson }},\n  "author": '
        '{{ cookiecutter.full_name|tojson }},\n  "description": "{{ cookiecutter.project_short_description|e }}"\n}\n',
        "{{cookiecutter.app_name}}/webpack.config.js": "module.exports = { a: { b: {} } };  // {# gone #}\n",
        "{{cookiecutter.app_name}}/run.cmd": b"@echo off\r\nset APP={{cookiecutter.app_name}}\r\nflask run",
        "{{cookiecutter.app_name}}/assets/img/logo.svg": "<svg>{{ cookiecutter.app_name }}</svg>\n",
        "{{cookiecutter.app_name}}/{{cookiecutter.app_name}}/templates/404.html": "{{ '{%' }} extends 'layout.html' {{ '%}' }}\n",
        "{{cookiecutter.app_name}}/{% if cookiecutter.use_heroku == 'yes' %}Procfile{% endif %}": "web: flask\n",
        "{{cookiecutter.app_name}}/supervisord/supervisord_entrypoint.sh": "#!/usr/bin/env sh\nset -e\n",
    },
    executable=["{{cookiecutter.app_name}}/supervisord/supervisord_entrypoint.sh"],
    makes=["Pipfile", "run.cmd", "my_flask_app/templates/404.html"],
    lacks=["requirements", "Procfile"],
)

WEMAKE_DJANGO = Published(
    context={
        "project_name": "project",
        "project_domain": "myapp.com",
        "organization": "{{ cookiecutter.project_name }}",
        "project_verbose_name": "{{ cookiecutter.project_name|replace('-', ' ')|title }}",
        "_extensions": ["jinja2.ext.loopcontrols", "jinja2.ext.do"],
        "_new_lines": "\r\n",
    },
    given={"project_name": "warehouse-api"},
    files={
        "hooks/post_gen_project.py": "import os, shutil\nshutil.copyfile(os.path.join('config', '.env.template'), "
        "os.path.join('config', '.env'))\nos.symlink('.env', os.path.join('config', 'current'))\n",
        "{{cookiecutter.project_name}}/config/.env.template": "DOMAIN_NAME={{ cookiecutter.project_domain }}\n",
        "{{cookiecutter.project_name}}/docker/caddy/Caddyfile": "{% for n in range(9) %}{% if n == 3 %}{% break %}{% endif %}"
        "{% if n is odd %}{% continue %}{% endif %}site{{ n }} {\n}\n{% endfor %}",
        "{{cookiecutter.project_name}}/server/settings.py": "{% set found = [] %}{% do found.append(cookiecutter.project_name) %}"
        "names = {{ found }}\n",
        "{{cookiecutter.project_name}}/nothing to render.txt": "a\nb\n",
        "{{cookiecutter.project_name}}/nothing at all": "",
    },
    makes=["config/current", "config/.env", "docker/caddy/Caddyfile", "nothing to render.txt"],
)

REACT = Published(
    context={
        "app_name": "react-app",
        "_jinja2_env_vars": {
            "variable_start_string": "[[",
            "variable_end_string": "]]",
            "block_start_string": "[%",
            "block_end_string": "%]",
            "comment_start_string": "[#",
            "comment_end_string": "#]",
        },
        "display": "[[ cookiecutter.app_name|replace('-', ' ')|title ]]",
        "router": True,
    },
    given={"router": "false", "app_name": "shop-front"},
    files={
        "hooks/post_gen_project.sh": "#!/bin/sh\n[% if not cookiecutter.router %]rm -r src/routes\n[% endif %]mkdir -p public/empty\n",
        "[[ cookiecutter.app_name ]]/src/App.jsx": "export const App = () => <A style={{ color: 'red' }} {...{}} />; // {% x %}\n"
        "[% if cookiecutter.router %]router[% else %]none[% endif %] [# gone #]\nconst name = '[[ cookiecutter.display ]]';\n",
        "[[ cookiecutter.app_name ]]/src/routes/index.js": "x",
        "[[ cookiecutter.app_name ]]/src/plain.js": "const a = {{}}; {# stays #}\n",
        "[[ cookiecutter.app_name ]]/[[ cookiecutter.display ]] [x].md": "# [[ cookiecutter.display ]]",
    },
    makes=["src/App.jsx", "Shop Front [x].md", "public/empty"],
    lacks=["src/routes"],
)

GOLANG = Published(
    context={
        "full_name": "Lace",
        "github_username": "lace",
        "app_name": "mygolangproject",
        "docker_hub_username": "{{ cookiecutter.github_username }}",
        "use_docker": "y",
        "use_viper_config": "y",
        "use_ci": ["github", "travis", "none"],
    },
    given={"use_docker": "n", "app_name": "köln", "use_ci": "travis"},
    files={
        "hooks/post_gen_project.py": "from __future__ import print_function\n"
        + REMOVING
        + 'def remove_docker_files():\n    for name in ["Dockerfile"]:\n        remove(name)\n\n'
        'if "{{ cookiecutter.use_docker }}".lower() != "y":\n    remove_docker_files()\n'
        "{% if cookiecutter.use_viper_config == 'n' %}remove('config')\n{% endif %}"
        '{% if cookiecutter.use_ci == "travis" %}remove(".github")\n{% elif cookiecutter.use_ci == "github" %}'
        'remove(".travis.yml")\n{% endif %}',
        "{{cookiecutter.app_name}}/Makefile": "BIN=${GOPATH}/bin\nLD = {% raw %}{{.Dir}}{% endraw %}\n\nbuild:\n"
        '\tgo build -ldflags "-X github.com/{{ cookiecutter.github_username }}/{{ cookiecutter.app_name }}/version.X" \\\n'
        "\t\t-o bin/{{ cookiecutter.app_name }}\n{% if cookiecutter.use_docker == 'y' %}\npackage:\n\tdocker build .\n{% endif %}\n",
        "{{cookiecutter.app_name}}/Dockerfile": "FROM scratch\n",
        "{{cookiecutter.app_name}}/.github/x.yml": "x",
        "{{cookiecutter.app_name}}/.travis.yml": "language: go\n",
        "{{cookiecutter.app_name}}/config/config.go": "package config\n\n// New gives {{ cookiecutter.app_name }}\nfunc New() {}\n",
        "{{cookiecutter.app_name}}/cmd/{{cookiecutter.app_name}}/main.go": "package main\n{# {{ not }} #}\n{%- if "
        'cookiecutter.use_viper_config == "y" %}\nimport "config"{%- endif %}\n',
    },
    makes=["cmd/köln/main.go", "config/config.go", ".travis.yml"],
    lacks=["Dockerfile", ".github"],
)

SPRING = Published(
    context={
        "artifact": "demo-service",
        "package": "com.example.{{ cookiecutter.artifact|replace('-', '') }}",
        "package_path": "{{ cookiecutter.package|replace('.', '/') }}",
        "java_version": ["17", "21"],
        "modules": {"core": {"port": 8080, "tls": True}},
    },
    given={"artifact": "ledger", "java_version": "21"},
    files={
        "{{ cookiecutter.artifact }}/src/main/java/{{ cookiecutter.package_path }}/App.java": "package {{ cookiecutter.package }};\n"
        "{% for name, of in cookiecutter.modules.items() %}\n// {{ loop.index }} {{ name }}:{{ of.port }}{{ ' tls' if of.tls }}\n"
        "{%- endfor %}\n",
        "{{ cookiecutter.artifact }}/pom.xml": "<java>{{ cookiecutter.java_version }}</java>\n<v>${project.version}</v>\n",
        "{{ cookiecutter.artifact }}/mvnw": "#!/bin/sh\n",
        "{{ cookiecutter.artifact }}/mvnw.cmd": b"@REM\r\n",
        "{{ cookiecutter.artifact }}/.mvn/wrapper/maven-wrapper.jar": b"PK\x03\x04" + PNG,
        "{{ cookiecutter.artifact }}/latin-1.properties": "k={{ cookiecutter.artifact }}\n",
    },
    executable=["{{ cookiecutter.artifact }}/mvnw"],
    links={"{{ cookiecutter.artifact }}/{{ cookiecutter.artifact }}w": "mvnw"},
    folders=["{{ cookiecutter.artifact }}/src/test/java/{{ cookiecutter.package_path }}"],
    makes=["src/main/java/com/example/ledger/App.java", "ledgerw", "src/test/java/com/example/ledger"],
)

ALL: Mapping[str, Published] = {
    "cookiecutter-django": DJANGO,
    "cookiecutter-flask": FLASK,
    "wemake-django-template": WEMAKE_DJANGO,
    "cookiecutter-reactjs": REACT,
    "cookiecutter-golang": GOLANG,
    "cookiecutter-spring-boot": SPRING,
}
