// Colours of a map. Classes are those of Okabe and Ito, which colour-blind people can tell apart; on a light ground the pale ones are darker.

const DARK = {
  page: "#14181f", steel: "#2a313c", ink: "#e8ecf2", faint: "#98a4b5", edge: "#c3cbd6", hatch: "#67738a", hatchGround: "#1b2028",
  mark: "#ffffff", cursor: "#56e0ff", chosen: "#ffffff",
  classes: ["#e69f00", "#56b4e9", "#00b588", "#f0e442", "#ff7a33", "#d98cb8", "#6f9dff", "#d5dbe5"],
};
const LIGHT = {
  page: "#ffffff", steel: "#dde2e8", ink: "#14181f", faint: "#566072", edge: "#384252", hatch: "#8a94a5", hatchGround: "#f3f5f8",
  mark: "#000000", cursor: "#005f8a", chosen: "#000000",
  classes: ["#c77700", "#1f83c2", "#007a58", "#8a7a00", "#c2410c", "#a8447f", "#2f55c4", "#3f4753"],
};

/** The colours of a theme: "dark", "light", or null for what the machine prefers. */
export function themeOf(name) {
  if (name === "dark" || name === "light") return name === "dark" ? DARK : LIGHT;
  return matchMedia("(prefers-color-scheme: dark)").matches ? DARK : LIGHT;
}

/** Colour of the class with this index, as CSS says it. */
export function classColour(theme, kind) {
  return theme.classes[kind % theme.classes.length];
}

/** A colour "#rrggbb" as a pixel of an ImageData that is read as 32-bit numbers. */
export function pixel(colour) {
  const value = parseInt(colour.slice(1), 16);
  return (0xff000000 | ((value & 0xff) << 16) | (value & 0xff00) | (value >> 16)) >>> 0;
}
