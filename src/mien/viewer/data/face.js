// A head that follows its weights: rest + Σ weight × shape + what the server says lies beyond.

export class Face {
  constructor(head) {
    this.head = head;
    this.count = head.rest_m.length / 3;
    this.vertices = new Float32Array(head.rest_m);
    this.normals = new Float32Array(this.vertices.length);
    this.weights = new Float32Array(head.expression_names.length);
    this.beyond = null;
    this.beyondStep = 0;
    this.index = new Map(head.expression_names.map((name, i) => [name, i]));
    this.starts = [0];
    for (const count of head.shape_counts) this.starts.push(this.starts.at(-1) + count);
    // Normals are those of vertices, not of corners, which would show seams of the texture.
    const corner = (triangles) => Uint16Array.from(triangles, (each) => head.corner_vertices[each]);
    this.triangles = [corner(head.opaque), corner(head.cards), corner(head.cornea)];
  }

  // What the server says of the face as it is now.
  take(state) {
    this.weights.set(state.expression);
    this.beyond = state.beyond.length ? state.beyond : null;
    this.beyondStep = state.beyond_step_m;
    this.update();
  }

  weight(name) { return this.weights[this.index.get(name)]; }

  setWeight(name, value) { this.weights[this.index.get(name)] = value; }

  update() {
    const { shape_vertices: rows, shape_deltas: deltas, shape_steps_m: steps, rest_m: rest } = this.head;
    const out = this.vertices;
    if (this.beyond) for (let i = 0; i < out.length; i++) out[i] = rest[i] + this.beyondStep * this.beyond[i];
    else out.set(rest);
    this.weights.forEach((weight, shape) => {
      if (weight === 0) return;
      const scale = weight * steps[shape];
      for (let i = this.starts[shape]; i < this.starts[shape + 1]; i++) {
        const to = 3 * rows[i], from = 3 * i;
        out[to] += scale * deltas[from];
        out[to + 1] += scale * deltas[from + 1];
        out[to + 2] += scale * deltas[from + 2];
      }
    });
    this.updateNormals();
  }

  updateNormals() {
    const v = this.vertices, n = this.normals;
    n.fill(0);
    for (const triangles of this.triangles) {
      for (let i = 0; i < triangles.length; i += 3) {
        const a = 3 * triangles[i], b = 3 * triangles[i + 1], c = 3 * triangles[i + 2];
        const ux = v[b] - v[a], uy = v[b + 1] - v[a + 1], uz = v[b + 2] - v[a + 2];
        const wx = v[c] - v[a], wy = v[c + 1] - v[a + 1], wz = v[c + 2] - v[a + 2];
        const x = uy * wz - uz * wy, y = uz * wx - ux * wz, z = ux * wy - uy * wx;
        for (const at of [a, b, c]) { n[at] += x; n[at + 1] += y; n[at + 2] += z; }
      }
    }
    for (let i = 0; i < n.length; i += 3) {
      const length = Math.hypot(n[i], n[i + 1], n[i + 2]) || 1;
      n[i] /= length; n[i + 1] /= length; n[i + 2] /= length;
    }
  }

  landmark(index) {
    const at = 3 * this.head.landmark_vertices[index];
    return [this.vertices.subarray(at, at + 3), this.normals.subarray(at, at + 3)];
  }
}
