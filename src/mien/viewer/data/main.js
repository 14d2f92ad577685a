// The page: what is seen, what is taken by hand, and what the server makes of it.

import { ask, askPacked, send } from "./server.js";
import { Drawing } from "./drawing.js";
import { Face } from "./face.js";
import { FieldPicture } from "./fieldpicture.js";
import { Handles } from "./handles.js";
import { Orbit } from "./orbit.js";
import { Weights } from "./weights.js";

const $ = (id) => document.getElementById(id);

function say(text, wrong = false) {
  $("message").textContent = text;
  $("message").className = wrong ? "wrong" : "";
}

class Page {
  constructor(head, state) {
    this.face = new Face(head);
    this.view = new Orbit(head);
    this.drawing = new Drawing($("canvas"), this.face);
    this.fieldPicture = new FieldPicture($("field"), $("fieldnote"), this.view, {
      wanted: () => (head.has_field ? $("fieldplace").value : "hidden"),
    });
    this.handles = new Handles($("handles"), this.face, this.view, {
      drag: (move, done) => this.drag(move, done),
      options: () => ({
        region: $("region").value, radius: $("radius").valueAsNumber,
        symmetric: $("symmetric").checked, shown: $("showhandles").checked,
      }),
    });
    this.weights = new Weights($("weights"), this.face, {
      change: (names, value, done) => this.setWeights(names, value, done),
      symmetric: () => $("symmetric").checked,
    });
    this.trying = null; // the newest edit that is to be shown but not done
    this.asking = false;
    this.queue = Promise.resolve(); // edits are done one after the other
    this.numbered = 0;
    this.connect(head);
    this.take(state);
  }

