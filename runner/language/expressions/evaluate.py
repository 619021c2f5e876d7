"""Gives the value of an expression, and of a text with expressions in it. Values are data: none is ever scanned again.

Before a run the same evaluation tells what will be null or cannot be worked out: what is only known later is Later, and
so is all that depends on it.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias, cast

from runner.language.expressions import access, operators, scanner, syntax
from runner.language.expressions.parser import Parsed, parse
from runner.language.expressions.scanner import CLOSE, OPEN, Expression, Malformed, Part, scan
from runner.language.expressions.syntax import Tree
from runner.language.expressions.values import (
    LATER,
    LONGEST,
    Absent,
    Failed,
    Found,
    Functions,
    Group,
    Json,
    Later,
    SecretReference,
    Thing,
    text_of,
    truth,
)

DEEPEST = 60
Operand: TypeAlias = "Json | Later"


@dataclass(frozen=True)
class Names:
    """What the caller knows: the meaning of a first name, the value of a secret, and whom to tell of nulls and faults.

    `null` gets each expression that is null and why; `failed` gets one that cannot be evaluated, and may raise. `due`
    is when, on this thread's clock of processor time, evaluating has taken too long.
    """

    root: Callable[[str], Thing]
    reveal: Callable[[str], str]
    null: Callable[[Expression, str], None]
    failed: Callable[[Expression, str], None]
    due: float = math.inf


def text(source: str, names: Names) -> Json | SecretReference | Later:
    """Put values in the place of expressions. A text that is one expression keeps the kind of its value.

    An expression without a value is None when it is the whole text, and `null` inside a longer one. Raises Malformed.
    """
    parts = scan(source)
    if len(parts) == 1 and isinstance(parts[0], Expression):
        return _value(parts[0], names, 0)
    return _joined(parts, names, 0)


def condition(source: str, names: Names) -> bool | Later:
    """Tell whether a condition holds: one expression, or expressions with operators between them. Raises Malformed."""
    parts = scan(source.strip())
    whole = parts[0] if len(parts) == 1 and isinstance(parts[0], Expression) else Expression(source.strip(), parts)
    value = _value(whole, names, 0)
    if isinstance(value, SecretReference):
        names.failed(whole, "a secret is no condition.")
        return False
    return value if isinstance(value, Later) else truth(value)


def _joined(parts: tuple[Part, ...], names: Names, depth: int) -> str | Later:
    texts: list[str] = []
    later = False
    for part in parts:
        value = part if isinstance(part, str) else _value(part, names, depth)
        if isinstance(value, Later):
            later = True
        elif isinstance(value, SecretReference):
            texts.append(names.reveal(value.id))
        else:
            texts.append(text_of(value))
    if sum(map(len, texts)) > LONGEST:
        raise Malformed(f"the text would have more than {LONGEST} characters.")
    return LATER if later else "".join(texts)


def _value(expression: Expression, names: Names, depth: int) -> Json | SecretReference | Later:
    if scanner.is_left_alone(expression):
        inside = _joined(expression.body, names, depth + 1)
        return inside if isinstance(inside, Later) else f"{OPEN}{inside}{CLOSE}"
    if time.thread_time() > names.due:
        raise Malformed("evaluating what stands before has taken too long.")
    try:
        parsed = parse(expression.body)
        found = _Evaluation(names, parsed).thing(parsed.tree, depth)
        return _settled(found, names, expression)
    except (Failed, Malformed) as reason:
        names.failed(expression, str(reason))
        return None


def _settled(found: Thing, names: Names, expression: Expression) -> Json | SecretReference | Later:
    if isinstance(found, Group):
        if found.entries is None:
            found = Absent(f"{found.path} is no value, but a group of names.")
        else:
            return _entries(found, names)
    if isinstance(found, Functions):
        found = Absent(f"{found.path} is no value; it has {', '.join(found.table)}.")
    if isinstance(found, Absent):
        names.null(expression, found.reason)
        return None
    return found


def _entries(group: Group, names: Names) -> Json | Later:
    values: dict[str, Json] = {}
    for name, found in (group.entries() if group.entries else {}).items():
        if isinstance(found, Later):
            return LATER
        if isinstance(found, SecretReference):
            values[name] = names.reveal(found.id)
        else:
            values[name] = None if isinstance(found, Absent) else found
    return values


@dataclass(frozen=True)
class _Evaluation:
    names: Names
    parsed: Parsed

    def thing(self, tree: Tree, depth: int) -> Thing:
        """Evaluate a tree; what is null has a reason."""
        if depth > DEEPEST:
            raise Malformed(f"it is nested deeper than {DEEPEST} levels.")
        return _KINDS[type(tree)](self, tree, depth + 1)

    def chain(self, tree: syntax.Chain, depth: int) -> Thing:
        found = self.thing(tree.first, depth)
        for link in tree.links:
            found = self.follow(found, link, depth)
        return found

    def fallback(self, tree: syntax.Fallback, depth: int) -> Thing:
        value = self.operand(tree.first, depth, quiet=True)
        if not isinstance(value, Later) and (value is not None if tree.operator == "??" else truth(value)):
            return value
        other = self.thing(tree.second, depth)
        return LATER if isinstance(value, Later) else other

    def items(self, tree: syntax.Items, depth: int) -> Operand:
        values = [self.operand(item, depth) for item in tree.items]
        return LATER if any(isinstance(value, Later) for value in values) else _plain(values)

    def entries(self, tree: syntax.Entries, depth: int) -> Operand:
        keys = [self.operand(key, depth) for key, _ in tree.entries]
        values = [self.operand(value, depth) for _, value in tree.entries]
        if any(isinstance(value, Later) for value in (*keys, *values)):
            return LATER
        return dict(zip(map(text_of, _plain(keys)), _plain(values), strict=True))

    def unary(self, tree: syntax.Unary, depth: int) -> Operand:
        value = self.operand(tree.operand, depth, quiet=tree.operator in ("empty", "!"))
        return value if isinstance(value, Later) else operators.UNARY[tree.operator](value)

    def joined(self, parts: syntax.Text, depth: int) -> str | Later:
        return _joined(
            tuple(part if isinstance(part, str) else self.parsed.nested[part] for part in parts), self.names, depth + 1
        )

    def nested(self, numbers: tuple[int, ...], depth: int) -> Found:
        if len(numbers) == 1:
            return _value(self.parsed.nested[numbers[0]], self.names, depth + 1)
        return self.joined(numbers, depth)

    def operand(self, tree: Tree, depth: int, *, quiet: bool = False) -> Operand:
        """Give what can be worked with. Null is told of unless the author asks whether it is."""
        found = self.thing(tree, depth)
        if isinstance(found, SecretReference):
            raise Failed("a secret cannot be worked on; it can be the whole value, or stand in a text.")
        if isinstance(found, Absent) and quiet:
            return None
        settled = _settled(found, self.names, Expression(self.written(tree), ()))
        if isinstance(settled, SecretReference):
            raise Failed("a secret cannot be worked on.")
        return settled

    def written(self, tree: Tree) -> str:
        """Give what a message calls a part of an expression."""
        if isinstance(tree, syntax.Nested) and len(tree.numbers) == 1:
            return self.parsed.nested[tree.numbers[0]].raw
        if isinstance(tree, syntax.Chain) and isinstance(tree.first, syntax.Name):
            names = [tree.first.name]
            for link in tree.links:
                match link:
                    case syntax.Member(parts):
                        names += ["." + "".join(p if isinstance(p, str) else self.parsed.nested[p].raw for p in parts)]
                    case syntax.Method(name):
                        names += [f".{name}(…)"]
                    case syntax.Index():
                        names += ["[…]"]
            return f"{OPEN}{''.join(names)}{CLOSE}"
        return f"{OPEN}…{CLOSE}"

    def operations(self, row: syntax.Operations, depth: int) -> Operand:
        asks_for_null = row.rest[0][0] in ("==", "!=") and _is_null(row.rest[0][1])
        left = self.operand(row.first, depth, quiet=asks_for_null)
        for operator, tree in row.rest:
            if operator == "+" and isinstance(left, str | Later):
                right = self.addend(tree, depth)
            else:
                right = self.operand(tree, depth)
            if isinstance(left, Later) or isinstance(right, Later):
                left = LATER
            else:
                left = operators.OPERATORS[operator](left, right)
        return left

    def addend(self, tree: Tree, depth: int) -> Operand:
        """Give what is joined to a text; that may be a secret."""
        found = self.thing(tree, depth)
        if isinstance(found, SecretReference):
            return self.names.reveal(found.id)
        settled = _settled(found, self.names, Expression(self.written(tree), ()))
        return self.names.reveal(settled.id) if isinstance(settled, SecretReference) else settled

    def logic(self, parts: tuple[Tree, ...], depth: int, *, ends_with: bool) -> bool | Later:
        result: bool | Later = not ends_with
        for part in parts:
            value = self.operand(part, depth)
            if isinstance(value, Later):
                result = LATER
            elif truth(value) is ends_with and not isinstance(result, Later):
                return ends_with
        return result

    def conditional(self, tree: syntax.Conditional, depth: int) -> Thing:
        value = self.operand(tree.condition, depth)
        if isinstance(value, Later):  # either may come of it, so both are looked at
            for branch in (tree.then, tree.otherwise):
                _settled(self.thing(branch, depth), self.names, Expression(self.written(branch), ()))
            return LATER
        return self.thing(tree.then if truth(value) else tree.otherwise, depth)

    def follow(self, found: Thing, link: syntax.Member | syntax.Index | syntax.Method, depth: int) -> Thing:
        """Go on from a value or a group of names to what it is asked for."""
        if isinstance(link, syntax.Method):
            arguments = [self.operand(argument, depth) for argument in link.arguments]
            if isinstance(found, Group) and link.name != "get" and found.entries is not None:
                found = _entries(found, self.names)
            if any(isinstance(argument, Later) for argument in arguments):
                return access.checked(found, link.name)
            return access.call(found, link.name, _plain(arguments))
        key = self.operand(link.key, depth) if isinstance(link, syntax.Index) else self.joined(link.name, depth)
        return LATER if isinstance(key, Later) else access.member(found, key)


def _plain(values: list[Operand]) -> list[Json]:
    return [value for value in values if not isinstance(value, Later)]


def _is_null(tree: Tree) -> bool:
    return isinstance(tree, syntax.Constant) and tree.value is None


_KINDS: Mapping[type, Callable[[_Evaluation, Any, int], Thing]] = {
    syntax.Constant: lambda _, tree, __: cast("Thing", tree.value),
    syntax.String: lambda this, tree, depth: this.joined(tree.text, depth),
    syntax.Nested: lambda this, tree, depth: this.nested(tree.numbers, depth),
    syntax.Name: lambda this, tree, _: this.names.root(tree.name),
    syntax.Chain: _Evaluation.chain,
    syntax.Conditional: _Evaluation.conditional,
    syntax.Fallback: _Evaluation.fallback,
    syntax.Items: _Evaluation.items,
    syntax.Entries: _Evaluation.entries,
    syntax.Operations: _Evaluation.operations,
    syntax.Unary: _Evaluation.unary,
    syntax.AllOf: lambda this, tree, depth: this.logic(tree.parts, depth, ends_with=False),
    syntax.AnyOf: lambda this, tree, depth: this.logic(tree.parts, depth, ends_with=True),
}
