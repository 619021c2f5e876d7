"""The git host of a rehearsal: the sandbox's connector for it, and what of a sandbox.yaml is put on it.

A pipeline names its connectors, and not their URLs, so any host can stand behind them: with `--host` another than the
one that the pipeline was written for. Its repositories are then on that one, too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from common.errors import BadInput
from common.secret import Secret
from runner.platform.connectors import Connector
from runner.platform.sandbox_file import Seed, form_of_owner, hosts

if TYPE_CHECKING:
    from sandbox.server import Sandbox
    from sandbox.service import GitHost, Login


def _chosen(host: str) -> tuple[str, GitHost, Login]:
    """Give the service that --host names, or the first; how it serves git, and its connector. Raises BadInput."""
    known = {
        login.name or login.type: (name, served, login)
        for name, served in hosts().items()
        if (login := served.connector) is not None
    }
    found = next((kind for kind in known if not host or kind.lower() == host.lower()), None)
    if found is None:
        raise BadInput(f"The sandbox has no git host of the type {host!r}.", next_step=f"It can be {', '.join(known)}.")
    return known[found]


def on_host(found: Sequence[Seed], host: str) -> tuple[list[Seed], list[str]]:
    """Give the repositories of a sandbox.yaml for a run on a host: each is on that one, besides its own.

    Also a sentence about each that cannot be there. Raises BadInput for a host that there is not.
    """
    name, served, login = _chosen(host)
    if not host:
        return list(found), []
    title = login.name or login.type
    taken = {_place(served, seed): seed for seed in reversed(found) if seed.host == name}
    more, told = [], []
    for own in found:
        seed = replace(own, owner=_owner_on(served, own))
        place = _place(served, seed)
        there = taken.get(place)
        if problem := _problem(served, seed, there) or _meets(seed, own, there):
            full = "/".join(filter(None, (own.owner, own.name)))
            told.append(f"The repository {full} of sandbox.yaml is not on {title} in this rehearsal: {problem}")
        elif place not in taken:
            taken[place] = own
            more.append(replace(seed, host=name, owner=seed.owner if served.has_owners else ""))
    return [*found, *more], told


def _owner_on(served: GitHost, seed: Seed) -> str:
    """Give whom a repository belongs to where the steps that name it on its own host look for it on this one."""
    fields = hosts()[seed.host].owner_fields
    names = seed.owner.split("/") if len(fields) > 1 else [seed.owner]
    named = dict(zip(fields, names, strict=False))
    if len(names) != len(fields) or not set(served.owner_fields) <= set(named):
        return seed.owner
    return "/".join(named[field] for field in served.owner_fields)


def _place(served: GitHost, seed: Seed) -> tuple[str, str]:
    return (seed.owner.lower() if served.has_owners else "", seed.name.lower())


def _problem(served: GitHost, seed: Seed, there: Seed | None) -> str:
    """Tell why a repository cannot be on a host, and what to do; '' when it can, or is there."""
    if served.has_owners and not seed.owner:
        return "a repository has an owner there. Give it one, and leave its host out."
    if served.has_owners and seed.owner.count("/") >= served.owner_names:
        return f"an owner is {form_of_owner(served)} there. List it once more, with an owner of that form."
    if there is not None and not served.has_owners and there.owner != seed.owner:
        return f"its repositories have no owner, and that of {there.owner} has the name. Give one of them another name."
    return ""


def _meets(seed: Seed, own: Seed, there: Seed | None) -> str:
    """Tell of one that comes to the place of another of its host, for there are fewer names in an owner here."""
    if there is None or seed.owner == own.owner or there.host != own.host or there.owner.lower() == own.owner.lower():
        return ""
    return f"that of {there.owner} has the name there. Give one of them another name."


def connector_of(sandbox: Sandbox, host: str, seeds: Sequence[Seed] = ()) -> Connector:
    """Give the sandbox's connector of a type, or of the first host when none is asked for. Raises BadInput."""
    name, served, login = _chosen(host)
    credentials = sandbox.credentials[name]
    url = (f"http://{login.machine}" if login.machine else sandbox.url) + login.path.format_map(vars(credentials))

    def address(called: str) -> str:
        """Give the URL of a repository by its name, with its owner or without.

        The URL of a connector often ends in the owner, which the sandbox's does not: then the one repository of that
        name is meant.
        """
        owner, _, own = called.strip("/").removesuffix(".git").rpartition("/")
        known = {seed.owner for seed in seeds if seed.host == name and seed.name.lower() == own.lower()}
        if not owner and len(known) == 1:
            owner = known.pop()
        kept = served.kept_below(owner, credentials) if served.has_owners else ""
        if served.has_owners and not kept:
            return f"{url}/{own}"
        path = served.clone_path(kept, own)
        if login.machine:
            return f"http://{login.machine}{path.removeprefix(f'/{login.machine}')}"
        return f"{sandbox.url}{path}"

    return Connector(
        login.type,
        url,
        "Account",
        getattr(credentials, login.name_field),
        Secret(getattr(credentials, login.secret_field)),
        instead=bool(host),
        taken_from=login.taken_from if host else {},
        proxy=sandbox.url if login.machine else "",
        address=address,
    )
