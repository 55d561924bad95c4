// The page on which one logs in. It leads on to where one wanted to go, which is a page of this viewer.

import { say } from "./dom.js";
import { ask } from "./session.js";
import { restoreTheme } from "./theme.js";

const $ = (id) => document.getElementById(id);

/** Where to go then: `next`, if it is an address of this viewer, and not this page. */
function next() {
  const wanted = new URLSearchParams(location.search).get("next") ?? "/";
  try {
    const address = new URL(wanted, location.origin);
    if (wanted.startsWith("/") && address.origin === location.origin && address.pathname !== "/login") return address.href;
  } catch { /* it is no address */ }
  return "/";
}

async function enter(event) {
  event.preventDefault();
  $("enter").disabled = true;
  say($("wrong"), "");
  try {
    const { csrf } = await ask("/api/me");  // asked anew: the viewer may have been started again since the page was loaded
    const body = JSON.stringify({ name: $("name").value, password: $("password").value });
    await ask("/api/login", { method: "POST", headers: { "content-type": "application/json", "x-csrf-token": csrf }, body });
    location.replace(next());
  } catch (error) {
    say($("wrong"), error.message);
    $("enter").disabled = false;
    $("password").select();
  }
}

restoreTheme();
$("login").addEventListener("submit", enter);
$("enter").disabled = false;
// A page elsewhere that leads here sends no login along; there may be one all the same.
ask("/api/me").then((who) => { if (who.name) location.replace(next()); }).catch(() => { /* it is told when one logs in */ });
