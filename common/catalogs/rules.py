"""What makes an entity valid: a table per format, read by the offline check and by the sandbox's catalog alike.

IDP 1.0 is Backstage's descriptor format (https://backstage.io/docs/features/software-catalog/descriptor-format), IDP
2.0 the platform's own: the pages "Catalog YAML" and "Entity identifier reference" of developer.harness.io, the schema
EntityResponse of its API, and the contract, D.1 and D.9. Where these disagree or say nothing the strict reading counts:
a fault costs little before the push, and much at the registration.

- An identifier follows the platform's general rule, and may hold hyphens, as in the portal's own examples.
- An owner is a reference in both formats. In 2.0 the kinds that Backstage asks for one need it, and workflows.
- A project needs its organization, an API its definition, a workflow its steps, a system its type.

A file is asked two things. CreateCatalog asks whether it is valid in its own format: one of IDP 1.0 may be meant for a
catalog of that format, where a name may begin with a digit and a kind may be the catalog's own. RegisterCatalog asks
what its catalog will make of it: an import to IDP 2.0 turns a file of IDP 1.0 into an entity of 2.0, so what its fields
become (`origin`) has to be valid there too.

A text that is not required may be empty or null, as an input that nobody gave leaves it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto

from common.catalogs.words import Format
from common.diagnostics import suggestion
from common.errors import shown

# What the portal resolves by itself when it reads the file; every other expression should have been resolved before.
PORTAL_EXPRESSIONS = r"account\.|org\.|project\.|variable\."
MISSPELT = 0.85  # as alike as Compnent and Component
UNRESOLVED_NULL = "null, as an unresolved expression leaves it"


@dataclass(frozen=True)
class Rule:
    """The form a text must have, and the words that say so. A name may hold no expression, not even the portal's."""

    pattern: str
    advice: str = ""
    is_name: bool = False
    reserved: frozenset[str] = frozenset()

    def problem(self, text: str, advice: str) -> str:
        """Tell what is wrong with the text, as the end of a sentence about its field; '' when nothing is."""
        if self.is_name and text == "null":
            return f"is {UNRESOLVED_NULL}; {advice}"
        kept = "" if self.is_name else f"(?!{PORTAL_EXPRESSIONS})"
        if expression := re.search(rf"<\+{kept}[^>]*>?", text):
            told = shown(expression.group(), quotes=False)
            return f"holds {told}, which was not resolved; correct the expression, or {advice}"
        if re.fullmatch(self.pattern, text, re.DOTALL) is None or text in self.reserved:
            return f"is {shown(text)}; {self.advice or advice}"
        return ""


class Shape(Enum):
    """What may stand at a field."""

    TEXT = auto()
    TEXTS = auto()  # a map whose values are texts
    LIST = auto()  # a list of texts
    LINKS = auto()  # a list of maps with url, title and icon
    MAP = auto()
    CONTENT = auto()  # a text, or a map of one key as $text that says where the text is
    VALUE = auto()  # anything but nothing


TEXT = Rule(r".*\S.*")
ANY_TEXT = Rule(r".*")


@dataclass(frozen=True)
class Field:
    """One field. `advice` says what to write when it is missing, `needs` which other field it may not do without.

    origin: the field of a file of IDP 1.0 that an import to IDP 2.0 makes this one of (contract, D.9). keys: the form
    of a map's keys.
    """

    shape: Shape = Shape.TEXT
    rule: Rule = TEXT
    advice: str = "write a text"
    needs: str = ""
    origin: str = ""
    keys: Rule | None = None


