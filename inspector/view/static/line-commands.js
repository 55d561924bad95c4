// <line-commands>: what the person who looks may have the line do, what is under way, what was done last. Nothing is done without a press of its
// own button; what ends something asks before.

import { confirmed, option } from "/static/command-dialog.js";
import { asked, BEFORE, outcome, title } from "/static/command-words.js";
import { clock, element, mark, say } from "/static/dom.js";
import { ask, send } from "/static/session.js";

const LOOK_EVERY_MS = 3000;
const SHOWN = 5;
const SLOW = ["recipe prepare", "bundle rollback"];
const GROUPS = [["run start"], ["recipe prepare"], ["bundle list", "shadow report"]];
/** Apart from the others: after these, frames are judged otherwise or not at all. */
const GRAVE_GROUPS = [["run end"], ["pause", "resume"], ["bundle rollback"]];
const BUTTONS = {
  "pause": "Pause…", "resume": "Resume", "run start": "Begin a run…", "run end": "End the run…", "recipe prepare": "Prepare the recipe",
  "bundle list": "Bundles", "shadow report": "Shadow report", "bundle rollback": "Roll back the bundle…",
};

class LineCommands extends HTMLElement {
  connectedCallback() {
    if (this.buttons) return;
    this.hidden = true;
    this.address = `/api/lines/${encodeURIComponent(this.lineId)}/commands`;
    this.now = null;
    this.sending = new Set();
    this.buttons = new Map();
    this.recipe = element("select");
    this.recipe.setAttribute("aria-label", "Recipe");
    this.recipe.addEventListener("change", () => this.#dress());
    const easy = GROUPS.map((commands) => this.#group(commands));
    this.grave = GRAVE_GROUPS.map((commands) => this.#group(commands));
    this.groups = [...easy, ...this.grave];
    this.apart = element("div", "groups grave", ...this.grave);
    this.why = element("p", "why");
    this.busy = element("ul", "busy");
    this.result = element("p", "result");
    this.result.setAttribute("role", "status");
    this.result.hidden = true;
    this.past = element("ol", "past");
    this.newest = element("span", "newest");
    this.last = element("details", "", element("summary", "", element("b", "", "Last commands"), this.newest), this.past);
    this.append(element("h3", "", "Commands"), element("div", "sides", element("div", "groups", ...easy), this.apart), this.why, this.busy, this.result, this.last);
    this.setAttribute("role", "region");
    this.setAttribute("aria-label", "Commands");
    this.#watch();
  }

  disconnectedCallback() { this.gone = true; }

  /** The line is another than before: it is looked at soon. */
  changed() {
    if (this.buttons && !document.hidden) this.#look();
  }

  #group(commands) {
    const group = element("div", "group");
    if (commands.includes("recipe prepare")) group.append(this.recipe);
    if (commands.includes("bundle rollback")) group.append(element("small", "", "Engineer:"));
    for (const command of commands) {
      const button = element("button", "", BUTTONS[command]);
      button.type = "button";
      button.dataset.command = command;
      button.addEventListener("click", () => this.#pressed(command));
      this.buttons.set(command, button);
      group.append(button);
    }
    return group;
  }

  async #watch() {
    while (!this.gone) {
      if (!document.hidden) await this.#look();
      await new Promise((done) => { setTimeout(done, LOOK_EVERY_MS); });
    }
  }

  /** Asks how the line is, once at a time. */
  async #look() {
    if (this.looking) { this.again = true; return; }
    this.looking = true;
    try {
      do {
        this.again = false;
        this.#show(await ask(this.address));
      } while (this.again);
    } catch (error) {
      this.now = null;
      this.trouble = error.message;
      this.#dress();
    } finally {
      this.looking = false;
    }
  }

  #show(told) {
    this.told = told;
    this.trouble = told.now.why ? `The line takes no commands now: ${told.now.why}` : "";
    this.now = told.now.why ? null : told.now;
    this.#recipes();
    this.#past();
    this.#dress();
  }

