"""What becomes of a resolved value: the text of a variable, or a part of a body that is sent (contract, A.1)."""

from __future__ import annotations

import json

from runner.language.expressions.values import SecretReference
from runner.language.resolve import Resolved
from runner.platform.connectors import Services


def secret_of(value: Resolved, field: str, services: Services) -> str:
    """Give the value of a field that holds a reference to a secret: its id, or an expression for it."""
    identifier = value.id if isinstance(value, SecretReference) else str(value)
    return services.secret(identifier, field).reveal()


def text_of(value: Resolved, services: Services) -> str:
    """Turn a value into the text of a variable as the platform does."""
    if isinstance(value, SecretReference):
        return services.secret(value.id, "").reveal()
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list) and not any(isinstance(entry, list | dict) for entry in value):
        return ",".join(text_of(entry, services) for entry in value)
    if isinstance(value, list | dict):
        return json.dumps(plain(value, services), indent=2, ensure_ascii=False)
    return "" if value is None else str(value)


def plain(value: Resolved, services: Services) -> Resolved:
    """Give a value with its JSON types, and with secrets revealed, for a body that is sent."""
    if isinstance(value, SecretReference):
        return services.secret(value.id, "").reveal()
    if isinstance(value, list):
        return [plain(entry, services) for entry in value]
    if isinstance(value, dict):
        return {name: plain(entry, services) for name, entry in value.items()}
    return value
