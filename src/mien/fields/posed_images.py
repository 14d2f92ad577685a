"""Pictures with their cameras, ready to train a field on: read, checked, reduced."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
from jaxtyping import Float, UInt8

from mien.camera_files.posed_picture import PosedPicture
from mien.camera_files.validation import validate_cameras
from mien.cameras import Camera
from mien.checked_calls import checked_call
from mien.errors import InputError, ShapeError
from mien.reading.regular_files import exists

HOLD_OUT_EVERY = 8
"""Without a split in the file every eighth picture is held out when pictures shall be held out."""


GROUND = 200
"""Grey behind cut-outs when faces are looked for."""


@dataclass(frozen=True, eq=False)
class PosedImages:
    """Pictures of one thing from several sides.

    Attributes:
        cameras: one for each picture.
        rgba: (H, W, 4) uint8 each; alpha is the silhouette (255 everywhere without one), colours are not
            premultiplied.
        names: one for each picture.
        has_masks: whether alpha says anything.
        depths_m: (H, W) along the camera's axis, NaN where nothing is, or None; true depths for scoring.
        splits: "train", "val" or "test" where the file says it, else None; one for each picture.
        warnings: what is odd but usable.
        source: the file they came from.
        metres_per_unit: what the file's lengths were multiplied by.
        mattes: (H, W, 2) uint8 each where silhouettes were not given but told from the pictures: how much of
            each pixel is the subject, and how surely (0: not known). `rgba` shows all that was there then.
    """

    cameras: tuple[Camera, ...]
    rgba: tuple[UInt8[np.ndarray, "_ _ 4"], ...]
    names: tuple[str, ...]
    has_masks: bool
    depths_m: tuple[Float[np.ndarray, "_ _"] | None, ...] = ()
    splits: tuple[str | None, ...] = ()
    warnings: tuple[str, ...] = ()
    source: str = ""
    metres_per_unit: float = 1.0
    mattes: tuple[UInt8[np.ndarray, "_ _ 2"], ...] = ()

    def __len__(self) -> int:
        return len(self.cameras)

    @staticmethod
    def of(
        cameras: Sequence[Camera],
        images: Sequence[UInt8[np.ndarray, "_ _ _"]],
        *,
        names: Sequence[str] | None = None,
        depths_m: Sequence[Float[np.ndarray, "_ _"] | None] = (),
        splits: Sequence[str | None] = (),
        source: str = "pictures",
        metres_per_unit: float = 1.0,
    ) -> PosedImages:
        """Pictures in memory, (H, W, 3) or (H, W, 4) with the silhouette in the fourth channel.

        Raises:
            InputError: the cameras or silhouettes cannot be right; the message says why.
            ShapeError: a picture has not the size that its camera states.
        """
        names = tuple(names or (f"picture {index}" for index in range(len(images))))
        rgba = []
        for camera, image, name in zip(cameras, images, names, strict=True):
            if image.shape[:2] != (camera.height_px, camera.width_px) or image.shape[2] not in (3, 4):
                expected = f"({camera.height_px}, {camera.width_px}, 3 or 4)"
                raise ShapeError(f"picture {name!r}", expected=expected, actual=image.shape)
            if image.shape[2] == 3:
                image = np.concatenate([image, np.full_like(image[..., :1], 255)], axis=2)
            rgba.append(np.ascontiguousarray(image))
        warnings = validate_cameras(cameras, names=names, source=source)
        has_masks, odd = _check_silhouettes(rgba, names, source)
        return PosedImages(
            tuple(cameras),
            tuple(rgba),
            names,
            has_masks,
            tuple(depths_m) or (None,) * len(rgba),
            tuple(splits) or (None,) * len(rgba),
            tuple(warnings + odd),
            source,
            metres_per_unit,
        )

    def pick(self, indices: Sequence[int]) -> PosedImages:
        """Some of the pictures."""
        return replace(
            self,
            cameras=tuple(self.cameras[i] for i in indices),
            rgba=tuple(self.rgba[i] for i in indices),
            names=tuple(self.names[i] for i in indices),
            depths_m=tuple(self.depths_m[i] for i in indices),
            splits=tuple(self.splits[i] for i in indices),
            mattes=tuple(self.mattes[i] for i in indices) if self.mattes else (),
        )

    def split(self, hold_out_every: int = HOLD_OUT_EVERY) -> tuple[PosedImages, PosedImages | None]:
        """Pictures to train on and pictures held out (None when there are none).

        Those that the file calls val or test are held out; where it says nothing, every n-th picture.

        Args:
            hold_out_every: 0 holds nothing out where the file says nothing.
        """
        held = [index for index, split in enumerate(self.splits) if split in ("val", "test")]
        if not held and hold_out_every > 1 and not any(self.splits):
            held = list(range(hold_out_every // 2, len(self), hold_out_every))
        kept = [index for index in range(len(self)) if index not in set(held)]
        return self.pick(kept), self.pick(held) if held else None

    def reduced(self, longest_side_px: int) -> PosedImages:
        """The same with larger pictures reduced, and their cameras with them."""
        if all(max(camera.width_px, camera.height_px) <= longest_side_px for camera in self.cameras):
            return self
        pairs = [_reduce(*pair, longest_side_px) for pair in zip(self.cameras, self.rgba, strict=True)]
        depths = [
            None if depth is None else _nearest(depth, camera)
            for depth, (camera, _) in zip(self.depths_m, pairs, strict=True)
        ]
        return replace(
            self,
            cameras=tuple(camera for camera, _ in pairs),
            rgba=tuple(image for _, image in pairs),
            depths_m=tuple(depths),
            mattes=tuple(
                matte if matte.shape[:2] == (camera.height_px, camera.width_px) else _smaller(matte, camera)
                for matte, (camera, _) in zip(self.mattes, pairs, strict=True)
            )
            if self.mattes
            else (),
        )


def _smaller(matte: np.ndarray, camera: Camera) -> np.ndarray:
    import cv2

    return cv2.resize(matte, (camera.width_px, camera.height_px), interpolation=cv2.INTER_AREA)


@checked_call
def load_posed_images(
    path: str | Path,
    *,
    metres_per_unit: float = 1.0,
    ignore_distortion: bool = False,
    axes: Literal["opengl", "opencv"] = "opengl",
    longest_side_px: int | None = None,
    paths_outside: bool = False,
) -> PosedImages:
    """Read a transforms.json (nerfstudio, Blender, instant-ngp), a COLMAP model or an OpenCV file.

    Silhouettes come from the pictures' alpha channel, or from the `mask_path` of nerfstudio. Pictures of
    lenses that OpenCV can undistort are undistorted; those that are not there are left out with a note.

    Args:
        metres_per_unit: metres per unit of the file's world.
        ignore_distortion: use the pinhole part of a camera that has lens distortion, and its pictures as they
            are.
        axes: of the cameras in a transforms.json; "opencv" for files that do not follow nerfstudio.
        longest_side_px: reduce larger pictures to this.
        paths_outside: let the file name pictures outside its folder.

    Raises:
        InputError: something is wrong with the file, a picture, a mask or the cameras; the message says what
            and what to do.
    """
    from mien.camera_files.options import CameraFileOptions
    from mien.camera_files.reading import read_camera_file

    path = Path(path)
    options = CameraFileOptions(
        metres_per_unit, "ignore" if ignore_distortion else "undistort", paths_outside, axes
    )
    pictures, missing = _there(read_camera_file(path, options), path)
    cameras, images, depths = [], [], []
    warnings: list[str] = [*missing, *_bent(pictures)]
    for picture in pictures:
        image = read_cut_out(picture)
        camera, warning = _matched(picture, image, path)
        warnings += warning
        depth_m = _read_depth(picture, camera) if picture.depth_path else None
        if picture.lens is not None:
            image = picture.lens.undistorted(image, camera)
            depth_m = None if depth_m is None else picture.lens.undistorted(depth_m, camera, exact=True)
        if longest_side_px is not None:
            camera, image = _reduce(camera, image, longest_side_px)
            depth_m = None if depth_m is None else _nearest(depth_m, camera)
        cameras.append(camera)
        images.append(image)
        depths.append(depth_m)
    result = PosedImages.of(
        cameras,
        images,
        names=[picture.name for picture in pictures],
        depths_m=depths,
        splits=[picture.split for picture in pictures],
        source=str(path),
        metres_per_unit=metres_per_unit,
    )
    return replace(result, warnings=tuple(dict.fromkeys((*warnings, *result.warnings))))


def read_cut_out(picture: PosedPicture) -> UInt8[np.ndarray, "height width 4"]:
    """A picture with its silhouette: its own alpha channel, or its mask where it has none.

    Pictures are read as they are stored (no EXIF orientation: cameras belong to the stored pixels).

    Raises:
        InputError: the picture or mask cannot be read, or they have different sizes.
    """
    from mien.images.stored import read_grey, read_rgba

    assert picture.path is not None
    rgba = read_rgba(picture.path)
    if picture.mask_path is not None and rgba[..., 3].min() == 255:
        mask = read_grey(picture.mask_path)
        if mask.shape != rgba.shape[:2]:
            raise InputError(
                f"the mask has {mask.shape[1]} × {mask.shape[0]} pixels and its picture "
                f"{rgba.shape[1]} × {rgba.shape[0]}; they must be equal",
                source=picture.mask_path,
            )
        rgba[..., 3] = mask
    return rgba


def _there(pictures: Sequence[PosedPicture], source: Path) -> tuple[list[PosedPicture], list[str]]:
    """The pictures that are there with their masks, and a note about the others.

    Raises:
        InputError: a picture is not named or named twice, or the most are missing.
    """
    nameless = [picture.name for picture in pictures if picture.path is None]
    if nameless:
        raise InputError(f"names no picture for {', '.join(nameless[:3])}", source=source)
    notes = []
    for what, path_of in (("pictures", _picture_of), ("masks", _mask_of)):
        missing = [path for path in map(path_of, pictures) if path is not None and not exists(path)]
        if not missing:
            continue
        examples = ", ".join(str(path) for path in missing[:3]) + (" …" if len(missing) > 3 else "")
        what = f"{len(missing)} of {len(pictures)} {what} are missing: {examples}"
        if 2 * len(missing) > len(pictures) or len(pictures) - len(missing) < 2:
            raise InputError(f"{what}; paths are taken from the file's folder", source=source)
        notes.append(f"{what}; these views are left out")
        pictures = [picture for picture in pictures if path_of(picture) not in missing]
    seen: dict[Path, str] = {}
    for picture in pictures:
        assert picture.path is not None
        if picture.path in seen:
            raise InputError(
                f"names the picture {picture.path} twice; every view needs its own", source=source
            )
        seen[picture.path] = picture.name
    return list(pictures), notes


def _picture_of(picture: PosedPicture) -> Path | None:
    return picture.path


def _mask_of(picture: PosedPicture) -> Path | None:
    return picture.mask_path


def _bent(pictures: Sequence[PosedPicture]) -> list[str]:
    count = sum(picture.lens is not None for picture in pictures)
    return [f"{count} pictures were undistorted: their lenses are no pinholes"] if count else []


def _matched(picture: PosedPicture, image: np.ndarray, source: Path) -> tuple[Camera, list[str]]:
    """The camera for the picture's real size: reduced ones with the large ones' intrinsics are common."""
    camera = picture.camera
    height, width = image.shape[:2]
    if (width, height) == (camera.width_px, camera.height_px):
        return camera, []
    scale = width / camera.width_px
    sizes = f"{width} × {height} pixels, and the file says {camera.width_px} × {camera.height_px}"
    if abs(height - scale * camera.height_px) > 1.5:
        turned = (
            " (it is turned by 90°)"
            if abs(width - camera.height_px) + abs(height - camera.width_px) < 2
            else ""
        )
        raise InputError(
            f"the picture {picture.name!r} has {sizes}{turned}: cut or turned ones need their own intrinsics",
            source=source,
        )
    return camera.resized(width_px=width, height_px=height), [
        f"pictures have {sizes}: the intrinsics were scaled to the pictures' size"
    ]


def _check_silhouettes(
    rgba: Sequence[np.ndarray], names: Sequence[str], source: str
) -> tuple[bool, list[str]]:
    coverage = np.array([(image[..., 3] > 127).mean() for image in rgba])
    if (coverage > 0.999).all():
        return False, []
    empty = [name for name, part in zip(names, coverage, strict=True) if part == 0]
    if empty:
        raise InputError(
            f"{len(empty)} of {len(names)} pictures have an empty silhouette (mask or alpha all 0): "
            f"{', '.join(empty[:3])}; leave them out, or correct their masks (white is the subject)",
            source=source,
        )
    full = int((coverage > 0.999).sum())
    if full:
        return True, [
            f"{full} of {len(names)} silhouettes fill their whole picture: masks may be missing there"
        ]
    edges = np.mean([_border(image) for image in rgba])
    if edges > 0.9:
        return True, [
            "silhouettes touch most of the pictures' borders: masks may be inverted (white is the subject)"
        ]
    return True, []


def _border(image: np.ndarray) -> float:
    alpha = image[..., 3] > 127
    return float(np.concatenate([alpha[0], alpha[-1], alpha[:, 0], alpha[:, -1]]).mean())


def _reduce(camera: Camera, image: np.ndarray, longest_side_px: int) -> tuple[Camera, np.ndarray]:
    """Area means of colours weighted by alpha, so that no background bleeds in."""
    import cv2

    scale = longest_side_px / max(image.shape[:2])
    if scale >= 1:
        return camera, image
    width, height = max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale))
    alpha = image[..., 3:].astype(np.float32) / 255
    mixed = np.concatenate([image[..., :3] * alpha, alpha], axis=2)
    small = cv2.resize(mixed, (width, height), interpolation=cv2.INTER_AREA)
    color = small[..., :3] / np.maximum(small[..., 3:], 1e-6)
    out = np.concatenate([color, 255 * small[..., 3:]], axis=2)
    return camera.resized(width_px=width, height_px=height), np.clip(np.rint(out), 0, 255).astype(np.uint8)


def _read_depth(picture: PosedPicture, camera: Camera) -> np.ndarray | None:
    from mien.images.stored import read_values
    from mien.reading.npy import read_npy

    path = picture.depth_path
    assert path is not None
    if not exists(path):
        return None  # only for scoring
    values = read_npy(path) if path.suffix == ".npy" else read_values(path)
    if values.ndim != 2 or values.dtype.kind not in "iuf" or not values.size:
        raise InputError("is not a depth map (height, width)", source=path)
    depth_m = values.astype(float) * picture.depth_unit_m
    depth_m[~(depth_m > 0)] = np.nan
    return depth_m if depth_m.shape == (camera.height_px, camera.width_px) else _nearest(depth_m, camera)


def _nearest(depth_m: np.ndarray, camera: Camera) -> np.ndarray:
    """Depths at the pixels of a smaller picture; means would invent surfaces between near and far."""
    rows = ((np.arange(camera.height_px) + 0.5) * depth_m.shape[0] / camera.height_px).astype(int)
    columns = ((np.arange(camera.width_px) + 0.5) * depth_m.shape[1] / camera.width_px).astype(int)
    return depth_m[rows][:, columns]


def on_ground(rgba: UInt8[np.ndarray, "h w 4"]) -> UInt8[np.ndarray, "h w 3"]:
    """A cut-out over grey; a whole picture as it is."""
    if rgba[..., 3].min() == 255:
        return np.ascontiguousarray(rgba[..., :3])
    alpha = rgba[..., 3:].astype(np.float32) / 255
    return np.rint(rgba[..., :3] * alpha + GROUND * (1 - alpha)).astype(np.uint8)
