// Talks with the server that sent this page, below whose secret address it lies.

export async function ask(path, options = {}) {
  const response = await fetch(path, { ...options, headers: { "Content-Type": "application/json" } });
  if (response.ok) return response;
  let message = `${response.status} ${response.statusText}`;
  try { message = (await response.json()).message; } catch { /* no JSON: the status says it */ }
  const error = new Error(message);
  error.status = response.status;
  throw error;
}

export async function askPacked(path, options) {
  return unpack(await (await ask(path, options)).arrayBuffer());
}

export async function send(path, body = {}) {
  return ask(path, { method: "POST", body: JSON.stringify(body) });
}

const TYPES = { float32: Float32Array, int16: Int16Array, uint16: Uint16Array, uint32: Uint32Array };

// The message of packed_arrays.py: length of a JSON header, the header, arrays.
export function unpack(buffer) {
  const start = 4 + new DataView(buffer).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, start - 4)));
  const found = { ...header.facts };
  for (const { name, type, shape, offset } of header.arrays) {
    found[name] = new TYPES[type](buffer, start + offset, shape.reduce((a, b) => a * b, 1));
  }
  return found;
}
