"""The pages of repositories, at the addresses that their host gives them: files, a file, commits, one commit."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from flask import Blueprint, Response, abort, render_template, request

from sandbox.access import current_state
from sandbox.catalog import entities
from sandbox.git import bare, repositories
from sandbox.pages.browser import page_routes

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

    from sandbox.git.repositories import Repository
    from sandbox.service import GitHost

_LARGEST_SHOWN = 512 * 1024
_LONGEST_PATCH = 200_000


def repository_pages(service: str, host: GitHost) -> Blueprint:
    """Make the pages of a service's repositories, below the address that a browser finds each at."""
    routes = page_routes(f"{service}_pages")
    for view in (repository, file, raw_file, commits, commit):
        shown = _of_repository(service, view)
        for path in host.views[view.__name__]:
            routes.add_url_rule(f"{host.page}{path}", view.__name__, shown)
    if host.has_owners:
        routes.add_url_rule(host.page.removesuffix("/<name>"), "owner", partial(owner_page, service))
    return routes


def _of_repository(service: str, view: Callable[..., ResponseReturnValue]) -> Callable[..., ResponseReturnValue]:
    def shown(name: str, owner: str = "", **values: str) -> ResponseReturnValue:
        try:
            hosted = repositories.find(current_state(), service, owner, name.removesuffix(".git"))
        except repositories.NoSuchRepository:
            place = "/".join(filter(None, (owner, name)))
            if owner and not values and repositories.find_all(current_state(), host=service, owner=place):
                return owner_page(service, place)  # a group in a group looks like a repository in one
            abort(404, f"There is no repository {place}.")
        return view(hosted, **values)

    return shown


def owner_page(service: str, owner: str) -> ResponseReturnValue:
    found = repositories.find_all(current_state(), host=service, owner=owner)
    if not found:
        abort(404, f"There is no account {owner}, or it has no repositories.")
    return render_template("repositories.html", repositories=found, owner=owner)


def repository(hosted: Repository, place: str = "") -> ResponseReturnValue:
    host = current_state().git_host(hosted.host)
    if not place and host.web_file.startswith("?") and request.args.get("path", "/") != "/":
        return _of_query(hosted)
    branches = bare.branches(hosted.folder)
    if not branches:
        return render_template("empty_repository.html", repository=hosted)
    ref, path = _split(hosted, place or hosted.default_branch)
    commit = _resolve(hosted, ref)
    try:
        found = bare.directory(hosted.folder, commit, path)
    except bare.NoSuchObject:
        abort(404, f"There is no directory {path} on {ref} of {hosted.full_name}.")
    readme = next((entry for entry in found if entry.kind == "blob" and entry.name.lower().startswith("readme")), None)
    return render_template(
        "repository.html",
        repository=hosted,
        branches=branches,
        ref=ref,
        path=path,
        entries=found,
        last=bare.log(hosted.folder, commit, path, limit=1)[0],
        commit_count=bare.count(hosted.folder, commit),
        readme=readme and (readme.name, _text(bare.read(hosted.folder, readme.sha))),
        registered=[entity for entity in entities.every(current_state()) if _lies_in(entity, hosted)],
    )


def _of_query(hosted: Repository) -> ResponseReturnValue:
    """Show what Azure Repos has at ?path=/…&version=GB…: a file, or a folder."""
    branch = request.args.get("version", "").removeprefix("GB") or hosted.default_branch
    place = f"{branch}/{request.args['path'].strip('/')}"
    try:
        kind = bare.entry(hosted.folder, _resolve(hosted, branch), place.removeprefix(f"{branch}/")).kind
    except bare.NoSuchObject:
        kind = "blob"  # whose page says what is not there
    return repository(hosted, place) if kind == "tree" else file(hosted, place)


def _lies_in(entity: entities.Entity, hosted: Repository) -> bool:
    address = current_state().git_host(hosted.host).web_address(hosted.owner, hosted.name)
    return str((entity.git_details or {}).get("repo_url", "")).endswith(address)


def file(hosted: Repository, place: str) -> ResponseReturnValue:
    ref, path, content = _content(hosted, place)
    return render_template(
        "file.html",
        repository=hosted,
        branches=bare.branches(hosted.folder),
        ref=ref,
        path=path,
        size=len(content),
        text=_text(content),
    )


def raw_file(hosted: Repository, place: str) -> ResponseReturnValue:
    _, _, content = _content(hosted, place)
    kind = "application/octet-stream" if _text(content) is None else "text/plain"
    answer = Response(content, mimetype=kind)
    answer.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return answer


def commits(hosted: Repository, ref: str = "") -> ResponseReturnValue:
    ref = ref or hosted.default_branch
    found = bare.log(hosted.folder, _resolve(hosted, ref))
    branches = bare.branches(hosted.folder)
    return render_template("commits.html", repository=hosted, branches=branches, ref=ref, path="", commits=found)


def commit(hosted: Repository, sha: str) -> ResponseReturnValue:
    found = bare.commit(hosted.folder, _resolve(hosted, sha))
    patch = bare.patch(hosted.folder, found.sha)
    return render_template(
        "commit.html",
        repository=hosted,
        commit=found,
        lines=[(_line_kind(line), line) for line in patch[:_LONGEST_PATCH].splitlines()],
        shortened=len(patch) > _LONGEST_PATCH,
    )


def _line_kind(line: str) -> str:
    """How a line of a patch is coloured."""
    kinds = {"diff ": "file", "+++ ": "meta", "--- ": "meta", "@@": "hunk", "+": "added", "-": "removed"}
    return next((kind for start, kind in kinds.items() if line.startswith(start)), "same")


def _split(hosted: Repository, place: str) -> tuple[str, str]:
    """Branch (or tag, or commit) and path of an address; a branch may itself have slashes."""
    place = place.strip("/")
    for branch in sorted(bare.branches(hosted.folder), key=len, reverse=True):
        if place == branch or place.startswith(f"{branch}/"):
            return branch, place[len(branch) + 1 :]
    ref, _, path = place.partition("/")
    return ref, path


def _resolve(hosted: Repository, ref: str) -> str:
    try:
        return bare.resolve(hosted.folder, ref)
    except bare.NoSuchObject:
        abort(404, f"There is no branch or commit {ref} in {hosted.full_name}.")


def _content(hosted: Repository, place: str) -> tuple[str, str, bytes]:
    ref, path = _split(hosted, place)
    try:
        found = bare.entry(hosted.folder, _resolve(hosted, ref), path)
        return ref, path, bare.read(hosted.folder, found.sha)
    except bare.NoSuchObject:
        abort(404, f"There is no file {path} on {ref} of {hosted.full_name}.")


def _text(content: bytes) -> str | None:
    """Return the content as text; None if it is binary or too large to show."""
    if len(content) > _LARGEST_SHOWN or b"\0" in content:
        return None
    try:
        return content.decode()
    except UnicodeDecodeError:
        return None
