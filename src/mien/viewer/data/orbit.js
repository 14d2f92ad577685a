// A view that turns about the head: the same as orbit.py's, so that field and mesh lie over each other.

const dot = (a, b) => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
const cross = (a, b) => [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
const NEAR = 0.02, FAR = 20;

export class Orbit {
  constructor({ target_m, distance_m, field_of_view_rad }) {
    this.home = { azimuth: 0, elevation: 0, distance: distance_m, target: [...target_m] };
    this.scale = 1 / Math.tan(field_of_view_rad / 2);
    this.width = this.height = 1;
    this.reset();
  }

  reset(azimuth = 0) {
    Object.assign(this, { ...this.home, target: [...this.home.target], azimuth });
  }

  get axes() {
    const a = this.azimuth, e = this.elevation;
    const right = [Math.cos(a), 0, -Math.sin(a)];
    const outward = [Math.sin(a) * Math.cos(e), Math.sin(e), Math.cos(a) * Math.cos(e)];
    return { right, outward, up: cross(outward, right) };
  }

  get eye() {
    const { outward } = this.axes;
    return this.target.map((value, i) => value + this.distance * outward[i]);
  }

  get side() { return Math.min(this.width, this.height); }

  // Column by column, as WebGL takes it.
  get matrix() {
    const { right, up, outward } = this.axes, eye = this.eye;
    const sx = this.scale * this.side / this.width, sy = this.scale * this.side / this.height;
    const p = (FAR + NEAR) / (NEAR - FAR), q = 2 * FAR * NEAR / (NEAR - FAR);
    const rows = [
      [...right.map((v) => sx * v), -sx * dot(right, eye)],
      [...up.map((v) => sy * v), -sy * dot(up, eye)],
      [...outward.map((v) => p * v), -p * dot(outward, eye) + q],
      [...outward.map((v) => -v), dot(outward, eye)],
    ];
    return new Float32Array([0, 1, 2, 3].flatMap((column) => rows.map((row) => row[column])));
  }

  // Of a point: pixels from the top left of the stage, and whether the surface there faces the viewer.
  project(point, normal) {
    const { right, up, outward } = this.axes;
    const from = this.eye.map((value, i) => point[i] - value);
    const depth = -dot(outward, from), half = this.side / 2;
    return {
      x: this.width / 2 + half * this.scale * dot(right, from) / depth,
      y: this.height / 2 - half * this.scale * dot(up, from) / depth,
      depth,
      facing: depth > 0 && dot(normal, from) < 0,
    };
  }

  // The way in space, metres, of something at a depth that goes some pixels in the picture.
  unproject(dx, dy, depth) {
    const { right, up } = this.axes, metres = depth / (this.scale * this.side / 2);
    return right.map((value, i) => metres * (dx * value - dy * up[i]));
  }

  turn(dx, dy) {
    this.azimuth -= dx * 0.008;
    this.elevation = Math.max(-1.5, Math.min(1.5, this.elevation + dy * 0.008));
  }

  pan(dx, dy) {
    const way = this.unproject(dx, dy, this.distance);
    this.target = this.target.map((value, i) => Math.max(-0.5, Math.min(0.5, value - way[i])));
  }

  zoom(factor) { this.distance = Math.max(0.3, Math.min(4, this.distance * factor)); }

  get query() {
    const [x, y, z] = this.target;
    return new URLSearchParams({ azimuth: this.azimuth, elevation: this.elevation, distance: this.distance, x, y, z });
  }
}
