// Beranda: the queue of this phone, and with no signal the news of last time.

import { changed, flush, onChange, sending } from "./_scan-send.js";
import { keep, kept, remove, scansOf, undo, UNDO_MS, waitingOfOthers } from "./_scan-store.js";
import { tail } from "./_scan-tag.js";
import { why } from "./_tani-why.js";
import { $, countDown, kg, moment, say, show } from "./_tani-words.js";

const JUST_NOW_MS = 60_000;
let person = "";
let ticking;

export async function start(account, live) {
  person = account;
  $("#kirim").addEventListener("click", () => flush());
  onChange(draw);
  await news(live);
  await draw();
}

/** From the server: keep it for later. From the shell: show what was kept, and say how old it is. */
async function news(live) {
  const places = [$("#kabar"), $("#kabar-lain")];
  if (live) {
    await keep(`kabar:${person}`, { html: places.map((place) => place.innerHTML), at: Date.now() });
    return;
  }
  if (!person) return show($("#tanpa-orang"));
  const last = await kept(`kabar:${person}`);
  if (!last) return;
  places.forEach((place, number) => {
    place.innerHTML = last.html[number]; // our own server's, as it came
    show(place);
  });
  const note = $("#kabar-lama");
  note.textContent = say("as_of", { time: moment(last.at) });
  show(note);
}

async function draw() {
  clearTimeout(ticking);
  const scans = person ? await scansOf(person) : [];
  const others = await waitingOfOthers(person);
  const now = Date.now();
  const list = $("#antrean ol");
  const had = document.activeElement?.closest?.("li.q")?.dataset.id;
  list.replaceChildren(...scans.map((scan) => row(scan, now)));
  if (had) $(`li.q[data-id="${had}"] button, li.q[data-id="${had}"] a`, list)?.focus({ preventScroll: true });
  show($("#antrean"), scans.length > 0 || others > 0);
  summary(scans, others);
  if (scans.some((scan) => isFresh(scan, now))) ticking = setTimeout(draw, 500);
}

const isWaiting = (scan) => scan.state === "waiting" || scan.state === "sending";
const isFresh = (scan, now) => scan.state === "waiting" && scan.sendAfter > now;

function summary(scans, others) {
  const waiting = scans.filter(isWaiting).length;
  const refused = scans.filter((scan) => scan.state === "refused").length;
  const counts = [waiting && say("count_waiting", { n: waiting }), refused && say("count_refused", { n: refused })];
  const sent = scans.length - waiting - refused;
  $("[data-fill=counts]").textContent = counts.filter(Boolean).join(", ") || (sent ? say("count_sent", { n: sent }) : "");
  const out = sending === "signed_out";
  const note = !waiting
    ? refused ? "refused_note" : "done_note"
    : out ? "sign_in_note" : navigator.onLine && sending !== "offline" ? "online_note" : "offline_note";
  const place = $("[data-fill=note]");
  if (place.textContent !== say(note)) place.textContent = say(note);
  show(place, scans.length > 0);
  show($("#masuk-lagi"), waiting > 0 && out);
  show($("#kirim"), waiting > 0 && !out && sending !== "sending" && ["offline", "trouble"].includes(sending));
  show($(".queue-do"), !$("#masuk-lagi").hidden || !$("#kirim").hidden);
  show($("#orang-lain"), others > 0);
  if (others) $("#orang-lain").textContent = say("other_person", { n: others });
}

function row(scan, now) {
  const fresh = isFresh(scan, now);
  const kind = fresh ? "fresh" : isWaiting(scan) ? "waiting" : scan.state;
  const item = $(`#q-${kind}`).content.firstElementChild.cloneNode(true);
  item.dataset.id = scan.id;
  item.dataset.state = kind;
  $("b", item).textContent = scan.shows.title ?? tail(scan.shows.sscc);
  if (scan.shows.sscc) $("b", item).title = scan.shows.sscc;
  $("p", item).textContent = [...described(scan), now - scan.madeAt < JUST_NOW_MS ? say("just_now") : moment(scan.madeAt)]
    .filter(Boolean)
    .join(", ");
  const state = $("[data-fill=state]", item);
  if (state) state.textContent = say(scan.state === "sending" && sending === "sending" ? "sending" : kind);
  const reason = $(".full", item);
  if (reason) reason.textContent = why(scan.answer);
  if (fresh) countdown(item, scan, now);
  if (kind === "refused") mend(item, scan);
  return item;
}

function described({ shows }) {
  if (shows.sacks) return [say(shows.sacks === 1 ? "one_sack" : "sacks", { n: shows.sacks })];
  return [shows.product, kg(shows.kg), shows.heads ? say("heads", { n: shows.heads }) : ""];
}

function countdown(item, scan, now) {
  const button = $("button", item);
  countDown(button, Math.ceil((scan.sendAfter - now) / (UNDO_MS / 10)));
  button.addEventListener("click", async () => {
    await undo(scan.id);
    changed();
  });
}

function mend(item, scan) {
  const again = $("a", item);
  const load = Boolean(scan.shows.sacks);
  again.textContent = say(load ? "other_truck" : "other_label");
  again.href = `/tani/${load ? "muat" : "pindai"}?ganti=${scan.id}`;
  const away = $("button", item);
  away.textContent = say("remove");
  away.addEventListener("click", async () => {
    await remove(scan.id);
    changed();
  });
}
