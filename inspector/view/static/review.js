// The page of reviews: /review?line=ID, and kind=uncertain|disagreement|clean|reject|scrap, entry=NUMBER to begin with one frame.

import "./page-bar.js";
import { lineAddress } from "./coil-data.js";
import { say } from "./dom.js";
import { Conflicts } from "./review-conflict.js";
import { showCounts } from "./review-counts.js";
import { saysTheSame } from "./review-draft.js";
import { Frame } from "./review-frame.js";
import { listenToKeys } from "./review-keys.js";
import { showMine } from "./review-panel.js";
import { KINDS, Queue } from "./review-queue.js";
import { Sender } from "./review-sending.js";
import { ask, me } from "./session.js";

const LOOK_MS = 10_000;
const LOOK_IN_TROUBLE_MS = 1000;
/** After a jump that nobody asked for: a key was meant for the frame before. */
const HOLD_MS = 700;
const at = (id) => document.getElementById(id);

class Review {
  #heldUntil = 0;
  #trouble = "";

  constructor(line, who) {
    this.line = line;
    this.may = who.rights.includes("review");
    this.queue = new Queue(lineAddress(line));
    this.frame = new Frame(this.may);
    /** Reviewed on this page, the last one last. */
    this.mine = [];
    /** Of these, those that Z takes back. */
    this.undoable = [];
    this.sender = new Sender();
    this.sender.addEventListener("kept", ({ detail }) => this.#kept(detail));
    this.sender.addEventListener("failed", ({ detail }) => this.#failed(detail.work));
    this.sender.addEventListener("skipped", () => this.#refresh());
    this.sender.addEventListener("conflict", ({ detail }) => this.#conflict(detail));
    this.conflicts = new Conflicts((work) => this.open(work), () => this.#refresh());
    addEventListener("beforeunload", (event) => { if (this.sender.waiting > 0 || this.mine.some((one) => one.error !== "")) event.preventDefault(); });
    for (const id of ["judging", "undo", "note-label"]) at(id).hidden = !this.may;
    at("only-looking").hidden = this.may;
    say(at("only-looking"), `You may look. Reviewing needs the role quality or engineer; you are ${who.name || "not logged in"}${who.role ? ` (${who.role})` : ""}.`);
  }

  async start(wanted) {
    const entry = wanted.get("entry");
    let why = "";
    if (entry !== null) {
      try {
        this.queue.insert(this.queue.work(await ask(`${lineAddress(this.line)}/review/${encodeURIComponent(entry)}`)));
      } catch (error) {
        why = `Entry ${entry} cannot be shown: ${error.message}`;
      }
    }
    await this.#ask(() => this.queue.look());
    const waits = KINDS.find((kind) => this.queue.counts[kind] > 0);
    const kind = wanted.get("kind") ?? this.queue.current?.item.evidence ?? waits;
    this.queue.open(KINDS.includes(kind) ? kind : KINDS[0]);
    if (this.queue.current !== null) this.#show();
    await this.#fill();
    if (why !== "") this.refused(why);
    this.#lookIn(this.#trouble === "" ? LOOK_MS : LOOK_IN_TROUBLE_MS);
  }

  /** Another queue, from its newest frame on. */
  switchTo(kind) {
    this.queue.open(kind);
    this.queue.at = this.queue.trail.length;
    this.#show();
    this.#fill();
  }

  /** `waiting`: the next one that is not reviewed. */
  next(waiting = false) {
    const { queue } = this;
    if (queue.current === null && queue.exhausted) {
      if (queue.left === 0) {
        this.#lookIn(0);
        return;
      }
      queue.again();
    }
    queue.next(waiting);
    this.#show();
    this.#fill();
  }

  previous() {
    this.queue.previous();
    this.#show();
  }

  /** Shows a frame; the one that was shown comes after it. */
  open(work) {
    this.queue.insert(work);
    this.#show();
  }

  /** Sends "right", with what was corrected, or "false_alarm"; the next frame comes at once. */
  judge(says) {
    const work = this.queue.current;
    if (!this.may || work === null || performance.now() < this.#heldUntil) return;
    const nothing = says === "false_alarm" && work.item.defects.length === 0;
    const why = nothing ? "Nothing was found here that could be a false alarm; R says that the sheet is clean." : work.sending > 0 ? "Its last review is still on its way."
      : !this.frame.seen ? "Its picture is not shown yet." : work.draft.lacking;
    if (why !== "") {
      this.refused(why);
      return;
    }
    const body = work.draft.body(says);
    if (work.error !== "" || !saysTheSame(work.review, body)) this.#send(work, body);
    this.next(true);
  }

  /** Takes back the review of the frame that is shown, or the last one of this page, whose frame comes back. */
  undo() {
    if (!this.may) return;
    const { current } = this.queue;
    const work = current !== null && current.review !== null && current.sending === 0 ? current : this.undoable.at(-1);
    if (work === undefined) return;
    this.undoable = this.undoable.filter((one) => one !== work);
    this.#send(work, { says: "undone", judgements: [], missed: [], note: "" });
    this.open(work);
  }

  #send(work, body) {
    const others = (list) => list.filter((one) => one !== work);
    this.mine = [...others(this.mine), work];
    if (body.says !== "undone") this.undoable = [...others(this.undoable), work];
    this.sender.send(work, body);
  }

  #kept({ work, review, before }) {
    const by = Number(review.says !== "undone") - Number(before !== null);
    if (by !== 0) this.queue.count(work, by);
    this.#refresh(work);
  }

  async #failed(work) {
    if (typing()) this.refused(`A review was not kept: ${work.error}. Its frame comes back when your comment is done.`);
    await notTyping();
    this.undoable = this.undoable.filter((one) => one !== work);
    const jumps = this.queue.current !== work;
    this.open(work);
    if (jumps) this.#heldUntil = performance.now() + HOLD_MS;
    this.#lookIn(0);
  }

  async #conflict({ work, there, body }) {
    this.undoable = this.undoable.filter((one) => one !== work);
    this.mine = this.mine.filter((one) => one !== work);
    await this.#ask(() => work.reread());
    await notTyping();
    this.conflicts.add(work, there, body);
    this.#refresh();
  }

  /** Counts, lists and what is said of the frame that is shown; after something of `work` changed, if it is that one. */
  #refresh(work = this.queue.current) {
    this.#counts();
    if (work === this.queue.current) this.frame.refresh();
    showMine(this.mine, (work) => this.open(work));
    at("undo").disabled = at("undo").dataset.what !== "this" && this.undoable.length === 0;
  }

  #show() {
    const { current } = this.queue;
    this.#heldUntil = 0;
    at("work").hidden = current === null;
    document.title = current === null ? "Review" : `${current.item.camera} ${current.item.frame} – Review`;
    const shown = this.frame.show(current);
    this.refused(current?.error ? `Not kept: ${current.error}. It is as you left it: review it again, or go on with N.` : "");
    if (current !== null) {
      history.replaceState(null, "", `?${new URLSearchParams({ line: this.line, kind: this.queue.kind, entry: current.id })}`);
    }
    this.#refresh();
    shown.then(() => this.#refresh());
  }

  /** Fills the queue, and shows its first frame where none is shown. */
  async #fill() {
    await this.#ask(() => this.queue.fill());
    this.#takeUp();
  }

