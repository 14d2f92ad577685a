"""The viewer's server: who is let in, and that edits are the library's."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from mien.errors import OutputError
from mien.exporters.arkit import export_weights
from mien.heads.library import load_head
from mien.morphable_fields.operations import LandmarkMove, edit_face
from mien.viewer.face_message import drawn_vertices_m
from mien.viewer.routes import PAGE_FILES, ViewerRoutes
from mien.viewer.server import LARGEST_REQUEST_BYTES, ViewerServer
from tests.viewer.serving import asked, served, shown_face, state_of

MOVE = {"landmarks": "48", "by_mm": [-2.0, 5.0, 1.0], "radius_mm": 18.0, "symmetric": True}
SAME_MOVE = LandmarkMove("48", (-2.0, 5.0, 1.0), radius_mm=18.0, symmetric=True)
VIEW = "azimuth=0.3&elevation=0.1&distance=1&x=0&y=0&z=0.02"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ViewerServer]:
    with served(shown_face(), tmp_path / "out") as made:
        yield made


def error_of(content: bytes) -> str:
    document = json.loads(content)
    assert document["message"]
    return document["error"]


def test_the_page_and_its_scripts_are_sent(server: ViewerServer):
    for path in PAGE_FILES:
        status, headers, content = asked(server, path)
        assert status == 200
        assert content
        assert "'none'" in headers["Content-Security-Policy"]
        assert "http" not in content.decode().replace("http://www.w3.org/2000/svg", ""), "the page is alone"


@pytest.mark.parametrize("token", ["", "x", "wrong-token-of-some-length-ab", "%00", "%C3%A4"])
def test_without_the_token_nobody_gets_in(server: ViewerServer, token: str):
    for body in (None, {}):
        status, _, content = asked(server, "api/state", body, token=token)
        assert status == 403
        assert error_of(content) == "RequestError"


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "127.0.0.1"},
        {"Host": "127.0.0.1:1"},
        {"Host": ""},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
    ],
)
def test_other_hosts_and_origins_are_refused(server: ViewerServer, headers: dict[str, str]):
    before = server.routes.session.now().revision
    for body in (None, {"weights": {"jawOpen": 1}}):
        assert asked(server, "api/edit" if body else "", body, headers=headers)[0] == 403
    assert server.routes.session.now().revision == before


def test_two_hosts_are_one_too_many(server: ViewerServer):
    with socket.create_connection(("127.0.0.1", server.server_port), timeout=60) as raw:
        host = f"Host: 127.0.0.1:{server.server_port}"
        raw.sendall(f"GET /{server.token}/ HTTP/1.1\r\n{host}\r\nHost: evil.example\r\n\r\n".encode())
        assert b"403" in raw.recv(100)


def test_its_own_page_is_let_in_by_either_name(server: ViewerServer):
    for name in ("127.0.0.1", "localhost"):
        host = f"{name}:{server.server_port}"
        assert asked(server, "api/state", headers={"Host": host, "Origin": f"http://{host}"})[0] == 200


@pytest.mark.parametrize(
    "path",
    [
        "../server.py",
        "..%2fserver.py",
        "%2e%2e/server.py",
        "/etc/passwd",
        "index.html",
        "main.js/",
        "api/",
        "x",
    ],
)
def test_there_is_nothing_but_the_routes(server: ViewerServer, path: str):
    status, _, content = asked(server, path)
    assert status == 404
    assert error_of(content) == "RequestError"


def test_methods_sizes_and_types_are_held(server: ViewerServer):
    assert asked(server, "api/edit")[0] == 405
    assert asked(server, "api/state", {})[0] == 405
    assert asked(server, "api/state", method="DELETE")[0] == 501
    assert asked(server, "api/edit", b" " * (LARGEST_REQUEST_BYTES + 1))[0] == 413
    assert asked(server, "api/edit", {}, headers={"Content-Type": "text/plain"})[0] == 415
    assert asked(server, "x" * 3000)[0] == 414
    with socket.create_connection(("127.0.0.1", server.server_port), timeout=60) as raw:
        host = f"127.0.0.1:{server.server_port}"
        lines = [f"POST /{server.token}/api/edit HTTP/1.1", f"Host: {host}", "Content-Type: application/json"]
        raw.sendall("\r\n".join([*lines, "", ""]).encode())
        assert b"411" in raw.recv(100)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{",
        b"\xff",
        b"[" * 5000,
        {"moves": 3},
        {"moves": [MOVE] * 17},
        {"moves": [{**MOVE, "by_mm": [0, 1]}]},
        {"moves": [{**MOVE, "by_mm": [0, 1, 1e9]}]},
        b'{"moves": [{"landmarks": "48", "by_mm": [NaN, 0, 0], "radius_mm": 1, "symmetric": false}]}',
        {"moves": [{**MOVE, "landmarks": "ear"}]},
        {"moves": [{**MOVE, "symmetric": "yes"}]},
        {"moves": [{**MOVE, "radius_mm": -1}]},
        {"weights": {"jawOpen": "wide"}},
        {"weights": {"jawOpen": 7}},
        {"weights": {"earWiggle": 1}},
        {"weights": [1]},
        {"commit": 1},
    ],
)
def test_wrong_edits_are_refused_and_change_nothing(server: ViewerServer, body):
    status, _, content = asked(server, "api/edit", body)
    assert status == 400
    assert error_of(content) == "InputError"
    assert server.routes.session.now().revision == 0


def test_edits_are_the_librarys(server: ViewerServer):
    head_arrays, facts = state_of(server, "api/head")
    face = shown_face().face
    weights = {"mouthSmile": 0.3, "eyeBlinkLeft": 1.0}
    wanted = edit_face(face, [SAME_MOVE], weights=weights)
    state, now = state_of(server, "api/edit", {"moves": [MOVE], "weights": weights})
    drawn_m = drawn_vertices_m(head_arrays, state, beyond_step_m=now["beyond_step_m"])
    np.testing.assert_allclose(drawn_m, wanted.vertices_m, atol=5e-6)
    np.testing.assert_allclose(state["expression"], wanted.expression, atol=1e-6)
    np.testing.assert_allclose(state["landmarks_m"], wanted.landmarks_m, atol=1e-7)
    assert now["can_undo"]
    assert facts["name"] == "somebody"


def test_what_is_tried_is_shown_and_not_done(server: ViewerServer):
    _, before = state_of(server, "api/state")
    state, tried = state_of(server, "api/edit", {"moves": [MOVE], "commit": False})
    wanted = edit_face(shown_face().face, [SAME_MOVE])
    np.testing.assert_allclose(state["landmarks_m"], wanted.landmarks_m, atol=1e-7)
    assert not tried["committed"]
    after, facts = state_of(server, "api/state")
    assert facts == before
    np.testing.assert_allclose(after["landmarks_m"], shown_face().face.landmarks_m, atol=1e-7)


def test_undo_redo_rest_and_start(server: ViewerServer):
    def jaw(path: str, body: object = None) -> tuple[float, bool, bool]:
        state, facts = state_of(server, path, body)
        place = load_head().expression_names.index("jawOpen")
        return round(float(state["expression"][place]), 6), facts["can_undo"], facts["can_redo"]

    assert jaw("api/edit", {"weights": {"jawOpen": 0.5}}) == (0.5, True, False)
    assert jaw("api/edit", {"weights": {"jawOpen": 0.8}}) == (0.8, True, False)
    assert jaw("api/undo", {}) == (0.5, True, True)
    assert jaw("api/undo", {}) == (0.0, False, True)
    assert asked(server, "api/undo", {})[0] == 400
    assert jaw("api/redo", {}) == (0.5, True, True)
    assert jaw("api/edit", {"weights": {"jawOpen": 0.2}}) == (0.2, True, False)
    assert asked(server, "api/redo", {})[0] == 400
    assert jaw("api/rest", {}) == (0.0, True, False)
    assert jaw("api/undo", {}) == (0.2, True, True)
    assert jaw("api/restart", {}) == (0.0, True, False)
    state, _ = state_of(server, "api/state")
    np.testing.assert_allclose(state["landmarks_m"], shown_face().face.landmarks_m, atol=1e-7)


def test_save_writes_what_the_library_reads(server: ViewerServer, tmp_path: Path):
    pytest.importorskip("torch", reason="fields need torch")
    from mien.morphable_fields.field_files import load_morphable_field

    state_of(server, "api/edit", {"moves": [MOVE], "weights": {"jawOpen": 0.4}})
    status, _, content = asked(server, "api/save", {})
    assert status == 200
    files = [Path(each) for each in json.loads(content)["files"]]
    assert {file.name for file in files} == {"edited.weights.json", "edited.glb", "edited.field"}
    assert all(file.parent == tmp_path / "out" for file in files)
    face = server.routes.session.now().face
    saved = load_morphable_field(tmp_path / "out" / "edited.field").face
    np.testing.assert_allclose(saved.vertices_m, face.vertices_m, atol=1e-9)
    weights = json.loads((tmp_path / "out" / "edited.weights.json").read_text())["weights"]
    names = load_head().expression_names
    np.testing.assert_allclose(
        [weights[name] for name in names], export_weights(face.expression, names), atol=1e-6
    )


def test_a_field_picture_is_the_librarys(server: ViewerServer):
    pytest.importorskip("torch", reason="fields need torch")
    from mien.fields.rendering.picture import render_field
    from mien.images.limits import decoded_picture
    from mien.morphable_fields.field_files import morphable_field
    from mien.morphable_fields.making import preview_of
    from mien.viewer.field_pictures import PAGE_COLOR
    from mien.viewer.orbit import OrbitView

    status, headers, content = asked(server, f"api/field.png?{VIEW}&size=80")
    assert status == 200
    assert headers["X-Mien-Revision"] == "0"
    camera = OrbitView(0.3, 0.1, 1.0, (0.0, 0.0, 0.02)).camera(80)
    wanted = render_field(preview_of(morphable_field(shown_face().face)), camera, background=PAGE_COLOR).rgb
    difference = np.abs(decoded_picture(content, source="picture").astype(int) - wanted)
    assert difference.max() <= 1


@pytest.mark.parametrize(
    "query", ["", VIEW, f"{VIEW}&size=9999", f"{VIEW}&size=96.5", VIEW.replace("0.3", "nan") + "&size=96",
              VIEW.replace("0.3", "x") + "&size=96", VIEW.replace("distance=1", "distance=0") + "&size=96"]
)  # fmt: skip
def test_wrong_views_are_refused(server: ViewerServer, query: str):
    assert asked(server, f"api/field.png?{query}")[0] == 400


def test_a_turntable_of_the_mesh_is_recorded(server: ViewerServer, monkeypatch, tmp_path: Path):
    from mien.images.video import open_video
    from mien.viewer import results

    monkeypatch.setattr(results, "TURNTABLE_PICTURES", 3)
    monkeypatch.setattr(results, "MESH_PX", 64)
    assert asked(server, "api/record", {"what": "hair"})[0] == 400
    job = json.loads(asked(server, "api/record", {"what": "mesh"})[2])
    assert job["running"]
    for _ in range(600):
        job = json.loads(asked(server, "api/job")[2])
        if not job["running"]:
            break
        time.sleep(0.05)
    assert job["error"] == ""
    assert job["files"] == [str(tmp_path / "out" / "turntable-mesh.mp4")]
    with open_video(job["files"][0]) as video:
        frames = [frame.image for frame in video]
    assert [frame.shape for frame in frames] == [(64, 64, 3)] * 3
    assert frames[0][0, 0].min() > 240
    assert frames[0].min() < 100


def test_a_port_that_is_taken(server: ViewerServer, tmp_path: Path):
    routes = ViewerRoutes(shown_face(), folder=tmp_path)
    with pytest.raises(OutputError, match="cannot be used"):
        ViewerServer(routes, port=server.server_port)
    routes.close()


def test_addresses_differ(tmp_path: Path):
    with served(shown_face(), tmp_path) as first, served(shown_face(), tmp_path) as second:
        assert first.token != second.token
        assert len(first.token) >= 32
        assert first.url.startswith("http://127.0.0.1:")
