"""GLSL of the synthetic faces: one source, compiled once for each material, and depth-only variants."""

from __future__ import annotations

SKIN, EYE, TEETH, INTERIOR, HAIR, CLOTH, SOLID, LENS, GARMENT, FUR = range(10)
"""Materials. CLOTH is a covering cut off at a hem given per point; GARMENT is cut by a neckline; FUR is
one of the shells of short hair or of a beard."""
MATERIALS = range(10)
WITH_HOLES = (INTERIOR, HAIR, CLOTH, GARMENT, FUR)
"""Materials that do not cover their whole triangles."""

PARTLY_CLEAR = (HAIR, LENS, FUR)
"""Materials whose alpha says how much of a pixel they cover."""
CLOSED = (SKIN, EYE, TEETH, FUR)
"""Materials whose back faces are never seen."""
DRAWN_FIRST = (SOLID, CLOTH, GARMENT, SKIN, TEETH, EYE, INTERIOR)
"""The order in which materials without clear parts are drawn: mostly, what hides others comes first."""

SAMPLERS = ("picture", "shadow", "grain_picture", "lines", "folds", "paint")
"""The shader's textures, in the order of their units."""
PICTURE, SHADOW, GRAIN, LINES, FOLDS, PAINT = range(6)
"""Texture units."""

_VERTEX = """
in vec3 position; in vec3 normal; in vec2 uv; in vec4 extra; in vec2 chart;
uniform mat4 clip_from_world; uniform mat4 light_from_world;
uniform vec4 settings; // TEETH: how much farther, HAIR: third, how much nearer it is drawn, metres
out vec3 world; out vec3 n; out vec2 t; out vec4 e; out vec2 c; out vec4 in_light; out float away;
void main() {
    vec3 seen = position;
#if defined(SEEN) && MATERIAL == TEETH
    seen *= 1.0 + settings.x / length(position);
#elif defined(SEEN) && MATERIAL == EYE
    seen *= 1.0 + 0.0015 / length(position); // lids of unlikely people do not quite go over their eyeballs
#elif defined(SEEN) && MATERIAL == INTERIOR
    seen *= 1.0 + 0.007 / length(position); // walls that would pierce lips and chin stay behind them
#elif defined(SEEN) && MATERIAL == HAIR
    seen *= 1.0 - settings.z / length(position);
#endif
    gl_Position = clip_from_world * vec4(seen, 1.0);
    in_light = light_from_world * vec4(position, 1.0);
    away = (clip_from_world * vec4(position, 1.0)).w;
    world = position; n = normal; t = uv; e = extra; c = chart;
}
"""

