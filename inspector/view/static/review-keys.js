// Keys of the page, and buttons that do the same.

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/** `page`: the Review. */
export function listenToKeys(page) {
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || document.querySelector("dialog[open]")) return;
    const { target } = event;
    if (target instanceof Element && target.closest("input, select, textarea")) {
      if (event.key === "Enter" || event.key === "Escape") target.blur();
      return;
    }
    // A button, link or summary that was reached with Tab is pressed with these; the row of a defect is chosen already.
    if ((event.key === " " || event.key === "Enter") && target instanceof Element && target.closest("button, a, summary") && !target.closest("#defect-rows")) return;
    if (event.key === "Tab" ? tab(page.frame, event) : act(page, event)) event.preventDefault();
  });
  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("button[data-key]");
    if (!button) return;
    act(page, { key: button.dataset.key, shiftKey: false, repeat: false });
    // A click of mouse or finger leaves no button behind that Space would press again.
    if (event.detail > 0) page.frame.view.focus({ preventScroll: true });
  });
}

/** From the picture Tab goes to the next mark, and from the last one on to the buttons. */
function tab(frame, { target, shiftKey }) {
  const to = frame.chosen + (shiftKey ? -1 : 1);
  if ((target !== document.body && target !== frame.view) || frame.work === null || to < 0 || to >= frame.work.draft.marks) return false;
  frame.choose(to);
  return true;
}

/** Whether the key means something. */
function act(page, { key, shiftKey, repeat }) {
  const { frame } = page;
  const { view } = frame;
  const drawing = view.drawing !== null;
  const arrow = ARROWS[key];
  if (arrow && drawing) frame.moveBox(...arrow, shiftKey);
  else if (arrow && shiftKey) view.setView(view.view.x + (arrow[0] * view.clientWidth) / view.view.scale / 8, view.view.y + (arrow[1] * view.clientHeight) / view.view.scale / 8, view.view.scale);
  else if (arrow && arrow[0] !== 0) frame.chooseBy(arrow[0]);
  else if (drawing && (key === "Enter" || key === "Escape")) frame.endDrawing(key === "Enter");
  else if (/^[1-8]$/.test(key) && !drawing) frame.setClass(Number(key) - 1);
  else return letters(page, key.length === 1 ? key.toLowerCase() : key, repeat, drawing);
  return true;
}

function letters(page, key, repeat, drawing) {
  const { frame } = page;
  const looking = {
    " ": () => frame.turn("outlinesShown", "outlines"), b: () => frame.turn("contrast", "contrast"),
    "+": () => frame.view.zoom(1.5), "=": () => frame.view.zoom(1.5), "-": () => frame.view.zoom(1 / 1.5), 0: () => frame.view.showAll(),
  };
  const judging = {
    r: () => page.judge("right"), f: () => page.judge("false_alarm"), x: () => frame.turnFalse(), m: () => frame.draw(), z: () => page.undo(), u: () => page.undo(),
    n: () => page.next(), p: () => page.previous(), c: () => document.getElementById("note").focus(),
  };
  const act = looking[key] ?? (drawing ? undefined : judging[key]);
  if (act === undefined) return false;
  // A key that is held down judges one frame, not all that follow.
  if (!repeat || key in looking) act();
  return true;
}
