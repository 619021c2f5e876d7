"""The git hosts that are supported. A host is added by its folder, or module, and its line here."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import NamedTuple


class Host(NamedTuple):
    """Where a host's code is, and the machines that are of this kind for connectors that do not say theirs.

    elsewhere: where the code is for any other machine, when that is a host of its own under the same type.
    """

    module: str
    machines: tuple[str, ...] = ()  # `*` stands for any text
    elsewhere: str = ""

    @property
    def modules(self) -> tuple[str, ...]:
        return (self.module, self.elsewhere) if self.elsewhere else (self.module,)

    def takes(self, machine: str) -> bool:
        return any(fnmatchcase(machine.lower(), pattern) for pattern in self.machines)


HOSTS: dict[str, Host] = {  # connector type of the platform
    "Github": Host("common.git_hosts.github", ("github.com", "*.ghe.com")),
    "Gitlab": Host("common.git_hosts.gitlab", ("gitlab.com",)),
    "AzureRepo": Host("common.git_hosts.azure", ("dev.azure.com", "*.visualstudio.com")),
    "Bitbucket": Host(
        "common.git_hosts.bitbucket.cloud", ("bitbucket.org",), elsewhere="common.git_hosts.bitbucket.data_center"
    ),
    "Harness": Host("common.git_hosts.harness", ("*.harness.io",)),
    "Git": Host("common.git_hosts.plain"),
}
