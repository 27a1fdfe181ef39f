// What the phone keeps: scans until they are told and a while after, and each person's provisions. IndexedDB.
//
// `scans`: {id, account, body (the scan as told), shows (words for the list), state, sendAfter, madeAt, answer}
//   state "waiting" | "sending" | "sent" | "flagged" | "refused"
// `kept`: provisions ("bekal:ACCOUNT"), the last news ("kabar:ACCOUNT"), the last sack ("last:ACCOUNT"), "who".

import { openDB } from "idb";

export const UNDO_MS = 10_000;
const KEPT_MS = 3 * 86_400_000; // sent ones stay in sight for three days
const SENT_SHOWN = 60;

let opened;
function database() {
  opened ??= openDB("lumbung-tani", 1, {
    upgrade(db) {
      const scans = db.createObjectStore("scans", { keyPath: "id" });
      scans.createIndex("account", "account");
      db.createObjectStore("kept");
    },
    // Another tab with a newer version wants the database: let it, and open again when needed.
    blocking: (_current, _blocked, event) => {
      event.target.close();
      opened = undefined;
    },
    terminated: () => {
      opened = undefined;
    },
  });
  return opened;
}

/** A UUIDv7 (RFC 9562): 48 bits of milliseconds, then random. Ids of one millisecond keep their order by a counter. */
let lastMs = 0;
let counter = 0;
export function uuid7(now = Date.now()) {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  const ms = Math.max(now, lastMs);
  counter = ms === lastMs ? counter + 1 : ((bytes[6] & 7) << 8) | bytes[7];
  lastMs = counter > 0xfff ? ms + 1 : ms;
  counter &= 0xfff;
  for (let place = 0; place < 6; place++) bytes[place] = Math.floor(lastMs / 2 ** (8 * (5 - place))) & 0xff;
  bytes[6] = 0x70 | (counter >> 8);
  bytes[7] = counter & 0xff;
  bytes[8] = 0x80 | (bytes[8] & 0x3f);
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

export const keep = async (key, value) => (await database()).put("kept", value, key);
export const kept = async (key) => (await database()).get("kept", key);

/** Put a scan into the queue; it is kept for good once this resolves. Rejects where the phone is full. */
export async function add(account, body, shows) {
  const scan = { id: body.id, account, body, shows, state: "waiting", madeAt: Date.now(), sendAfter: Date.now() + UNDO_MS };
  const transaction = (await database()).transaction("scans", "readwrite", { durability: "strict" });
  transaction.store.add(scan);
  await transaction.done;
  return scan;
}

/** All scans of a person, newest first. */
export async function scansOf(account) {
  const found = await (await database()).getAllFromIndex("scans", "account", account);
  return found.sort((a, b) => b.madeAt - a.madeAt || (a.id < b.id ? 1 : -1));
}

/** How many scans of other people wait in this phone. */
export async function waitingOfOthers(account) {
  const all = await (await database()).getAll("scans");
  return all.filter((scan) => scan.account !== account && ["waiting", "sending"].includes(scan.state)).length;
}

/** Change a scan where `allowed(scan)`; the changed scan, or undefined. In one transaction: undo and sending meet here. */
export async function change(id, allowed, edit) {
  const transaction = (await database()).transaction("scans", "readwrite");
  const scan = await transaction.store.get(id);
  const may = scan !== undefined && allowed(scan);
  if (may) {
    const changed = edit(scan);
    if (changed) transaction.store.put(changed);
    else transaction.store.delete(id);
  }
  await transaction.done;
  return may ? scan : undefined;
}

/** Take back a scan that was not sent yet; whether that was still possible. */
export const undo = (id) =>
  change(id, (scan) => scan.state === "waiting" && scan.sendAfter > Date.now(), () => null);

/** Take a refused scan off the list. */
export const remove = (id) => change(id, (scan) => scan.state === "refused", () => null);

/** Forget what was sent long ago, so that the list stays short. */
export async function tidy(account) {
  const sent = (await scansOf(account)).filter((scan) => ["sent", "flagged"].includes(scan.state));
  const old = sent.filter((scan, place) => place >= SENT_SHOWN || Date.now() - scan.madeAt > KEPT_MS);
  const transaction = (await database()).transaction("scans", "readwrite");
  for (const scan of old) transaction.store.delete(scan.id);
  await transaction.done;
}
