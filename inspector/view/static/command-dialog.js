// The dialog before a command: what it will do to frames, what has to be typed or chosen for it, and the way back.

import { BEFORE } from "/static/command-words.js";
import { element, say } from "/static/dom.js";

const NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$/;
const NAME_IN_WORDS = "letters, digits, '.', '_' and '-', a letter or digit first, at most 63";

/** What the person says in the dialog of a command: its arguments; null: nothing is to be done. */
export function confirmed(command, now) {
  const [head, lines, button] = BEFORE[command](now);
  const dialog = element("dialog", "command");
  const form = element("form");
  const heading = element("h2", "", head);
  heading.id = "command-dialog";
  dialog.setAttribute("aria-labelledby", heading.id);
  const fields = fieldsOf(command, now);
  const wrong = element("p", "wrong");
  wrong.setAttribute("role", "alert");
  const cancel = element("button", "", "Cancel");
  cancel.type = "button";
  const yes = element("button", "yes", button);
  yes.type = "submit";
  form.append(heading, ...lines.filter(Boolean).map((one) => element("p", "", one)), ...fields.map((one) => one.label), wrong, element("div", "answers", cancel, yes));
  form.noValidate = true;
  dialog.append(form);
  document.body.append(dialog);
  return new Promise((done) => {
    let said = null;
    cancel.addEventListener("click", () => dialog.close());
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      for (const field of fields) {
        const mistake = field.mistake?.() ?? "";
        if (mistake) { say(wrong, mistake); field.focus.focus(); return; }
      }
      said = Object.fromEntries(fields.map((one) => [one.key, one.value()]));
      dialog.close();
    });
    dialog.addEventListener("close", () => { dialog.remove(); done(said); });
    dialog.showModal();
    (fields[0]?.focus ?? cancel).focus();
  });
}

/** What is to be typed or chosen: { key, label, value(), mistake(), focus }. Where nothing has to be, the way back is in the focus. */
function fieldsOf(command, now) {
  if (command === "pause") {
    const why = element("input");
    why.maxLength = 200;
    return [{ key: "why", label: element("label", "", "Why (may stay empty)", why), value: () => why.value.trim() }];
  }
  if (command !== "run start") return [];
  const run = element("input");
  run.maxLength = 63;
  run.autocomplete = "off";
  run.spellcheck = false;
  const hint = element("small", "", `Its name: ${NAME_IN_WORDS}.`);
  const mistake = () => {
    const name = run.value.trim();
    if (NAME.test(name)) return name === now.run ? `Run ${name} is open already; give the next one another name.` : "";
    return name ? `The name has ${NAME_IN_WORDS}.` : "The run needs a name.";
  };
  const recipe = element("select");
  recipe.append(option("", now.recipe ? `${now.recipe} stays` : "no recipe, as now"));
  if (now.prepared !== null) recipe.append(option(now.prepared, `${now.prepared} (prepared)`));
  recipe.value = now.prepared ?? "";
  const more = element("small", "", "Another recipe has to be prepared first.");
  return [
    { key: "run", label: element("label", "", "Run", run, hint), value: () => run.value.trim(), mistake, focus: run },
    { key: "recipe", label: element("label", "", "Recipe", recipe, more), value: () => recipe.value || null },
  ];
}

/** A choice of a list. */
export function option(value, text) {
  const made = element("option", "", text);
  made.value = value;
  return made;
}
