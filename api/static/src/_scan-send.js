// Sending what waits: one sender at a time over all tabs, exactly once, only as the person who made it.
//
// A scan keeps its id for ever, so sending it again after an answer was lost changes nothing on the server.

import { change, keep, kept, scansOf } from "./_scan-store.js";

const BATCH = 100;
const AGAIN_MS = [5_000, 15_000, 60_000, 300_000]; // after a failure; then every five minutes
const PATIENCE_MS = 30_000;

const listeners = new Set();
const others = "BroadcastChannel" in self ? new BroadcastChannel("lumbung-tani") : null;
if (others) others.onmessage = () => listeners.forEach((listener) => listener());

/** Call `listener` whenever the queue or the connection's state changed, in this tab or another. */
export const onChange = (listener) => listeners.add(listener);
export function changed() {
  listeners.forEach((listener) => listener());
  others?.postMessage("changed");
}

/** The state of sending: "idle", "sending", "offline" (no answer), "signed_out", "trouble" (the server is). */
export let sending = "idle";
let failures = 0;
let timer;

let session = { account: "", csrf: "" };
export const setSession = (account, csrf) => (session = { account, csrf });

/** Ask for provisions: who is signed in, and all that must be known with no signal. Null where signed out. */
export async function fetchBekal() {
  const answer = await fetch("/tani/bekal", {
    headers: { Accept: "application/json" },
    cache: "no-store",
    signal: AbortSignal.timeout(PATIENCE_MS),
  });
  if (answer.status === 401) return null;
  if (!answer.ok) throw new Error(`provisions: ${answer.status}`);
  const bekal = await answer.json();
  setSession(bekal.account, bekal.csrf_token);
  const { csrf_token: _unkept, ...rest } = bekal;
  await keep(`bekal:${bekal.account}`, { ...rest, fetchedAt: Date.now() });
  await keep("who", { account: bekal.account, name: bekal.name });
  return bekal;
}

/** Send all that is due. Resolves when nothing due is left or sending must wait; never rejects. */
export async function flush() {
  clearTimeout(timer);
  if (navigator.locks) await navigator.locks.request("lumbung-tani-send", { ifAvailable: true }, (lock) => lock && send());
  else await send();
  await plan();
}

async function send() {
  try {
    const person = session.account || (await kept("who"))?.account;
    if (!person) return;
    for (;;) {
      const due = (await scansOf(person)).filter((scan) => isDue(scan)).reverse().slice(0, BATCH);
      if (!due.length) break;
      if (!navigator.onLine) return tell("offline");
      tell("sending");
      if (!session.csrf && !(await fetchBekal())) return tell("signed_out");
      if (session.account !== person) return tell("signed_out"); // somebody else is signed in: not theirs to send
      if (!(await post(due))) return;
    }
    failures = 0;
    tell("idle");
  } catch {
    failures += 1;
    tell("offline");
  }
}

// "sending" is due as well: the tab that sent it may have been closed before the answer came.
const isDue = (scan) => scan.state === "sending" || (scan.state === "waiting" && scan.sendAfter <= Date.now());

async function post(due, again = true) {
  const claimed = [];
  for (const { id } of due) {
    if (await change(id, isDue, (scan) => ({ ...scan, state: "sending" }))) claimed.push(id);
  }
  const scans = due.filter(({ id }) => claimed.includes(id));
  if (!scans.length) return true;
  const answer = await fetch("/api/v1/scans", {
    method: "POST",
    headers: {
      "Content-Type": "application/json",
      "X-CSRF-Token": session.csrf,
      "X-Phone-Time": new Date().toISOString(),
    },
    body: JSON.stringify(scans.map((scan) => scan.body)),
    signal: AbortSignal.timeout(PATIENCE_MS),
  });
  if (answer.ok) {
    const told = await answer.json(); // in the same order
    for (const [place, { id }] of scans.entries()) await settle(id, told[place]);
    changed();
    return true;
  }
  if (answer.status === 401) return tell("signed_out");
  if (answer.status === 403 && again) {
    const asked = session.account; // the form has run out, or somebody else signed in meanwhile
    if (!(await fetchBekal()) || session.account !== asked) return tell("signed_out");
    return post(due, false);
  }
  if ([400, 413, 422].includes(answer.status)) {
    if (scans.length > 1) {
      for (const scan of scans) if (!(await post([scan]))) return false;
      return true;
    }
    const reason = (await answer.json().catch(() => ({}))).detail ?? String(answer.status);
    await settle(scans[0].id, { status: "refused", reason });
    return true;
  }
  failures += 1;
  return tell("trouble");
}

async function settle(id, told) {
  const outcome = told.status === "repeated" ? told.first : told.status;
  const findings = told.findings ?? [];
  const made = (told.events ?? []).length > 0;
  // Flagged and nothing recorded: for whoever made it, that is a refusal.
  const state = outcome === "recorded" ? "sent" : outcome === "flagged" && made ? "flagged" : "refused";
  const answer = { status: outcome, findings, errors: told.errors ?? [], reason: told.reason ?? "" };
  await change(id, (scan) => scan.state === "sending", (scan) => ({ ...scan, state, answer, sentAt: Date.now() }));
}

function tell(state) {
  if (sending !== state) {
    sending = state;
    changed();
  }
  return false;
}

/** Plan the next try: when the next undo runs out, or after a failure a while later. */
async function plan() {
  const person = session.account || (await kept("who").catch(() => null))?.account;
  if (!person) return;
  const waiting = (await scansOf(person)).filter((scan) => ["waiting", "sending"].includes(scan.state));
  if (!waiting.length || sending === "signed_out") return;
  const next = Math.min(...waiting.map((scan) => scan.sendAfter)) - Date.now();
  const failed = ["offline", "trouble"].includes(sending);
  const pause = failed ? AGAIN_MS[Math.min(failures, AGAIN_MS.length) - 1] ?? AGAIN_MS[0] : 200;
  timer = setTimeout(flush, Math.max(next, pause));
}
