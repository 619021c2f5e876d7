"""The git hosts that are supported. A host is added by its folder, or module, and its line here."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Host:
    """Where a host's code is, and the machines that are of this kind for connectors that do not say theirs."""

    module: str
    machines: tuple[str, ...] = ()  # `*` stands for any text


HOSTS: dict[str, Host] = {  # connector type of the platform
    "Github": Host("common.git_hosts.github", ("github.com", "*.ghe.com")),
    "Gitlab": Host("common.git_hosts.gitlab", ("gitlab.com",)),
    "AzureRepo": Host("common.git_hosts.azure", ("dev.azure.com", "*.visualstudio.com")),
    "Harness": Host("common.git_hosts.harness", ("*.harness.io",)),
    "Git": Host("common.git_hosts.plain"),
}
