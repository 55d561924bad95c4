// What the server says of coils.

import { ask } from "./session.js";

export function lineAddress(line) {
  return `/api/lines/${encodeURIComponent(line)}`;
}

/** A coil: its head and its arrays. `progress(share)` is called while it is made; it is given up when `signal` says so. */
export async function coil(address, progress, signal) {
  for (;;) {
    const head = await ask(address, { signal });
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
