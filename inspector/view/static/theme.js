// Light or dark: what was chosen, else what the machine prefers.

const THEMES = ["", "dark", "light"];

/** Sets what the address asks for, or what was chosen before; `t` changes it. */
export function restoreTheme() {
  addEventListener("keydown", (event) => {
    const typing = event.target instanceof Element && event.target.closest("input, select, textarea");
    if (event.key === "t" && !event.ctrlKey && !event.metaKey && !typing) turnTheme();
  });
  let kept = "";
  try { kept = localStorage.getItem("theme") ?? ""; } catch { /* a browser that keeps nothing */ }
  const asked = new URLSearchParams(location.search).get("theme");
  setTheme(THEMES.includes(asked) ? asked : kept);
}

/** The next one. */
export function turnTheme() {
  setTheme(THEMES[(THEMES.indexOf(document.documentElement.dataset.theme ?? "") + 1) % THEMES.length]);
}

/** Maps and charts draw with colours of their own: they listen to the event `theme` of the document. */
function setTheme(name) {
  document.documentElement.dataset.theme = name;
  try { localStorage.setItem("theme", name); } catch { /* likewise */ }
  dressMaps();
  document.dispatchEvent(new CustomEvent("theme", { detail: name }));
}

/** Tells maps that came later. */
export function dressMaps() {
  const name = document.documentElement.dataset.theme;
  for (const map of document.querySelectorAll("strip-map")) {
    if (name) map.setAttribute("theme", name);
    else map.removeAttribute("theme");
  }
}
