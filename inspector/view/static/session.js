// Who looks at the page, and what it asks of the viewer. Errors are lines that a person can read.

let known = null;

/** Who looks: name, role, rights, users. Asked for once. */
export function me() {
  known ??= ask("/api/me");
  return known;
}

/** The JSON at an address; an Error with the viewer's line where there is none. */
export function ask(address, options = {}) {
  return answered(address, options);
}

/** Sends JSON, and gives the JSON of the answer. An Error has `status`, and the whole answer under `answer`. */
export async function send(address, body) {
  const who = await me();
  try {
    return await posted(address, body, who);
  } catch (error) {
    if (error.status !== 403) throw error;
    // A viewer that was started again, and a new login, have another token. What was refused for the old one is sent once more, as the same person.
    const fresh = await ask("/api/me");
    if (fresh.csrf === who.csrf) throw error;
    if (fresh.name !== who.name) throw Object.assign(new Error(`you are ${fresh.name || "nobody who is logged in"} by now; load the page again`), { status: 403, answer: {} });
    known = Promise.resolve(fresh);
    return posted(address, body, fresh);
  }
}

function posted(address, body, { csrf }) {
  const headers = { "content-type": "application/json", "x-csrf-token": csrf };
  return answered(address, { method: "POST", headers, body: JSON.stringify(body) });
}

/** Where one logs in, and comes back to this page. */
export function loginAddress() {
  return `/login?next=${encodeURIComponent(location.pathname + location.search)}`;
}

async function answered(address, options) {
  let answer;
  try {
    answer = await fetch(address, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Error("the viewer does not answer; is it running?");
  }
  const text = await answer.text();
  let body;
  try { body = JSON.parse(text); } catch { body = { error: answer.status === 404 ? "the viewer has no such address" : text.trim().slice(0, 300) }; }
  if (answer.ok) return body;
  if (answer.status === 401 && location.pathname !== "/login") location.href = loginAddress();
  throw Object.assign(new Error(body.error || `the viewer answered with status ${answer.status}`), { status: answer.status, answer: body });
}
