"""Drawing a dressed head with OpenGL: the same shaders on a GPU and on Mesa's llvmpipe."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from jaxtyping import Float, Integer, UInt8

from mien.errors import MissingExtraError
from mien.training.synth import shaders
from mien.training.synth.clip_space import orthographic

Colour = tuple[float, float, float]
"""Linear RGB."""
Settings = tuple[float, float, float, float]
"""A material's numbers (see shaders.py)."""


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
    tint: Colour = (1.0, 1.0, 1.0)
    second: Colour = (1.0, 1.0, 1.0)
    settings: Settings = (0.0, 0.0, 0.0, 0.0)
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
    array: Any
    depth_array: Any
    dynamic: Any
    static: Any
    index: Any

    def release(self) -> None:
        for part in (self.array, self.depth_array, self.dynamic, self.static, self.index):
            part.release()


class Renderer:
    """Offscreen pictures of `size_px` × `size_px` with alpha.

    Raises:
        MissingExtraError: no OpenGL context can be made (moderngl or the EGL library is missing).
    """

    SHADOW_SIZE = 320
    ALPHA_TO_COVERAGE = 0x809E
    """OpenGL's GL_SAMPLE_ALPHA_TO_COVERAGE."""
    ALPHA_TO_ONE = 0x809F
    """OpenGL's GL_SAMPLE_ALPHA_TO_ONE: what is covered is covered in full, so that alpha counts once."""

    def __init__(self, size_px: int) -> None:
        try:
            import moderngl

            self._gl: Any = moderngl
            self._context: Any = self._gl.create_context(standalone=True, backend="egl")
        except Exception as error:
            raise MissingExtraError(
                "drawing synthetic pictures",
                extra="train",
                cause="moderngl and an EGL library (Debian: libegl1 libgl1-mesa-dri)",
            ) from error
        self.size_px = size_px
        self._program: Any = self._context.program(shaders.VERTEX, shaders.FRAGMENT)
        self._depth_program: Any = self._context.program(shaders.DEPTH_VERTEX, shaders.DEPTH_FRAGMENT)
        size = (size_px, size_px)
        self._target = self._context.framebuffer(
            [self._context.renderbuffer(size, 4, samples=4)],
            self._context.depth_renderbuffer(size, samples=4),
        )
        self._resolved = self._context.framebuffer([self._context.renderbuffer(size, 4)])
        self._depth = self._context.depth_texture(size)
        self._depth_target = self._context.framebuffer(depth_attachment=self._depth)
        self._shadow = self._context.depth_texture((self.SHADOW_SIZE, self.SHADOW_SIZE))
        self._shadow.compare_func = ""
        self._shadow.filter = (self._gl.NEAREST, self._gl.NEAREST)
        self._shadow_target = self._context.framebuffer(depth_attachment=self._shadow)
        grain = np.random.default_rng(0).integers(0, 256, (128, 128), np.uint8)
        self._grain = self._context.texture((128, 128), 1, grain.tobytes())
        self._grain.filter = (self._gl.LINEAR, self._gl.LINEAR)
        self._textures: dict[str, Any] = {}
        self._meshes: dict[str, _Mesh] = {}

    def add_texture(self, name: str, picture: UInt8[np.ndarray, "height width channels"]) -> None:
        """Register an RGB or RGBA picture; row 0 is the top."""
        height, width, channels = picture.shape
        data = np.ascontiguousarray(picture[::-1]).tobytes()
        texture = self._context.texture((width, height), channels, data)
        texture.build_mipmaps()
        texture.filter = (self._gl.LINEAR_MIPMAP_LINEAR, self._gl.LINEAR)
        self._textures[name] = texture

    def add_mesh(
        self,
        key: str,
        *,
        triangles: Integer[np.ndarray, "triangles 3"],
        uv: Float[np.ndarray, "points 2"],
        extra: Float[np.ndarray, "points 2"] | None = None,
    ) -> None:
        """Register what stays the same of a mesh.

        Args:
            key: replaces the mesh that had the same one.
            extra: ambient occlusion and, by material, beard or the distance from a garment's hem.
        """
        count = len(uv)
        if extra is None:
            extra = np.stack([np.ones(count), np.zeros(count)], axis=1)
        static = self._context.buffer(np.concatenate([uv, extra], axis=1).astype("f4").tobytes())
        dynamic = self._context.buffer(reserve=count * 24, dynamic=True)
        index = self._context.buffer(triangles.astype("i4").tobytes())
        array = self._context.vertex_array(
            self._program, [(dynamic, "3f 3f", "position", "normal"), (static, "2f 2f", "uv", "extra")], index
        )
        depth_array = self._context.vertex_array(
            self._depth_program, [(dynamic, "3f 12x", "position")], index
        )
        if key in self._meshes:
            self._meshes[key].release()
        self._meshes[key] = _Mesh(array, depth_array, dynamic, static, index)

    def upload(self, items: list[DrawItem]) -> None:
        """Send the meshes' positions and normals of one picture."""
        for item in items:
            data = np.concatenate([item.position_m, item.normal], axis=1).astype("f4")
            self._meshes[item.key].dynamic.write(data.tobytes())

    def draw(
        self,
        items: list[DrawItem],
        light: Light,
        clip_from_world: Float[np.ndarray, "4 4"],
        *,
        centre_m: Float[np.ndarray, " 3"],
        seed: float,
    ) -> UInt8[np.ndarray, "size size 4"]:
        """One picture, RGBA: colours are multiplied by coverage; alpha is coverage, of hair and lenses less.

        Args:
            clip_from_world: OpenGL clip coordinates.
            centre_m: what the shadow map is centred on.
            seed: shifts the grain of skin, irises and cloth.
        """
        self.upload(items)
        light_from_world = orthographic(light.key_direction, centre_m, 0.24)
        self._draw_depth(self._shadow_target, [i for i in items if i.casts_shadow], light_from_world)
        program, context = self._program, self._context
        self._target.use()
        context.clear(0.0, 0.0, 0.0, 0.0)
        context.enable(self._gl.DEPTH_TEST)
        context.disable(self._gl.BLEND)
        context.enable_direct(self.ALPHA_TO_COVERAGE)
        context.enable_direct(self.ALPHA_TO_ONE)
        program["clip_from_world"].write(clip_from_world.T.astype("f4").tobytes())
        program["light_from_world"].write(light_from_world.T.astype("f4").tobytes())
        self._shadow.use(1)
        self._grain.use(2)
        program["picture"].value, program["shadow"].value, program["grain_picture"].value = 0, 1, 2
        for name, value in (
            ("key_direction", light.key_direction),
            ("key_colour", light.key_colour),
            ("rim_direction", light.rim_direction),
            ("rim_colour", light.rim_colour),
            ("balance", light.balance),
        ):
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
        context.disable_direct(self.ALPHA_TO_ONE)
        context.disable_direct(self.ALPHA_TO_COVERAGE)
        context.copy_framebuffer(self._resolved, self._target)
        raw = np.frombuffer(self._resolved.read(components=4), np.uint8)
        return raw.reshape(self.size_px, self.size_px, 4)[::-1]

    def draw_depth(
        self, items: list[DrawItem], clip_from_world: Float[np.ndarray, "4 4"]
    ) -> Float[np.ndarray, "size size"]:
        """Window depth in [0, 1] of meshes whose positions were uploaded last; row 0 is the top."""
        self._draw_depth(self._depth_target, items, clip_from_world)
        raw = np.frombuffer(self._depth.read(), np.float32)
        return raw.reshape(self.size_px, self.size_px)[::-1]

    def draw_shadow_map(
        self, items: list[DrawItem], light_from_world: Float[np.ndarray, "4 4"]
    ) -> Float[np.ndarray, "size size"]:
        """Depth seen from a light, SHADOW_SIZE a side; row 0 is the bottom (clip y = -1), as in OpenGL."""
        self._draw_depth(self._shadow_target, items, light_from_world)
        raw = np.frombuffer(self._shadow.read(), np.float32)
        return raw.reshape(self.SHADOW_SIZE, self.SHADOW_SIZE)

    def _draw_depth(self, target: Any, items: list[DrawItem], clip_from_world: np.ndarray) -> None:
        target.use()
        self._context.clear(depth=1.0)
        self._context.enable(self._gl.DEPTH_TEST)
        self._depth_program["clip_from_world"].write(clip_from_world.T.astype("f4").tobytes())
        for item in items:
            self._meshes[item.key].depth_array.render()
