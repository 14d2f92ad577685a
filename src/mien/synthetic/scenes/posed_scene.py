"""A synthetic head photographed from all around: what radiance fields are trained on and measured with."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from jaxtyping import Float, Float32, UInt8

from mien.cameras import Camera
from mien.errors import InputError
from mien.heads.library import load_head
from mien.heads.model import Head
from mien.heads.parameters import HeadParameters
from mien.synthetic.scenes import neck, shaders
from mien.synthetic.scenes.clip_space import clip_from_camera
from mien.synthetic.scenes.dressing import DressingRoom, Looks
from mien.synthetic.scenes.fur import SCALP_FUR
from mien.synthetic.scenes.lighting import random_light
from mien.synthetic.scenes.neck import NeckLid
from mien.synthetic.scenes.renderer import DrawItem, Light, Renderer, StaticMesh
from mien.synthetic.scenes.stock import read_stock

WORN = ("glasses", "lenses", "microphone", "mask")
COVERINGS = ("cap", "cap brim", "scarf")
SEE_THROUGH = (shaders.HAIR, shaders.FUR, shaders.LENS)
"""Materials whose meshes are partly transparent: they do not count for the depth of opaque surfaces."""
NEARER_M = 0.002
"""Hair counts for the depth where it lies at least this much in front of all opaque surfaces nearby."""
ONE_SURFACE_M = 0.01
"""Depths within a pixel that differ more are those of two surfaces."""


@dataclass(frozen=True)
class Sitter:
    """A dressed head, ready to be photographed.

    Attributes:
        items: its meshes, world frame; parameters: its geometry; looks: what it looks like.
    """

    items: list[DrawItem]
    parameters: HeadParameters
    looks: Looks

    def bounds_m(self, *, margin_m: float = 0.0) -> Float[np.ndarray, "2 3"]:
        """Lower and upper corner of the box around it, world frame."""
        points_m = np.concatenate([item.position_m for item in self.items])
        return np.stack([points_m.min(axis=0) - margin_m, points_m.max(axis=0) + margin_m])


@dataclass(frozen=True)
class PosedView:
    """One picture of a sitter.

    Attributes:
        picture: RGBA, colours not multiplied by alpha.
        depth_m: along the camera's axis, of the first surface near the pixel's centre; 0 where there is none.
            Single hairs in front of the face are in it as far as they cover the sample.
        camera: who took it.
    """

    picture: UInt8[np.ndarray, "size size 4"]
    depth_m: Float32[np.ndarray, "size size"]
    camera: Camera


def studio_light() -> Light:
    """Even light with a soft key from above the camera's left: what a capture rig gives."""
    ambient = np.zeros((9, 3))
    ambient[0] = 0.75
    ambient[1] = 0.18
    direction = np.array([0.45, 0.75, 0.95])
    return Light(
        key_direction=direction / np.linalg.norm(direction),
        key_color=np.full(3, 0.55),
        rim_direction=np.array([0.0, 0.3, -0.954]),
        rim_color=np.zeros(3),
        ambient=ambient,
        exposure=1.0,
    )


