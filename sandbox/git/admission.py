"""Who may read and push a repository by git or Git LFS, and by which refusal a host says no."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox import faults
from sandbox.access import current_state, recognise
from sandbox.git import repositories

if TYPE_CHECKING:
    from sandbox.git.repositories import Repository
    from sandbox.service import GitHost, Refusal


class Refused(Exception):
    """The caller may not; `refusal` is what the host answers."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal)
        self.refusal = refusal


def admitted(service: str, host: GitHost, place: tuple[str, str], *, writes: bool) -> Repository:
    """Find the repository of an owner and a name for the caller of the current request. Raises Refused."""
    caller, refusals = recognise(service, host.caller), host.refusals
    if caller.sent and not caller.known:
        raise Refused(refusals.bad_login)
    try:
        repository = repositories.find(current_state(), service, *place)
    except repositories.NoSuchRepository:
        # A stranger is asked to log in first, so that nobody is told which private repositories exist.
        raise Refused(refusals.not_found if caller.known else refusals.login_to_read) from None
    if repository.is_private and not caller.sees(repository.owner, repository.name):
        raise Refused(refusals.not_found)
    if faults.is_not_usable_yet(current_state(), service, repository.created_at):
        raise Refused(refusals.not_found)
    if not caller.known and writes:
        raise Refused(refusals.login_to_push)
    if not caller.known and (repository.is_private or not host.anonymous):
        raise Refused(refusals.login_to_read)
    if writes and not (caller.may_write and caller.sees(repository.owner, repository.name)):
        raise Refused(refusals.read_only)
    return repository
