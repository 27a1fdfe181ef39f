// The station's queue: every scan is written down before it is sent, sent again under the same id until it is answered,
// and never as another person. Kept in this browser, one queue a person and place, one entry a scan: two windows of the
// same person never write over each other, and what both send counts once.

const AT_ONCE = 50;
const AGAIN_MS = [1000, 2000, 4000, 8000];

export function uuid7(now = Date.now()) {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  for (let place = 5, rest = now; place >= 0; place--, rest = Math.floor(rest / 256)) bytes[place] = rest % 256;
  bytes[6] = 0x70 | (bytes[6] & 0x0f);
  bytes[8] = 0x80 | (bytes[8] & 0x3f);
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

export class Queue {
  // answered(scan, answer) after each; changed() whenever what waits, or why, is another.
  constructor({ name, csrf, answered, changed }) {
    Object.assign(this, { name, csrf, answered, changed, tries: 0, atOnce: AT_ONCE, sending: false, stopped: "", last: 0 });
    const kept = Object.keys(localStorage).filter((key) => key.startsWith(`${name}/`)).sort();
    this.scans = kept.map((key) => JSON.parse(localStorage.getItem(key)));
    addEventListener("online", () => { this.tries = 0; this.send(); });
  }

  get waiting() { return this.scans.length; }
  get cut() { return this.tries > 0 || !navigator.onLine; }

  // Moments are never equal, so that what was done first also happened first.
  add(told) {
    const at = Math.max(Date.now(), this.last + 1);
    this.last = at;
    const scan = { id: uuid7(at), at: new Date(at).toISOString(), ...told };
    this.scans.push(scan);
    try { localStorage.setItem(`${this.name}/${scan.id}`, JSON.stringify(scan)); } catch { /* full: it stays in memory */ }
    this.changed();
    this.send();
    return scan;
  }

  // `told` are the server's answers to `batch`, one each.
  settle(batch, told) {
    const done = new Set(batch.map((scan) => scan.id));
    this.scans = this.scans.filter((scan) => !done.has(scan.id));
    for (const id of done) localStorage.removeItem(`${this.name}/${id}`);
    this.tries = 0;
    batch.forEach((scan, place) => this.answered(scan, told[place]));
  }

  again() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.send(), AGAIN_MS[Math.min(this.tries, AGAIN_MS.length) - 1]);
  }

  async send() {
    if (this.sending || !this.scans.length || this.stopped) return;
    if (!navigator.onLine) { this.changed(); return; }
    this.sending = true;
    clearTimeout(this.timer);
    const batch = this.scans.slice(0, this.atOnce);
    try {
      const answer = await fetch("/api/v1/scans", {
        method: "POST",
        headers: { "Content-Type": "application/json", "X-CSRF-Token": this.csrf, "X-Phone-Time": new Date().toISOString() },
        body: JSON.stringify(batch),
      });
      if (answer.status === 401 || answer.status === 403) this.stopped = "signIn";
      else if (answer.ok) this.settle(batch, await answer.json());
      else if (answer.status >= 500 || [408, 429].includes(answer.status)) throw new Error(String(answer.status));
      else if (batch.length > 1) this.atOnce = 1; // one of them cannot be read: find out which
      else {
        const { detail, title } = await answer.json();
        this.settle(batch, [{ status: "refused", findings: [], reason: detail ?? title }]);
      }
    } catch {
      this.tries += 1;
      this.again();
    }
    this.sending = false;
    this.changed();
    if (this.scans.length && !this.tries && !this.stopped) this.send();
  }
}
