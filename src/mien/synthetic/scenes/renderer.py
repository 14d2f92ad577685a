"""Drawing a dressed head with OpenGL: the same shaders on a GPU and on Mesa's llvmpipe."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from jaxtyping import Float, Float32, Integer, UInt8

from mien.errors import MissingExtraError
from mien.synthetic.scenes import shaders
from mien.synthetic.scenes.clip_space import orthographic

Color = tuple[float, float, float]
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
        details: further numbers of the material, by the names of the shader's uniforms.
    """

    key: str
    position_m: np.ndarray
    normal: np.ndarray
    material: int
    tint: Color = (1.0, 1.0, 1.0)
    second: Color = (1.0, 1.0, 1.0)
    settings: Settings = (0.0, 0.0, 0.0, 0.0)
    gloss: float = 0.0
    texture: str | None = None
    casts_shadow: bool = True
    details: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class StaticMesh:
    """What stays the same of a mesh.

    Attributes:
        triangles: (T, 3); uv: (P, 2) texture coordinates, v up.
        extra: (P, 4) ambient occlusion; by material, beard, distance from a covering's hem, or z at rest; how
            much of a scalp's hair grows there; gloss.
        chart: (P, 2) place in the face's maps (see face_maps.py).
    """

    triangles: Integer[np.ndarray, "triangles 3"]
    uv: Float[np.ndarray, "points 2"]
    extra: Float[np.ndarray, "points 4"]
    chart: Float[np.ndarray, "points 2"]

    @staticmethod
    def of(
        triangles: Integer[np.ndarray, "triangles 3"],
        uv: Float[np.ndarray, "points 2"],
        *,
        extra: Float[np.ndarray, "points columns"] | None = None,
        chart: Float[np.ndarray, "points 2"] | None = None,
    ) -> StaticMesh:
        """In full light where no `extra` is given, and in the maps' empty corner where no `chart` is. Columns
        of `extra` that are not given are 0."""
        plain = np.tile([1.0, 0.0, 0.0, 0.0], (len(uv), 1))
        if extra is not None:
            plain[:, : extra.shape[1]] = extra
        return StaticMesh(triangles, uv, plain, np.zeros((len(uv), 2)) if chart is None else chart)


@dataclass
class Light:
    """Light of one picture; directions point from the head to the light, world frame.

    Attributes:
        ambient: (9, 3) coefficients of low-order harmonics.
        softness: how large the key light is, 0 a point with hard shadows … 1 half a sky.
    """

    key_direction: np.ndarray
    key_color: np.ndarray
    rim_direction: np.ndarray
    rim_color: np.ndarray
    ambient: np.ndarray
    exposure: float = 1.0
    balance: np.ndarray = field(default_factory=lambda: np.ones(3))
    softness: float = 0.3

    def at(self, normals: Float[np.ndarray, "n 3"]) -> Float[np.ndarray, "n 3"]:
        """What surfaces with these normals get without shadows, as the shader has it; rim light left out."""
        x, y, z = normals.T
        one, zero = np.ones_like(x), np.zeros_like(x)
        basis = [one, y, z, x, x * y, y * z, 3 * z * z - 1, x * z, x * x - y * y]
        around = np.maximum(np.stack(basis, axis=1) @ self.ambient, 0)
        wrap = 0.5 * self.softness
        facing = np.maximum((normals @ self.key_direction + wrap) / (1 + wrap), zero)
        return around + facing[:, None] * self.key_color


class _Program:
    """A compiled shader and its uniforms by name."""

    def __init__(self, context: Any, vertex: str, fragment: str) -> None:
        self.compiled: Any = context.program(vertex_shader=vertex, fragment_shader=fragment)
        self._members = {name: self.compiled[name] for name in self.compiled}
        for unit, name in enumerate(shaders.SAMPLERS):
            if name in self._members:
                self._members[name].value = unit

    def __contains__(self, name: str) -> bool:
        return name in self._members

    def set(self, values: dict[str, Any]) -> None:
        """Set those uniforms that the shader has."""
        for name, value in values.items():
            if name in self._members:
                self._members[name].write(np.asarray(value, "f4").tobytes())


