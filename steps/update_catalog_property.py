"""UpdateCatalogProperty: properties of catalog entities. In the portal they override what the entities' YAML says.

Backstage has no such properties, so there the YAML itself is edited. Only what an entity has not yet is changed: a
re-run of an append adds nothing twice.
"""

from __future__ import annotations

import contextlib
import urllib.parse
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from common import log
from common.catalogs import words
from common.catalogs.backstage.file_options import FileOptions
from common.catalogs.backstage.options import BackstageOptions
from common.contract.inputs import option
from common.contract.process import scratch_folder
from common.contract.step import Context, Outputs, step
from common.errors import BadInput, shown
from common.harness.access import KEY, Access
from common.network.url import checked

if TYPE_CHECKING:
    from common.catalogs.properties import Change, PropertyCatalog

ASKED = "the change asked for"  # it is told in one of two ways: by the platform's BODY, or by
FIELDS = "the fields of the change"


@dataclass(frozen=True, kw_only=True)
class Inputs:
    """Which properties of which entities change, and in which catalog."""

    access: Access
    type: str = option(
        "type",
        default="",
        choices=("Entity", "Property"),
        required_in_spec=True,
        exclusive=ASKED,
        alternative=FIELDS,
        help="Entity: many properties of one entity. Property: one property of many entities.",
    )
    entity_ref: str = option(
        "entityRef",
        default="",
        exclusive=ASKED,
        alternative=FIELDS,
        help="The entity, as in component:account/payments.",
    )
    properties: list[Any] = option(
        "properties",
        default=[],
        exclusive=ASKED,
        alternative=FIELDS,
        help="Its properties: a list of maps with property, value and mode (replace, append or delete).",
    )
    property: str = option(
        "property", default="", exclusive=ASKED, alternative=FIELDS, help="The property, as in metadata.team."
    )
    entity_refs: list[Any] = option(
        "entityRefs",
        default=[],
        exclusive=ASKED,
        alternative=FIELDS,
        help="The entities: a list of maps with entityRef and value.",
    )
    value: Any = option(
        "value",
        default=None,
        exclusive=ASKED,
        alternative=FIELDS,
        help="Value for entities that name none; any JSON or YAML.",
    )
    mode: str = option(
        "mode",
        default="",
        choices=words.MODES,
        exclusive=ASKED,
        alternative=FIELDS,
        help="replace (when absent), append for lists and maps, or delete.",
    )
    url: str = option(
        "customPropertyUrl",
        env=["CUSTOM_PROPERTY_URL"],
        default="",
        spec=False,
        help="URL that the change is sent to; made from BASE when absent.",
    )
    body: str = option(
        "body",
        env=["BODY"],
        default="",
        spec=False,
        multiline=True,
        exclusive=ASKED,
        help="The change as the platform gives it, in JSON; needs CUSTOM_PROPERTY_URL. The other inputs go before it.",
    )
    catalog_type: str = words.type_option()
    backstage: BackstageOptions
    files: FileOptions


@step(
    type="UpdateCatalogProperty",
    image="updatecatalogproperty",
    outputs={
        "updatedEntities": "References of the entities this run changed, separated by commas; empty when none.",
        "pullRequestUrls": "Browser URLs of the open pull requests that hold the changes; Backstage only.",
    },
    informs=["updatedEntities", "pullRequestUrls"],
)
def update_catalog_property(inputs: Inputs, context: Context) -> Outputs:
    """Set, extend or delete properties of catalog entities."""
    from common.catalogs import properties as custom  # here, and below: --help need not wait for what changes

    form, given = asked(inputs)
    changes = custom.check(given)
    with contextlib.ExitStack() as stack:
        catalog = opened(inputs, context, form, stack)
        due = catalog.plan(changes, closely=context.dry_run)
        if context.dry_run:
            custom.tell_plan(changes, due)
            if due and (said := catalog.dry_run(due)):
                log.info(f"The catalog says: {said}")
            return {"updatedEntities": ""}
        made = catalog.apply(due)
    custom.tell_made(changes, made)
    refs = [custom.canonical(change.entity_ref) for change in made]  # as the other steps put them out
    outputs = {"updatedEntities": ",".join(refs if form == "Property" else dict.fromkeys(refs))}
    return outputs | ({"pullRequestUrls": ",".join(catalog.urls)} if catalog.urls else {})


def opened(inputs: Inputs, context: Context, form: str, stack: contextlib.ExitStack) -> PropertyCatalog:
    """Make ready to change properties in the catalog that is meant."""
    if inputs.catalog_type == "backstage":
        from common.git_hosts.context import HarnessAccount

        client = inputs.backstage.client(context.network, context.deadline)
        portal = inputs.access.portal
        harness = HarnessAccount(url=portal.given_base, account=portal.account, api_key=inputs.access.api_key)
        return inputs.files.open(client, harness, context, stack.enter_context(scratch_folder()))
    from common.catalogs.harness.properties import CustomProperties
    from common.catalogs.harness.property_calls import PropertyCalls
    from common.harness.client import PortalClient

    portal_client = PortalClient(inputs.access, context.network, context.deadline)
    return CustomProperties(PropertyCalls(address(inputs), portal_client), by_property=form == "Property")


def asked(inputs: Inputs) -> tuple[str, list[Change]]:
    """Give the form of the change and its parts: from the fields, else from the platform's BODY."""
    from common.catalogs import properties as custom
    from common.harness.client import given_body

    if inputs.type or inputs.entity_ref or inputs.entity_refs:
        form = inputs.type or ("Property" if inputs.entity_refs else "Entity")
        body: dict[str, Any] = {
            "entity_ref": inputs.entity_ref,
            "properties": inputs.properties,
            "property": inputs.property or None,
            "value": inputs.value,
            "mode": inputs.mode,
            "entity_refs": inputs.entity_refs,
        }
    elif inputs.url and inputs.body:  # the platform's own form
        form = _form_of(inputs.url)
        body = given_body(inputs.body)
    else:
        known = inputs.access.known or inputs.catalog_type == "backstage"
        key = "" if known else f" Required input is missing too: {KEY}."
        raise BadInput(
            f"Nothing says what to change.{key}",
            next_step="Give type, entityRef and properties, or type, property, value and entityRefs.",
        )
    return form, custom.entity_changes(body) if form == "Entity" else custom.property_changes(body)


def address(inputs: Inputs) -> str:
    """Give the address of the API: from the given URL of one of its two forms, else the portal's."""
    if inputs.url and _form_of(inputs.url):
        parts = urllib.parse.urlsplit(inputs.url)
        return urllib.parse.urlunsplit(parts._replace(path=parts.path.rpartition("/")[0], query=""))
    return f"{inputs.access.portal.base}/gateway/v1/catalog/custom-properties"


def _form_of(url: str) -> str:
    advice = "Leave it out to have it made from BASE."
    form = checked(url, what="CUSTOM_PROPERTY_URL", next_step=advice).path.rpartition("/")[2].capitalize()
    if form not in ("Entity", "Property"):
        raise BadInput(
            f"CUSTOM_PROPERTY_URL is {shown(url)}, which ends in neither /entity nor /property.",
            next_step=advice,
        )
    return form


if __name__ == "__main__":
    update_catalog_property.run()
