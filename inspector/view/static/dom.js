// Small helpers. What comes from a line is set as text, never as markup.

/** An element with its class, text and children. */
export function element(name, className = "", ...inside) {
  const made = document.createElement(name);
  if (className) made.className = className;
  for (const one of inside) made.append(one);
  return made;
}

/** Sets the text where it is another: an element that does not change is not laid out again. */
export function say(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** Sets a data attribute where it is another; the style sheet reads it. */
export function mark(node, name, value) {
  if (node.dataset[name] !== value) node.dataset[name] = value;
}

const whole = new Intl.NumberFormat("en-GB");

/** 12,431 */
export function count(number) { return whole.format(number); }

/** 1,243.5 with so many decimals. */
export function fixed(number, decimals) {
  return new Intl.NumberFormat("en-GB", { minimumFractionDigits: decimals, maximumFractionDigits: decimals }).format(number);
}

export function clock(ms) {
  return new Date(ms).toLocaleTimeString("en-GB");
}

/** 42 s, 7 min, 3 h. */
export function duration(seconds) {
  if (seconds < 100) return `${Math.round(seconds)} s`;
  return seconds < 6000 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3600)} h`;
}
