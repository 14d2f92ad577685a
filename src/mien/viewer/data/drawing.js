// The head in WebGL: skin with a texture, plain or as a net, lashes and brows with holes, shining corneas.

const VERTEX = `#version 300 es
in vec3 position; in vec3 normal; in vec2 uv;
uniform mat4 clipFromHead;
out vec3 at; out vec3 outward; out vec2 texel;
void main() {
  at = position; outward = normal; texel = vec2(uv.x, 1.0 - uv.y);
  gl_Position = clipFromHead * vec4(position, 1.0);
}`;

const FRAGMENT = `#version 300 es
precision highp float;
in vec3 at; in vec3 outward; in vec2 texel;
uniform sampler2D picture; uniform vec3 eye; uniform vec3 lamp; uniform vec3 plain; uniform int kind;
out vec4 color;
// kind 0 texture, 1 plain, 2 cards, 3 cornea, 4 lines
vec3 linear(vec3 srgb) { return pow(srgb, vec3(2.2)); }
void main() {
  if (kind == 4) { color = vec4(plain, 1.0); return; }
  vec3 view = normalize(eye - at), n = normalize(outward);
  if (kind != 3 && dot(n, view) < 0.0) n = -n;
  float shine = pow(max(dot(n, normalize(lamp + view)), 0.0), kind == 3 ? 240.0 : 24.0);
  if (kind == 3) { color = vec4(vec3(0.9 * shine), 0.0); return; }
  float light = 0.44 + 0.16 * n.y + 0.74 * max(dot(n, lamp), 0.0);
  vec4 sample_ = kind == 1 ? vec4(plain, 1.0) : texture(picture, texel);
  if (kind == 2 && sample_.a < 0.02) discard;
  vec3 body = linear(sample_.rgb) * light + (kind == 2 ? 0.0 : kind == 1 ? 0.07 : 0.025) * shine;
  color = vec4(pow(clamp(body, 0.0, 1.0), vec3(1.0 / 2.2)), kind == 2 ? sample_.a : 1.0);
}`;

const SKIN = [0.78, 0.66, 0.59], NET = [0.25, 0.28, 0.33], LINES = [0.55, 0.78, 0.95], BEHIND = [40 / 255, 43 / 255, 48 / 255, 1];

export class Drawing {
  constructor(canvas, face) {
    // Kept, so that pictures of the page show it
    const gl = canvas.getContext("webgl2", { alpha: false, antialias: true, preserveDrawingBuffer: true });
    if (!gl) throw new Error("this browser has no WebGL 2");
    Object.assign(this, { canvas, face, gl, surface: "texture", textures: {} });
    this.program = link(gl);
    this.uniforms = Object.fromEntries(
      ["clipFromHead", "picture", "eye", "lamp", "plain", "kind"].map((name) => [name, gl.getUniformLocation(this.program, name)]));
    const { head } = face, corners = head.corner_vertices.length;
    this.corners = new Float32Array(6 * corners);
    this.buffer = gl.createBuffer();
    gl.bindBuffer(gl.ARRAY_BUFFER, this.buffer);
    gl.bufferData(gl.ARRAY_BUFFER, this.corners.byteLength, gl.DYNAMIC_DRAW);
    this.attribute("position", 3, 24, 0);
    this.attribute("normal", 3, 24, 12);
    gl.bindBuffer(gl.ARRAY_BUFFER, gl.createBuffer());
    gl.bufferData(gl.ARRAY_BUFFER, head.corner_uvs, gl.STATIC_DRAW);
    this.attribute("uv", 2, 8, 0);
    const firstCorner = new Uint16Array(face.count);
    head.corner_vertices.forEach((vertex, corner) => { firstCorner[vertex] = corner; });
    this.pieces = {
      opaque: this.indices(head.opaque), cards: this.indices(head.cards), cornea: this.indices(head.cornea),
      edges: this.indices(head.edges.map((vertex) => firstCorner[vertex])),
    };
  }

  attribute(name, size, stride, offset) {
    const place = this.gl.getAttribLocation(this.program, name);
    this.gl.enableVertexAttribArray(place);
    this.gl.vertexAttribPointer(place, size, this.gl.FLOAT, false, stride, offset);
  }