_COVERAGE = """
in vec3 world; in vec3 n; in vec2 t; in vec4 e; in vec2 c; in vec4 in_light;
uniform sampler2D picture; uniform sampler2D grain_picture; uniform vec4 settings; uniform float seed;
uniform vec4 cut; // of a neckline: height in front, its slope and its curve sideways, height behind

float noise(vec2 p) { return texture(grain_picture, p / 128.0 + vec2(seed * 0.37, seed * 0.71)).r; }

#if MATERIAL == FUR || MATERIAL == SKIN
uniform vec2 beard_box; // half the width and the lower edge of where a beard grows, in the face's chart

float in_beard() {
    vec2 inside = vec2(beard_box.x - abs(c.x - 0.5), c.y - beard_box.y) + 0.03;
    return smoothstep(0.0, 0.06, inside.x) * smoothstep(0.0, 0.06, inside.y);
}
#endif

#if MATERIAL == FUR
uniform vec4 growth; // gain and shift of where it grows, how bald the crown is, how combed it lies, 0 … 1

float strands() { // 0 … 1, across short hair that runs away from a whorl at the origin of t, metres
    float turn = atan(t.y, t.x), away = length(t);
    float combed = noise(vec2(turn * 20.371833, away * 60.0)) * 0.45
        + noise(vec2(turn * 40.743665 + 9.0, away * 110.0)) * 0.55;
    float curled = noise(t * 170.0 + 3.0) * 0.45 + noise(t * 400.0) * 0.55;
    return mix(curled, combed, growth.w);
}
#endif

float below_hem() { // metres under a garment's neckline, in the frame of the head at rest
    float x = abs(t.x), front = smoothstep(-0.03, 0.02, e.y);
    return mix(cut.w, min(cut.x + cut.y * x + cut.z * x * x, cut.w), front) - t.y;
}

float coverage() {
#if MATERIAL == HAIR
    float cover = clamp((texture(picture, t).a - 0.06) * settings.x, 0.0, 1.0);
    if (e.y > 0.0) { // single strands go on where a style ends on the skin
        float strand = noise(vec2(t.x * 420.0, t.y * 45.0)) * 0.6 + noise(t * vec2(800.0, 120.0)) * 0.4;
        cover *= smoothstep(e.y - 0.22, e.y + 0.05, 0.12 + 0.72 * strand);
    }
    return cover * (1.0 - settings.w);
#elif MATERIAL == FUR
    float grows = clamp(e.y * growth.x - growth.y - growth.z * e.w, 0.0, 1.0) * in_beard();
    float least = 1.02 - grows * (1.02 - 0.72 * settings.x);
    return settings.y * smoothstep(least - 0.13, least + 0.13, strands());
#elif MATERIAL == CLOTH
    return e.y < 0.0 ? 0.0 : 1.0;
#elif MATERIAL == GARMENT
    return below_hem() < 0.0 ? 0.0 : 1.0;
#elif MATERIAL == INTERIOR
    return gl_FrontFacing ? 1.0 : 0.0; // a wall of the mouth that lies before the skin shows its back
#elif MATERIAL == LENS
    vec3 glassy = normalize(n), seen_from = normalize(-world);
    float mirror = pow(1.0 - abs(dot(glassy, seen_from)), 3.0);
    vec3 to = reflect(-seen_from, glassy); // something bright behind the camera, mirrored
    float bright = smoothstep(0.05, 0.3, sin(3.0 * to.x + 4.0 * to.y + seed));
    return clamp(settings.x + settings.y * (0.5 * bright + mirror), 0.0, 1.0);
#else
    return 1.0;
#endif
}
"""

_COLOR = """
uniform sampler2D shadow;
uniform vec3 tint; uniform vec3 second;
uniform vec3 key_direction; uniform vec3 key_color; uniform vec3 rim_direction; uniform vec3 rim_color;
uniform vec3 ambient[9]; uniform float exposure; uniform vec3 balance;
uniform float gloss; uniform float shadow_texel; uniform float softness;
out vec4 color;

vec3 linear(vec3 c) { return c * c * (0.6 + 0.4 * c); }

vec3 sky(vec3 d) {
    return max(vec3(0.0), ambient[0] + ambient[1] * d.y + ambient[2] * d.z + ambient[3] * d.x
        + ambient[4] * d.x * d.y + ambient[5] * d.y * d.z + ambient[6] * (3.0 * d.z * d.z - 1.0)
        + ambient[7] * d.x * d.z
        + ambient[8] * (d.x * d.x - d.y * d.y));
}

float lit_by_key(float facing) {
    vec3 p = in_light.xyz / in_light.w * 0.5 + 0.5;
    float bias = 0.004 + (0.012 + 0.02 * softness) * (1.0 - max(facing, 0.0)); // not of themselves
    // three places on a circle, turned from pixel to pixel: edges of shadows are grainy, not stepped
    vec2 away = vec2(noise(gl_FragCoord.xy * 0.754878), noise(gl_FragCoord.yx * 0.569840 + 31.0)) - 0.5;
    away *= 2.0 * shadow_texel;
    vec2 second_away = vec2(-0.5 * away.x - 0.866 * away.y, 0.866 * away.x - 0.5 * away.y);
    vec3 depth = vec3(texture(shadow, p.xy + away).r, texture(shadow, p.xy + second_away).r,
        texture(shadow, p.xy - away - second_away).r);
    float sum = dot(step(vec3(p.z - bias), depth), vec3(1.0 / 3.0));
    bool unseen = any(greaterThan(abs(p - 0.5), vec3(0.49))); // beside the shadow map
    float lit = unseen ? 1.0 : mix(1.0, sum, smoothstep(0.0, 0.15, facing + 0.2 * softness));
    return mix(lit, 1.0, 0.35 * softness * softness); // large lights reach everywhere a little
}

vec3 bumped(vec3 normal, float height_m) { // Mikkelsen 2010, "Bump mapping unparametrized surfaces"
    vec3 along_x = dFdx(world), along_y = dFdy(world);
    vec3 first = cross(along_y, normal), second = cross(normal, along_x);
    float area = dot(along_x, first);
    vec3 slope = sign(area) * (dFdx(height_m) * first + dFdy(height_m) * second);
    return normalize(max(abs(area), 1e-12) * normal - slope);
}
"""

