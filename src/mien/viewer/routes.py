"""What there is at which address of the viewer."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from http import HTTPStatus
from pathlib import Path
from typing import Any

from mien.heads.look import HeadLook
from mien.images.writing import jpeg_bytes, png_bytes
from mien.morphable_fields.face import MorphableFace
from mien.progress import ProgressReport
from mien.viewer.answers import Answer, RequestError
from mien.viewer.edit_requests import EditRequest, RecordRequest, view_of_query
from mien.viewer.face_message import head_message, state_message
from mien.viewer.field_pictures import FieldPictures, FieldRequest, fields_can_be_drawn
from mien.viewer.jobs import BackgroundJob
from mien.viewer.newest_wins import NewestWins
from mien.viewer.orbit import DISTANCE_M, FIELD_OF_VIEW_RAD, middle_m
from mien.viewer.results import save_face, write_field_turntable, write_mesh_turntable
from mien.viewer.session import Moment, ShownFace, ViewerSession

PAGE = Path(__file__).parent / "data"
PAGE_FILES = {"": "index.html"} | {path.name: path.name for path in PAGE.glob("*.js")}
"""Files that are sent, by address: those and no others."""
_TYPES = {".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8"}
_BINARY = "application/octet-stream"
TEXTURE_QUALITY = 93


class ViewerRoutes:
    """Answers requests about one face.

    Attributes:
        session: the face and its history.
    """

    def __init__(self, shown: ShownFace, *, folder: Path) -> None:
        """
        Args:
            shown: what is looked at.
            folder: for what is saved.
        """
        self.session = ViewerSession(shown)
        self._folder = folder
        self._fields = FieldPictures(shown.model)
        self._newest = NewestWins(self._fields.picture)
        self._job = BackgroundJob()
        self._gets: dict[str, Callable[[str], Answer]] = {
            "api/head": self._head,
            "api/texture.jpg": self._texture,
            "api/cards.png": self._cards,
            "api/state": lambda query: self._state(self.session.now()),
            "api/field.png": self._field_picture,
            "api/job": lambda query: self._job_state(),
        }
        self._posts: dict[str, Callable[[bytes], Answer]] = {
            "api/edit": self._edit,
            "api/undo": lambda content: self._state(self.session.undo()),
            "api/redo": lambda content: self._state(self.session.redo()),
            "api/rest": lambda content: self._state(self.session.rest()),
            "api/restart": lambda content: self._state(self.session.restart()),
            "api/save": self._save,
            "api/record": self._record,
        }

    def get(self, path: str, query: str) -> Answer:
        """What lies at an address.

        Raises:
            RequestError: nothing does. MienError: the request asks for what cannot be.
        """
        if path in PAGE_FILES:
            file = PAGE / PAGE_FILES[path]
            return Answer(file.read_bytes(), _TYPES[file.suffix])
        return self._chosen(self._gets, self._posts, path)(query)

    def post(self, path: str, content: bytes) -> Answer:
        """Do what is asked for.

        Raises:
            RequestError: there is nothing to do at this address. MienError: it cannot be done.
        """
        return self._chosen(self._posts, self._gets, path)(content)

    def close(self) -> None:
        """End the background's threads."""
        self._newest.close()

    @staticmethod
    def _chosen(these: dict[str, Any], others: dict[str, Any], path: str) -> Callable[[Any], Answer]:
        if path in these:
            return these[path]
        if path in others or path in PAGE_FILES:
            raise RequestError(HTTPStatus.METHOD_NOT_ALLOWED, "not by this method")
        raise RequestError(HTTPStatus.NOT_FOUND, "there is nothing here")

    def _head(self, query: str) -> Answer:
        face = self.session.shown.face
        facts = {
            "name": self.session.shown.name,
            "has_cards": self.session.shown.cards is not None,
            "has_field": fields_can_be_drawn(),
            "folder": str(self._folder),
            "target_m": middle_m(face.vertices_m),
            "distance_m": DISTANCE_M,
            "field_of_view_rad": FIELD_OF_VIEW_RAD,
        }
        return Answer(head_message(face, facts=facts), _BINARY)

    def _texture(self, query: str) -> Answer:
        return Answer(jpeg_bytes(self.session.shown.mesh_texture, quality=TEXTURE_QUALITY), "image/jpeg")

    def _cards(self, query: str) -> Answer:
        cards = self.session.shown.cards
        if cards is None:
            raise RequestError(HTTPStatus.NOT_FOUND, "this face has no pictures of lashes and brows")
        return Answer(png_bytes(cards), "image/png")

    def _state(self, moment: Moment, face: MorphableFace | None = None) -> Answer:
        facts = {
            "revision": moment.revision,
            "can_undo": moment.can_undo,
            "can_redo": moment.can_redo,
            "committed": face is None,
        }
        return Answer(state_message(face or moment.face, facts=facts), _BINARY)

    def _edit(self, content: bytes) -> Answer:
        request = EditRequest.of_json(content)
        if request.commit:
            return self._state(self.session.edit(request.moves, request.weights))
        moment = self.session.now()
        return self._state(moment, self.session.tried(request.moves, request.weights))

    def _field_picture(self, query: str) -> Answer:
        view, size_px = view_of_query(query)
        moment = self.session.now()
        picture = self._newest.result(FieldRequest(moment.face, view, size_px))
        if picture is None:
            raise RequestError(HTTPStatus.CONFLICT, "a newer picture was asked for")
        return Answer(png_bytes(picture), "image/png", headers={"X-Mien-Revision": str(moment.revision)})

    def _save(self, content: bytes) -> Answer:
        files = save_face(self.session.now().face, self._folder, model=self.session.shown.model)
        return Answer.of_json({"files": [str(path) for path in files]})

    def _record(self, content: bytes) -> Answer:
        what, face = RecordRequest.of_json(content).what, self.session.now().face

        def work(report: ProgressReport) -> Sequence[Path]:
            path = self._folder / f"turntable-{what}.mp4"
            if what == "field":
                return [write_field_turntable(face, self._fields, path, report=report)]
            look = HeadLook(self.session.shown.mesh_texture, cards=self.session.shown.cards)
            return [write_mesh_turntable(face, look, path, report=report)]

        self._job.start(work)
        return self._job_state()

    def _job_state(self) -> Answer:
        return Answer.of_json(dataclasses.asdict(self._job.state))