class PosedStudio:
    """Photographs given heads from given cameras; one per process, since it owns an OpenGL context.

    Args:
        assets: folder that holds `ict_facekit/` and `makehuman/`.
        size_px: side of the pictures.
        head: the built-in head, or one with the same mesh and expressions but other identities.
        even_hair: see `DressingRoom`.
        supersampling: a pixel is the mean of so many drawn pixels, each way, as a camera's is of what falls
            on it. One drawn pixel has four samples: outlines and hair of single ones are noise.

    Raises:
        InputError: the assets are not there, or the supersampling is below 1.
        MissingExtraError: no OpenGL context can be made.
    """

    def __init__(
        self,
        assets: Path,
        *,
        size_px: int,
        head: Head | None = None,
        even_hair: bool = False,
        supersampling: int = 1,
    ) -> None:
        if supersampling < 1:
            raise InputError(f"must be 1 at least, not {supersampling}", source="supersampling")
        self.head = load_head() if head is None else head
        self.size_px, self._finer = size_px, supersampling
        self._renderer = _Keeper(size_px * supersampling)
        stock = read_stock(assets, load_head())
        self.skin_names = tuple(stock.skins)
        self.hair_names = tuple(garment.name for garment in stock.wardrobe.hair)
        self._room = DressingRoom(self.head, stock, self._renderer, even_hair=even_hair)
        self._body_key = stock.wardrobe.body.name
        self._lid = NeckLid(self.head, stock.skin_places)
        self._renderer.add_mesh(neck.KEY, self._lid.mesh)

    def dress(
        self,
        parameters: HeadParameters,
        *,
        seed: int,
        skin: str | None = None,
        hair: str | None = None,
        accessories: bool = False,
        shoulders: bool = False,
        closed_neck: bool = False,
    ) -> Sitter:
        """The looks that belong to a seed, on a head.

        Args:
            skin: name of a skin picture, instead of the seed's.
            hair: "none", or the name of a hair style, instead of the seed's.
            accessories: keep glasses, microphone, cap or scarf where the seed has them.
            shoulders: with shoulders and clothes; otherwise head and neck alone.
            closed_neck: without shoulders, a lid closes the neck, which is open below otherwise.

        Raises:
            InputError: there is no such skin or hair.
        """
        for what, name, known in (
            ("skin", skin, self.skin_names),
            ("hair", hair, (*self.hair_names, "none")),
        ):
            if name is not None and name not in known:
                raise InputError(f"there is no {what} {name!r}; choose from {', '.join(known)}", source=what)
        for attempt in range(400):
            rng = np.random.default_rng([seed, attempt])
            items, looks = self._room.dress(parameters, rng, skin=skin)
            if not accessories and looks.covering is not None and hair != "none":
                continue
            if hair in (None, "none") or looks.hair == hair:
                break
        else:
            raise InputError(
                f"no looks of seed {seed} have the hair {hair!r}; try another seed", source="hair"
            )
        kept = []
        for item in items:
            if not shoulders and (item.material == shaders.GARMENT or item.key == self._body_key):
                continue
            if not accessories and item.key in (*WORN, *COVERINGS):
                continue
            if hair == "none" and item.key in (*self.hair_names, *COVERINGS):
                continue
            if hair == "none" and item.key.startswith(SCALP_FUR):
                continue
            kept.append(item)
        if closed_neck and not shoulders:
            skin_item = next(item for item in items if item.key == "skin")
            assert skin_item.texture is not None
            picture = self.texture(skin_item.texture)
            kept.append(self._lid.item(self.head.vertices_m(parameters), skin_item, picture))
        looks = replace(
            looks,
            hair=None if hair == "none" else looks.hair,
            covering=looks.covering if accessories and hair != "none" else None,
            accessories=looks.accessories if accessories else (),
            outfit=looks.outfit if shoulders else "bare",
        )
        return Sitter(kept, parameters, looks)

    def mesh(self, key: str) -> StaticMesh:
        """What stays the same of a sitter's item, by its key."""
        return self._renderer.meshes[key]

    def texture(self, name: str) -> UInt8[np.ndarray, "height width channels"]:
        """A registered picture, RGB or RGBA."""
        return self._renderer.textures[name]

    def shoot(self, sitter: Sitter, camera: Camera, light: Light, *, seed: int = 0) -> PosedView:
        """The picture and its depth.

        Args:
            seed: shifts the grain of the skin; the same for all views of a scene.
        """
        # The shader's viewer is at the origin: the camera's centre is moved there, the axes stay the world's.
        centre_m = camera.world_from_camera[:3, 3]
        items = [replace(item, position_m=item.position_m - centre_m) for item in sitter.items]
        head_m = sitter.parameters.root_translation_m - centre_m
        turned = camera.camera_from_world.copy()
        turned[:3, 3] = 0
        distance_m = float(np.linalg.norm(head_m))
        near_m, far_m = max(0.02, distance_m - 0.45), distance_m + 0.45
        drawn_px = self.size_px * self._finer
        finer = camera.resized(
            width_px=camera.width_px * self._finer, height_px=camera.height_px * self._finer
        )
        clip_from_world = clip_from_camera(finer.intrinsics, turned, drawn_px, near_m=near_m, far_m=far_m)
        grain = float(np.random.default_rng(seed).uniform(0, 50))
        drawn = self._renderer.draw(items, light, clip_from_world, centre_m=head_m, seed=grain)
        if any(item.material == shaders.HAIR for item in items):
            # Pictures show hair some millimetres nearer than it is, so that none sinks into the skin
            in_place = [not_nearer(item) for item in items]
            self._renderer.draw(in_place, light, clip_from_world, centre_m=head_m, seed=grain)
        first_m = _metric(self._renderer.drawn_depth(), near_m, far_m)
        opaque = [item for item in items if item.material not in SEE_THROUGH]
        depth_m = _metric(self._renderer.draw_depth(opaque, clip_from_world), near_m, far_m)
        drawn, depth_m = averaged(drawn, self._finer), central(depth_with_hair(depth_m, first_m), self._finer)
        depth_m = depth_m * (drawn[..., 3] > 127)
        alpha = drawn[..., 3:].astype(np.float32) / 255
        color = np.clip(drawn[..., :3] / np.maximum(alpha, 1 / 255), 0, 255) * (alpha > 0)
        picture = np.concatenate([np.rint(color).astype(np.uint8), drawn[..., 3:]], axis=2)
        return PosedView(picture, depth_m.astype(np.float32), camera)