_SKIN = """
uniform sampler2D lines; uniform sampler2D folds; uniform sampler2D paint;
uniform vec4 lines_left; uniform vec4 lines_right; uniform vec4 folds_left; uniform vec4 folds_right;
uniform float line_depth_m;
uniform vec4 lip_paint; uniform vec4 lid_paint; uniform vec4 spots; uniform vec3 moles[3];

uniform vec3 beard_color; uniform vec4 roots; // hair's colour on a shaved scalp and at hairlines, how much

void surface(inout vec3 normal, inout vec3 albedo, inout float shine, inout float power, inout float shade) {
    vec3 skin = linear(texture(picture, t).rgb);
    float grey = dot(skin, vec3(0.3, 0.6, 0.1));
    albedo = mix(vec3(grey), skin, second.x) * tint;
    float grain = noise(t * 900.0) * 0.5 + noise(t * 350.0) * 0.5, patches = noise(c * 22.0);
    albedo *= 1.0 + second.y * (grain - 0.5);
    albedo *= mix(vec3(0.97, 1.03, 1.03), vec3(1.03, 0.97, 0.97), patches);
    vec4 painted = texture(paint, c); // lips, lids, cheeks, edges of the lids
    float freckle = smoothstep(0.72, 0.95, noise(c * 150.0)) * smoothstep(0.3, 0.7, noise(c * 14.0));
    albedo *= mix(vec3(1.0), vec3(0.55, 0.42, 0.36), freckle * spots.x * painted.b);
    for (int i = 0; i < 3; i++)
        albedo *= mix(vec3(0.30, 0.22, 0.20), vec3(1.0),
            smoothstep(0.6, 1.2, distance(c, moles[i].xy) / moles[i].z));
    albedo *= mix(vec3(1.0), vec3(1.08, 0.80, 0.82), painted.b * spots.y);
    albedo *= mix(vec3(1.0), vec3(1.06, 0.80, 0.80), 0.5 * painted.r); // blood shows through lips
    albedo = mix(albedo, lip_paint.rgb * (0.5 + grey), painted.r * lip_paint.a);
    albedo = mix(albedo, lid_paint.rgb * (0.5 + grey), painted.g * lid_paint.a);
    albedo *= 1.0 - painted.a * spots.z;
    float bristle = noise(c * vec2(330.0, 130.0)) * 0.5 + noise(c * vec2(520.0, 260.0)) * 0.5;
    float grown = e.y * settings.x * in_beard();
    float beard = smoothstep(0.10, 1.05, grown * (0.75 + 0.5 * bristle));
    albedo *= mix(vec3(1.0), vec3(0.74, 0.78, 0.84), smoothstep(0.0, 0.35, grown)); // shaved hair shimmers
    albedo = mix(albedo, beard_color * (0.6 + 0.8 * bristle), 0.90 * beard);
    float stubble = noise(t * 500.0) * 0.5 + noise(t * 1100.0) * 0.5;
    float hairy = roots.a * smoothstep(0.18, 0.75, e.z + 0.5 * (stubble - 0.5));
    albedo = mix(albedo, roots.rgb, hairy);
    shine = gloss * (1.0 - max(beard, hairy)) * e.w * (0.7 + 0.6 * grain) + painted.r * spots.w;
    power = 10.0 + 16.0 * second.z;
    shade = e.x;
    float side = smoothstep(-0.02, 0.02, c.x - 0.5);
    float height = dot(texture(lines, c) - 0.50196, mix(lines_right, lines_left, side))
        + dot(texture(folds, c) - 0.50196, mix(folds_right, folds_left, side));
    height = clamp(height * 2.0, -1.6, 1.6);
    normal = bumped(normal, height * line_depth_m + 0.00004 * grain);
    shade *= 1.0 + 0.30 * clamp(height, -1.0, 0.15);
    albedo *= mix(vec3(1.0), vec3(0.90, 0.80, 0.78), clamp(-height, 0.0, 1.0) * 0.6);
}
"""

