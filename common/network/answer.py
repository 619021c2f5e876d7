"""What an answer of a service comes to: whether it did what was asked, and the JSON object that it holds."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import requests


def succeeded(answer: requests.Response) -> bool:
    """Tell whether the request did what it asked for; a redirect, which is not followed, did not."""
    return HTTPStatus.OK <= answer.status_code < HTTPStatus.MULTIPLE_CHOICES


def object_of(answer: requests.Response) -> dict[str, Any] | None:
    """Give the JSON object of an answer; None when it holds anything else."""
    from common.network.http import json_of

    try:
        body = json_of(answer)
    except ValueError:
        return None
    return body if isinstance(body, dict) else None