  indices(values) {
    const { gl } = this, buffer = gl.createBuffer();
    gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, buffer);
    gl.bufferData(gl.ELEMENT_ARRAY_BUFFER, values, gl.STATIC_DRAW);
    return { buffer, count: values.length };
  }

  async load(name, url) {
    const { gl } = this;
    const blob = await (await fetch(url)).blob();
    const picture = await createImageBitmap(blob, { premultiplyAlpha: "none", colorSpaceConversion: "none" });
    const texture = this.textures[name] = gl.createTexture();
    gl.bindTexture(gl.TEXTURE_2D, texture);
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA, gl.RGBA, gl.UNSIGNED_BYTE, picture);
    gl.generateMipmap(gl.TEXTURE_2D);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.LINEAR_MIPMAP_LINEAR);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_WRAP_S, gl.CLAMP_TO_EDGE);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_WRAP_T, gl.CLAMP_TO_EDGE);
  }

  upload() {
    const { gl, face, corners } = this, { vertices, normals } = face;
    face.head.corner_vertices.forEach((vertex, corner) => {
      for (let i = 0; i < 3; i++) {
        corners[6 * corner + i] = vertices[3 * vertex + i];
        corners[6 * corner + 3 + i] = normals[3 * vertex + i];
      }
    });
    gl.bindBuffer(gl.ARRAY_BUFFER, this.buffer);
    gl.bufferSubData(gl.ARRAY_BUFFER, 0, corners);
  }

  draw(view) {
    const { gl, canvas, uniforms } = this, ratio = window.devicePixelRatio || 1;
    const width = Math.max(1, Math.round(view.width * ratio)), height = Math.max(1, Math.round(view.height * ratio));
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
    gl.viewport(0, 0, width, height);
    gl.clearColor(...BEHIND);
    gl.clear(gl.COLOR_BUFFER_BIT | gl.DEPTH_BUFFER_BIT);
    gl.enable(gl.DEPTH_TEST);
    gl.useProgram(this.program);
    gl.uniformMatrix4fv(uniforms.clipFromHead, false, view.matrix);
    gl.uniform3fv(uniforms.eye, view.eye);
    const { right, up, outward } = view.axes; // the lamp goes with the viewer, to the upper left
    const lamp = outward.map((value, i) => value - 0.45 * right[i] + 0.55 * up[i]);
    gl.uniform3fv(uniforms.lamp, lamp.map((value) => value / Math.hypot(...lamp)));
    const plain = this.surface !== "texture", net = this.surface === "wireframe";
    if (net) { gl.enable(gl.POLYGON_OFFSET_FILL); gl.polygonOffset(1, 2); }
    this.piece("opaque", plain ? 1 : 0, "base", net ? NET : SKIN);
    gl.disable(gl.POLYGON_OFFSET_FILL);
    if (net) { this.piece("edges", 4, "base", LINES); return; }
    gl.enable(gl.BLEND);
    gl.depthMask(false);
    gl.blendFunc(gl.SRC_ALPHA, gl.ONE_MINUS_SRC_ALPHA); // hairs are of one colour: any order will do
    if (this.textures.cards) this.piece("cards", 2, "cards", SKIN);
    gl.blendFunc(gl.ONE, gl.ONE);
    this.piece("cornea", 3, "base", SKIN);
    gl.depthMask(true);
    gl.disable(gl.BLEND);
  }

  piece(name, kind, texture, color) {
    const { gl, uniforms } = this, { buffer, count } = this.pieces[name];
    gl.uniform1i(uniforms.kind, kind);
    gl.uniform3fv(uniforms.plain, color);
    gl.bindTexture(gl.TEXTURE_2D, this.textures[texture]);
    gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, buffer);
    gl.drawElements(kind === 4 ? gl.LINES : gl.TRIANGLES, count, gl.UNSIGNED_SHORT, 0);
  }
}

function link(gl) {
  const program = gl.createProgram();
  for (const [kind, text] of [[gl.VERTEX_SHADER, VERTEX], [gl.FRAGMENT_SHADER, FRAGMENT]]) {
    const shader = gl.createShader(kind);
    gl.shaderSource(shader, text);
    gl.compileShader(shader);
    if (!gl.getShaderParameter(shader, gl.COMPILE_STATUS)) throw new Error(gl.getShaderInfoLog(shader));
    gl.attachShader(program, shader);
  }
  gl.linkProgram(program);
  if (!gl.getProgramParameter(program, gl.LINK_STATUS)) throw new Error(gl.getProgramInfoLog(program));
  return program;
}