_INTERIOR = """
void surface(inout vec3 normal, inout vec3 albedo, inout float shine, inout float power, inout float shade) {
    albedo = linear(texture(picture, t).rgb) * tint * vec3(0.55, 0.35, 0.35);
    shine = gloss * 0.5; power = 20.0; shade = e.x;
}
"""

_EYE = """
uniform vec3 up; // of the head

void surface(inout vec3 normal, inout vec3 albedo, inout float shine, inout float power, inout float shade) {
    float r = length(t - 0.5) * 6.2831853, a = atan(t.y - 0.5, t.x - 0.5);
    float pupil = settings.x, iris = 0.512;
    float fibres = noise(vec2(a * 14.0, r * 9.0)) * 0.6 + noise(vec2(a * 40.0, r * 5.0)) * 0.4;
    vec3 colored = mix(tint, second, smoothstep(pupil, iris, r)) * (0.65 + 0.7 * fibres);
    colored *= 1.0 - 0.7 * smoothstep(iris - 0.10, iris, r);
    colored *= smoothstep(pupil - 0.02, pupil + 0.02, r);
    vec3 white = vec3(0.58, 0.53, 0.50) * (0.94 + 0.12 * noise(t * 60.0));
    white = mix(white, vec3(0.50, 0.27, 0.23), smoothstep(0.75, 1.35, r) * (0.3 + 0.7 * settings.y));
    albedo = mix(colored, white, smoothstep(iris - 0.015, iris + 0.03, r));
    // the upper lid and its lashes shade what is right under them
    float height = dot(normal, up);
    shade = 0.50 + 0.44 * smoothstep(-0.02, 0.24, settings.z - height);
    shade *= 0.62 + 0.38 * smoothstep(1.35, 0.50, r);
    shine = 1.2; power = 180.0;
}

vec3 reflections(vec3 normal, vec3 view, float lit) {
    vec3 mirrored = reflect(-view, normal);
    vec3 lamp = key_color * lit * smoothstep(0.950, 0.985, dot(mirrored, key_direction));
    // a window or a second lamp: a box of light above and beside the camera
    float turn = 1.2 * sin(seed * 5.1), rise = 0.45 + 0.25 * sin(seed * 3.3);
    vec3 ahead = normalize(vec3(sin(turn), rise, cos(turn)));
    vec3 sideways = normalize(cross(vec3(0.0, 1.0, 0.0), ahead)), upwards = cross(ahead, sideways);
    vec2 place = abs(vec2(dot(mirrored, sideways), dot(mirrored, upwards)));
    vec2 inside = smoothstep(vec2(0.24, 0.30), vec2(0.16, 0.22), place);
    vec3 window = sky(ahead) * inside.x * inside.y * step(0.0, dot(mirrored, ahead));
    float wet = smoothstep(0.09, 0.02, abs(dot(normal, up) - settings.w - 0.05)); // tears along the lower lid
    return 0.5 * lamp + 0.16 * window + wet * (0.06 * sky(vec3(0.0, 0.7, 0.7)) + 0.04 * key_color * lit);
}
"""

_TEETH = """
void surface(inout vec3 normal, inout vec3 albedo, inout float shine, inout float power, inout float shade) {
    albedo = tint * (0.9 + 0.2 * noise(world.xy * 3000.0)); shine = 0.5; power = 60.0;
    shade = 0.45 + 0.55 * e.x;
}
"""

