// What the server says of coils. Errors are lines that a person can read.

/** The JSON at an address; an Error with the server's line where there is none. */
export async function told(address, options = {}) {
  let answer;
  try {
    answer = await fetch(address, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Error("the viewer does not answer; is it running?");
  }
  const body = await answer.json().catch(() => ({ error: `the viewer answered with status ${answer.status}` }));
  if (!answer.ok) throw new Error(body.error ?? `the viewer answered with status ${answer.status}`);
  return body;
}

export function lineAddress(line) {
  return `/api/lines/${encodeURIComponent(line)}`;
}

/** A coil: its head and its arrays. `progress(share)` is called while it is made; it is given up when `signal` says so. */
export async function coil(address, progress, signal) {
  for (;;) {
    const head = await told(address, { signal });
    if (head.making === undefined) return { head, arrays: await arrays(address, head, signal) };
    progress(head.making.done / Math.max(1, head.making.of));
  }
}

async function arrays(address, head, signal) {
  const answer = await fetch(`${address}/defects.bin`, { signal });
  const block = answer.status === 200 ? await answer.arrayBuffer() : null;
  if (block === null || block.byteLength !== head.bytes) throw new Error("the coil changed while it was read; open it again");
  const kinds = { f4: Float32Array, u1: Uint8Array };
  return Object.fromEntries(head.arrays.map((one) => [one.name, new kinds[one.type](block, one.offset, one.count)]));
}
