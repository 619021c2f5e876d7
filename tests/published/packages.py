# ruff: noqa: E501 - each row is a file of a template
"""Miniatures of templates for Python packages and for data science."""

from __future__ import annotations

from collections.abc import Mapping

from tests.published.form import PNG, Published

SLUG = "{{cookiecutter.project_slug}}"
REMOVING = """\
import os
import shutil

def remove(path):
    path = os.path.join(os.path.realpath(os.path.curdir), path)
    shutil.rmtree(path) if os.path.isdir(path) else os.remove(path)

"""

PYPACKAGE = Published(
    context={
        "full_name": "Zoë Müller",
        "email": "zoe@example.test",
        "project_name": "Python Boilerplate",
        "project_slug": "{{ cookiecutter.project_name.lower().replace(' ', '_').replace('-', '_') }}",
        "project_short_description": 'All the boilerplate you "need".',
        "version": "0.1.0",
        "command_line_interface": ["Typer", "Argparse", "No command-line interface"],
        "open_source_license": ["MIT license", "BSD license", "Not open source"],
        "create_author_file": "y",
        "__gh_slug": "{{ cookiecutter.full_name.split()[0].lower() }}/{{ cookiecutter.project_slug }}",
        "_copy_without_render": ["*/ci-cd.yml"],
    },
    given={
        "project_name": "Peanut-Butter & Jelly",
        "open_source_license": "Not open source",
        "create_author_file": "n",
    },
    files={
        "hooks/post_gen_project.py": REMOVING
        + "if '{{ cookiecutter.create_author_file }}' != 'y':\n    remove('AUTHORS.rst')\n"
        "if '{{ cookiecutter.open_source_license }}' == 'Not open source':\n    remove('LICENSE')\n"
        "if 'no' in '{{ cookiecutter.command_line_interface|lower }}':\n"
        "    remove(os.path.join('src', '{{ cookiecutter.project_slug }}', 'cli.py'))\n",
        f"{SLUG}/README.rst": """\
{% set is_open_source = cookiecutter.open_source_license != 'Not open source' -%}
{% for _ in cookiecutter.project_name %}={% endfor %}
{{ cookiecutter.project_name }}
{% for _ in cookiecutter.project_name %}={% endfor %}

{% if is_open_source %}
.. image:: https://example.test/{{ cookiecutter.__gh_slug }}.svg
{%- endif %}

{{ cookiecutter.project_short_description }} {# not for readers #}
{% if is_open_source %}
* Free software: {{ cookiecutter.open_source_license }}
{% endif %}
""",
        f"{SLUG}/pyproject.toml": """\
{%- set licenses = {'MIT license': 'MIT', 'BSD license': 'BSD-3-Clause'} %}
[project]
name = "{{ cookiecutter.project_slug }}"
{%- if cookiecutter.open_source_license in licenses %}
license = {{ licenses[cookiecutter.open_source_license]|tojson }}
{%- endif %}
authors = [{name = {{ cookiecutter.full_name|tojson }}, email = "{{ cookiecutter.email }}"}]
""",
        f"{SLUG}/src/{SLUG}/__init__.py": '"""Top-level package for {{ cookiecutter.project_name }}."""\n',
        f"{SLUG}/src/{SLUG}/cli.py": "{% if cookiecutter.command_line_interface|lower == 'typer' -%}\nimport typer\n"
        "{%- elif cookiecutter.command_line_interface|lower == 'argparse' -%}\nimport argparse\n{%- endif %}\n",
        f"{SLUG}/AUTHORS.rst": "{{ cookiecutter.full_name }}\n",
        f"{SLUG}/LICENSE": "Copyright (c) {% now 'local', '%Y' %}, {{ cookiecutter.full_name }}\n",
        f"{SLUG}/.github/ci-cd.yml": "run: ${{ matrix.python }} {% not jinja\n",
        f"{SLUG}/docs/make.bat": "@ECHO OFF\r\nREM {{ cookiecutter.project_slug }}\r\n\r\n:end\r\n",
    },
    makes=["README.rst", "src/peanut_butter_&_jelly/cli.py", "docs/make.bat"],
    lacks=["AUTHORS.rst", "LICENSE"],
)

