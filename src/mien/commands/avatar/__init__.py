"""`mien avatar …`: a head that can be driven, from one video."""

from __future__ import annotations

from mien.commands.arguments import dispatch

SUB_VERBS: dict[str, tuple[str, str]] = {
    "prepare": ("track a video, cut the head out of its frames", "mien.commands.avatar.prepare:run"),
    "train": ("make an avatar of a video or of prepared frames", "mien.commands.avatar.train:run"),
    "drive": ("let an avatar follow a video, a track or weights", "mien.commands.avatar.drive:run"),
    "page": ("write a web page that plays an avatar", "mien.commands.avatar.page:run"),
    "info": ("show what an avatar holds", "mien.commands.avatar.info:run"),
}
"""Sub-verb to (one line of help, "module:function"); imported only when it is called."""


def run(arguments: list[str]) -> int:
    """Dispatch to a sub-verb and return its exit code."""
    return dispatch(
        arguments,
        prog="mien avatar",
        description="Head avatars from one video (needs mien[fields]).",
        sub_verbs=SUB_VERBS,
    )
