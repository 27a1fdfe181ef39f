// The page's own words and small drawings, in the language it was rendered in.

const words = JSON.parse(document.getElementById("kata").textContent);
export const language = words.language;

/** The sentence `key` with its {placeholders} filled. */
export function say(key, values = {}) {
  return words[key].replace(/\{(\w+)\}/g, (_whole, name) => values[name] ?? "");
}
export const knows = (key) => Object.hasOwn(words, key);

const WIB = "Asia/Jakarta";
const locale = language === "en" ? "en-GB" : "id-ID";
const clock = new Intl.DateTimeFormat(locale, { timeZone: WIB, hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const day = new Intl.DateTimeFormat(locale, { timeZone: WIB, day: "numeric", month: "long" });
const figure = new Intl.NumberFormat(locale, { maximumFractionDigits: 3 });

export const number = (value) => figure.format(value);
export const kg = (value) => say("kg", { n: number(value) }).replace(" ", "\u00a0");
export const dayOf = (at) => day.format(new Date(at));
export const timeOf = (at) => clock.format(new Date(at)).replace(":", language === "en" ? ":" : ".");

/** "pukul 10.31" today, "20 November, 10.31" on other days. */
export function moment(at) {
  return dayOf(at) === dayOf(Date.now()) ? say("at", { time: timeOf(at) }) : say("on", { day: dayOf(at), time: timeOf(at) });
}

export const $ = (selector, within = document) => within.querySelector(selector);
export const $$ = (selector, within = document) => [...within.querySelectorAll(selector)];
// By attribute: drawings have no such property.
export const show = (element, shown = true) => element.toggleAttribute("hidden", !shown);

/** Fill an error line below its field and tie the two together; an empty `words_` takes it away. */
export function complain(line, field, words_ = "") {
  const place = $("span", line);
  if (place) place.textContent = words_;
  show(line, Boolean(words_));
  if (!field) return;
  field.toggleAttribute("aria-invalid", false);
  if (words_) field.setAttribute("aria-invalid", "true");
  field.closest(".field")?.classList.toggle("wrong", Boolean(words_));
}

const MARKS = { corn: "jagung", rice: "padi", banana: "pisang", chicken: "ayam" };
export const markAddress = (commodity) => `${document.body.dataset.marks}#${MARKS[commodity] ?? "padi"}`;

/** The ten stitches of an undo button, `left` of them still sewn; the button says the seconds. */
export function countDown(button, left) {
  $$(".stitch", button).forEach((stitch, place) => stitch.classList.toggle("gone", place >= left));
  button.setAttribute("aria-label", say("undo", { n: Math.max(0, left) }));
}