HYPERMODERN = Published(
    context={
        "project_name": "hypermodern-python",
        "package_name": "{{ cookiecutter.project_name.replace('-', '_') }}",
        "friendly_name": "{{ cookiecutter.project_name.replace('-', ' ').title() }}",
        "license": ["MIT", "Apache-2.0", "GPL-3.0"],
        "development_status": [f"Development Status :: {n} - {s}" for n, s in ((1, "Planning"), (5, "Stable"))],
        "copyright_year": "{% now 'utc', '%Y' %}",
    },
    given={"license": "Apache-2.0", "development_status": "Development Status :: 5 - Stable"},
    files={
        "{{cookiecutter.project_name}}/.github/workflows/tests.yml": """\
name: {{ cookiecutter.friendly_name }}
jobs:
  tests:
    name: {% raw %}${{ matrix.session }} ${{ matrix.python }} / ${{ matrix.os }}{% endraw %}
    steps:
      - run: echo {{ "${{ secrets.TOKEN }}" }} {{ '{{' }} literal {{ '}}' }}
{%- raw %}
      - run: |
          {% if this stays %}
{% endraw -%}
      # end
""",
        "{{cookiecutter.project_name}}/LICENSE": "{% if cookiecutter.license == 'MIT' %}{% include 'licenses/mit' %}"
        "{% else %}{% include 'licenses/other.txt' %}{% endif %}",
        "templates/licenses/other.txt": "{{ cookiecutter.license }} © {{ cookiecutter.copyright_year }}\n\n\n",
        "{{cookiecutter.project_name}}/src/{{cookiecutter.package_name}}/py.typed": b"",
        "{{cookiecutter.project_name}}/noxfile.py": "package = '{{cookiecutter.package_name}}'\nstatus = "
        "{{cookiecutter.development_status.split(' :: ')[1].split()|tojson}}",  # no line end
        "{{cookiecutter.project_name}}/docs/index.md": "```{include} ../README.md\n---\nend-before: <!-- github-only -->"
        "\n---\n```\n\n[{{cookiecutter.license}} license]: license\n",
    },
    makes=["LICENSE", "src/hypermodern_python/py.typed", ".github/workflows/tests.yml"],
)

UV = Published(
    context={
        "author": "Ann",
        "project_name": "example-project",
        "project_slug": "{{ cookiecutter.project_name|lower|replace('-', '_') }}",
        "layout": ["flat", "src"],
        "include_github_actions": ["y", "n"],
        "publish_to_pypi": ["y", "n"],
        "open_source_license": ["MIT license", "Not open source"],
        "__prompts__": {"author": "Who wrote it?", "layout": {"__prompt__": "Layout", "flat": "Flat", "src": "In src"}},
    },
    given={"layout": "src", "include_github_actions": "n", "project_name": "Deep-Thought"},
    files={
        "hooks/pre_gen_project.py": "import re\nimport sys\n\n"
        "if not re.match(r'^[-a-zA-Z][-a-zA-Z0-9]+$', '{{ cookiecutter.project_name }}'):\n"
        "    print('ERROR: no name for a project'); sys.exit(1)\n",
        "hooks/post_gen_project.py": REMOVING + "def move(old, new):\n    shutil.move(old, new)\n\n"
        'if "{{cookiecutter.include_github_actions}}" != "y":\n    remove(".github")\n'
        'elif "{{cookiecutter.publish_to_pypi}}" == "n":\n    remove(".github/workflows/on-release-main.yml")\n'
        'if "{{cookiecutter.layout}}" == "src":\n    os.mkdir("src")\n'
        '    move("{{cookiecutter.project_slug}}", "src/{{cookiecutter.project_slug}}")\n',
        "{{cookiecutter.project_name}}/.github/workflows/on-release-main.yml": "on: release\n",
        "{{cookiecutter.project_name}}/.github/actions/setup-python-env/action.yml": "x: {{ '${{ inputs.v }}' }}\n",
        "{{cookiecutter.project_name}}/{{cookiecutter.project_slug}}/__init__.py": "",
        "{{cookiecutter.project_name}}/{{cookiecutter.project_slug}}/foo.py": 'print(f"{{"{1:>{width}}"}}")\n',
        "{{cookiecutter.project_name}}/Makefile": ".PHONY: install\ninstall: ## Install\n\t@uv sync"
        "{% if cookiecutter.layout == 'src' %} --package src{% endif %}\n\t@echo \"$(MAKE) $${HOME}\"\n",
        "{{cookiecutter.project_name}}/pyproject.toml": "{% if cookiecutter.layout == 'src' -%}\npackages = ['src']\n"
        "{%- else -%}\npackages = ['.']\n{%- endif +%}\n{%+ if true %}\nx = 1\n{%+ endif %}\n",
    },
    makes=["src/deep_thought/foo.py", "Makefile"],
    lacks=[".github", "deep_thought"],
)