@dataclass(frozen=True)
class Rules:
    """A format: its fields by their dotted path, and the kinds with those that each of them may not lack."""

    fields: Mapping[str, Field]
    always: tuple[str, ...]
    kinds: Mapping[str, tuple[str, ...]]
    other_kinds: bool  # whether a catalog may have kinds of its own
    minds_case: bool
    roots: tuple[str, ...] = ()  # the only keys that may stand at the root; () for any

    def required(self, kind: str) -> tuple[str, ...]:
        """Give the paths that an entity of the kind may not lack."""
        of_kind = (paths for known, paths in self.kinds.items() if known.lower() == kind.lower())
        return self.always + next(of_kind, ())

    def kind_doubt(self, kind: str) -> str:
        """Tell that only a catalog with this kind of its own takes it, as the end of a sentence; '' for a known one."""
        if not self.other_kinds or not kind or kind.lower() in {known.lower() for known in self.kinds}:
            return ""
        near = suggestion(kind, self.kinds)
        return f"is {shown(kind)}, which only a catalog takes that has such a kind of its own.{near}"

    def kind_misspelt(self, kind: str) -> str:
        """Tell that a kind is almost a known one, as the end of a sentence: a catalog has hardly one like that."""
        import difflib

        near = difflib.get_close_matches(kind, self.kinds, n=1, cutoff=MISSPELT) if self.kind_doubt(kind) else []
        return f"is {shown(kind)}, which is none of the catalog's. Did you mean {near[0]!r}?" if near else ""

    def kind_problem(self, kind: str) -> str:
        """Tell what is wrong with a kind whose form is right, as the end of a sentence; '' when nothing is."""
        spellings = {known.lower(): known for known in self.kinds}
        known = spellings.get(kind.lower())
        if known is None:
            if self.other_kinds:
                return ""
            near = suggestion(kind, self.kinds)
            told = f"is {shown(kind)}, which IDP 2.0 does not know; write one of {', '.join(self.kinds)}"
            return f"{told}.{near}" if near else told
        if self.minds_case and known != kind:
            return f"is {shown(kind)}, but the catalog minds the case; write {known}"
        return ""


API_VERSIONS = {
    "backstage.io/v1alpha1": Format.BACKSTAGE,
    "backstage.io/v1beta1": Format.BACKSTAGE,
    "scaffolder.backstage.io/v1beta3": Format.BACKSTAGE,
    "harness.io/v1": Format.HARNESS,
}
IMPORTED_KINDS = {"template": "workflow"}  # kinds of IDP 1.0 that are called otherwise in 2.0

_RESERVED = frozenset(
    {"or", "and", "eq", "ne", "lt", "gt", "le", "ge", "div", "mod", "not", "null", "true", "false", "new", "var",
     "return", "step", "parallel", "stepGroup", "org", "account", "status", "liteEngineTask"}
)  # fmt: skip

_URLS = r"(?:https?://|<\+)\S+"
_PIPELINES = Rule(
    rf"\s*(?:[^\n:]+:[ \t]*{_URLS}\s*(?:\n\s*|\Z))+",
    "write one line per entry, each a label, a colon and an address",
)
# What an annotation has to look like for what reads it: the plugins' pages of developer.harness.io, and Backstage's
# "Well-known annotations". A catalog itself takes any text, so a fault here is a warning.
ANNOTATIONS: Mapping[str, Rule] = {
    "harness.io/workspace-url": Rule(
        r"(?:https://[^/\s]+/ng/account/[^/\s]+/(?:all/|module/)?iacm/orgs/[^/\s]+/projects/[^/\s]+/workspaces/"
        r"[^/\s]+(?:/\S*)?|<\+.*)",
        "write the whole address of the workspace, as https://app.harness.io/ng/account/<account>/module/iacm/orgs/<org>"
        "/projects/<project>/workspaces/<workspace>/resources",
    ),
    "harness.io/pipelines": _PIPELINES,
    "harness.io/services": _PIPELINES,
    "backstage.io/techdocs-ref": Rule(r"(?:dir|url):\S+", "write dir: or url: and where the documents are, as dir:."),
    "backstage.io/source-location": Rule(r"url:\S+", "write url: and the address of the source"),
    "backstage.io/managed-by-location": Rule(r"(?:url|file):\S+", "leave it out; the catalog writes it"),
    "github.com/project-slug": Rule(r"[^/\s]+/[^/\s]+", "write owner/repository"),
}

