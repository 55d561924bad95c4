// The page of running lines: one large, or several small ones.

import { Feed } from "/static/feed.js";
import "/static/line-panel.js";
import "/static/page-bar.js";
import { dressMaps } from "/static/theme.js";
import { clock, duration, element, mark, say } from "/static/dom.js";

const BEHIND_SHOWN_MS = 4000;
const $ = (id) => document.getElementById(id);
const bar = document.querySelector("page-bar");

async function begin() {
  const listed = await lines();
  const wanted = new URLSearchParams(location.search).get("line");
  const ids = listed.map((one) => one.id);
  const shown = wanted !== null && ids.includes(wanted) ? [wanted] : ids;
  const panels = new Map(shown.map((id) => [id, panel(listed.find((one) => one.id === id), shown.length > 1)]));
  mark(document.body, "many", String(shown.length > 1));
  $("main").append(...panels.values());
  dressMaps();
  document.title = shown.length === 1 ? `${shown[0]} – Inspector` : "Inspector";
  follow(new Feed(ids), panels);
}

/** The lines that the viewer knows; asked for until it answers. */
async function lines() {
  for (;;) {
    try {
      const answer = await fetch("/api/lines");
      if (answer.ok) return await answer.json();
    } catch { /* it is tried again */ }
    alarm("The viewer does not answer; it is tried again.");
    await new Promise((done) => { setTimeout(done, 1000); });
  }
}

function panel({ id, journal, archive, control }, small) {
  const made = element("line-panel");
  made.lineId = id;
  made.toggleAttribute("small", small);
  made.journal = journal;
  made.archive = archive;
  made.control = control;
  return made;
}

function follow(feed, panels) {
  let linked = true;
  let behindUntil = 0;
  feed.addEventListener("line", ({ detail }) => {
    panels.get(detail.id)?.show(feed.lines.get(detail.id), detail.sections, linked);
  });
  feed.addEventListener("boxes", ({ detail }) => panels.get(detail.id)?.boxes(detail));
  feed.addEventListener("link", ({ detail }) => {
    if (detail.up !== linked) {
      linked = detail.up;
      for (const [id, one] of panels) if (feed.lines.get(id).now) one.show(feed.lines.get(id), ["now"], linked);
    }
    alarm(linked ? "" : `No contact with the viewer: ${detail.text}. What is shown is old.`);
    if (detail.behind_ms > 0) {
      behindUntil = performance.now() + BEHIND_SHOWN_MS;
      say(bar.connection, `slow connection: the page was ${duration(detail.behind_ms / 1000)} behind`);
    } else if (performance.now() > behindUntil) {
      say(bar.connection, "");
    }
    if (feed.atMs !== null) say(bar.clock, clock(feed.atMs));
  });
}

function alarm(text) {
  $("alarm").hidden = text === "";
  say($("alarm"), text);
}

begin();