PYTEST_PLUGIN = Published(
    context={
        "plugin_name": "foobar",
        "module_name": "{{ cookiecutter.plugin_name|lower|replace('-', '_') }}",
        "pytest_version": "6.2.0",
        "docs_tool": ["mkdocs", "sphinx", "none"],
        "license": ["MIT", "BSD-3", "GNU GPL v3.0", "Apache Software License 2.0", "Mozilla Public License 2.0"],
    },
    given={"docs_tool": "none", "license": "GNU GPL v3.0", "pytest_version": "8.10"},
    files={
        "hooks/post_gen_project.py": REMOVING + "tool = '{{cookiecutter.docs_tool}}'\n"
        "shutil.rmtree('docs') if tool == 'none' else None\n"
        "if tool != 'mkdocs':\n    remove('mkdocs.yml')\n",
        "pytest-{{cookiecutter.plugin_name}}/src/pytest_{{cookiecutter.module_name}}/plugin.py": """\
import pytest

{% macro fixture(name, scope='function') -%}
@pytest.fixture(scope={{ scope|tojson }})
def {{ name }}(request):
    return request.config.option.dest_{{ name }}
{%- endmacro %}
{{ fixture('bar') }}


{{ fixture(cookiecutter.module_name, scope='session') }}
""",
        "pytest-{{cookiecutter.plugin_name}}/LICENSE": "{% if cookiecutter.license == 'MIT' %}MIT{% elif "
        "cookiecutter.license == 'GNU GPL v3.0' %}\n  GNU {{ '%05.1f'|format(3.0) }}\n{% endif %}",
        "pytest-{{cookiecutter.plugin_name}}/docs/conf.py": "x = 1\n",
        "pytest-{{cookiecutter.plugin_name}}/mkdocs.yml": "site_name: x\n",
        "pytest-{{cookiecutter.plugin_name}}/tox.ini": "deps = pytest>={{ cookiecutter.pytest_version }}\n"
        "{% for v in range(10, 14) if v is even %}py3{{ v }}{{ ',' if not loop.last }}{% endfor %}\n",
    },
    makes=["src/pytest_foobar/plugin.py", "tox.ini"],
    lacks=["docs", "mkdocs.yml"],
)

