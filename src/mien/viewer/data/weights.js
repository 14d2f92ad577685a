// Sliders for the ARKit weights, by region.

export class Weights {
  // change(names, value, done)
  constructor(place, face, { change, symmetric }) {
    this.face = face;
    this.rows = new Map();
    for (const [title, names] of Object.entries(face.head.sliders)) {
      const group = place.appendChild(document.createElement("details"));
      group.open = ["Brows", "Eyes", "Jaw", "Mouth"].includes(title);
      group.appendChild(document.createElement("summary")).textContent = title;
      for (const name of names) group.appendChild(this.row(name, change, symmetric));
    }
    this.show();
  }

  row(name, change, symmetric) {
    const row = document.createElement("div"), label = row.appendChild(document.createElement("label"));
    row.className = "weight";
    label.textContent = label.title = name;
    label.htmlFor = `weight-${name}`;
    const slider = row.appendChild(document.createElement("input")), value = row.appendChild(document.createElement("output"));
    Object.assign(slider, { type: "range", min: 0, max: 1, step: 0.01, id: `weight-${name}` });
    const names = () => (symmetric() ? withPartner(name, this.face.index) : [name]);
    slider.addEventListener("input", () => change(names(), slider.valueAsNumber, false));
    slider.addEventListener("change", () => change(names(), slider.valueAsNumber, true));
    label.addEventListener("dblclick", () => change(names(), 0, true));
    this.rows.set(name, { slider, value });
    return row;
  }

  show() {
    for (const [name, { slider, value }] of this.rows) {
      const weight = this.face.weight(name);
      if (document.activeElement !== slider || Math.abs(slider.valueAsNumber - weight) > 0.006) slider.value = weight;
      value.textContent = Math.abs(weight) < 0.005 ? "0" : weight.toFixed(2);
    }
  }
}

// Gaze has left and right eyes that look in and out: a partner by name squints, which is what was asked for.
function withPartner(name, index) {
  const other = name.endsWith("Left") ? `${name.slice(0, -4)}Right` : name.endsWith("Right") ? `${name.slice(0, -5)}Left` : name;
  // jawLeft and mouthLeft are ways, not sides
  return index.has(other) && !/^(jaw|mouth)(Left|Right)$/.test(name) ? [...new Set([name, other])] : [name];
}
