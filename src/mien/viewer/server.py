"""The viewer's server: this machine alone, one secret address, and nothing but its routes."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from mien.errors import MienError, OutputError
from mien.viewer.answers import Answer, RequestError
from mien.viewer.routes import ViewerRoutes

ADDRESS = "127.0.0.1"
HOST_NAMES = (ADDRESS, "localhost")
LARGEST_REQUEST_BYTES = 1 << 16
LONGEST_ADDRESS = 2048
_IDLE_S = 60
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'unsafe-inline'; img-src 'self' blob:; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class ViewerServer(ThreadingHTTPServer):
    """Serves one viewer until it is shut down.

    Other pages and programs of other users do not get in: the address holds a random token; requests that
    name another host (a name that was made to point here) or come from another site's page are refused.

    Attributes:
        token: that every address begins with.
    """

    daemon_threads = True

    def __init__(self, routes: ViewerRoutes, *, port: int = 0) -> None:
        """
        Args:
            port: 0 for a free one.

        Raises:
            OutputError: the port is taken.
        """
        self.routes, self.token = routes, secrets.token_urlsafe(24)
        try:
            super().__init__((ADDRESS, port), _Handler)
        except OSError as error:
            raise OutputError(
                f"port {port} cannot be used ({error.strerror}); choose another or none", source=ADDRESS
            ) from error

    @property
    def url(self) -> str:
        """Where the page is."""
        return f"http://{ADDRESS}:{self.server_port}/{self.token}/"

    def server_close(self) -> None:
        super().server_close()
        self.routes.close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A browser that hangs up is no error worth a traceback."""


class _Handler(BaseHTTPRequestHandler):
    server: ViewerServer  # type: ignore[assignment]
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "mien", ""
    timeout = _IDLE_S

    def do_GET(self) -> None:
        if self.headers.get("Content-Length") or self.headers.get("Transfer-Encoding"):
            self.close_connection = True  # a body that is not read is not to be taken for the next request
        self._answer(lambda path, query: self.server.routes.get(path, query))

    def do_POST(self) -> None:
        self._answer(lambda path, query: self.server.routes.post(path, self._content()))

    def _answer(self, work: Callable[[str, str], Answer]) -> None:
        try:
            answer = work(*self._checked_path())
        except RequestError as error:
            answer = Answer.of_error(error, error.status)
            self.close_connection = True  # what of the request was not read is not to be taken for another
        except OutputError as error:
            answer = Answer.of_error(error, HTTPStatus.INTERNAL_SERVER_ERROR)
        except MienError as error:
            answer = Answer.of_error(error, HTTPStatus.BAD_REQUEST)
        except (ConnectionError, TimeoutError):
            raise
        except Exception as error:
            answer = Answer.of_error(error, HTTPStatus.INTERNAL_SERVER_ERROR)
        self._send(answer)

    def _checked_path(self) -> tuple[str, str]:
        """Path below the token, and query.

        Raises:
            RequestError: the request comes from elsewhere.
        """
        hosts = {f"{name}:{self.server.server_port}" for name in HOST_NAMES}
        if self.headers.get_all("Host", []) != [host := self.headers.get("Host", "")] or host not in hosts:
            raise RequestError(HTTPStatus.FORBIDDEN, "this server answers this machine alone")
        origin = self.headers.get("Origin")
        if origin is not None and origin not in {f"http://{name}" for name in hosts}:
            raise RequestError(HTTPStatus.FORBIDDEN, "pages of other sites are not answered")
        if len(self.path) > LONGEST_ADDRESS:
            raise RequestError(HTTPStatus.REQUEST_URI_TOO_LONG, "the address is too long")
        parts = urlsplit(self.path)
        token, _, path = parts.path.removeprefix("/").partition("/")
        if not hmac.compare_digest(token.encode("utf-8", "replace"), self.server.token.encode()):
            raise RequestError(HTTPStatus.FORBIDDEN, "use the whole address that mien view printed")
        return path, parts.query

    def _content(self) -> bytes:
        """The request's body.

        Raises:
            RequestError: it is not JSON by its header, has no length, or is too large.
        """
        if self.headers.get_content_type() != "application/json":
            raise RequestError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "requests are JSON")
        length = self.headers.get("Content-Length", "")
        if not (length.isascii() and length.isdigit()) or self.headers.get("Transfer-Encoding"):
            raise RequestError(HTTPStatus.LENGTH_REQUIRED, "say how long the request is")
        if len(length) > 9 or int(length) > LARGEST_REQUEST_BYTES:
            raise RequestError(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"requests have at most {LARGEST_REQUEST_BYTES} bytes"
            )
        return self.rfile.read(int(length))

    def _send(self, answer: Answer) -> None:
        self.send_response(answer.status)
        for name, value in {**_HEADERS, **answer.headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Type", answer.content_type)
        self.send_header("Content-Length", str(len(answer.body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Errors of the protocol, as JSON too."""
        self.close_connection = True
        self._send(Answer.of_error(RequestError(HTTPStatus(code), message or ""), HTTPStatus(code)))

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: the address holds the token."""
