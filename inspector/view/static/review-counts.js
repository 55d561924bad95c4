// What waits, by kind, and what is said where nothing does.

import { count, element, mark, say } from "./dom.js";
import { KINDS } from "./review-queue.js";

const NAMES = { uncertain: "Uncertain", disagreement: "Disputed", clean: "Sampled", reject: "Rejected", scrap: "Scrapped" };
const WHAT = {
  uncertain: "frame near a threshold", disagreement: "frame on which a shadow bundle disagreed", clean: "frame of the sample of those that passed",
  reject: "rejected frame", scrap: "scrapped frame",
};
const at = (id) => document.getElementById(id);

/** `here`: how many were reviewed on this page; `trouble`: nothing is known of the queue; `open(kind)`. */
export function showCounts(queue, here, trouble, open) {
  const tabs = KINDS.map((kind) => {
    const button = element("button", "", `${NAMES[kind]} `, element("b", "", count(queue.counts[kind] ?? 0)), " left");
    button.type = "button";
    button.setAttribute("aria-pressed", String(kind === queue.kind));
    button.addEventListener("click", () => open(kind));
    return button;
  });
  const told = `${tabs.map((one) => one.textContent).join()} ${queue.kind} ${queue.reviewed} ${here}`;
  // Buttons that say the same stay, so that a finger on one finds it.
  if (at("queues").dataset.told !== told) at("queues").replaceChildren(...tabs, element("span", "reviewed", `${count(queue.reviewed)} reviewed, ${count(here)} of them here`));
  mark(at("queues"), "told", told);
  at("empty").hidden = queue.current !== null || !queue.exhausted || trouble;
  say(at("empty-title"), queue.left > 0 ? `${count(queue.left)} left over` : "All done");
  say(at("empty-text"), queue.left > 0 ? `You have seen each ${WHAT[queue.kind]} that waits.` : `No ${WHAT[queue.kind]} waits for a review. What the line adds is shown here by itself.`);
  at("again").hidden = queue.left === 0;
}
