// Sacks go on a truck: one scan that names the truck and every sack put on it.

import { changed, flush } from "./_scan-send.js";
import { add, remove, scansOf, uuid7 } from "./_scan-store.js";
import { tail } from "./_scan-tag.js";
import { labelReader } from "./_tani-reader.js";
import { $, complain, dayOf, kg, say, show } from "./_tani-words.js";

let account = "";
let bekal = { ranges: [], trucks: [] };
let replaced = "";
const sacks = new Map(); // sscc → code, in the order scanned
let today = [];

export async function start(person, provisions) {
  account = person;
  const reader = labelReader({ taken, ranges: () => bekal.ranges, unreadable: (words) => ($("#terbaca").textContent = words) });
  $("#ke-kamera").addEventListener("click", async () => {
    show($("#ke-kamera"), !(await reader.on()));
  });
  addEventListener("pagehide", () => reader.off({ hide: false }));
  $("#hari-ini").addEventListener("click", () => {
    for (const scan of today) sacks.set(scan.shows.sscc, scan.body.tag);
    draw();
  });
  $("#pelat").addEventListener("input", () => complain($("#pelat-error"), $("#pelat")));
  $("#simpan").addEventListener("click", save);
  bekal = (await provisions) ?? bekal;
  $("#truk").replaceChildren(...(bekal.trucks ?? []).map((plate) => new Option(plate)));
  await fillIn();
  draw();
}

/** What was tagged here today and is on no truck yet; and the refused load that is being mended. */
async function fillIn() {
  const scans = await scansOf(account);
  replaced = new URLSearchParams(location.search).get("ganti") ?? "";
  const refused = scans.find((scan) => scan.id === replaced);
  if (refused) {
    $("#pelat").value = refused.body.carrier;
    for (const code of refused.body.tags) sacks.set(code.match(/\d{18}/)[0], code);
  }
  const loaded = new Set(
    scans
      .filter((scan) => scan.body.step === "loading" && scan.state !== "refused")
      .flatMap((scan) => scan.body.tags.map((code) => code.match(/\d{18}/)[0])),
  );
  today = scans.filter(
    (scan) =>
      scan.body.step === "commissioning" &&
      scan.state !== "refused" &&
      dayOf(scan.madeAt) === dayOf(Date.now()) &&
      !loaded.has(scan.shows.sscc),
  );
}

async function taken(label) {
  const listed = sacks.has(label.sscc);
  $("#terbaca").textContent = listed ? say("already_listed", { tail: tail(label.sscc) }) : tail(label.sscc);
  if (listed) return false;
  sacks.set(label.sscc, label.code);
  draw();
  return true;
}

function draw() {
  const known = new Map(today.map((scan) => [scan.shows.sscc, scan.shows]));
  $("#muatan").replaceChildren(
    ...[...sacks.keys()].reverse().map((sscc) => {
      const item = document.createElement("li");
      const number = document.createElement("b");
      number.className = "tail";
      number.textContent = tail(sscc);
      const what = document.createElement("span");
      const shows = known.get(sscc);
      what.textContent = shows ? `${shows.product}, ${kg(shows.kg)}` : "";
      const away = document.createElement("button");
      away.type = "button";
      away.className = "quiet";
      away.textContent = "×";
      away.setAttribute("aria-label", say("take_off", { tail: tail(sscc) }));
      away.addEventListener("click", () => {
        sacks.delete(sscc);
        draw();
      });
      item.append(number, what, away);
      return item;
    }),
  );
  const n = sacks.size;
  const count = $("#jumlah");
  count.textContent = say(n === 1 ? "one_sack" : "sacks", { n });
  show(count, n > 0);
  const left = today.filter((scan) => !sacks.has(scan.shows.sscc)).length;
  show($("#hari-ini"), left > 0);
  $("#hari-ini").textContent = say(left === 1 ? "add_today_one" : "add_today", { n: left });
  if (n) $("#simpan").textContent = say(n === 1 ? "load_save_one" : "load_save", { n });
  show($("#simpan-salah"), false);
}

async function save() {
  const plate = $("#pelat").value.trim().toUpperCase().replace(/\s+/g, " ");
  if (!plate) {
    complain($("#pelat-error"), $("#pelat"), say("need_truck"));
    $("#pelat").focus();
    return;
  }
  if (!sacks.size) {
    complain($("#simpan-salah"), null, say("need_sacks"));
    return;
  }
  const body = { id: uuid7(), step: "loading", at: new Date().toISOString(), carrier: plate, tags: [...sacks.values()] };
  try {
    await add(account, body, { title: plate, sacks: sacks.size });
  } catch {
    complain($("#simpan-salah"), null, say("full"));
    return;
  }
  if (replaced) await remove(replaced);
  changed();
  await flush();
  location.assign("/tani");
}
