// A harvest, sack by sack: label, what is in it, how heavy, a look, saved. From the second sack on only label and look.

import { changed, flush } from "./_scan-send.js";
import { add, keep, kept, remove, scansOf, undo, UNDO_MS, uuid7 } from "./_scan-store.js";
import { isIn, tail } from "./_scan-tag.js";
import { labelReader } from "./_tani-reader.js";
import { $, $$, complain, countDown, dayOf, kg, markAddress, moment, number, say, show, timeOf } from "./_tani-words.js";

const STEPS = ["label", "isi", "berat", "periksa"];
const USUAL = { corn: [25, 50, 60], rice: [25, 50, 60], banana: [13, 15, 20], chicken: [20, 24, 30] };
const LIGHTEST_KG = 0.1;
const HEAVIEST_KG = 2000;
const KG_A_HEAD = 1.6; // a broiler as it leaves the farm; only the number first shown
const CHECK_MS = 2_500;
const SAME_MS = 6_000; // time to walk to the next sack

let account = "";
let bekal = { products: [], farms: [], ranges: [] };
let reader;
let typing = false;
let replaced = ""; // the refused scan that this one stands in for
let sack = blank();
let counting;
let saved = { sscc: "", until: 0 };

function blank() {
  return { label: null, gtin: "", kg: null, heads: null, site: "", at: null };
}

const product = (gtin = sack.gtin) => bekal.products.find((each) => each.gtin === gtin);

export async function start(person, provisions, page) {
  account = person;
  typing = page === "panen";
  reader = labelReader({ taken, ranges: () => bekal.ranges, unreadable: (words) => heard("warn", "", words) });
  wire();
  bekal = (await provisions) ?? bekal;
  if (!bekal.products.length) complain($("#nomor-error"), $("#nomor"), say("need_bekal"));
  await defaults();
  drawKinds();
  drawPlaces();
  go("label");
}

/** The last sack's product, weight and place; or those of the refused one that is being replaced. */
async function defaults() {
  replaced = new URLSearchParams(location.search).get("ganti") ?? "";
  const refused = replaced && (await scansOf(account)).find((scan) => scan.id === replaced);
  const last = refused
    ? { gtin: refused.body.gtin, kg: refused.shows.kg, heads: refused.shows.heads, site: refused.body.site }
    : await kept(`last:${account}`);
  if (last && product(last.gtin)) sack = { ...sack, ...last, label: null, at: null };
  sack.known = Boolean(last && product(last.gtin));
  sack.site = bekal.farms.some((farm) => farm.uri === sack.site) ? sack.site : (bekal.own_farm ?? bekal.farms[0]?.uri ?? "");
}

function wire() {
  $("[data-act=isi]").addEventListener("click", () => go("berat"));
  $("[data-act=berat]").addEventListener("click", () => weightFits() && go("periksa"));
  $("[data-act=periksa]").addEventListener("click", () => save(true));
  $("#simpan-selesai").addEventListener("click", () => save(false));
  $$("[data-to]").forEach((button) => button.addEventListener("click", () => go(button.dataset.to)));
  $("#ke-ketik").addEventListener("click", () => retype(true));
  $("#ke-kamera").addEventListener("click", () => retype(false));
  $$("[data-step]").forEach((button) => button.addEventListener("click", () => setKg((sack.kg ?? 0) + Number(button.dataset.step))));
  $("#berat").addEventListener("change", (event) => setKg(Number(event.target.value.replace(",", "."))));
  $("#berat").addEventListener("focus", (event) => event.target.select());
  $$("[data-heads]").forEach((button) => button.addEventListener("click", () => setHeads((sack.heads ?? 0) + Number(button.dataset.heads))));
  $("#jumlah-ekor").addEventListener("change", (event) => setHeads(parseInt(event.target.value, 10)));
  $("#tempat").addEventListener("change", (event) => (sack.site = event.target.value));
  $("#kembali").addEventListener("click", (event) => {
    const at = STEPS.findIndex((step) => !$(`#langkah-${step}`).hidden);
    if (at < 1) return;
    event.preventDefault();
    go(at === 3 && sack.known ? "label" : STEPS[at - 1]);
  });
  addEventListener("pagehide", () => reader.off({ hide: false }));
}

// --- the label -----------------------------------------------------------------------------------------------------

function retype(byHand) {
  typing = byHand;
  go("label");
  if (byHand) $("#nomor").focus();
}

