"""GLSL of the synthetic faces: one shader with a material switch, and a depth-only one."""

from __future__ import annotations

SKIN, EYE, TEETH, INTERIOR, HAIR, CLOTH, SOLID, LENS = range(8)
"""Materials."""

VERTEX = """
#version 330
in vec3 position; in vec3 normal; in vec2 uv; in vec2 extra;
uniform mat4 clip_from_world; uniform mat4 light_from_world;
out vec3 world; out vec3 n; out vec2 t; out vec2 e; out vec4 in_light;
void main() {
    gl_Position = clip_from_world * vec4(position, 1.0);
    in_light = light_from_world * vec4(position, 1.0);
    world = position; n = normal; t = uv; e = extra;
}
"""

FRAGMENT = """
#version 330
in vec3 world; in vec3 n; in vec2 t; in vec2 e; in vec4 in_light;
uniform int material; uniform sampler2D picture; uniform sampler2D shadow; uniform sampler2D grain_picture;
uniform vec3 tint; uniform vec3 second; uniform vec4 settings;
uniform vec3 key_direction; uniform vec3 key_colour; uniform vec3 rim_direction; uniform vec3 rim_colour;
uniform vec3 ambient[9]; uniform float exposure; uniform vec3 balance;
uniform float seed; uniform float gloss;
out vec4 colour;

float noise(vec2 p) { return texture(grain_picture, p / 128.0 + vec2(seed * 0.37, seed * 0.71)).r; }
vec3 linear(vec3 c) { return c * c * (0.6 + 0.4 * c); }

vec3 sky(vec3 d) {
    return max(vec3(0.0), ambient[0] + ambient[1] * d.y + ambient[2] * d.z + ambient[3] * d.x
        + ambient[4] * d.x * d.y + ambient[5] * d.y * d.z + ambient[6] * (3.0 * d.z * d.z - 1.0)
        + ambient[7] * d.x * d.z
        + ambient[8] * (d.x * d.x - d.y * d.y));
}

float lit_by_key(float facing) {
    vec3 p = in_light.xyz / in_light.w * 0.5 + 0.5;
    float sum = 0.0, bias = 0.004 + 0.012 * (1.0 - max(facing, 0.0)); // slopes must not shade themselves
    for (int i = 0; i < 2; i++) {
        vec2 offset = vec2(float(i) - 0.5, 0.5 - float(i));
        sum += texture(shadow, p.xy + offset * settings.w).r < p.z - bias ? 0.0 : 1.0;
    }
    return sum / 2.0;
}

void main() {
    vec3 normal = normalize(n), view = normalize(-world);
    if (dot(normal, view) < 0.0 && (material == 4 || material == 5 || material == 6)) normal = -normal;
    vec3 albedo = tint; float alpha = 1.0, shine = 0.0, power = 20.0, shade = 1.0;
    if (material == 0 || material == 3) {
        vec3 skin = linear(texture(picture, t).rgb);
        float grey = dot(skin, vec3(0.3, 0.6, 0.1));
        albedo = mix(vec3(grey), skin, second.x) * tint;
        float grain = noise(t * 900.0) * 0.6 + noise(t * 400.0) * 0.4;
        albedo *= 1.0 + second.y * (grain - 0.5);
        float beard = clamp(e.y * settings.x * (0.55 + 0.9 * noise(t * 300.0)), 0.0, 0.95);
        albedo = mix(albedo, vec3(settings.y) * vec3(1.0, 0.8, 0.65), beard);
        shine = gloss * (1.0 - beard) * (0.5 + grain); power = 14.0 + 20.0 * second.z;
        shade = e.x;
        if (material == 3) { albedo *= vec3(0.55, 0.35, 0.35); shine *= 0.5; }
    } else if (material == 1) {
        float r = length(t - 0.5) * 6.2831853, a = atan(t.y - 0.5, t.x - 0.5);
        float pupil = settings.x, iris = 0.512;
        float fibres = noise(vec2(a * 14.0, r * 9.0)) * 0.6 + noise(vec2(a * 40.0, r * 5.0)) * 0.4;
        vec3 coloured = mix(tint, second, smoothstep(pupil, iris, r)) * (0.55 + 0.9 * fibres);
        coloured *= 1.0 - 0.75 * smoothstep(iris - 0.10, iris, r);
        coloured *= smoothstep(pupil - 0.02, pupil + 0.02, r);
        vec3 white = vec3(0.80, 0.75, 0.71) * (0.92 + 0.16 * noise(t * 60.0));
        white = mix(white, vec3(0.72, 0.45, 0.40), smoothstep(0.75, 1.35, r) * settings.y);
        albedo = mix(coloured, white, smoothstep(iris - 0.015, iris + 0.03, r));
        shine = 1.6; power = 180.0; shade = 0.42 + 0.5 * smoothstep(1.25, 0.3, r);
    } else if (material == 2) {
        albedo = tint * (0.9 + 0.2 * noise(world.xy * 3000.0)); shine = 0.5; power = 60.0; shade = e.x;
    } else if (material == 4) {
        vec4 hair = texture(picture, t);
        alpha = clamp((hair.a - 0.06) * settings.x, 0.0, 1.0);
        float light = dot(linear(hair.rgb), vec3(0.3, 0.6, 0.1));
        albedo = tint * (0.35 + settings.y * light); shine = gloss; power = 12.0; shade = 0.85;
    } else if (material == 5) {
        if (e.y < 0.0) discard;
        float across = world.x * settings.y + world.y * (1.0 - settings.y);
        float line = settings.x > 0.0 ? step(0.5, fract(across * settings.x)) : 0.0;
        albedo = mix(tint, second, line) * (0.85 + 0.3 * noise(world.xy * 700.0));
    } else if (material == 6) { shine = gloss; power = 40.0;
    } else { alpha = settings.x; shine = 2.0; power = 90.0; }
    vec3 half_way = normalize(key_direction + view);
    float facing = dot(normal, key_direction), lit = lit_by_key(facing);
    float wrap = material == 0 ? 0.18 : 0.0;
    float diffuse = max(0.0, (facing + wrap) / (1.0 + wrap));
    vec3 sss = material == 0 ? vec3(1.0, 0.93, 0.88) + vec3(0.10, -0.02, -0.05) * (1.0 - diffuse) : vec3(1.0);
    vec3 light = sky(normal) * shade * shade + key_colour * diffuse * lit * mix(1.0, shade, 0.5) * sss;
    light += rim_colour * max(0.0, dot(normal, rim_direction)) * shade;
    float fresnel = 0.25 + 0.75 * pow(1.0 - max(0.0, dot(normal, view)), 4.0);
    vec3 glint = shine * fresnel * (key_colour * lit * pow(max(0.0, dot(normal, half_way)), power)
        + 0.25 * sky(reflect(-view, normal)) * shade);
    if (material == 4) { // two soft bands along the strands
        float along = abs(dot(normalize(vec3(0.1, 1.0, 0.1)), half_way));
        glint = shine * key_colour * lit * pow(1.0 - along, 3.0) * 0.25 * tint;
    }
    vec3 seen = (albedo * light + glint) * exposure * balance;
    seen = seen / (1.0 + 0.25 * seen);
    colour = vec4(pow(clamp(seen, 0.0, 1.0), vec3(1.0 / 2.1)), alpha);
}
"""

DEPTH_VERTEX = """
#version 330
in vec3 position; uniform mat4 clip_from_world;
void main() { gl_Position = clip_from_world * vec4(position, 1.0); }
"""

DEPTH_FRAGMENT = """
#version 330
void main() { }
"""
