// <page-bar current="live">: on top of every page. The pages of the line that the address names (or the only one), who looks, light or dark.

import { element } from "./dom.js";
import { ask, loginAddress, me, send } from "./session.js";
import { restoreTheme, turnTheme } from "./theme.js";

class PageBar extends HTMLElement {
  connectedCallback() {
    if (this.firstChild) return;
    const home = element("a", "home", "Inspector");
    home.href = "/";
    this.lines = element("nav", "lines");
    this.lines.setAttribute("aria-label", "Lines");
    this.pages = element("nav", "pages");
    this.pages.setAttribute("aria-label", "Pages");
    this.connection = element("span", "connection");
    this.connection.setAttribute("role", "status");
    this.clock = element("span", "clock");
    this.person = element("span", "person");
    const theme = element("button", "theme", "◐");
    theme.type = "button";
    theme.title = "Light or dark (t)";
    theme.setAttribute("aria-label", "Light or dark");
    theme.addEventListener("click", turnTheme);
    this.append(home, this.lines, this.pages, this.connection, this.clock, this.person, theme);
    restoreTheme();
    this.#fill().catch(() => { /* the page itself says that the viewer does not answer */ });
  }

  async #fill() {
    const [listed, who] = await Promise.all([ask("/api/lines"), me()]);
    const current = this.getAttribute("current");
    const wanted = new URLSearchParams(location.search).get("line");
    const line = listed.find((one) => one.id === wanted) ?? (listed.length === 1 ? listed[0] : null);
    const path = current === "live" ? "/" : `/${current === "coils" ? "coil" : current}`;
    if (listed.length > 1) this.lines.append(...listed.map((one) => link(`${path}?line=${encodeURIComponent(one.id)}`, one.id, one === line)));
    if (line !== null) {
      const at = `?line=${encodeURIComponent(line.id)}`;
      this.pages.append(link(listed.length > 1 ? `/${at}` : "/", "Live", current === "live"));
      if (line.journal) this.pages.append(link(`/coil${at}`, "Coils", current === "coils"));
      if (line.journal) this.pages.append(link(`/trends${at}`, "Trends", current === "trends"));
      if (line.archive) this.pages.append(link(`/review${at}`, "Review", current === "review"));
    }
    this.#tellPerson(who);
  }

  #tellPerson(who) {
    if (!who.users) return;
    if (!who.name) {
      this.person.append(link(loginAddress(), "Log in", false));
      return;
    }
    const out = element("button", "logout", "Log out");
    out.type = "button";
    out.addEventListener("click", () => {
      out.disabled = true;
      send("/api/logout", {}).catch(() => { /* it has ended already */ }).finally(() => { location.href = "/login"; });
    });
    this.person.append(`${who.name}, ${who.role} `, out);
  }
}
customElements.define("page-bar", PageBar);

function link(address, text, current) {
  const made = element("a", "tab", text);
  made.href = address;
  if (current) made.setAttribute("aria-current", "page");
  return made;
}
