"""The picture of the rooms in DEVELOPMENT.md shows what the code imports."""

from __future__ import annotations

import pytest

from tools.draw_rooms import PICTURE, Room, direct_imports, drawing, floors, read_rooms


def room(name: str, *imports: str) -> Room:
    return Room(name, frozenset(imports), "")


HOUSE = {each.name: each for each in (room("a"), room("b", "a"), room("c", "b", "a"), room("d", "a"))}


def test_the_picture_is_of_the_present_house():
    drawn = PICTURE.read_text(encoding="utf-8")
    assert drawn == drawing(read_rooms()), "the rooms have changed; draw them: python tools/draw_rooms.py"


def test_a_room_stands_above_what_it_imports():
    assert floors(HOUSE) == {"a": 0, "b": 1, "d": 1, "c": 2}


def test_imports_that_follow_from_others_are_not_drawn():
    assert direct_imports(HOUSE) == {("b", "a"), ("c", "b"), ("d", "a")}


def test_a_circle_is_named():
    with pytest.raises(ValueError, match="circle: a, b"):
        floors({"a": room("a", "b"), "b": room("b", "a")})
