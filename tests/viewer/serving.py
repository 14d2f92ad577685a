"""A viewer that is served while a test runs, and requests to it."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from mien.heads.library import load_head
from mien.morphable_fields.face import MorphableFace
from mien.viewer.packed_arrays import unpacked
from mien.viewer.routes import ViewerRoutes
from mien.viewer.server import ViewerServer
from mien.viewer.session import ShownFace


def shown_face(seed: int = 1, *, texture: np.ndarray | None = None) -> ShownFace:
    """Somebody at rest in noise, which tests do not wait for."""
    head, rng = load_head(), np.random.default_rng(seed)
    if texture is None:
        texture = rng.integers(0, 255, (32, 32, 3), dtype=np.uint8)
    identity = 0.5 * rng.normal(size=head.identity_count)
    cards = np.zeros((8, 8, 4), np.uint8)
    face = MorphableFace(texture, identity, np.zeros(head.expression_count), np.zeros((68, 3)))
    return ShownFace(face, "somebody", cards)


@contextmanager
def served(shown: ShownFace, folder: Path) -> Iterator[ViewerServer]:
    """A server on a free port."""
    with ViewerServer(ViewerRoutes(shown, folder=folder)) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def asked(
    server: ViewerServer,
    path: str,
    body: Any = None,
    *,
    method: str | None = None,
    headers: dict[str, str] | None = None,
    token: str | None = None,
) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body of an answer.

    Args:
        path: below the token.
        body: as JSON, or bytes as they are; a POST unless it is None.
    """
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=60)
    content = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
    sent = {"Content-Type": "application/json"} if content is not None else {}
    try:
        connection.request(
            method or ("GET" if content is None else "POST"),
            f"/{server.token if token is None else token}/{path}",
            content,
            sent | (headers or {}),
        )
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read()
    finally:
        connection.close()


def state_of(server: ViewerServer, path: str, body: Any = None) -> tuple[dict[str, np.ndarray], dict]:
    """Arrays and facts of an answer that must be fine."""
    status, _, content = asked(server, path, body)
    assert status == 200, content
    return unpacked(content)
