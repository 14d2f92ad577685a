// The field's picture catches up: first small, then larger; the newest wish wins.

import { ask } from "./server.js";

const SIDES_PX = [96, 256], PAUSE_MS = 120;

export class FieldPicture {
  constructor(image, note, view, { wanted }) {
    Object.assign(this, { image, note, view, wanted, timer: 0, running: null, url: "" });
  }

  // The face or the view has changed.
  stale() {
    clearTimeout(this.timer);
    this.running?.abort();
    const place = this.wanted();
    this.image.className = place;
    // What lies over the mesh must not show another view than the mesh
    if (place !== "beside") this.image.hidden = true;
    this.note.textContent = "";
    if (place !== "hidden") this.timer = setTimeout(() => this.draw(), PAUSE_MS);
  }

  async draw() {
    const running = this.running = new AbortController();
    try {
      for (const size of SIDES_PX) {
        if (this.image.hidden) this.note.textContent = "the field is being drawn …";
        const query = this.view.query;
        query.set("size", size);
        const response = await ask(`api/field.png?${query}`, { signal: running.signal });
        const blob = await response.blob();
        if (running.signal.aborted) return;
        this.show(blob, size);
      }
    } catch (error) {
      if (error.name === "AbortError") return;
      if (error.status === 409) { this.timer = setTimeout(() => this.draw(), 4 * PAUSE_MS); return; }
      this.note.textContent = error.message;
    }
  }

  show(blob, size) {
    URL.revokeObjectURL(this.url);
    this.image.src = this.url = URL.createObjectURL(blob);
    this.image.dataset.size = size;
    this.fitStage();
    this.image.hidden = false;
    this.note.textContent = "";
  }

  fitStage() {
    const over = this.image.classList.contains("over");
    this.image.style.width = this.image.style.height = over ? `${this.view.side}px` : "";
  }
}