_API_VERSION = Rule("|".join(re.escape(version) for version in API_VERSIONS), is_name=True)
_KIND = Rule(
    r"[A-Za-z][A-Za-z0-9]{0,62}", "use letters and digits, beginning with a letter, as in Component", is_name=True
)
_NAME = Rule(
    r"(?=.{1,63}\Z)[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?",
    "use 1 to 63 letters, digits, '-', '_' and '.', beginning and ending with a letter or digit",
    is_name=True,
)
_NAMESPACE = Rule(
    r"(?=.{1,63}\Z)[a-z0-9]+(-+[a-z0-9]+)*", "use 1 to 63 lower-case letters, digits and '-' between them", is_name=True
)
_IDENTIFIER = Rule(
    r"[A-Za-z_][A-Za-z0-9_$-]{0,127}",
    "use up to 128 letters, digits, '_', '-' and '$', beginning with a letter or '_', and no reserved word, for an"
    " identifier of IDP 2.0",
    is_name=True,
    reserved=_RESERVED,
)
_TAG = Rule(r"(?=.{1,63}\Z)[a-z0-9:+#]+(-[a-z0-9:+#]+)*", "use lower-case letters, digits, ':', '+', '#' and '-'")
_REFERENCE = Rule(r"([^:/]+:)?([^:/]+/)?[^:/]+", "write [kind:][namespace/]name, as in group:default/platform")

_LINKS = Field(Shape.LINKS, advice="write each link as a map with url, and a title")
_WITH_KIND = Rule(r"[^:/]+:([^:/]+/)?[^:/]+", "write kind:[namespace/]name, as in resource:default/database")
_REFERENCES = Field(Shape.LIST, _REFERENCE)
_ONE_REFERENCE = Field(rule=_REFERENCE)
_PREFIX = r"(?=[^/]{1,253}/)[a-z0-9]+(-+[a-z0-9]+)*(\.[a-z0-9]+(-+[a-z0-9]+)*)*/"
_KEY = Rule(
    rf"({_PREFIX})?(?=[^/]{{1,63}}\Z)[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?",
    "use [prefix/]name: a domain in lower case, and at most 63 letters, digits, '-', '_' and '.' behind the '/'",
    is_name=True,
)
_LABEL = Rule(
    r"(?=.{0,63}\Z)([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?",
    "use at most 63 letters, digits, '-', '_' and '.', beginning and ending with a letter or digit",
)
URL = Rule(r"[A-Za-z][A-Za-z0-9+.-]*:\S+", "write an address, as https://example.com")

_SORT = "write what sort it is, such as service"
_STAGE_OF_LIFE = "write its stage of life, such as experimental or production"
_ROOT = {
    "apiVersion": Field(rule=_API_VERSION, advice=f"write one of {', '.join(API_VERSIONS)}"),
    "kind": Field(rule=_KIND, advice="write what it is, such as Component"),
    "metadata": Field(Shape.MAP, advice="write the entity's metadata"),
    "spec": Field(Shape.MAP, advice="write its specification"),
}