  #takeUp() {
    if (this.queue.current === null && this.queue.next(true) !== null) this.#show();
    else this.#counts();
  }

  #counts() {
    showCounts(this.queue, this.mine.filter((work) => work.review !== null).length, this.#trouble !== "", (kind) => this.switchTo(kind));
  }

  async #ask(what) {
    try {
      await what();
      this.#trouble = "";
    } catch (error) {
      this.#trouble = error.message;
    }
    at("message").hidden = this.#trouble === "";
    say(at("message"), this.#trouble === "" ? "" : `${this.#trouble}. It is tried again; what you say is not lost.`);
  }

  /** Looks for what came since, and whether the archive is there. */
  #lookIn(ms) {
    clearTimeout(this.timer);
    this.timer = setTimeout(async () => {
      const wasTrouble = this.#trouble !== "";
      if (!document.hidden || wasTrouble) await this.#ask(() => this.queue.look());
      if (wasTrouble && this.#trouble === "") {
        if (this.queue.current?.images === null) this.#show();
        await this.#fill();
      }
      this.#takeUp();
      this.#lookIn(this.#trouble === "" ? LOOK_MS : LOOK_IN_TROUBLE_MS);
    }, ms);
  }

  refused(text) {
    at("refused").hidden = text === "";
    say(at("refused"), text);
  }
}

function typing() {
  return document.activeElement === at("note");
}

/** Resolves when nobody writes a comment: what is typed then is for the frame that is shown. */
function notTyping() {
  return new Promise((done) => {
    if (typing()) at("note").addEventListener("blur", done, { once: true });
    else done();
  });
}

async function begin() {
  const wanted = new URLSearchParams(location.search);
  let line = wanted.get("line");
  if (line === null) {
    const listed = (await ask("/api/lines")).filter((one) => one.archive);
    if (listed.length !== 1) throw new Error("the address names no line: /review?line=...");
    line = listed[0].id;
  }
  const page = new Review(line, await me());
  listenToKeys(page);
  await page.start(wanted);
}

begin().catch((error) => { at("message").hidden = false; say(at("message"), error.message); });
