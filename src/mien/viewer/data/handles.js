// The 68 landmarks as handles. What is dragged is tried on the server on the way, and done on release.

const SVG = "http://www.w3.org/2000/svg";

export class Handles {
  // drag(move, done): a move as the server takes it, on the way or done; null gives it up.
  constructor(svg, face, view, { drag, options }) {
    Object.assign(this, { svg, face, view, drag, options, held: null });
    this.regionsOf = (index) => Object.entries(face.head.regions).filter(([, members]) => members.includes(index));
    this.circles = Array.from(face.head.landmark_vertices, (_, index) => {
      const circle = svg.appendChild(document.createElementNS(SVG, "circle"));
      const title = circle.appendChild(document.createElementNS(SVG, "title"));
      title.textContent = `${index}: ${this.regionsOf(index).map(([name]) => name).filter((name) => name !== "face").join(", ")}`;
      circle.dataset.index = index;
      circle.addEventListener("pointerdown", (event) => this.take(event, index, circle));
      return circle;
    });
    svg.addEventListener("pointermove", (event) => this.move(event));
    svg.addEventListener("pointerup", (event) => this.release(event));
    svg.addEventListener("pointercancel", () => this.giveUp());
    window.addEventListener("keydown", (event) => { if (event.key === "Escape") this.giveUp(); });
  }

  place() {
    const { region, shown } = this.options(), members = region ? this.face.head.regions[region] : null;
    this.circles.forEach((circle, index) => {
      const { x, y, facing } = this.view.project(...this.face.landmark(index));
      const held = this.held?.circle === circle;
      circle.style.display = shown && (facing || held) ? "" : "none";
      circle.setAttribute("cx", x.toFixed(1));
      circle.setAttribute("cy", y.toFixed(1));
      circle.setAttribute("r", Math.max(3, Math.min(7, this.view.side / 150 / this.view.distance)));
      circle.classList.toggle("idle", Boolean(members) && !members.includes(index));
      circle.classList.toggle("held", held);
    });
  }

  take(event, index, circle) {
    if (event.button !== 0) return;
    event.preventDefault();
    event.stopPropagation();
    this.svg.setPointerCapture(event.pointerId);
    const { depth } = this.view.project(...this.face.landmark(index));
    this.held = { index, circle, depth, x: event.clientX, y: event.clientY, moved: false };
  }

  // Millimetres to the subject's left, up, and out; with Shift along the line of sight.
  request(event) {
    const { index, depth, x, y } = this.held, dx = event.clientX - x, dy = event.clientY - y;
    let way = this.view.unproject(dx, dy, depth);
    if (event.shiftKey) {
      const towards = Math.hypot(...this.view.unproject(0, dy, depth)) * -Math.sign(dy);
      way = this.view.axes.outward.map((value) => towards * value);
    }
    const { region, radius, symmetric } = this.options();
    const by_mm = way.map((value) => Math.max(-60, Math.min(60, 1000 * value)));
    return { landmarks: region || String(index), by_mm, radius_mm: radius, symmetric };
  }

  move(event) {
    if (!this.held) return;
    if (!this.held.moved && Math.hypot(event.clientX - this.held.x, event.clientY - this.held.y) < 2) return;
    this.held.moved = true;
    this.drag(this.request(event), false);
  }

  release(event) {
    if (!this.held) return;
    const { moved } = this.held, request = this.request(event);
    this.held = null;
    if (moved) this.drag(request, true);
    else this.place();
  }

  giveUp() {
    if (!this.held) return;
    this.held = null;
    this.drag(null, true);
  }
}