RULES: Mapping[Format, Rules] = {
    Format.BACKSTAGE: Rules(
        fields=_ROOT
        | {
            "metadata.name": Field(rule=_NAME, advice="write the entity's name, such as payments-api"),
            "metadata.namespace": Field(rule=_NAMESPACE),
            "metadata.title": Field(),
            "metadata.description": Field(),
            "metadata.annotations": Field(Shape.TEXTS, ANY_TEXT, keys=_KEY),
            "metadata.labels": Field(Shape.TEXTS, _LABEL, keys=_KEY),
            "metadata.tags": Field(Shape.LIST, _TAG),
            "metadata.links": _LINKS,
            "spec.type": Field(advice=_SORT),
            "spec.lifecycle": Field(advice=_STAGE_OF_LIFE),
            "spec.owner": Field(rule=_REFERENCE, advice="write the owning team or user, such as group:platform"),
            "spec.definition": Field(Shape.CONTENT, advice="write the definition, or $text: with where it is"),
            "spec.steps": Field(Shape.VALUE, advice="write the list of its steps"),
            "spec.children": Field(Shape.LIST, _REFERENCE, advice="write the list of its child groups, [] for none"),
            "spec.memberOf": Field(Shape.LIST, _REFERENCE, advice="write the list of its groups, [] for none"),
            "spec.members": _REFERENCES,
            "spec.parent": _ONE_REFERENCE,
            "spec.system": _ONE_REFERENCE,
            "spec.domain": _ONE_REFERENCE,
            "spec.subcomponentOf": _ONE_REFERENCE,
            "spec.subdomainOf": _ONE_REFERENCE,
            "spec.providesApis": _REFERENCES,
            "spec.consumesApis": _REFERENCES,
            "spec.dependsOn": Field(Shape.LIST, _WITH_KIND),
            "spec.dependencyOf": Field(Shape.LIST, _WITH_KIND),
        },
        always=("apiVersion", "kind", "metadata.name"),
        kinds={
            "Component": ("spec.type", "spec.lifecycle", "spec.owner"),
            "API": ("spec.type", "spec.lifecycle", "spec.owner", "spec.definition"),
            "Resource": ("spec.type", "spec.owner"),
            "System": ("spec.owner",),
            "Domain": ("spec.owner",),
            "Group": ("spec.type", "spec.children"),
            "User": ("spec.memberOf",),
            "Location": ("spec",),
            "Template": ("spec.type", "spec.steps"),
        },
        other_kinds=True,
        minds_case=True,
        roots=("apiVersion", "kind", "metadata", "spec"),
    ),
    Format.HARNESS: Rules(
        fields=_ROOT
        | {
            "identifier": Field(
                rule=_IDENTIFIER, advice="write the entity's identifier, such as payments_api", origin="metadata.name"
            ),
            "name": Field(origin="metadata.title"),
            "orgIdentifier": Field(rule=_IDENTIFIER),
            "projectIdentifier": Field(rule=_IDENTIFIER, needs="orgIdentifier"),
            "type": Field(advice=_SORT, origin="spec.type"),
            "owner": Field(
                rule=_REFERENCE, advice="write the owner, such as group:account/platform", origin="spec.owner"
            ),
            "metadata.description": Field(origin="metadata.description"),
            "metadata.tags": Field(Shape.LIST, TEXT, origin="metadata.tags"),
            "metadata.links": _LINKS,
            "spec.dependsOn": _REFERENCES,
            "spec.subcomponentOf": _ONE_REFERENCE,
            "spec.lifecycle": Field(advice=_STAGE_OF_LIFE, origin="spec.lifecycle"),
            "spec.definition": Field(
                Shape.CONTENT, advice="write the definition, or $text: with where it is", origin="spec.definition"
            ),
            "spec.steps": Field(Shape.VALUE, advice="write the list of its steps", origin="spec.steps"),
        },
        always=("apiVersion", "kind", "identifier"),
        kinds={
            "component": ("type", "owner", "spec.lifecycle"),
            "api": ("type", "owner", "spec.lifecycle", "spec.definition"),
            "resource": ("type", "owner"),
            "system": ("type", "owner"),
            "group": ("type",),
            "workflow": ("type", "owner", "spec.steps"),
            "user": (),
            "environment": (),
            "environmentblueprint": (),
        },
        other_kinds=False,
        minds_case=False,
    ),
}
ADVICE: Mapping[str, str] = {path: field.advice for rules in RULES.values() for path, field in rules.fields.items()}
