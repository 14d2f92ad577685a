"""What the server answers: a body with its type, or an error that a page can read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from mien.errors import MienError


@dataclass(frozen=True)
class Answer:
    """A response.

    Attributes:
        body, content_type: what is sent.
        status: HTTP's.
        headers: further ones.
    """

    body: bytes
    content_type: str
    status: HTTPStatus = HTTPStatus.OK
    headers: Mapping[str, str] = field(default_factory=dict)

    @staticmethod
    def of_json(document: Mapping[str, Any], status: HTTPStatus = HTTPStatus.OK) -> Answer:
        """A JSON document."""
        return Answer(json.dumps(document, allow_nan=False).encode(), "application/json", status)

    @staticmethod
    def of_error(error: Exception, status: HTTPStatus) -> Answer:
        """{"error": its type, "message": what it says}."""
        return Answer.of_json({"error": type(error).__name__, "message": str(error)}, status)


class RequestError(MienError):
    """A request that is refused.

    Attributes:
        status: HTTP's.
    """

    def __init__(self, status: HTTPStatus, message: str) -> None:
        """
        Args:
            message: why.
        """
        super().__init__(message)
        self.status = status
