// What a scanned or typed code names: a label's serial (SSCC), its check if the QR held one. Pure.

/** The mod-10 check digit that follows `digits`: weights 3, 1, 3 … from the right (GS1 General Specifications 7.9). */
export function checkDigit(digits) {
  let total = 0;
  for (let place = 0; place < digits.length; place++) {
    total += Number(digits[digits.length - 1 - place]) * (place % 2 ? 1 : 3);
  }
  return String((10 - (total % 10)) % 10);
}

/** "4217 9": the last four digits and the check digit, what people read aloud. */
export const tail = (sscc) => `${sscc.slice(-5, -1)}\u00a0${sscc.slice(-1)}`;

/**
 * A label as read by the camera or typed: `{sscc, check, code}`, where `code` is what is told to the server;
 * or `{wrong}`: "not_a_label", "wrong_digit", "type_more", "several", "none_so".
 *
 * `ranges` ({prefix, extension, first, last}) are the labels given to one's group: five digits are enough to find one.
 */
export function readLabel(text, ranges = []) {
  const code = text.trim();
  const link = code.match(/^https?:\/\/[^?#]*\/00\/(\d{18})\/?(?:\?([^#]*))?$/i);
  if (link) {
    if (checkDigit(link[1].slice(0, 17)) !== link[1][17]) return { wrong: "not_a_label" };
    return { sscc: link[1], check: new URLSearchParams(link[2] ?? "").get("c"), code };
  }
  const digits = code.replace(/[()\s.\-]/g, "");
  if (!/^\d+$/.test(digits)) return { wrong: "not_a_label" };
  const sscc = digits.length === 20 && digits.startsWith("00") ? digits.slice(2) : digits;
  if (sscc.length === 18) {
    return checkDigit(sscc.slice(0, 17)) === sscc[17] ? { sscc, check: null, code: sscc } : { wrong: "wrong_digit" };
  }
  if (sscc.length !== 5) return { wrong: "type_more" };
  const found = withTail(sscc, ranges);
  if (found.length === 1) return { sscc: found[0], check: null, code: found[0] };
  return { wrong: found.length ? "several" : "none_so" };
}

/** The labels of `ranges` that end in these five digits, check digit included. */
function withTail(five, ranges) {
  const found = [];
  for (const { prefix, extension, first, last } of ranges) {
    const width = 16 - prefix.length;
    const step = 10 ** Math.min(4, width);
    const ending = Number(five.slice(0, 4));
    let serial = first - (first % step) + ending;
    if (serial < first) serial += step;
    for (; serial <= last && found.length < 2; serial += step) {
      const body = `${extension}${prefix}${String(serial).padStart(width, "0")}`;
      if (checkDigit(body) === five[4]) found.push(body + five[4]);
    }
  }
  return found;
}

/** Whether `sscc` lies in one of the ranges. */
export function isIn(sscc, ranges) {
  return ranges.some(({ prefix, extension, first, last }) => {
    if (!sscc.startsWith(`${extension}${prefix}`)) return false;
    const serial = Number(sscc.slice(1 + prefix.length, 17));
    return serial >= first && serial <= last;
  });
}