def averaged(picture: UInt8[np.ndarray, "h w c"], each_way: int) -> UInt8[np.ndarray, "_ _ c"]:
    """Means of `each_way` × `each_way` pixels; colours are multiplied by alpha."""
    if each_way == 1:
        return picture
    rows, columns = (side // each_way for side in picture.shape[:2])
    tiles = picture.reshape(rows, each_way, columns, each_way, picture.shape[2])
    return np.rint(tiles.mean(axis=(1, 3))).astype(np.uint8)


def central(depth_m: Float[np.ndarray, "h w"], each_way: int) -> Float[np.ndarray, "_ _"]:
    """Depth in the middle of `each_way` × `each_way` pixels.

    Of an even number of pixels it is the mean of the four about the middle, where they show one surface;
    elsewhere it is one of them, since a mean would float between two.
    """
    middle = each_way // 2
    one = depth_m[middle::each_way, middle::each_way]
    if each_way % 2:
        return one
    before = middle - 1
    four = np.stack([
        depth_m[row::each_way, column::each_way] for row in (before, middle) for column in (before, middle)
    ])  # fmt: skip
    together = (four.min(axis=0) > 0) & (np.ptp(four, axis=0) < ONE_SURFACE_M)
    return np.where(together, four.mean(axis=0), one)


def not_nearer(item: DrawItem) -> DrawItem:
    """Hair as far away as it is (see the shader's vertices); other things as they are."""
    if item.material != shaders.HAIR:
        return item
    gain, contrast, _, hidden = item.settings
    return replace(item, settings=(gain, contrast, 0.0, hidden))


def depth_with_hair(
    opaque_m: Float[np.ndarray, "h w"], first_m: Float[np.ndarray, "h w"]
) -> Float[np.ndarray, "h w"]:
    """Depth of the first surface, partly transparent ones included.

    Args:
        opaque_m: depth of opaque surfaces at the pixels' centres; first_m: of anything at the pixels' first
            samples; both 0 where there is nothing. A first sample may lie on a neighbour's opaque surface, so
            it counts only where it is nearer than all opaque surfaces around.
    """
    from scipy import ndimage

    nearest_m = np.asarray(ndimage.minimum_filter(np.where(opaque_m > 0, opaque_m, np.inf), 3))
    return np.where((first_m > 0) & (first_m < nearest_m - NEARER_M), first_m, opaque_m)


def _metric(window_depth: np.ndarray, near_m: float, far_m: float) -> np.ndarray:
    """Depth along the axis from OpenGL's window depth; 0 where nothing was drawn."""
    a, b = (far_m + near_m) / (far_m - near_m), -2 * far_m * near_m / (far_m - near_m)
    return np.where(window_depth < 1, b / (2 * window_depth.astype(np.float64) - 1 - a), 0.0)


class _Keeper(Renderer):
    """A renderer that keeps what was registered with it, and the depth of what it drew.

    Transparent parts count for the depth as far as they cover.
    """

    def __init__(self, size_px: int) -> None:
        super().__init__(size_px)
        self.meshes: dict[str, StaticMesh] = {}
        self.textures: dict[str, np.ndarray] = {}
        size = (size_px, size_px)
        self._kept = self._context.depth_texture(size)
        self._resolved = self._context.framebuffer([self._context.renderbuffer(size, 4)], self._kept)

    def add_texture(
        self, name: str, picture: UInt8[np.ndarray, "height width channels"], *, repeats: bool = True
    ) -> None:
        super().add_texture(name, picture, repeats=repeats)
        self.textures[name] = picture

    def add_mesh(self, key: str, mesh: StaticMesh) -> None:
        super().add_mesh(key, mesh)
        self.meshes[key] = mesh

    def drawn_depth(self) -> Float[np.ndarray, "size size"]:
        """Window depth of the last `draw`, at each pixel's first sample; row 0 is the top."""
        raw = np.frombuffer(self._kept.read(), np.float32)
        return raw.reshape(self.size_px, self.size_px)[::-1]


def look_at(
    centre_m: Float[np.ndarray, " 3"], eye_m: Float[np.ndarray, " 3"], *, up: tuple[float, ...] = (0, 1, 0)
) -> Float[np.ndarray, "4 4"]:
    """camera_from_world (OpenCV axes) of a camera at `eye_m` that looks at `centre_m`."""
    forward = centre_m - eye_m
    forward = forward / np.linalg.norm(forward)
    right = np.cross(forward, np.asarray(up, float))
    right /= np.linalg.norm(right)
    pose = np.eye(4)
    pose[:3, :3] = np.stack([right, np.cross(forward, right), forward])
    pose[:3, 3] = -pose[:3, :3] @ eye_m
    return pose


def cameras_around(
    centre_m: Float[np.ndarray, " 3"],
    *,
    count: int,
    size_px: int,
    distance_m: float = 1.0,
    radius_m: float = 0.21,
    azimuth_rad: float = np.pi,
    elevation_rad: tuple[float, float] = (-0.45, 1.0),
) -> list[Camera]:
    """Cameras spread evenly over a band of a sphere, all looking at its centre.

    Args:
        radius_m: what surrounds the centre and fills the picture.
        azimuth_rad: how far to each side of the front they go; π is all around, π/2 the front's hemisphere.
        elevation_rad: lowest and highest.
    """
    golden = (np.sqrt(5) - 1) / 2
    low, high = np.sin(elevation_rad[0]), np.sin(elevation_rad[1])
    focal_px = 0.5 * size_px * np.sqrt(distance_m**2 - radius_m**2) / radius_m
    cameras = []
    for index in range(count):
        sine = low + (high - low) * (index + 0.5) / count
        azimuth = azimuth_rad * (2 * ((index * golden + 0.5) % 1) - 1)
        cosine = np.sqrt(1 - sine**2)
        direction = np.array([np.sin(azimuth) * cosine, sine, np.cos(azimuth) * cosine])
        pose = look_at(centre_m, centre_m + distance_m * direction)
        cameras.append(
            Camera.from_focal(float(focal_px), width_px=size_px, height_px=size_px, camera_from_world=pose)
        )
    return cameras


def cameras_around_sitter(
    sitter: Sitter,
    *,
    count: int,
    size_px: int,
    distance_m: float = 1.0,
    azimuth_rad: float = np.pi,
) -> list[Camera]:
    """See `cameras_around`; the sitter fills the pictures."""
    low_m, high_m = sitter.bounds_m()
    return cameras_around(
        (low_m + high_m) / 2,
        count=count,
        size_px=size_px,
        distance_m=distance_m,
        radius_m=float(np.linalg.norm(high_m - low_m)) / 2 * 0.92,
        azimuth_rad=azimuth_rad,
    )


def scene_light(kind: str, *, seed: int, skin_level: float) -> Light:
    """ "studio" (even) or "random" light.

    Raises:
        InputError: it is neither.
    """
    if kind == "studio":
        light = studio_light()
        light.exposure = float((0.36 / skin_level) ** 0.5)
        return light
    if kind == "random":
        return random_light(np.random.default_rng([seed, 7]), skin_level=skin_level)
    raise InputError(f"there is no light {kind!r}; choose studio or random", source="light")
