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


_HEIC = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1")
_AVIF = (b"avif", b"avis")
_PICTURES_OF_PHONES = {
    "HEIC": (
        "is a HEIC picture, which takes another package: pip install pillow-heif, or save it as JPEG "
        "(on an iPhone: Settings, Camera, Formats, Most Compatible)"
    ),
    "AVIF": "is an AVIF picture, which this build of Pillow cannot read; save it as JPEG or PNG",
}


def phone_format(path: Path) -> str | None:
    """ "HEIC" or "AVIF" where a file of the container that videos have too says so itself; else None."""
    with path.open("rb") as file:
        start = file.read(64)
    length = int.from_bytes(start[:4], "big")
    if start[4:8] != b"ftyp" or length > 1024:
        return None
    brands = [start[8:12], *(start[at : at + 4] for at in range(16, min(length, len(start)), 4))]
    # "mif1" is said by both
    if any(brand in _AVIF for brand in brands) and brands[0] in (*_AVIF, b"mif1", b"msf1"):
        return "AVIF"
    return "HEIC" if brands[0] in _HEIC else None


def phone_picture(path: Path) -> str | None:
    """What to do with a HEIC or AVIF that could not be opened; None for other files."""
    kind = phone_format(path)
    return None if kind is None else _PICTURES_OF_PHONES[kind]


def about_folder(path: Path) -> str:
    """What a folder is, and what takes it."""
    if path.suffix == ".field" or (path / "field.json").exists():
        return "is a radiance field; see `mien field --help` (render, landmarks, export)"
    if (path / "transforms.json").exists() or (path / "sparse").exists() or (path / "cameras.txt").exists():
        return "is a folder of posed pictures; train a field with `mien field train`, or name its pictures"
    return "is a folder; name the pictures or videos in it"
