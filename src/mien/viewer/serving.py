"""Open a viewer and serve it until it is told to end."""

from __future__ import annotations

import webbrowser
from collections.abc import Callable
from pathlib import Path

from mien.viewer.routes import ViewerRoutes
from mien.viewer.server import ViewerServer
from mien.viewer.session import ShownFace


def serve(
    shown: ShownFace,
    *,
    folder: Path,
    port: int = 0,
    open_browser: bool = True,
    announce: Callable[[str], None] = lambda url: None,
) -> None:
    """Serve a viewer until the process is interrupted (KeyboardInterrupt passes through).

    Args:
        folder: for what is saved; made when something is.
        port: 0 for a free one.
        open_browser: show the page.
        announce: is given the page's address before anything is answered.

    Raises:
        OutputError: the port is taken.
    """
    with ViewerServer(ViewerRoutes(shown, folder=folder), port=port) as server:
        announce(server.url)
        if open_browser:
            webbrowser.open(server.url)
        server.serve_forever(poll_interval=0.2)
