# ruff: noqa: E501 - each row is a file of a template
"""Miniatures of templates whose projects are full of other languages' braces: roles, charts, modules."""

from __future__ import annotations

from collections.abc import Mapping

from tests.published.form import Published

ROLE = "{{cookiecutter.role_slug}}"
ANSIBLE_ROLE = Published(
    context={
        "role_name": "ansible role nginx",
        "role_slug": "{{ cookiecutter.role_name|lower|replace(' ', '-') }}",
        "platforms": {"Debian": {"versions": ["bookworm", "trixie"]}, "EL": {"versions": [9]}},
        "become": ["yes", "no"],
        "molecule": True,
        "min_version": "2.10",
    },
    given={"role_name": "Role Öne", "become": "no"},
    files={
        f"{ROLE}/tasks/main.yml": "---\n- name: {{ cookiecutter.role_name }}\n  ansible.builtin.package:\n    name: \"{{ '{{' }} item {{ '}}' }}\"\n  loop: {% raw %}\"{{ packages | default([]) }}\"{% endraw %}\n{%- if cookiecutter.become == 'yes' %}\n  become: true\n{%- endif %}\n",
        f"{ROLE}/templates/site.conf.j2": "{% raw %}{% for host in hosts -%}\nserver {{ host }};\n{%- endfor %}\n{% endraw %}# {{ cookiecutter.role_slug }}",
        f"{ROLE}/meta/main.yml": 'platforms:\n{% for name, spec in cookiecutter.platforms.items() %}  - name: {{ name }}\n    versions: {{ spec.versions|tojson }}\n{% endfor %}min_ansible_version: "{{ cookiecutter.min_version }}"\n',
        f"{ROLE}/{{% if cookiecutter.molecule %}}molecule{{% endif %}}/default/converge.yml": "- hosts: all\r\n  roles: [{{ cookiecutter.role_slug }}]\r\n",
        f"{ROLE}/files/.gitkeep": "",
    },
    folders=[f"{ROLE}/handlers"],
    makes=["molecule/default/converge.yml", "files/.gitkeep", "handlers"],
)

CHART = "[[ cookiecutter.chart ]]"
HELM_CHART = Published(
    context={
        "chart": "orders",
        "replicas": 2,
        "ingress": ["none", "nginx"],
        "_jinja2_env_vars": {
            "variable_start_string": "[[",
            "variable_end_string": "]]",
            "block_start_string": "[%",
            "block_end_string": "%]",
            "comment_start_string": "[#",
            "comment_end_string": "#]",
        },
    },
    given={"ingress": "nginx"},
    files={
        "hooks/post_gen_project.sh": '#!/bin/sh\nset -e\ntest "[[ cookiecutter.ingress ]]" != none || rm templates/ingress.yaml\nln -s values.yaml values-[[ cookiecutter.chart ]].yaml\n',
        f"{CHART}/templates/deployment.yaml": '[# ours #]name: {{ include "[[ cookiecutter.chart ]].name" . }}\nreplicas: {{ .Values.replicas | default [[ cookiecutter.replicas ]] }}\n{{- if .Values.tls }}\ntls: {}\n{{- end }}\n',
        f"{CHART}/templates/ingress.yaml": "[% if cookiecutter.ingress == 'nginx' -%]\nclass: nginx\n[%- endif %]\n",
        f"{CHART}/values.yaml": "replicas: [[ cookiecutter.replicas ]]\n\n",
    },
    makes=["templates/ingress.yaml", "values-orders.yaml"],
)

MODULE = "terraform-{{ cookiecutter.provider }}-{{ cookiecutter.name }}"
TERRAFORM_MODULE = Published(
    context={
        "name": "bucket",
        "provider": ["aws", "google"],
        "__version": "{{ {'aws': '~> 5.0', 'google': '>= 4'}[cookiecutter.provider] }}",
        "_copy_without_render": ["*.tftpl", "scripts"],
    },
    given={"provider": "google"},
    files={
        "hooks/pre_gen_project.py": "import re, sys\nsys.exit(not re.fullmatch('[a-z]+', '{{ cookiecutter.name }}'))\n",
        "hooks/post_gen_project.py": "import os, shutil\nfor one in ('aws', 'google'):\n    if one != '{{ cookiecutter.provider }}':\n        shutil.rmtree(f'examples/{one}')\n",
        f"{MODULE}/main.tf": 'resource "x" "{{ cookiecutter.name }}" {\n  tags = { for k, v in var.tags : k => "${v}" }\n  text = "%{ if true }{{ cookiecutter.provider|upper }}%{ endif }"\n}\n',
        f"{MODULE}/versions.tf": 'version = "{{ cookiecutter.__version }}"',
        f"{MODULE}/user_data.tftpl": "{{ stays }} %{ for x in xs ~}\r\n",
        f"{MODULE}/scripts/apply": "#!/bin/sh\necho {{ stays }}\n",
        f"{MODULE}/examples/aws/main.tf": "{{ cookiecutter.name }}\n",
        f"{MODULE}/examples/google/main.tf": "{{ cookiecutter.name }}\n",
    },
    executable=[f"{MODULE}/scripts/apply"],
    makes=["examples/google/main.tf", "scripts/apply"],
    lacks=["examples/aws"],
)

ALL: Mapping[str, Published] = {
    "cookiecutter-ansible-role": ANSIBLE_ROLE,
    "cookiecutter-helm-chart": HELM_CHART,
    "cookiecutter-terraform-module": TERRAFORM_MODULE,
}