_HAIR = """
void surface(inout vec3 normal, inout vec3 albedo, inout float shine, inout float power, inout float shade) {
    float light = dot(linear(texture(picture, t).rgb), vec3(0.3, 0.6, 0.1));
    float strand = noise(vec2(t.x * 500.0, t.y * 30.0));
    albedo = mix(tint, second, clamp(1.0 - t.y, 0.0, 1.0)) * (0.30 + settings.y * light);
    albedo *= 0.7 + 0.6 * strand;
    shine = gloss * (0.5 + strand); power = 20.0 + 50.0 * strand; shade = e.x;
}
"""

_FUR = """
void surface(inout vec3 normal, inout vec3 albedo, inout float shine, inout float power, inout float shade) {
    float strand = strands();
    albedo = mix(tint, second, settings.x) * (0.55 + 0.45 * settings.x) * (0.7 + 0.6 * strand);
    shine = gloss * (0.4 + strand); power = 16.0 + 20.0 * strand;
    shade = e.x * (0.55 + 0.45 * settings.x);
}
"""

_CLOTH = """
void surface(inout vec3 normal, inout vec3 albedo, inout float shine, inout float power, inout float shade) {
    float across = world.x * settings.y + world.y * (1.0 - settings.y);
    float line = settings.x > 0.0 ? step(0.5, fract(across * settings.x)) : 0.0;
    albedo = mix(tint, second, line) * (0.92 + 0.16 * noise(world.xy * 700.0));
}
"""

_GARMENT = """
uniform vec4 weave;   // kind of pattern, how often a metre, how wide, how deep the cloth's creases are
uniform vec4 fittings; // width of the lapels, half the width of a tie, height of its knot, buttons
uniform vec3 tie_color;

void surface(inout vec3 normal, inout vec3 albedo, inout float shine, inout float power, inout float shade) {
    float below = below_hem(), x = abs(t.x), front = step(0.0, e.y);
    vec2 p = vec2(t.x + 0.5 * e.y * (1.0 - front), t.y) * weave.y;
    vec2 stripe = step(fract(p), vec2(weave.z));
    float spot = step(length(fract(p + vec2(0.5 * step(0.5, fract(p.y * 0.5)), 0.0)) - 0.5), 0.5 * weave.z);
    float line = weave.x < 0.5 ? 0.0 : weave.x < 1.5 ? stripe.x : weave.x < 2.5 ? stripe.y
        : weave.x < 3.5 ? 0.5 * (stripe.x + stripe.y) : spot;
    albedo = mix(tint, second, line) * (0.90 + 0.2 * noise(t * 900.0));
    float crease = noise(t * 38.0) * 0.6 + noise(t * 90.0) * 0.25 + noise(vec2(t.x * 20.0, t.y * 7.0));
    normal = bumped(normal, crease * weave.w);
    shade = e.x * (0.80 + 0.20 * smoothstep(0.0, 0.02, below));
    albedo *= 0.72 + 0.28 * smoothstep(0.002, 0.005, below); // the seam of the neckline
    if (fittings.x > 0.0) {
        float beside = below / sqrt(1.0 + cut.y * cut.y), open = t.y - cut.x;
        float width = fittings.x * clamp(0.25 + open * 6.0, 0.0, 1.0);
        float behind = 10.0 * (1.0 - front); // lapels, notches and the closure are in front
        float edge = abs(beside - width) + 10.0 * step(open, -0.01) + behind;
        float notch = abs(t.y - (cut.x + 0.13) - 0.5 * (x - 0.05)) + 10.0 * step(width, beside) + behind;
        float closure = abs(t.x - 0.008) + 10.0 * step(0.0, open) + behind;
        albedo *= 0.45 + 0.55 * smoothstep(0.0, 0.004, edge);
        albedo *= 0.5 + 0.5 * smoothstep(0.0, 0.003, notch);
        albedo *= 0.6 + 0.4 * smoothstep(0.0, 0.004, closure);
    }
    if (fittings.w > 0.0 && front > 0.5) {
        float placket = abs(x - 0.014);
        albedo *= 0.8 + 0.2 * smoothstep(0.0, 0.002, placket);
        float button = length(vec2(t.x, (fract(t.y * 11.0) - 0.5) / 11.0));
        albedo = mix(second, albedo, smoothstep(0.004, 0.006, button));
    }
    if (fittings.y > 0.0 && front > 0.5) {
        float down = fittings.z - t.y;
        float half_width = down < 0.034 ? fittings.y * (0.62 - 7.0 * down)
            : fittings.y * (0.38 + min(2.0 * (down - 0.034), 0.62));
        float band = step(0.5, fract((t.x + t.y) * 45.0)) * step(0.5, weave.z);
        vec3 silk = tie_color * (1.0 - 0.45 * band);
        silk *= 0.55 + 0.45 * smoothstep(0.0, 0.004, abs(down - 0.034));
        albedo = mix(albedo, silk, step(x, half_width) * step(0.0, down));
        albedo *= 0.7 + 0.3 * smoothstep(0.0, 0.004, abs(x - half_width) + 10.0 * step(down, 0.0));
    }
}
"""

