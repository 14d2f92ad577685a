"""`mien field …`: radiance fields of heads, from training to files for other programs."""

from __future__ import annotations

from mien.commands.arguments import dispatch

SUB_VERBS: dict[str, tuple[str, str]] = {
    "train": ("train a radiance field on posed pictures", "mien.commands.field.train:run"),
    "render": ("pictures, turntables, depth and normals of a field", "mien.commands.field.render:run"),
    "export": ("a field as a coloured mesh or an RGBA grid", "mien.commands.field.export:run"),
    "landmarks": ("the 68 3D landmarks of the head in a field", "mien.commands.field.landmarks:run"),
    "edit": ("move a face's landmarks, set its expression", "mien.commands.field.edit:run"),
    "interpolate": ("from one face's landmarks to another's", "mien.commands.field.interpolate:run"),
    "swap": ("two faces with each other's landmarks", "mien.commands.field.swap:run"),
    "transfer": ("a face with another one's expression", "mien.commands.field.transfer:run"),
    "reenact": ("a face that follows a track or a video", "mien.commands.field.reenact:run"),
    "info": ("show what a field holds", "mien.commands.field.info:run"),
}
"""Sub-verb to (one line of help, "module:function"); imported only when it is called."""


def run(arguments: list[str]) -> int:
    """Dispatch to a sub-verb and return its exit code."""
    return dispatch(
        arguments,
        prog="mien field",
        description="Radiance fields of heads (needs mien[fields]).",
        sub_verbs=SUB_VERBS,
    )