class _Mesh:
    """Buffers of a mesh, and how each program reads them."""

    def __init__(self, context: Any, mesh: StaticMesh) -> None:
        static = np.concatenate([mesh.uv, mesh.extra, mesh.chart], axis=1)
        self._context = context
        self._static = context.buffer(static.astype("f4").tobytes())
        self.dynamic = context.buffer(reserve=len(static) * 24, dynamic=True)
        self._index = context.buffer(mesh.triangles.astype("i4").tobytes())
        self._arrays: dict[int, Any] = {}

    def render(self, program: _Program) -> None:
        array = self._arrays.get(id(program))
        if array is None:
            content = [
                (self.dynamic, *_layout(program, "3f 3f", "position", "normal")),
                (self._static, *_layout(program, "2f 4f 2f", "uv", "extra", "chart")),
            ]
            content = [part for part in content if len(part) > 2]
            array = self._arrays[id(program)] = self._context.vertex_array(
                program.compiled, content, self._index
            )
        array.render()

    def release(self) -> None:
        for part in (*self._arrays.values(), self.dynamic, self._static, self._index):
            part.release()


def _layout(program: _Program, formats: str, *names: str) -> tuple[str, ...]:
    """A buffer's layout for a program that may not read all of it."""
    parts = formats.split()
    read = [name for name in names if name in program]
    padded = [
        part if name in program else f"{4 * int(part[0])}x" for part, name in zip(parts, names, strict=True)
    ]
    return (" ".join(padded), *read)


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
                "synthetic pictures",
                extra="train",
                cause="moderngl and an EGL library (Debian: libegl1 libgl1-mesa-dri)",
            ) from error
        self.size_px = size_px
        self._programs = {m: _Program(self._context, *shaders.color_program(m)) for m in shaders.MATERIALS}
        plain = _Program(self._context, *shaders.depth_program(shaders.SOLID))
        self._depth_programs = {
            m: _Program(self._context, *shaders.depth_program(m)) if m in shaders.WITH_HOLES else plain
            for m in shaders.MATERIALS
        }
        size = (size_px, size_px)
        self._target = self._context.framebuffer(
            [self._context.renderbuffer(size, 4, samples=4)],
            self._context.depth_renderbuffer(size, samples=4),
        )
        self._drew = False
        self._resolved = self._context.framebuffer([self._context.renderbuffer(size, 4)])
        self._depth = self._context.depth_texture(size)
        self._depth_target = self._context.framebuffer(depth_attachment=self._depth)
        self._shadow = self._context.depth_texture((self.SHADOW_SIZE, self.SHADOW_SIZE))
        self._shadow.compare_func = ""
        self._shadow.filter = (self._gl.NEAREST, self._gl.NEAREST)
        self._shadow_target = self._context.framebuffer(depth_attachment=self._shadow)
        grain = np.random.default_rng(0).integers(0, 256, (128, 128), np.uint8)
        self._grain = self._context.texture((128, 128), 1, grain.tobytes())
        self._grain.build_mipmaps()  # far away, grain is even and does not flicker
        self._grain.filter = (self._gl.LINEAR_MIPMAP_NEAREST, self._gl.LINEAR)
        self._maps_target: Any = None
        self._maps_programs: dict[int, _Program] = {}
        self._textures: dict[str, Any] = {}
        self._meshes: dict[str, _Mesh] = {}

    def add_texture(
        self, name: str, picture: UInt8[np.ndarray, "height width channels"], *, repeats: bool = True
    ) -> None:
        """Register an RGB or RGBA picture; row 0 is the top. Beside it, it `repeats` or its edge goes on."""
        height, width, channels = picture.shape
        data = np.ascontiguousarray(picture[::-1]).tobytes()
        texture = self._context.texture((width, height), channels, data)
        texture.build_mipmaps()
        texture.filter = (self._gl.LINEAR_MIPMAP_NEAREST, self._gl.LINEAR)
        texture.repeat_x = texture.repeat_y = repeats
        self._textures[name] = texture

    def use_face_maps(self, maps: dict[int, UInt8[np.ndarray, "height width 4"]]) -> None:
        """Set the maps that faces are painted and wrinkled with, by texture unit; row 0 is the top."""
        for unit, picture in maps.items():
            self.add_texture(f"face map {unit}", picture, repeats=False)
            self._textures[f"face map {unit}"].use(unit)

    def add_mesh(self, key: str, mesh: StaticMesh) -> None:
        """Register a mesh; it replaces the one that had the same key."""
        if key in self._meshes:
            self._meshes[key].release()
        self._meshes[key] = _Mesh(self._context, mesh)

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
        if not self._drew:  # Mesa's first picture of a context differs from all others at edges of hair
            self._drew = True
            self.draw(items, light, clip_from_world, centre_m=centre_m, seed=seed)
        self.upload(items)
        light_from_world = orthographic(light.key_direction, centre_m, 0.24)
        self._draw_depth(self._shadow_target, [i for i in items if i.casts_shadow], light_from_world)
        context = self._context
        self._target.use()
        context.clear(0.0, 0.0, 0.0, 0.0)
        context.enable(self._gl.DEPTH_TEST)
        context.disable(self._gl.BLEND)
        self._shadow.use(shaders.SHADOW)
        self._grain.use(shaders.GRAIN)
        picture: dict[str, Any] = {
            "key_direction": light.key_direction,
            "key_color": light.key_color,
            "rim_direction": light.rim_direction,
            "rim_color": light.rim_color,
            "balance": light.balance,
            "ambient": light.ambient,
            "exposure": light.exposure,
            "seed": seed,
            "clip_from_world": clip_from_world.T,
            "light_from_world": light_from_world.T,
            "softness": light.softness,
            "shadow_texel": (1.0 + 7.0 * light.softness) / self.SHADOW_SIZE,
        }
        for material in {item.material for item in items}:
            self._programs[material].set(picture)
        # What covers its whole triangles hides what lies behind before that is shaded; what has holes comes
        # after it: drawn so, few fragments are shaded twice.
        context.cull_face = "back"
        whole = [item for item in items if item.material not in shaders.PARTLY_CLEAR]
        for item in sorted(whole, key=lambda i: shaders.DRAWN_FIRST.index(i.material)):
            self._set_faces(item)
            self._draw_item(item)
        context.disable(self._gl.CULL_FACE)
        context.enable_direct(self.ALPHA_TO_COVERAGE)
        context.enable_direct(self.ALPHA_TO_ONE)
        for item in (item for item in items if item.material in shaders.PARTLY_CLEAR):
            self._set_faces(item)
            self._draw_item(item)
        context.disable(self._gl.CULL_FACE)
        context.disable_direct(self.ALPHA_TO_ONE)
        context.disable_direct(self.ALPHA_TO_COVERAGE)
        context.copy_framebuffer(self._resolved, self._target)
        raw = np.frombuffer(self._resolved.read(components=4), np.uint8)
        return raw.reshape(self.size_px, self.size_px, 4)[::-1]

    def _set_faces(self, item: DrawItem) -> None:
        """Back faces of closed surfaces are not drawn."""
        if item.material in shaders.CLOSED:
            self._context.enable(self._gl.CULL_FACE)
        else:
            self._context.disable(self._gl.CULL_FACE)

    def _draw_item(self, item: DrawItem) -> None:
        program = self._programs[item.material]
        program.set({"tint": item.tint, "second": item.second, "gloss": item.gloss})
        self._render(item, program)

    def draw_maps(
        self, items: list[DrawItem], clip_from_world: Float[np.ndarray, "4 4"]
    ) -> tuple[Float32[np.ndarray, "size size 4"], Float32[np.ndarray, "size size 2"]]:
        """What is at the pixels' centres, of meshes whose positions were uploaded last; row 0 is the top.

        Returns:
            normal (world frame, towards the viewer) and depth along the camera's axis, metres;
            number of the item, from 1, and its triangle. All are 0 where there is nothing.
        """
        if self._maps_target is None:
            size, context = (self.size_px, self.size_px), self._context
            textures = [context.texture(size, 4, dtype="f4") for _ in range(2)]
            self._maps_target = context.framebuffer(textures, context.depth_renderbuffer(size))
            self._maps_programs = {m: _Program(context, *shaders.maps_program(m)) for m in shaders.MATERIALS}
        self._maps_target.use()
        self._maps_target.clear()
        self._context.enable(self._gl.DEPTH_TEST)
        self._context.disable(self._gl.BLEND)
        for number, item in enumerate(items, start=1):
            program = self._maps_programs[item.material]
            program.set({"clip_from_world": clip_from_world.T, "item": number})
            self._render(item, program)
        shape, what = (
            np.frombuffer(self._maps_target.read(components=4, attachment=i, dtype="f4"), np.float32).reshape(
                self.size_px, self.size_px, 4
            )[::-1]
            for i in range(2)
        )
        return shape, what[..., :2]

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
        for program in {id(p): p for p in (self._depth_programs[i.material] for i in items)}.values():
            program.set({"clip_from_world": clip_from_world.T})
        for item in items:
            self._render(item, self._depth_programs[item.material])

    def _render(self, item: DrawItem, program: _Program) -> None:
        if item.texture is not None:
            self._textures[item.texture].use(shaders.PICTURE)
        program.set({"settings": item.settings, **item.details})
        self._meshes[item.key].render(program)
