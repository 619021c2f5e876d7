# ruff: noqa: E501 - each row is a file of a template
"""Miniatures of templates with code of their own, and of repositories that hold several."""

from __future__ import annotations

from collections.abc import Mapping

from tests.published.form import PNG, Published

EXTENSIONS = """\
from jinja2.ext import Extension, nodes
from cookiecutter.utils import simple_filter

@simple_filter
def as_domain(text):
    return text.lower().replace(" ", "_")

class Versions(Extension):
    tags = {"version"}

    def __init__(self, environment):
        super().__init__(environment)
        environment.globals["latest"] = lambda name: {"home": "2026.1"}.get(name, "0")
        environment.tests["beta"] = lambda text: text.endswith("b")

    def parse(self, parser):
        line = next(parser.stream).lineno
        return nodes.Output([nodes.Const("v1")], lineno=line)
"""

HOME_ASSISTANT = Published(
    context={
        "friendly_name": "Integration Blueprint",
        "domain_name": "{{ cookiecutter.friendly_name|as_domain }}",
        "class_name_prefix": "{{ cookiecutter.friendly_name.replace(' ', '') }}",
        "platforms": "binary_sensor,sensor,switch",
        "__list": "{{ cookiecutter.platforms.split(',') }}",
        "_extensions": ["local_extensions.as_domain", "local_extensions.Versions"],
        "_copy_without_render": ["*/brand/*", "*.ipynb"],
    },
    given={"friendly_name": "Ünder Floor", "platforms": "switch"},
    files={
        "local_extensions/__init__.py": EXTENSIONS,
        "hooks/pre_gen_project.py": "import sys\nsys.exit(0 if '{{ cookiecutter.domain_name }}'.islower() else 3)\n",
        "{{cookiecutter.domain_name}}/custom_components/{{cookiecutter.domain_name}}/manifest.json": '{"domain": '
        '"{{ cookiecutter.domain_name }}", "version": "{% version %}", "home": "{{ latest(\'home\') }}"}\n',
        "{{cookiecutter.domain_name}}/custom_components/{{cookiecutter.domain_name}}/"
        "{% if 'sensor' in cookiecutter.platforms %}sensor.py{% endif %}": "x",
        "{{cookiecutter.domain_name}}/custom_components/{{cookiecutter.domain_name}}/switch.py": "class "
        "{{ cookiecutter.class_name_prefix }}Switch:\n    beta = {{ '1b' is beta }}\n    all = {{ cookiecutter.__list }}\n",
        "{{cookiecutter.domain_name}}/custom_components/{{cookiecutter.domain_name}}/translations/nb.json": '{"a": "æøå"}\n',
        "{{cookiecutter.domain_name}}/custom_components/brand/{{cookiecutter.domain_name}}.png": PNG,
        "{{cookiecutter.domain_name}}/custom_components/brand/text": "{{ stays }}\r\n",
        "{{cookiecutter.domain_name}}/.devcontainer.json": '{"x": "${localEnv:HOME}"}\n',
    },
    makes=["custom_components/ünder_floor/switch.py", "custom_components/brand/text"],
    lacks=["custom_components/ünder_floor/sensor.py"],
)

OPENEDX = Published(
    context={
        "templates": {
            "ida": {"path": "./cookiecutter-ida", "title": "Deployable application", "description": "A service"},
            "xblock": {"path": "./cookiecutter-xblock", "title": "XBlock"},
        }
    },
    names=["ida"],
    given={"repo_name": "credentials"},
    files={
        "shared_extensions.py": "from cookiecutter.utils import simple_filter\n\n@simple_filter\ndef shout(text):\n"
        "    return text.upper() + '!'\n",
        "cookiecutter-ida/cookiecutter.json": '{"repo_name": "app", "owner": "@org", "_extensions": ["shared_extensions.shout"]}',
        "cookiecutter-ida/hooks/post_gen_project.sh": "#!/bin/sh\necho {{ cookiecutter.repo_name|shout }} > told\n",
        "cookiecutter-ida/{{cookiecutter.repo_name}}/docs/decisions/0001-purpose.rst": "1. {{ cookiecutter.repo_name|shout }}\n",
        "cookiecutter-ida/{{cookiecutter.repo_name}}/.github/CODEOWNERS": "* {{ cookiecutter.owner }}\n",
        "cookiecutter-xblock/cookiecutter.json": '{"repo_name": "block"}',
        "cookiecutter-xblock/{{cookiecutter.repo_name}}/x": "",
        "shared/LICENSE.txt": "Licence of {{ cookiecutter.repo_name }}\n",
        "shared/static/app.css": ".a {}\n",
    },
    links={
        "cookiecutter-ida/{{cookiecutter.repo_name}}/LICENSE.txt": "../../shared/LICENSE.txt",
        "cookiecutter-ida/{{cookiecutter.repo_name}}/static": "../../shared/static",
    },
    makes=["docs/decisions/0001-purpose.rst", "LICENSE.txt", "told"],
)

IN_A_FOLDER = Published(
    directory="python/library",
    context={"name": "lib", "kind": ["pure", "rust"]},
    given={"kind": "rust"},
    files={
        "README.md": "Many templates.\n",
        "python/library/{{cookiecutter.name}}/{{cookiecutter.kind}}/Cargo.toml": "name = '{{cookiecutter.name}}'\n",
        "python/library/{{cookiecutter.name}}/LICENSE": "x",
        "common/.editorconfig": "[*]\nname={{cookiecutter.name}}\n",
    },
    links={"python/library/{{cookiecutter.name}}/.editorconfig": "../../../common/.editorconfig"},
    makes=["rust/Cargo.toml", ".editorconfig"],
)

PLONE = Published(
    context={"template": ["Backend add-on (./sub/backend_addon)", "Frontend (./sub/frontend)"]},
    names=["sub/backend_addon"],
    given={"title": "Collective Thing"},
    files={
        "hooks/pre_prompt.py": "import json, pathlib\n"
        "pathlib.Path('versions.json').write_text(json.dumps({'plone': '6.1'}))\n"
        "file = pathlib.Path('sub/backend_addon/cookiecutter.json')\n"
        "file.write_text(file.read_text().replace('@PLONE@', '6.1'))\n",
        "sub/backend_addon/cookiecutter.json": '{"title": "Addon", "package": "{{ cookiecutter.title|lower|replace(\' \', \'.\') }}",'
        ' "__path": "{{ cookiecutter.package|replace(\'.\', \'/\') }}", "plone": "@PLONE@", "__folder": "{{ cookiecutter.package|slugify(separator=\'_\') }}", "made": "no"}',
        "sub/backend_addon/hooks/pre_prompt.sh": '#!/bin/sh\nsed -i \'s/"no"/"before"/\' cookiecutter.json\n',
        "sub/backend_addon/{{ cookiecutter.__folder }}/src/{{ cookiecutter.__path }}/profiles.zcml": "<x "
        "plone='{{ cookiecutter.plone }}' made='{{ cookiecutter.made }}' />\n",
        "sub/backend_addon/{{ cookiecutter.__folder }}/.dockerignore": "*\n",
        "sub/frontend/cookiecutter.json": '{"title": "Front"}',
        "sub/frontend/{{ cookiecutter.title }}/x": "",
    },
    makes=["src/collective/thing/profiles.zcml", ".dockerignore"],
)

ALL: Mapping[str, Published] = {
    "cookiecutter-homeassistant-custom-component": HOME_ASSISTANT,
    "edx-cookiecutters": OPENEDX,
    "several templates in folders": IN_A_FOLDER,
    "cookieplone-templates": PLONE,
}