_SOLID = """
void surface(inout vec3 normal, inout vec3 albedo, inout float shine, inout float power, inout float shade) {
    shine = gloss; power = 40.0;
}
"""

_LENS = """
void surface(inout vec3 normal, inout vec3 albedo, inout float shine, inout float power, inout float shade) {
    shine = 1.2; power = 90.0;
}
"""

_SURFACES = {
    SKIN: _SKIN, EYE: _EYE, TEETH: _TEETH, INTERIOR: _INTERIOR, HAIR: _HAIR, CLOTH: _CLOTH, SOLID: _SOLID,
    LENS: _LENS, GARMENT: _GARMENT, FUR: _FUR,
}  # fmt: skip

_LIGHTING = """
void main() {
    float alpha = coverage();
#if MATERIAL == INTERIOR || MATERIAL == CLOTH || MATERIAL == GARMENT
    if (alpha <= 0.0) discard;
#endif
    vec3 normal = normalize(n), view = normalize(-world);
#if MATERIAL == HAIR || MATERIAL == CLOTH || MATERIAL == SOLID || MATERIAL == GARMENT || MATERIAL == FUR
    if (dot(normal, view) < 0.0) normal = -normal;
#endif
    vec3 albedo = tint; float shine = 0.0, power = 20.0, shade = 1.0;
    surface(normal, albedo, shine, power, shade);
    vec3 half_way = normalize(key_direction + view);
    float facing = dot(normal, key_direction), lit = lit_by_key(facing);
    // large lights reach around; blood lets red go farther
#if MATERIAL == SKIN
    vec3 wrap = 0.5 * softness + vec3(0.24, 0.12, 0.08);
    vec3 deeper = vec3(0.45, 0.80, 0.90), bleed = vec3(0.20, -0.05, -0.10);
#elif MATERIAL == HAIR || MATERIAL == FUR
    vec3 wrap = vec3(0.45 + 0.3 * softness), deeper = vec3(0.7), bleed = vec3(0.0);
#else
    vec3 wrap = vec3(0.5 * softness), deeper = vec3(0.7), bleed = vec3(0.0);
#endif
    vec3 diffuse = max((facing + wrap) / (1.0 + wrap), vec3(0.0));
    diffuse *= lit + lit * (1.0 - lit) * bleed;
    vec3 open = shade * mix(vec3(1.0), vec3(shade), deeper);
    vec3 light = sky(normal) * open + key_color * diffuse * mix(1.0, shade, 0.4 + 0.4 * softness);
    light += rim_color * max(0.0, dot(normal, rim_direction)) * shade;
#if MATERIAL == HAIR || MATERIAL == FUR
    // strands shine in bands across them (Kajiya and Kay 1989)
    vec3 fall = vec3(0.05, 1.0, -0.35); // most hair runs down and forward from the crown
    vec3 strand = normalize(fall - 0.9 * dot(fall, normal) * normal);
    float over = dot(strand, half_way), across = sqrt(max(0.0, 1.0 - over * over));
    vec3 glint = shine * (key_color * lit * pow(across, power) * smoothstep(-0.3, 0.4, facing)
        + rim_color * 0.5 * smoothstep(-0.2, 0.6, dot(normal, rim_direction)) + 0.12 * sky(normal))
        * (0.08 + 0.55 * albedo) * shade;
#else
    float grazing = 1.0 - max(0.0, dot(normal, view)), fresnel = grazing * grazing;
    fresnel = 0.25 + 0.75 * fresnel * fresnel;
    float lobe = pow(max(0.0, dot(normal, half_way)), power), shining = lobe * (1.0 - 0.6 * softness);
#if MATERIAL == SKIN
    lobe *= lobe;
    shining += 0.6 * lobe * lobe * (1.0 - 0.8 * softness);
#endif
    vec3 glint = shine * fresnel * (key_color * lit * shining + 0.22 * sky(reflect(-view, normal)) * open);
#endif
#if MATERIAL == EYE
    glint = 0.25 * glint + reflections(normal, view, lit) * smoothstep(0.3, 0.8, shade);
#endif
    vec3 seen = (albedo * light + glint) * exposure * balance;
    seen = seen / (1.0 + 0.25 * seen);
#if MATERIAL == HAIR || MATERIAL == FUR
    float dither = 0.25 * (noise(gl_FragCoord.yx * 0.569840 + world.xy * 900.0) - 0.5);
    alpha += dither * step(0.02, alpha) * step(alpha, 0.98);
#endif
    color = vec4(sqrt(clamp(seen, 0.0, 1.0)), alpha);
}
"""