  /** Which buttons there are, and which may be pressed. */
  #dress() {
    if (!this.told) return;
    const { now, told } = this;
    const busy = told.under_way.map((one) => one.command);
    const slow = busy.some((one) => SLOW.includes(one));
    const offered = (command) => told.commands.includes(command);
    const shown = {
      "pause": offered("pause") && !now?.paused,
      "resume": offered("resume") && Boolean(now?.paused),
    };
    const senseless = {
      "run end": now?.run == null,
      "recipe prepare": !this.recipe.value,
    };
    for (const [command, button] of this.buttons) {
      button.hidden = !(shown[command] ?? offered(command));
      button.disabled = now === null || this.sending.has(command) || busy.includes(command) || Boolean(senseless[command]) || (slow && SLOW.includes(command));
    }
    const recipes = offered("recipe prepare") && this.recipe.options.length > 1;
    this.buttons.get("recipe prepare").hidden = !recipes;
    this.recipe.hidden = !recipes;
    for (const group of this.groups) group.hidden = [...group.querySelectorAll("button")].every((one) => one.hidden);
    this.apart.hidden = this.grave.every((one) => one.hidden);
    say(this.why, this.trouble || (offered("recipe prepare") ? told.now.no_recipes : ""));
    this.why.hidden = this.why.textContent === "";
    const lines = told.under_way.map((one) => `${title(one.command, one.arguments)} – under way since ${asked(one.begun_ms, one.by)}`);
    if (this.busy.dataset.key !== lines.join("\n")) {
      mark(this.busy, "key", lines.join("\n"));
      this.busy.replaceChildren(...lines.map((one) => element("li", "", one)));
    }
    this.hidden = false;
  }

  #recipes() {
    const { recipes, prepared, recipe } = this.told.now;
    const key = JSON.stringify([recipes, prepared, recipe]);
    if (key === this.recipesKey) return;
    this.recipesKey = key;
    const before = this.recipe.value;
    const options = recipes.map((name) => {
      const marks = [name === recipe && "in force", name === prepared && "prepared"].filter(Boolean);
      return option(name, marks.length ? `${name} (${marks.join(", ")})` : name);
    });
    this.recipe.replaceChildren(option("", "Recipe"), ...options);
    this.recipe.value = recipes.includes(before) ? before : "";
  }

  #past() {
    const key = JSON.stringify([this.told.last, this.told.no_last]);
    if (key === this.pastKey) return;
    this.pastKey = key;
    const { last, no_last: noLast, journal } = this.told;
    const lines = last.slice(0, SHOWN).map(pastLine);
    if (!journal) lines.push(element("li", "none", "Only those given from pages: the viewer has no journal of the line."));
    const newest = last[0] && `${title(last[0].command, last[0].arguments)} – ${clock(last[0].at_ms)}, ${whoGave(last[0])}, ${last[0].outcome}`;
    say(this.newest, noLast || newest || "none yet");
    this.past.replaceChildren(...lines);
  }

  async #pressed(command) {
    const now = this.now;
    if (now === null) return;
    let given = { command };
    if (command === "recipe prepare") given.recipe = this.recipe.value;
    if (BEFORE[command]) {
      const said = await confirmed(command, now);
      if (said === null) return;
      given = { ...given, ...said };
    }
    if (command === "run start" || command === "run end") given.seen = { run: now.run };
    if (command === "bundle rollback") given.seen = { bundle: now.bundle };
    this.sending.add(command);
    this.#dress();
    this.#say("working", `${title(command)} – under way`);
    try {
      this.#over(await this.#done(given));
    } catch (error) {
      const notGiven = error.status < 500 || error.status === 503;
      const unknown = notGiven ? "" : ". Whether it was done is not known: look at the last commands";
      this.#say(unknown ? "unknown" : "refused", `${title(command)} – ${error.message}${unknown}`);
    } finally {
      this.sending.delete(command);
      this.#look();
    }
  }

  /** Gives the command once, by an id of its own, and waits until it is over. */
  async #done(given) {
    const id = [...crypto.getRandomValues(new Uint8Array(16))].map((one) => one.toString(16).padStart(2, "0")).join("");
    let told = await send(this.address, { id, ...given });
    while (told.told === null) {
      this.#look();
      told = await ask(`${this.address}/${id}`).catch((error) => { throw new Error(error.message); });  // of a command that was given
    }
    return told;
  }

  #over({ command, arguments: given, by, ended_ms: ended, told }) {
    this.#say(told.outcome, `${title(command, given)} – ${outcome(command, told)}\n${asked(ended, by)}`);
  }

  #say(state, text) {
    this.result.hidden = false;
    mark(this.result, "outcome", state);
    say(this.result, text);
  }
}
customElements.define("line-commands", LineCommands);

/** Anna (panel-1) */
function whoGave({ who, on_behalf_of: person }) {
  return person && who && who !== person ? `${person} (${who})` : person || who;
}

function pastLine(one) {
  const made = element("li", "", element("time", "", `${new Date(one.at_ms).toLocaleDateString("en-GB")} ${clock(one.at_ms)}`), element("b", "", title(one.command, one.arguments)), element("span", "by", whoGave(one)), element("span", "came", outcome(one.command, one)));
  mark(made, "outcome", one.outcome);
  return made;
}
