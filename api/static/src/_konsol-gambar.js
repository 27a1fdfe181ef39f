// How the station draws: verdicts with tone, shape and sound, icons, the bars of a load, a label's tail.

const SVG = "http://www.w3.org/2000/svg";
const symbols = document.querySelector("[data-station]").dataset.icons;

// Verdict → tone of the field, icon, sound.
export const VERDICTS = {
  match: ["aman", "check", "good"], notThis: ["siaga", "warn", "bad"], kept: ["idle", "wait", "same"], again: ["", "wait", "same"], unknown: ["", "ask", "bad"],
  refused: ["siaga", "warn", "bad"], finding: ["siaga", "warn", "bad"], recalled: ["intervensi", "octa", "bad"], held: ["intervensi", "octa", "bad"],
  earlier: ["siaga", "warn", "bad"], wrongRoom: ["siaga", "warn", "bad"], notHere: ["siaga", "warn", "bad"], chooseRoom: ["siaga", "warn", "bad"],
  badNumber: ["siaga", "warn", "bad"], notFound: ["siaga", "warn", "bad"], released: ["aman", "check", "good"], done: ["aman", "check", "good"], ready: ["idle", "scan", null],
};

export const tailOf = (sscc) => `${sscc.slice(13, 17)} ${sscc[17]}`;
export const fill = (sentence, values) => sentence.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);

export function icon(name, small) {
  const svg = document.createElementNS(SVG, "svg"), use = document.createElementNS(SVG, "use");
  svg.setAttribute("class", small ? "i s" : "i");
  svg.setAttribute("viewBox", "0 0 20 20");
  svg.setAttribute("aria-hidden", "true");
  use.setAttribute("href", `${symbols}#i-${name}`);
  svg.append(use);
  return svg;
}

export const element = (name, className, text = "") => Object.assign(document.createElement(name), { className, textContent: text });

// One bar a sack, in the order of their numbers: whole where it was seen, dashed where not.
export function sacks(units, isSeen) {
  const columns = units.length > 100 ? 40 : 20, pitch = 100 / columns, svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", "sacks");
  svg.setAttribute("aria-hidden", "true");
  svg.setAttribute("height", Math.ceil(units.length / columns) * 16);
  units.forEach((unit, place) => {
    const seen = isSeen(unit.sscc), bar = document.createElementNS(SVG, "rect");
    const shape = { class: seen ? "sack" : "sack-gap", x: `${(place % columns) * pitch}%`, y: Math.floor(place / columns) * 16 + (seen ? 3 : 3.8), width: `${pitch * 0.76}%`, height: seen ? 8 : 6.4, rx: seen ? 4 : 3.2 };
    for (const [name, value] of Object.entries(shape)) bar.setAttribute(name, value);
    svg.append(bar);
  });
  return svg;
}