/** A label was read. Good ones lead on (true); others are said and leave the camera looking (false, or null: quietly). */
async function taken(label) {
  if (label.sscc === saved.sscc && Date.now() < saved.until) return null; // the camera still points at it
  const mine = (await scansOf(account)).find(
    (scan) => scan.body.tag && scan.shows.sscc === label.sscc && scan.state !== "refused",
  );
  if (mine) return heard("warn", label.sscc, say("already_here", { time: moment(mine.madeAt) }));
  const { ranges } = bekal;
  const known = await asked(label);
  if (known?.state === "used") return heard("octa", label.sscc, say("already_tagged", { day: dayOf(known.tagged_at) }));
  if (known?.state === "unknown") return heard("octa", label.sscc, say("unknown_tag"));
  if (known?.state === "fake") return heard("octa", label.sscc, say("wrong_check"));
  if (known?.state === "foreign") return heard("octa", label.sscc, say("foreign_tag"));
  const own = known?.state === "new" || isIn(label.sscc, ranges);
  sack.label = label;
  sack.at = new Date();
  $("#label-kata").textContent = say(own ? "new_own" : "looks_new");
  heard("check", label.sscc, say(own ? "new_own" : "looks_new"));
  go(sack.known ? "periksa" : "isi");
  return true;
}

/** What the server knows of the label; undefined with no signal: then it is found out when it is sent. */
async function asked({ sscc, check }) {
  if (!navigator.onLine) return undefined;
  try {
    const query = check === null ? "" : `?c=${encodeURIComponent(check)}`;
    const answer = await fetch(`/tani/label/${sscc}${query}`, { signal: AbortSignal.timeout(CHECK_MS), cache: "no-store" });
    return answer.ok ? await answer.json() : undefined;
  } catch {
    return undefined;
  }
}

/** Say what was read, over the picture or below the field; whether it was good. */
function heard(tone, sscc, words) {
  const good = tone === "check";
  const over = $("#baca");
  $("b", over).textContent = sscc ? tail(sscc) : "";
  $("p", over).textContent = words;
  over.className = `got ${good ? "" : tone === "warn" ? "warn" : "bad"}`;
  $$("[data-icon]", over).forEach((each) => show(each, each.dataset.icon === tone));
  show(over);
  if (!good && $(".camera").hidden) complain($("#nomor-error"), $("#nomor"), sscc ? `${tail(sscc)}: ${words}` : words);
  return good;
}

// --- the steps -----------------------------------------------------------------------------------------------------

function go(step) {
  STEPS.forEach((each) => show($(`#langkah-${each}`), each === step));
  $$("[data-act]").forEach((button) => show(button, button.dataset.act === step));
  show($(".acts"), step !== "label");
  show($("#simpan-selesai"), step === "periksa");
  show($("#ke-ketik"), false);
  show($("#ke-kamera"), false);
  $("#label-tail").textContent = step === "label" || !sack.label ? "" : tail(sack.label.sscc);
  if (step === "label") look();
  else reader.off();
  if (step === "isi") chooseKind();
  if (step === "berat") drawWeight();
  if (step === "periksa") drawLook();
  scrollTo(0, 0);
  if (step !== "label") $(`#langkah-${step} h1`).focus({ preventScroll: true });
}

async function look() {
  show($("#baca"), false);
  aim(typing);
  if (typing) {
    reader.off();
  } else if (!(await reader.on()) && !$("#langkah-label").hidden) {
    typing = true;
    aim(true);
  }
}

/** What to do now: point the camera, or type. */
function aim(byHand) {
  $("#judul-label").textContent = say(byHand ? "type" : "aim");
  show($("#petunjuk"), !byHand);
  show($(".where"), byHand);
  show($("#ke-ketik"), !byHand);
  show($("#ke-kamera"), byHand);
}

function drawKinds() {
  const kinds = [...new Set(bekal.products.map((each) => each.commodity))];
  const cards = kinds.map((commodity) => {
    const card = $("#t-kind").content.firstElementChild.cloneNode(true);
    const input = $("input", card);
    input.value = commodity;
    input.addEventListener("change", () => choose(bekal.products.find((each) => each.commodity === commodity).gtin));
    $("use", card).setAttribute("href", markAddress(commodity));
    $("span", card).textContent = say(commodity);
    if (sack.known && product()?.commodity === commodity) {
      const note = document.createElement("small");
      note.textContent = say("as_before");
      $("span", card).append(note);
    }
    return card;
  });
  $("#jenis").append(...cards);
}

function chooseKind() {
  if (!product()) choose(bekal.products[0]?.gtin ?? "");
  else drawSorts();
}

function choose(gtin) {
  const before = sack.gtin;
  sack.gtin = gtin;
  if (before !== gtin) {
    sack.kg = product()?.unit_kg ?? 50;
    sack.heads = product()?.counted ? Math.round(sack.kg / KG_A_HEAD) : null;
  }
  drawSorts();
}

function drawSorts() {
  const chosen = product();
  $$("#jenis input").forEach((input) => (input.checked = input.value === chosen?.commodity));
  const sorts = bekal.products.filter((each) => each.commodity === chosen?.commodity);
  $("#ragam div").replaceChildren(
    ...sorts.map((each) => {
      const label = document.createElement("label");
      const input = document.createElement("input");
      Object.assign(input, { type: "radio", name: "ragam", value: each.gtin, checked: each.gtin === sack.gtin });
      input.addEventListener("change", () => choose(each.gtin));
      label.className = "tick";
      label.append(input, nameOf(each));
      return label;
    }),
  );
  show($("#ragam"), sorts.length > 1);
}