_DEPTH = """
void main() { if (coverage() < 0.5) discard; }
"""

_MAPS = """
in float away; uniform float item;
layout(location = 0) out vec4 shape; layout(location = 1) out vec4 what;
void main() {
    if (coverage() < 0.5) discard;
    vec3 normal = normalize(n), ray = normalize(world);
#if MATERIAL == HAIR || MATERIAL == CLOTH || MATERIAL == SOLID || MATERIAL == GARMENT || MATERIAL == LENS \
    || MATERIAL == FUR
    if (dot(normal, ray) > 0.0) normal = -normal;
#endif
    normal = normalize(normal - max(dot(normal, ray), 0.0) * ray); // at outlines they may point away
    shape = vec4(normal, away);
    what = vec4(item, float(gl_PrimitiveID), 0.0, 0.0);
}
"""

_PLAIN_DEPTH_VERTEX = """
#version 330
in vec3 position; uniform mat4 clip_from_world;
void main() { gl_Position = clip_from_world * vec4(position, 1.0); }
"""

_PLAIN_DEPTH_FRAGMENT = """
#version 330
void main() { }
"""

_NAMES = ("SKIN", "EYE", "TEETH", "INTERIOR", "HAIR", "CLOTH", "SOLID", "LENS", "GARMENT", "FUR")


def _header(material: int, *flags: str) -> str:
    """A material is a constant of its program: no program carries the others' work."""
    lines = ["#version 330", f"#define MATERIAL {material}"]
    lines += [f"#define {name} {value}" for value, name in enumerate(_NAMES)]
    return "\n".join(lines + [f"#define {flag}" for flag in flags]) + "\n"


def color_program(material: int) -> tuple[str, str]:
    """Vertex and fragment shader that draw a material."""
    fragment = _header(material) + _COVERAGE + _COLOR + _SURFACES[material] + _LIGHTING
    return _header(material, "SEEN") + _VERTEX, fragment


def maps_program(material: int) -> tuple[str, str]:
    """Vertex and fragment shader that draw a material's normal and depth, and which triangle it is."""
    return _header(material, "SEEN") + _VERTEX, _header(material) + _COVERAGE + _MAPS


def depth_program(material: int) -> tuple[str, str]:
    """Vertex and fragment shader that draw a material's depth alone, without its holes."""
    if material not in WITH_HOLES:
        return _PLAIN_DEPTH_VERTEX, _PLAIN_DEPTH_FRAGMENT
    return _header(material) + _VERTEX, _header(material) + _COVERAGE + _DEPTH