DATA_SCIENCE = Published(
    context={
        "project_name": "project_name",
        "repo_name": "{{ cookiecutter.project_name.lower().replace(' ', '_') }}",
        "module_name": "{{ cookiecutter.project_name.lower().replace(' ', '_').replace('-', '_') }}",
        "python_version_number": "3.10",
        "dataset_storage": [{"none": "none"}, {"azure": {"container": "container-name"}}],
        "environment_manager": ["virtualenv", "conda", "none"],
        "packages": {"basic": ["ipython", "pip"], "own": {"{{ cookiecutter.module_name }}": "0.0.1"}},
        "include_code_scaffold": ["Yes", "No"],
        "_notebooks": ["{{ kept as it is }}"],
    },
    given={"project_name": "Été 2026", "environment_manager": "conda"},
    files={
        "hooks/pre_gen_project.py": "import pathlib\npathlib.Path('made-before.txt').write_text('{{cookiecutter.repo_name}}')\n",
        "hooks/post_gen_project.sh": "#!/bin/sh\nset -e\nprintf '%s' '{{ cookiecutter.packages|jsonify }}' > packages.json\n"
        "chmod 700 made-before.txt\n",
        "{{ cookiecutter.repo_name }}/Makefile": "{% if cookiecutter.environment_manager == 'conda' %}\n"
        "create_environment:\n\tconda env create\n{% else %}\n\tvirtualenv .\n{% endif %}\n",
        "{{ cookiecutter.repo_name }}/notebooks/1.0 first look – ça va?.ipynb": '{"cells": [], "n": "{{ cookiecutter.repo_name }}"}',
        "{{ cookiecutter.repo_name }}/data/raw/.gitkeep": "",
        "{{ cookiecutter.repo_name }}/reports/figures/{{ cookiecutter.module_name }} 图.png": PNG,
        "{{ cookiecutter.repo_name }}/references/table": b"\x00\x01\x02 {{ cookiecutter.repo_name }}",
        "{{ cookiecutter.repo_name }}/README.md": "{{ cookiecutter.dataset_storage }} {{ cookiecutter._notebooks }}\n"
        "{{ cookiecutter.packages }} {{ _cookiecutter.dataset_storage }}\n"
        "{% for group, names in cookiecutter.packages|dictsort %}{{ group }}: {{ names|join(' ') }}\n{% endfor %}",
        "{{ cookiecutter.repo_name }}/{{ cookiecutter.module_name if cookiecutter.include_code_scaffold == 'Yes' }}/x.py": "",
    },
    folders=[
        "{{ cookiecutter.repo_name }}/data/interim",
        "{{ cookiecutter.repo_name }}/models/{{ cookiecutter.module_name }}",
    ],
    makes=[
        "notebooks/1.0 first look – ça va?.ipynb",
        "data/interim",
        "packages.json",
        "made-before.txt",
        "été_2026/x.py",
    ],
)

PYLIBRARY = Published(
    context={
        "name": "Nameless",
        "repo_name": "python-{{ cookiecutter.name|lower }}",
        "c_extension_support": ["no", "yes", "cffi"],
        "tests_inside_package": ["no", "yes"],
        "year_from": "{% now 'utc', '%Y' %}",
        "year_to": "{% now 'utc' + 'days=400', '%Y' %}",
        "_copy_without_render": ["ci/templates", "*.bumpversion"],
        "_jinja2_env_vars": {"trim_blocks": True, "lstrip_blocks": True},
    },
    given={"c_extension_support": "cffi"},
    files={
        "{{cookiecutter.repo_name}}/ci/templates/{{ kept }}/appveyor.yml": "{% for env in tox %}\r\n- {{ env }}\n",
        "{{cookiecutter.repo_name}}/ci/bootstrap.py": "#!/usr/bin/env python\n",
        "{{cookiecutter.repo_name}}/.bumpversion": "{new_version} {{ stays }}",
        "{{cookiecutter.repo_name}}/MANIFEST.in": "{% if cookiecutter.tests_inside_package == 'no' %}\ngraft tests\n"
        "{% endif %}\n    {% if true %}\n    include *.rst\n    {% endif %}\n\n\n",
        "{{cookiecutter.repo_name}}/setup.py": "{%- for kind in ('yes', 'cffi') +%}\n  {%- if kind == cookiecutter.c_extension_support %}\n"
        "ext = {{ kind|pprint }}\n  {%- endif %}\n{% endfor %}\n{{ cookiecutter.year_from == cookiecutter.year_to }}",
        "{{cookiecutter.repo_name}}/src/{% if cookiecutter.c_extension_support == 'cffi' %}_cffi_build.py{% endif %}": "x\n",
        "{{cookiecutter.repo_name}}/src/{% if cookiecutter.c_extension_support == 'yes' %}_c.c{% endif %}": "not wanted\n",
        "{{cookiecutter.repo_name}}/mixed.txt": b"one\rtwo\nthree\r\n{{ cookiecutter.name }}\r\n",
    },
    executable=["{{cookiecutter.repo_name}}/ci/bootstrap.py"],
    makes=["ci/templates/{{ kept }}/appveyor.yml", "src/_cffi_build.py", ".bumpversion"],
    lacks=["src/_c.c"],
)

ALL: Mapping[str, Published] = {
    "cookiecutter-pypackage": PYPACKAGE,
    "cookiecutter-hypermodern-python": HYPERMODERN,
    "cookiecutter-uv": UV,
    "cookiecutter-pytest-plugin": PYTEST_PLUGIN,
    "cookiecutter-data-science": DATA_SCIENCE,
    "cookiecutter-pylibrary": PYLIBRARY,
}
