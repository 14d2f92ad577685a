"""What somebody gave where a picture or a video was asked for, and what takes it."""

from __future__ import annotations

from pathlib import Path

_BY_SUFFIX = {
    (".mp4", ".mov", ".m4v", ".avi", ".mkv", ".webm", ".mts"): (
        "is a video; follow the heads in it with `mien track` (mien.track_video)"
    ),
    (".npz", ".pkl", ".h5"): (
        "is no picture: a head's file is looked at with `mien head info` and fitted with --head, and a saved "
        "fit or track is read by mien.read_fit and mien.read_track (`mien fit photo.jpg --identity FILE` "
        "fits that person again)"
    ),
    (".json",): (
        "is no picture: a transforms.json goes to `mien field train`, or to `mien fit --together --cameras`; "
        "a saved fit or track is read by mien.read_fit and mien.read_track"
    ),
    (".glb", ".gltf", ".obj", ".csv", ".fbx"): (
        "is a result for other programs; open it in Blender or another viewer, and give the picture or video "
        "itself"
    ),
    (".onnx", ".safetensors", ".pt"): "is a network; name it with --model, and give a picture",
    (".wav", ".mp3", ".m4a", ".aac", ".flac"): "is sound, and has no picture; give a video",
}


def what_takes(path: Path) -> str | None:
    """What a file that is no picture is, by its suffix, and what takes it; None for other suffixes."""
    suffix = path.suffix.lower()
    return next((advice for suffixes, advice in _BY_SUFFIX.items() if suffix in suffixes), None)


def about_folder(path: Path) -> str:
    """What a folder is, and what takes it."""
    if path.suffix == ".field" or (path / "field.json").exists():
        return "is a radiance field; see `mien field --help` (render, landmarks, export)"
    if (path / "transforms.json").exists() or (path / "sparse").exists() or (path / "cameras.txt").exists():
        return "is a folder of posed pictures; train a field with `mien field train`, or name its pictures"
    return "is a folder; name the pictures or videos in it"
