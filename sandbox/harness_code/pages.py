"""Harness Code's own addresses in the portal, so that the links of a run lead somewhere."""

from __future__ import annotations

import urllib.parse
from typing import TYPE_CHECKING

from flask import redirect

from sandbox.harness_code.git import HARNESS_CODE
from sandbox.pages.browser import page_routes

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

code_pages = page_routes("harness_code_pages")
_SCOPES = ("", "/orgs/<organization>", "/orgs/<organization>/projects/<project>")
_VIEWS = {  # the portal's address below a repository -> the sandbox's, with what was read from it
    "": "",
    "/files/~/<path:path>": "/blob/HEAD/{path}",
    "/files/<path:ref>/~/<path:path>": "/blob/{ref}/{path}",
    "/files/<path:ref>": "/tree/{ref}",
    "/commits/<path:ref>": "/commits/{ref}",
    "/commit/<ref>": "/commit/{ref}",
}


def _led(view: str) -> object:
    def lead(account: str, name: str, **values: str) -> ResponseReturnValue:
        scope = filter(None, (account, values.get("organization"), values.get("project")))
        quoted = {key: urllib.parse.quote(value) for key, value in values.items()}
        return redirect(HARNESS_CODE.page_path("/".join(scope), name) + view.format(**quoted))

    return lead


for _scope in _SCOPES:
    for _rule, _view in _VIEWS.items():
        code_pages.add_url_rule(
            f"/ng/account/<account>/module/code{_scope}/repos/<name>{_rule}",
            f"lead{_SCOPES.index(_scope)}{_rule}".replace(".", "_"),
            _led(_view),  # type: ignore[arg-type]
        )