/** In the list of what was done: "Jagung", and the whole name only where a farm grows several kinds of it. */
function shortName(chosen) {
  const alone = bekal.products.filter((each) => each.commodity === chosen.commodity).length === 1;
  return alone ? say(chosen.commodity) : nameOf(chosen);
}

const nameOf = (each) => (document.documentElement.lang === "en" ? each.name_en : each.name_id);

function drawWeight() {
  const { commodity, counted } = product();
  const usual = [...new Set([...(USUAL[commodity] ?? []), product().unit_kg].filter(Boolean))].sort((a, b) => a - b);
  $("#biasa").replaceChildren(
    ...usual.slice(0, 3).map((value) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = kg(value);
      button.dataset.kg = value;
      button.addEventListener("click", () => setKg(value));
      return button;
    }),
  );
  show($("#ekor"), counted);
  setKg(sack.kg ?? product().unit_kg ?? 50);
  if (counted) setHeads(sack.heads ?? Math.round(sack.kg / KG_A_HEAD));
}

function setKg(value) {
  if (Number.isFinite(value)) sack.kg = Math.min(Math.max(Math.round(value * 1000) / 1000, 0), HEAVIEST_KG);
  $("#berat").value = number(sack.kg).replace(/\.(?=\d{3}\b)/g, document.documentElement.lang === "en" ? "." : "");
  $("#berat").size = Math.max(2, $("#berat").value.length);
  $$("#biasa button").forEach((button) => button.setAttribute("aria-pressed", String(Number(button.dataset.kg) === sack.kg)));
  if (sack.kg >= LIGHTEST_KG) show($("#berat-salah"), false);
}

function setHeads(value) {
  if (Number.isFinite(value)) sack.heads = Math.min(Math.max(Math.round(value), 0), 9999);
  $("#jumlah-ekor").value = sack.heads ?? 0;
}

function weightFits() {
  const fits = sack.kg >= LIGHTEST_KG && sack.kg <= HEAVIEST_KG;
  show($("#berat-salah"), !fits);
  return fits;
}

function drawPlaces() {
  const options = bekal.farms.map((farm) => new Option(farm.name, farm.uri, false, farm.uri === sack.site));
  $("#tempat").replaceChildren(...options);
  show($("#di-mana"), options.length > 0);
}

function drawLook() {
  const fill = (name, words) => ($(`#langkah-periksa [data-fill=${name}]`).textContent = words);
  fill("tail", tail(sack.label.sscc));
  fill("product", nameOf(product()));
  fill("kg", [kg(sack.kg), sack.heads && product().counted ? say("heads", { n: sack.heads }) : ""].filter(Boolean).join(", "));
  fill("when", say("today", { time: `${timeOf(sack.at)} WIB` }));
  show($("#simpan-salah"), false);
}

// --- saving --------------------------------------------------------------------------------------------------------

async function save(next) {
  const body = {
    id: uuid7(),
    step: "commissioning",
    at: sack.at.toISOString(),
    tag: sack.label.code,
    gtin: sack.gtin,
    quantity_kg: String(sack.kg),
  };
  if (sack.site) body.site = sack.site;
  if (product().counted && sack.heads) body.head_count = sack.heads;
  const shows = { sscc: sack.label.sscc, product: shortName(product()), kg: sack.kg, heads: body.head_count ?? null };
  try {
    await add(account, body, shows);
    await keep(`last:${account}`, { gtin: sack.gtin, kg: sack.kg, heads: sack.heads, site: sack.site });
  } catch {
    complain($("#simpan-salah"), null, say("full"));
    return;
  }
  if (replaced) await remove(replaced);
  navigator.storage?.persist?.();
  changed();
  flush(); // plans the sending for when the undo has run out
  if (!next) {
    location.assign("/tani");
    return;
  }
  const { label } = sack;
  saved = { sscc: label.sscc, until: Date.now() + SAME_MS };
  replaced = "";
  sack = { ...sack, label: null, at: null, known: true };
  go("label");
  $("#judul-label").textContent = say("saved", { tail: tail(label.sscc) });
  show($("#petunjuk"), false);
  offerUndo(body.id, label);
  $("#judul-label").focus({ preventScroll: true });
  $("#nomor").value = "";
}

/** For ten seconds the sack just saved can be taken back without leaving for the queue. */
function offerUndo(id, label) {
  const button = $("#urungkan");
  const until = Date.now() + UNDO_MS;
  clearInterval(counting);
  const count = () => {
    const left = Math.ceil((until - Date.now()) / (UNDO_MS / 10));
    countDown(button, left);
    if (left > 0) return;
    clearInterval(counting);
    show(button, false);
  };
  button.onclick = async () => {
    clearInterval(counting);
    show(button, false);
    if (!(await undo(id))) return;
    saved = { sscc: "", until: 0 };
    changed();
    sack.label = label;
    sack.at = new Date();
    go("periksa");
  };
  count();
  show(button);
  counting = setInterval(count, 500);
}
