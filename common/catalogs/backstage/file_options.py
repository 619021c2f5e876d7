"""What editing the files of Backstage's entities takes: the git host, its credentials, and how a change gets there."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from common.contract.inputs import option
from common.errors import BadInput
from common.git.login import GitLogin
from common.git.signature import Signature, Signing
from common.git_hosts.proposal import Proposal
from common.git_hosts.table import HOSTS

if TYPE_CHECKING:
    from common.catalogs.backstage.client import CatalogClient
    from common.catalogs.backstage.properties import EntityFiles
    from common.contract.step import Context
    from common.git_hosts.context import HarnessAccount


@dataclass(frozen=True, kw_only=True)
class FileOptions:
    """The git host that the files of entities are on, and how they are changed there."""

    login: GitLogin
    type: str = option(
        "connectorType",
        env=["CONNECTOR_TYPE"],
        default="",
        spec=False,
        help=f"Kind of git host that holds the entities' files: {', '.join(HOSTS)}. Told from its name when absent.",
    )
    message: str = option(
        "commitMessage",
        env=["COMMIT_MESSAGE"],
        default="",
        multiline=True,
        spec=False,
        help="Commit message; names the properties and entities when absent.",
    )
    proposal: Proposal
    signature: Signature
    signing: Signing

    def open(self, client: CatalogClient, harness: HarnessAccount, context: Context, scratch: Path) -> EntityFiles:
        """Make ready to edit the files. Raises BadInput for a host that is none, or when there is no git."""
        import shutil

        from common import git_hosts
        from common.catalogs.backstage.properties import Committing, EntityFiles
        from common.git_hosts.connector import Connector, RepositoryLocation
        from common.git_hosts.context import HostInputs

        if shutil.which("git") is None:
            raise BadInput(
                "Entities of Backstage are changed in their repositories with git, and there is no git here.",
                next_step="Install git, or run the step's image, which has it.",
            )
        login = {field.name: getattr(self.login, field.name) for field in dataclasses.fields(self.login)}
        inputs = HostInputs(
            connector=Connector(**login, type=self.type), location=RepositoryLocation(), harness=harness
        )
        host, where = git_hosts.open_host(inputs, context, step_type="DirectPush", located=False)
        committing = Committing(
            proposal=self.proposal,
            signature=self.signature.variables(),
            signer=self.signing.signer(),
            message=self.message,
        )
        return EntityFiles(
            client=dataclasses.replace(client, permission="catalog.entity.read"),
            host=host,
            context=where,
            committing=committing,
            scratch=scratch,
        )
