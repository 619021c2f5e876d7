"""The page on which faults of the git hosts are switched on and off; the only one that changes anything."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import abort, redirect, render_template, request, url_for

from sandbox import faults
from sandbox.access import current_state
from sandbox.pages.browser import page_routes

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

fault_pages = page_routes("faults")
_OWN = frozenset({"same-origin", "none"})


@fault_pages.get("/-/faults/")
def shown() -> ResponseReturnValue:
    state = current_state()
    hosts = [service.name for service in state.services if service.git]
    return render_template("faults.html", faults=faults.FAULTS, on=faults.every(state), hosts=hosts)


@fault_pages.post("/-/faults/")
def changed() -> ResponseReturnValue:
    """Switch one fault on or off. A form of another site is refused: browsers say where a request comes from."""
    if request.headers.get("Sec-Fetch-Site", "none") not in _OWN:
        abort(403, "This form is only for the sandbox's own page.")
    state, given = current_state(), request.form
    if given.get("off", "").isdecimal():
        faults.switch_off(state, int(given["off"]))
        return redirect(url_for("faults.shown"), 303)
    fault, value, host = given.get("fault", ""), given.get("value", "").strip(), given.get("host", "")
    if fault not in faults.FAULTS or (host and host not in {known.name for known in state.services if known.git}):
        abort(403, "There is no such fault, or no such host.")
    if problem := faults.problem(fault, value):
        abort(403, problem)
    faults.switch_on(state, fault, value, host=host)
    return redirect(url_for("faults.shown"), 303)