  connect(head) {
    $("name").textContent = document.title = `mien: ${head.name}`;
    for (const name of Object.keys(head.regions)) $("region").add(new Option(name.replaceAll("_", " "), name));
    for (const name of ["undo", "redo", "rest", "restart"]) $(name).onclick = () => this.edit(`api/${name}`);
    $("save").onclick = () => this.save();
    $("record").onclick = () => this.record();
    $("surface").onchange = () => { this.drawing.surface = $("surface").value; this.redraw(); };
    $("fieldplace").onchange = () => this.fieldPicture.stale();
    $("radius").oninput = () => { $("radiusvalue").textContent = `${$("radius").value} mm`; };
    for (const name of ["region", "showhandles"]) $(name).onchange = () => this.redraw();
    $("front").onclick = () => this.look(0);
    $("leftside").onclick = () => this.look(Math.PI / 2);
    $("rightside").onclick = () => this.look(-Math.PI / 2);
    if (!head.has_field) {
      for (const name of ["fieldplace", "what"]) { $(name).value = name === "what" ? "mesh" : "hidden"; $(name).disabled = true; }
    }
    window.addEventListener("keydown", (event) => {
      if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== "z") return;
      event.preventDefault();
      this.edit(event.shiftKey ? "api/redo" : "api/undo");
    });
    this.turnable($("canvas"));
    new ResizeObserver(() => this.resize()).observe($("stage"));
    this.resize();
  }

  turnable(canvas) {
    let last = null;
    canvas.addEventListener("pointerdown", (event) => {
      canvas.setPointerCapture(event.pointerId);
      last = [event.clientX, event.clientY, event.button === 2 || event.shiftKey];
    });
    canvas.addEventListener("pointermove", (event) => {
      if (!last) return;
      const dx = event.clientX - last[0], dy = event.clientY - last[1];
      if (last[2]) this.view.pan(dx, dy); else this.view.turn(dx, dy);
      last = [event.clientX, event.clientY, last[2]];
      this.viewChanged();
    });
    for (const name of ["pointerup", "pointercancel"]) canvas.addEventListener(name, () => { last = null; });
    canvas.addEventListener("contextmenu", (event) => event.preventDefault());
    $("stage").addEventListener("wheel", (event) => {
      event.preventDefault();
      this.view.zoom(Math.exp(0.001 * event.deltaY));
      this.viewChanged();
    }, { passive: false });
  }

  resize() {
    const { clientWidth, clientHeight } = $("stage");
    Object.assign(this.view, { width: clientWidth, height: clientHeight });
    $("handles").setAttribute("viewBox", `0 0 ${clientWidth} ${clientHeight}`);
    this.fieldPicture.fitStage();
    this.redraw();
  }

  look(azimuth) { this.view.reset(azimuth); this.viewChanged(); }

  viewChanged() { this.redraw(); this.fieldPicture.stale(); }

  redraw() {
    if (this.frame) return;
    this.frame = requestAnimationFrame(() => {
      this.frame = 0;
      this.drawing.draw(this.view);
      this.handles.place();
      // said once it is on the screen, so that who waits for it finds what belongs to it
      if (this.revision !== undefined) document.body.dataset.revision = this.revision;
    });
  }

  reshape() { this.drawing.upload(); this.weights.show(); this.redraw(); }

  // A state that was sent; those that are only tried change neither history nor field.
  take(state) {
    this.face.take(state);
    if (state.committed) this.revision = state.revision;
    this.reshape();
    if (!state.committed) return;
    $("undo").disabled = !state.can_undo;
    $("redo").disabled = !state.can_redo;
    this.fieldPicture.stale();
  }

  drag(move, done) {
    if (move === null) { this.trying = null; this.edit("api/state", null); return; }
    if (done) this.edit("api/edit", { moves: [move] });
    else this.tryOut({ moves: [move], commit: false });
  }

  setWeights(names, value, done) {
    for (const name of names) this.face.setWeight(name, value);
    this.face.update();
    this.reshape();
    if (done) this.edit("api/edit", { weights: Object.fromEntries(names.map((name) => [name, value])) });
  }

  // One at a time: while an answer is awaited, the newest wish replaces those before it.
  async tryOut(edit) {
    this.trying = edit;
    if (this.asking) return;
    this.asking = true;
    try {
      while (this.trying) {
        const body = JSON.stringify(this.trying), number = this.numbered;
        this.trying = null;
        const state = await askPacked("api/edit", { method: "POST", body });
        if (number === this.numbered) this.take(state); // nothing was done meanwhile
      }
    } catch (error) {
      say(error.message, true);
    } finally {
      this.asking = false;
    }
  }

  edit(path, body = {}) {
    this.trying = null;
    this.numbered += 1;
    this.queue = this.queue.then(async () => {
      try {
        this.take(await askPacked(path, body === null ? {} : { method: "POST", body: JSON.stringify(body) }));
        say("");
      } catch (error) {
        say(error.message, true);
        try { this.take(await askPacked("api/state")); } catch { say("the server has ended; start mien view again", true); }
      }
    });
    return this.queue;
  }

  async save() {
    try {
      await this.queue;
      say(`saved: ${(await (await send("api/save")).json()).files.join("\n")}`);
    } catch (error) { say(error.message, true); }
  }

  async record() {
    $("record").disabled = true;
    try {
      let job = await (await send("api/record", { what: $("what").value })).json();
      while (job.running) {
        say(`recording … ${Math.round(100 * job.share)} %`);
        await new Promise((done) => setTimeout(done, 400));
        job = await (await ask("api/job")).json();
      }
      if (job.error) throw new Error(job.error);
      say(`recorded: ${job.files.join("\n")}`);
    } catch (error) { say(error.message, true); }
    $("record").disabled = false;
  }
}

async function start() {
  const [head, state] = await Promise.all([askPacked("api/head"), askPacked("api/state")]);
  const page = new Page(head, state);
  await page.drawing.load("base", "api/texture.jpg");
  if (head.has_cards) await page.drawing.load("cards", "api/cards.png");
  page.redraw();
  document.body.dataset.ready = "yes";
  window.mien = page; // to be reached from the browser's console, and by tests
}

start().catch((error) => { say(error.message, true); throw error; });
