"""Drawing a dressed head with OpenGL: the same shaders on a GPU and on Mesa's llvmpipe."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from mien.errors import MissingExtraError
from mien.training.synth import shaders


@dataclass
class DrawItem:
    """One mesh of a picture.

    Attributes:
        key: name under which its static arrays were registered.
        position_m, normal: (P, 3) of this picture, world frame.
        material: one of the shader's materials.
        tint, second, settings, gloss: the material's numbers (see shaders.py).
        texture: name of a registered texture, or None.
        casts_shadow: whether it is drawn into the shadow map.
    """

    key: str
    position_m: np.ndarray
    normal: np.ndarray
    material: int
    tint: tuple[float, float, float] = (1.0, 1.0, 1.0)
    second: tuple[float, float, float] = (1.0, 1.0, 1.0)
    settings: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)
    gloss: float = 0.0
    texture: str | None = None
    casts_shadow: bool = True


@dataclass
class Light:
    """Light of one picture; directions point from the head to the light, world frame.

    Attributes:
        ambient: (9, 3) coefficients of low-order harmonics.
    """

    key_direction: np.ndarray
    key_colour: np.ndarray
    rim_direction: np.ndarray
    rim_colour: np.ndarray
    ambient: np.ndarray
    exposure: float = 1.0
    balance: np.ndarray = field(default_factory=lambda: np.ones(3))


@dataclass
class _Mesh:
    array: object
    depth_array: object
    dynamic: object


class Renderer:
    """Offscreen pictures of `size_px` × `size_px` with alpha.

    Raises:
        MissingExtraError: no OpenGL context can be made (moderngl or the EGL library is missing).
    """

    SHADOW_SIZE = 320
    ALPHA_TO_COVERAGE, ALPHA_TO_ONE = 0x809E, 0x809F

    def __init__(self, size_px: int) -> None:
        try:
            import moderngl

            self._gl = moderngl
            self.context = moderngl.create_context(standalone=True, backend="egl")
        except Exception as error:
            raise MissingExtraError(
                "drawing synthetic pictures", extra="train", cause="moderngl and an EGL library (Debian: libegl1 "
                "libgl1-mesa-dri)",
            ) from error  # fmt: skip
        self.size_px = size_px
        self._program = self.context.program(shaders.VERTEX, shaders.FRAGMENT)
        self._depth_program = self.context.program(shaders.DEPTH_VERTEX, shaders.DEPTH_FRAGMENT)
        size = (size_px, size_px)
        self._target = self.context.framebuffer(
            [self.context.renderbuffer(size, 4, samples=4)], self.context.depth_renderbuffer(size, samples=4)
        )
        self._resolved = self.context.framebuffer([self.context.renderbuffer(size, 4)])
        self._depth = self.context.depth_texture(size)
        self._depth_target = self.context.framebuffer(depth_attachment=self._depth)
        self._shadow = self.context.depth_texture((self.SHADOW_SIZE, self.SHADOW_SIZE))
        self._shadow.compare_func = ""
        self._shadow.filter = (moderngl.NEAREST, moderngl.NEAREST)
        self._shadow_target = self.context.framebuffer(depth_attachment=self._shadow)
        grain = np.random.default_rng(0).integers(0, 256, (128, 128), np.uint8)
        self._grain = self.context.texture((128, 128), 1, grain.tobytes())
        self._grain.filter = (moderngl.LINEAR, moderngl.LINEAR)
        self._textures: dict[str, object] = {}
        self._meshes: dict[str, _Mesh] = {}

    def add_texture(self, name: str, picture: np.ndarray) -> None:
        """Register an RGB or RGBA picture; row 0 is the top."""
        texture = self.context.texture(
            (picture.shape[1], picture.shape[0]), picture.shape[2], np.ascontiguousarray(picture[::-1]).tobytes()
        )
        texture.build_mipmaps()
        texture.filter = (self._gl.LINEAR_MIPMAP_LINEAR, self._gl.LINEAR)
        self._textures[name] = texture

    def add_mesh(
        self, key: str, *, triangles: np.ndarray, uv: np.ndarray, extra: np.ndarray | None = None
    ) -> None:
        """Register what stays the same of a mesh: (T, 3), (P, 2) and (P, 2) ambient occlusion and beard."""
        count = len(uv)
        if extra is None:
            extra = np.stack([np.ones(count), np.zeros(count)], axis=1)
        static = self.context.buffer(np.concatenate([uv, extra], axis=1).astype("f4").tobytes())
        dynamic = self.context.buffer(reserve=count * 24, dynamic=True)
        index = self.context.buffer(triangles.astype("i4").tobytes())
        array = self.context.vertex_array(
            self._program, [(dynamic, "3f 3f", "position", "normal"), (static, "2f 2f", "uv", "extra")], index
        )
        depth_array = self.context.vertex_array(self._depth_program, [(dynamic, "3f 12x", "position")], index)
        self._meshes[key] = _Mesh(array, depth_array, dynamic)

    def has_mesh(self, key: str) -> bool:
        return key in self._meshes

    def draw(
        self, items: list[DrawItem], light: Light, clip_from_world: np.ndarray, *, centre_m: np.ndarray, seed: float
    ) -> np.ndarray:
        """One picture.

        Args:
            clip_from_world: (4, 4) OpenGL clip coordinates.
            centre_m: (3,) what the shadow map is centred on.

        Returns:
            (S, S, 4) uint8 RGBA, premultiplied by nothing: alpha is coverage.
        """
        for item in items:
            data = np.concatenate([item.position_m, item.normal], axis=1).astype("f4")
            self._meshes[item.key].dynamic.write(data.tobytes())
        light_from_world = _orthographic(light.key_direction, centre_m, 0.24)
        self._draw_depth(self._shadow_target, [i for i in items if i.casts_shadow], light_from_world)
        program, context = self._program, self.context
        self._target.use()
        context.clear(0.0, 0.0, 0.0, 0.0)
        context.enable(self._gl.DEPTH_TEST)
        context.disable(self._gl.BLEND)
        context.enable_direct(self.ALPHA_TO_COVERAGE)
        program["clip_from_world"].write(clip_from_world.T.astype("f4").tobytes())
        program["light_from_world"].write(light_from_world.T.astype("f4").tobytes())
        self._shadow.use(1)
        self._grain.use(2)
        program["picture"].value, program["shadow"].value, program["grain_picture"].value = 0, 1, 2
        for name, value in (
            ("key_direction", light.key_direction), ("key_colour", light.key_colour),
            ("rim_direction", light.rim_direction), ("rim_colour", light.rim_colour), ("balance", light.balance),
        ):  # fmt: skip
            program[name].value = tuple(float(v) for v in value)
        program["ambient"].write(light.ambient.astype("f4").tobytes())
        program["exposure"].value = light.exposure
        program["seed"].value = seed
        for item in items:
            if item.texture is not None:
                self._textures[item.texture].use(0)
            program["material"].value = item.material
            program["tint"].value, program["second"].value = item.tint, item.second
            program["settings"].value = (*item.settings[:3], 1.2 / self.SHADOW_SIZE)
            program["gloss"].value = item.gloss
            self._meshes[item.key].array.render()
        context.disable_direct(self.ALPHA_TO_COVERAGE)
        context.copy_framebuffer(self._resolved, self._target)
        raw = np.frombuffer(self._resolved.read(components=4), np.uint8)
        return raw.reshape(self.size_px, self.size_px, 4)[::-1]

    def draw_depth(self, items: list[DrawItem], clip_from_world: np.ndarray) -> np.ndarray:
        """(S, S) window depth in [0, 1] of meshes whose positions were uploaded by the last `draw`."""
        self._draw_depth(self._depth_target, items, clip_from_world)
        raw = np.frombuffer(self._depth.read(), np.float32)
        return raw.reshape(self.size_px, self.size_px)[::-1]

    def _draw_depth(self, target: object, items: list[DrawItem], clip_from_world: np.ndarray) -> None:
        target.use()
        self.context.clear(depth=1.0)
        self.context.enable(self._gl.DEPTH_TEST)
        self._depth_program["clip_from_world"].write(clip_from_world.T.astype("f4").tobytes())
        for item in items:
            self._meshes[item.key].depth_array.render()


def _orthographic(direction: np.ndarray, centre_m: np.ndarray, extent_m: float) -> np.ndarray:
    """Clip matrix of a parallel light that shines from `direction` onto `centre_m`."""
    forward = -direction / np.linalg.norm(direction)
    side = np.cross(forward, [0.0, 1.0, 0.0] if abs(forward[1]) < 0.95 else [1.0, 0.0, 0.0])
    side /= np.linalg.norm(side)
    rows = np.stack([side, np.cross(side, forward), forward]) / extent_m
    matrix = np.eye(4)
    matrix[:3, :3] = rows
    matrix[:3, 3] = -rows @ centre_m
    return matrix


def clip_from_camera(intrinsics: np.ndarray, camera_from_world: np.ndarray, size_px: int, *, near_m: float, far_m: float) -> np.ndarray:
    """OpenGL clip matrix of an OpenCV camera whose pixel (0, 0) is the centre of the top-left pixel."""
    fx, fy, cx, cy = intrinsics[0, 0], intrinsics[1, 1], intrinsics[0, 2] + 0.5, intrinsics[1, 2] + 0.5
    projection = np.zeros((4, 4))
    projection[0, 0], projection[0, 2] = 2 * fx / size_px, 2 * cx / size_px - 1
    projection[1, 1], projection[1, 2] = -2 * fy / size_px, 1 - 2 * cy / size_px
    projection[2, 2] = (far_m + near_m) / (far_m - near_m)
    projection[2, 3] = -2 * far_m * near_m / (far_m - near_m)
    projection[3, 2] = 1.0
    return projection @ camera_from_world
