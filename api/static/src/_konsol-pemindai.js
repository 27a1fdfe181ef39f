// A wedge scanner is a keyboard that types very fast and ends with Enter, whatever has the focus. A burst is told apart
// from a person by its pace; what it typed into a field on its way is taken out again.

const PACE_MS = 50; // between two characters on the average: scanners need 1 to 20 ms, quick typists 80 and more
const PAUSE_MS = 250; // a busy computer may hold one character back
const LEAST = 6;

export function listen(burst) {
  let text = "", first = 0, last = 0, field = null, before = "";

  const begin = (target, at) => {
    text = "";
    first = at;
    field = target.matches?.("input, textarea") ? target : null;
    before = field ? field.value : "";
  };

  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const quick = event.timeStamp - last <= PAUSE_MS;
    if (event.key === "Enter") {
      const whole = text;
      text = "";
      if (!quick || whole.length < LEAST || (last - first) / (whole.length - 1) > PACE_MS) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      if (field) field.value = before;
      // A shortcut within the burst may have moved the focus to the search field: that was not meant.
      const strayed = document.activeElement;
      if (strayed !== field && strayed?.matches("input[type=search]")) { strayed.value = ""; strayed.blur(); }
      burst(whole);
      return;
    }
    if (event.key.length !== 1) return;
    if (!quick || !text) begin(event.target, event.timeStamp);
    text += event.key;
    last = event.timeStamp;
    // Within a burst a space must not press the button that has the focus.
    if (!field && text.length > 1 && event.key === " ") event.preventDefault();
  }, true);

  addEventListener("keyup", (event) => {
    if (event.key === " " && text.length > 2 && !field) event.preventDefault();
  }, true);
}

// What a code names: a sack by its number, or something else by its text.
export function read(code) {
  const text = code.trim();
  const linked = text.match(/\/00\/(\d{18})/);
  if (linked) return { sscc: linked[1] };
  const digits = text.replace(/[()\s.]/g, "");
  if (/^\d{18}$|^00\d{18}$/.test(digits)) {
    const sscc = digits.slice(-18);
    return checks(sscc) ? { sscc } : { wrong: true };
  }
  if (/^\d{5}$/.test(digits)) return { tail: digits };
  const carrier = text.match(/\/8004\/([^/?#]+)/);
  return { other: carrier ? decodeURIComponent(carrier[1]) : text };
}

// GS1's check digit: weights 3, 1, 3 … from the right.
function checks(digits) {
  let sum = 0;
  for (let place = 0; place < 17; place++) sum += Number(digits[16 - place]) * (place % 2 ? 1 : 3);
  return (10 - (sum % 10)) % 10 === Number(digits[17]);
}
