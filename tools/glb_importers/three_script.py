"""Load a .glb with three.js in a headless browser and draw it:

python three_script.py FILE PICTURE NODE_MODULES BROWSER
"""

from __future__ import annotations

import base64
import json
import subprocess
import sys
import tempfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from report import print_found

_TYPES = {".js": "text/javascript", ".html": "text/html", ".glb": "model/gltf-binary"}
_TIMEOUT_S = 120.0


def look(file: Path, node_modules: Path, browser: str) -> dict[str, object]:
    """Serve page, library and file on this machine, and wait for what the page posts."""
    answered = threading.Event()
    found: dict[str, object] = {}
    three = node_modules / "three"

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            place = {"/": Path(__file__).with_name("three_page.html"), "/model.glb": file}.get(self.path)
            if place is None and self.path.startswith("/three/"):
                place = three / self.path.removeprefix("/three/")
            if place is None or not place.is_file():
                self.send_error(404)
                return
            self.send_response(200)
            self.send_header("Content-Type", _TYPES.get(place.suffix, "application/octet-stream"))
            self.end_headers()
            self.wfile.write(place.read_bytes())

        def do_POST(self) -> None:
            found.update(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()
            answered.set()

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        command = [
            browser, "--headless=new", "--no-sandbox", "--use-angle=swiftshader",
            "--enable-unsafe-swiftshader", "--disable-dev-shm-usage", "--no-first-run",
            "--disable-extensions", "--mute-audio", f"--user-data-dir={profile}",
            f"http://127.0.0.1:{server.server_port}/",
        ]  # fmt: skip
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            if not answered.wait(_TIMEOUT_S):
                return {"error": f"the page did not answer in {_TIMEOUT_S:.0f} s"}
            return found
        finally:
            process.terminate()
            process.wait()
            server.shutdown()


def _save(url: object, picture: Path) -> None:
    picture.write_bytes(base64.b64decode(str(url).partition(",")[2]))


if __name__ == "__main__":
    file, picture, node_modules = map(Path, sys.argv[1:4])
    found = look(file, node_modules, sys.argv[4])
    if "error" in found:
        sys.exit(str(found["error"]))
    _save(found.pop("picture"), picture)
    if "through_camera" in found:
        _save(found.pop("through_camera"), picture.with_name(f"{picture.stem}-camera.png"))
    print_found(**found)
