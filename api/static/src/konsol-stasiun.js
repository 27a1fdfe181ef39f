// The scan station of hubs and warehouses: one scan, one large answer in colour, word, shape and sound; the load's own
// sum; what is missing. It compares with the list it has before the server answers, and goes on when the network drops.

import { Queue } from "./_konsol-antrean.js";
import { play } from "./_konsol-bunyi.js";
import { VERDICTS, element, fill, icon, sacks, tailOf } from "./_konsol-gambar.js";
import { listen, read } from "./_konsol-pemindai.js";

const root = document.querySelector("[data-station]");
const own = root.dataset;
const words = JSON.parse(own.words);
const part = (name) => root.querySelector(`[data-${name}]`);
const number = new Intl.NumberFormat(own.language === "en" ? "en" : "id");
const time = (at) => new Date(at).toLocaleTimeString("en-GB", { timeZone: "Asia/Jakarta" }).replaceAll(":", own.language === "en" ? ":" : ".");

let load = null; // the truck or vessel that is open: {code, carrier, units, shipment, next, arrived, seen: Set, extra: Map}
const stock = new Map(JSON.parse(own.units).map((unit) => [unit.sscc, unit]));
const rooms = JSON.parse(own.rooms);
const scanned = new Set(); // at stations without a load, what was scanned since the page was opened
let room = "";
let count = 0;
let last = []; // the latest scans: {id, sscc, at, verdict, word, waiting}
let holding = 0; // a T that may yet turn out to be part of a burst
let sound = localStorage.getItem("lumbung.suara") !== "mati";

const queue = new Queue({ name: `lumbung.antrean.${own.account}.${own.site}`, csrf: own.csrf, answered, changed: showQueue });

// --- saying -----------------------------------------------------------------------------------------------------------

function answer(verdict, word, about = null, beside = "") {
  const [tone, shape, noise] = VERDICTS[verdict];
  part("answer").className = `answer ${tone}`.trim();
  part("icon").replaceChildren(icon(shape));
  part("word").textContent = word;
  part("beside").textContent = beside || words.readyBeside;
  if (about !== null) part("about").textContent = about;
  if (noise && sound) play(noise);
  showCount();
}

function aboutLoad() {
  if (!load) return "";
  const about = load.shipment, name = own.language === "en" ? about?.name_en : about?.name_id;
  const said = [load.carrier.name, name, about?.owner, about && fill(words.from, { place: about.from_site })];
  return said.filter(Boolean).join(", ") + (load.offline ? `. ${words.offlineLoad}` : "");
}

function showCount() {
  const box = part("count"), of = load ? total() : null, seen = load ? load.seen.size + load.uncounted : count;
  const shown = load ? of || seen : count;
  box.hidden = !shown;
  box.replaceChildren(number.format(seen));
  if (of) box.append(element("span", "", ` / ${number.format(of)}`));
  part("sacks").replaceChildren(...(load?.units.length ? [sacks(load.units, (sscc) => load.seen.has(sscc))] : []));
}

const total = () => load.units.length || (load.offline ? 0 : load.shipment?.planned_units ?? 0);

function chips(name, heading, units) {
  const box = part(name);
  box.hidden = !units.length;
  if (!units.length) return;
  box.querySelector("h2").textContent = heading;
  const shown = units.slice(0, 12).map((sscc) => {
    const chip = element("span", "chip"), tail = element("b", "tail", tailOf(sscc));
    tail.title = `(00) ${sscc}`;
    chip.append(tail);
    return chip;
  });
  if (units.length > 12) shown.push(element("span", "muted", fill(words.andMore, { n: number.format(units.length - 12) })));
  box.querySelector(".chips").replaceChildren(...shown);
}

const missing = () => (load && load.seen.size ? load.units.filter((unit) => !load.seen.has(unit.sscc)).map((unit) => unit.sscc) : []);

function show() {
  const lacking = missing(), extra = load ? [...load.extra.keys()] : [];
  chips("missing", fill(words.missing, { n: number.format(lacking.length) }), lacking);
  chips("surplus", fill(words.surplus, { n: number.format(extra.length), tails: "" }).replace(/:\s*$/, ""), extra);
  showCount();
  showLoad();
  showLast();
  const word = actionWord(lacking.length);
  part("go").hidden = !word;
  part("go-word").textContent = word;
  if (part("hold")) part("hold").hidden = !(load && load.carrier.kind !== "vessel" && ["arriving", "inspecting"].includes(load.next.step));
  for (const row of document.querySelectorAll("[data-giai]")) row.classList.toggle("on", row.dataset.giai === load?.carrier.giai);
}

function showLoad() {
  part("load").hidden = !load || load.offline;
  if (!load || load.offline) return;
  const needed = load.shipment?.papers ?? [], present = load.shipment?.papers_present ?? [];
  const lacking = needed.filter((kind) => !present.includes(kind)), row = part("papers");
  row.hidden = !needed.length;
  const say = element("span", `say ${lacking.length ? "t-siaga" : "t-aman"}`);
  say.append(icon(lacking.length ? "warn" : "check", true), lacking.length ? fill(words.paperMissing, { paper: words.papers[lacking[0]] ?? lacking[0] }) : fill(words.of, { n: needed.length, of: needed.length }));
  row.replaceChildren(icon("paper"), needed.map((kind) => words.papers[kind] ?? kind).join(", "), say);
  if (part("cold")) part("cold").hidden = !load.units.some((unit) => unit.temperature_max_c !== null && Number(unit.temperature_max_c) <= 16);
  weigh();
}

const declared = () => load?.units.reduce((sum, unit) => sum + Number(unit.quantity_kg ?? 0), 0) ?? 0;
// As people write here: 1.858,5 in Indonesian, 1,858.5 in English.
function figure(text) {
  const plain = own.language === "en" ? text.replaceAll(",", "") : text.replaceAll(".", "").replace(",", ".");
  const value = Number(plain.trim() || NaN);
  return Number.isFinite(value) ? value : null;
}

function weigh() {
  const box = part("weight-says");
  if (!box) return;
  const kg = declared(), told = figure(part("weight").value);
  const limit = Math.max(0, ...load.units.map((unit) => Number(unit.tolerance_percent ?? 0)));
  box.className = "hint";
  box.textContent = kg ? fill(words.declared, { kg: number.format(kg) }) : "";
  if (!kg || told === null) return;
  const percent = ((told - kg) / kg) * 100, beyond = Math.abs(percent) > limit;
  const signed = `${percent > 0 ? "+" : percent < 0 ? "−" : ""}${number.format(Math.round(Math.abs(percent) * 10) / 10)} %`;
  box.className = `hint ${beyond ? "t-siaga" : "t-aman"}`;
  box.textContent += `, ${signed}, ${beyond ? words.beyond : words.within}`;
}

function showLast() {
  const box = part("last");
  box.hidden = !last.length;
  box.querySelector("div").replaceChildren(...last.slice(0, 6).map((entry) => {
    const [tone, shape] = VERDICTS[entry.verdict], row = element("div", "row");
    const name = entry.sscc ? element("b", "tail", tailOf(entry.sscc)) : element("b", "plate", entry.name);
    if (entry.sscc) name.title = `(00) ${entry.sscc}`;
    const say = element("span", `say ${tone && tone !== "idle" ? `t-${tone}` : ""}`);
    say.append(icon(entry.waiting ? "nosig" : shape, true), entry.waiting && queue.cut ? `${entry.word}, ${words.waiting}` : entry.word);
    row.append(name, element("span", "muted", time(entry.at)), say);
    return row;
  }));
}

function showQueue() {
  root.dataset.waiting = queue.waiting;
  const box = part("queue"), shown = queue.waiting > 0 && (queue.cut || Boolean(queue.stopped));
  box.hidden = !shown;
  if (shown) {
    const line = element("p", ""), text = element("span", "");
    text.append(element("b", "", fill(words.queued, { n: number.format(queue.waiting) })), ` ${queue.stopped ? "" : words.queuedHelp}`);
    if (queue.stopped) text.append(Object.assign(element("a", "", words.signIn), { href: `/masuk?next=${encodeURIComponent(location.pathname + location.search)}` }));
    line.append(icon("nosig"), text);
    box.replaceChildren(line);
  }
  showLast();
}

// --- telling ----------------------------------------------------------------------------------------------------------

const tell = (told) => queue.add({ site: own.site, ...told });

function note(entry) {
  last.unshift({ at: Date.now(), waiting: Boolean(entry.id), ...entry });
  last = last.slice(0, 40);
}

function answered(scan, told) {
  const entry = last.find((each) => each.id === scan.id);
  if (entry) entry.waiting = false;
  const wrong = told.findings?.[0], refused = ["refused", "conflict"].includes(told.status);
  if (entry && (wrong || refused)) {
    entry.verdict = refused ? "refused" : wrong.kind === "recalled" ? "recalled" : wrong.kind === "unknown_tag" ? "unknown" : "finding";
    entry.word = refused ? words.refused : wrong.kind === "unknown_tag" ? words.unknown : words.finding[wrong.kind] ?? wrong.kind;
    const unsure = refused || ["unknown_tag", "wrong_check"].includes(wrong.kind);
    if (unsure && entry.sscc && load?.seen.delete(entry.sscc)) load.extra.set(entry.sscc, entry.word);
    if (unsure && entry.sscc && !load) scanned.delete(entry.sscc);
    if (last[0] === entry) answer(entry.verdict, entry.word, told.reason ?? null);
  }
  if (entry?.verdict === "kept" && !wrong && !refused) {
    [entry.verdict, entry.word] = ["match", words.match];
    if (last[0] === entry) answer("match", words.match, load ? aboutLoad() : "", tailOf(entry.sscc));
  }
  show();
  if (!queue.waiting) document.dispatchEvent(new Event("lumbung:changed"));
}

// --- a load -----------------------------------------------------------------------------------------------------------

async function open(code) {
  close();
  answer("ready", words.listening, code);
  let found = null;
  try {
    if (navigator.onLine) {
      const reply = await fetch(`/api/v1/loads?code=${encodeURIComponent(code)}&site=${encodeURIComponent(own.site)}`);
      if (reply.ok) found = await reply.json();
      if (found && !found.carrier) {
        answer("notFound", words.notFound, code);
        show();
        return;
      }
    }
  } catch { /* no network: go on with the plate alone */ }
  load = found ?? { carrier: { name: code.toUpperCase(), kind: "truck" }, units: [], shipment: null, next: { step: "arriving" }, arrived: false, offline: true };
  Object.assign(load, { seen: new Set(), extra: new Map(), uncounted: 0 });
  const since = load.next.visit?.gate_in_at;
  if (own.work === "gerbang" && since)
    for (const unit of load.units)
      if (unit.biz_step === "inspecting" && unit.place === load.site && unit.last_event_at >= since) load.seen.add(unit.sscc);
  if (own.work === "terima") load.next = { step: load.arrived ? "finish" : "arriving" };
  const unsent = queue.scans.flatMap((scan) => scan.tags ?? []).map((tag) => read(tag).sscc);
  for (const unit of load.units) if (unsent.includes(unit.sscc)) load.seen.add(unit.sscc);
  answer("ready", load.carrier.name, aboutLoad(), load.shipment ? `…${load.shipment.gsin.slice(-9)}` : "");
  show();
}

function close() {
  load = null;
  for (const name of ["weight", "seal", "temperature"]) if (part(name)) part(name).value = "";
  part("missing").hidden = part("surplus").hidden = part("load").hidden = true;
  part("sacks").replaceChildren();
}

const shipmentOf = () => (load.shipment ? { shipment: load.shipment.gsin } : {});
const carrier = () => load.carrier.giai ?? load.carrier.name;

function arrive() {
  if (load.next.step !== "arriving") return null;
  const scan = tell({ step: "arriving", carrier: carrier(), ...shipmentOf() });
  load.next = { step: own.work === "terima" ? "finish" : load.carrier.kind === "vessel" ? "again" : "inspecting" };
  return scan;
}

function actionWord(lacking) {
  if (!load) return "";
  const short = { n: number.format(lacking) };
  switch (load.next.step) {
    case "arriving": return words.arrive;
    case "inspecting": return lacking ? fill(words.releaseShort, short) : load.seen.size || load.uncounted ? words.release : words.releaseUncounted;
    case "loading": return fill(words.board, { vessel: load.next.vessel });
    case "departing": return words.leave;
    case "unloading": return words.unload;
    case "finish": return lacking ? fill(words.finishShort, short) : words.finish;
    default: return "";
  }
}

function measured() {
  const told = {}, kg = figure(part("weight")?.value ?? ""), celsius = figure(part("temperature")?.value ?? ""), seal = part("seal")?.value.trim();
  if (kg) told.weight_kg = Math.round(kg * 1000) / 1000;
  if (celsius !== null) told.temperature_c = celsius;
  if (seal) told.seal = seal;
  return told;
}

function shortNote() {
  const lacking = missing(), extra = [...load.extra.keys()];
  const said = [];
  if (lacking.length) said.push(fill(words.shortNote, { n: lacking.length, tails: lacking.map(tailOf).join(", ") }));
  if (extra.length) said.push(fill(words.surplus, { n: extra.length, tails: extra.map(tailOf).join(", ") }));
  return said.length ? { note: said.join(". ").slice(0, 280) } : {};
}

// The blue button: what comes next for the carrier that is open.
function go() {
  if (!load) return;
  const step = load.next.step, name = load.carrier.name;
  if (step === "arriving") {
    note({ id: arrive().id, name, verdict: "done", word: words.arrive });
    answer("done", words.arrive, aboutLoad());
    show();
    return;
  }
  let scan = null, verdict = "done", word = words.done;
  if (step === "inspecting") {
    const said = aboutLoad();
    scan = tell({ step, carrier: carrier(), result: "conformant", ...shipmentOf(), ...measured(), ...shortNote() });
    [verdict, word] = ["released", words.released];
    finish(scan, verdict, word, said);
    return;
  }
  if (step === "loading") scan = tell({ step, carrier: load.next.vessel, carriers: [carrier()], ...shipmentOf() });
  else if (step === "departing") scan = tell({ step, carrier: carrier(), ...shipmentOf() });
  else if (step === "unloading") scan = tell({ step, carrier: carrier() });
  finish(scan, verdict, actionWord(missing().length), aboutLoad());
}

function finish(scan, verdict, word, said) {
  const lacking = missing().length, name = load.carrier.name, seen = load.seen.size, of = total();
  note({ id: scan?.id, name, verdict, word });
  close();
  answer(verdict, word, said);
  part("count").hidden = !of;
  if (of) part("count").replaceChildren(number.format(seen), element("span", "", ` / ${number.format(of)}`));
  part("missing").hidden = !lacking;
  part("go").hidden = true;
  if (part("hold")) part("hold").hidden = true;
  showLast();
  document.dispatchEvent(new Event("lumbung:changed"));
}

function hold() {
  if (!load || part("hold").hidden) return;
  arrive();
  const scan = tell({ step: "inspecting", carrier: carrier(), result: "non_conformant", ...shipmentOf(), ...measured(), ...shortNote() });
  finish(scan, "held", words.held, aboutLoad());
}

// --- a scan -----------------------------------------------------------------------------------------------------------

function take(code) {
  const told = read(code);
  if (told.wrong) return answer("badNumber", words.badNumber, words.badNumberHelp);
  if (told.tail) {
    const known = (load?.units ?? [...stock.values()]).filter((unit) => unit.sscc.endsWith(told.tail));
    if (known.length !== 1) return answer("notFound", words.notFound, code);
    told.sscc = known[0].sscc;
    code = told.sscc;
  }
  if (told.sscc) return own.work === "gerbang" || own.work === "terima" ? sack(told.sscc, code) : inStock(told.sscc, code);
  const chosen = rooms.find((each) => each.code.toUpperCase() === told.other.toUpperCase());
  if (own.work === "simpan" && chosen) return choose(chosen.code);
  if (own.work === "gerbang" || own.work === "terima") return open(told.other);
  return answer("notFound", words.notFound, code);
}

async function sack(sscc, code) {
  if (!load) {
    if (scanned.has(sscc)) return said("again", sscc);
    await open(code); // the truck that this sack rides in
    if (!load) {
      if (own.work !== "terima") return show();
      scanned.add(sscc); // received from nobody's truck
      count += 1;
      const scan = tell({ step: "accepting", tags: [code] });
      return said("match", sscc, scan.id);
    }
  }
  if (load.seen.has(sscc) || load.extra.has(sscc)) return said("again", sscc);
  if (load.carrier.kind === "vessel") return said("notThis", sscc);
  arrive();
  const listed = load.units.some((unit) => unit.sscc === sscc), unlisted = !load.units.length;
  if (listed || unlisted) load.seen.add(sscc);
  else load.extra.set(sscc, words.notThis);
  const fits = listed || unlisted;
  const owner = load.shipment?.owner_gln && fits ? { owner: load.shipment.owner_gln } : {};
  const scan = own.work === "terima"
    ? tell({ step: "accepting", tags: [code], ...owner, ...(fits ? shipmentOf() : {}) })
    : tell({ step: "inspecting", tags: [code], result: fits ? "conformant" : "non_conformant", ...(fits ? shipmentOf() : {}) });
  // Without the load's list nothing was compared yet: kept, and the answer comes with the network.
  said(!fits ? "notThis" : load.offline ? "kept" : "match", sscc, scan.id);
}

function said(verdict, sscc, id = undefined, about = null) {
  note({ id, sscc, verdict, word: words[verdict] });
  answer(verdict, words[verdict], about ?? (load ? aboutLoad() : ""), tailOf(sscc));
  show();
}

function choose(code) {
  room = code;
  const box = root.querySelector(`input[name=room][value="${CSS.escape(code)}"]`);
  if (box) box.checked = true;
  answer("ready", fill(words.inRoom, { room }), "");
}

function inStock(sscc, code) {
  const unit = stock.get(sscc), picking = own.work === "ambil";
  if (scanned.has(sscc)) return said("again", sscc);
  if (!unit) return said("notHere", sscc);
  if (!picking && !room) return said("chooseRoom", sscc);
  if (picking && unit.held) return said("held", sscc);
  const zone = rooms.find((each) => each.code === room)?.zone;
  if (!picking && zone && zone !== unit.zone) return said("wrongRoom", sscc, undefined, fill(words.goesTo, { zone: words.zones[unit.zone] ?? unit.zone }));
  scanned.add(sscc);
  count += 1;
  const first = [...stock.values()].find((each) => each.gtin === unit.gtin && !each.held && !each.picked && !scanned.has(each.sscc) && each.expires_on && unit.expires_on && each.expires_on < unit.expires_on);
  const scan = picking ? tell({ step: "picking", tags: [code] }) : tell({ step: "storing", tags: [code], room });
  if (picking && first) return said("earlier", sscc, scan.id, fill(words.firstOut, { tail: first.tail, lot: first.lot_number ?? "–" }));
  const lot = unit.lot_number ?? "";
  return said("match", sscc, scan.id, picking ? lot : `${fill(words.inRoom, { room })}, ${lot}`);
}

// --- keys and buttons -------------------------------------------------------------------------------------------------

listen((code) => { clearTimeout(holding); holding = 0; take(code); });
part("go").addEventListener("click", go);
part("hold")?.addEventListener("click", hold);
part("weight")?.addEventListener("input", weigh);
root.addEventListener("change", (event) => { if (event.target.name === "room") choose(event.target.value); });
part("entry").addEventListener("submit", (event) => {
  event.preventDefault();
  const field = event.target.elements.kode, code = field.value.trim();
  field.value = "";
  if (code) take(code);
  else go();
});
part("sound").addEventListener("click", () => {
  sound = !sound;
  localStorage.setItem("lumbung.suara", sound ? "menyala" : "mati");
  showSound();
});
function showSound() {
  part("sound").setAttribute("aria-pressed", String(sound));
  part("sound").textContent = sound ? words.soundOn : words.soundOff;
}
addEventListener("click", (event) => {
  const link = event.target.closest("[data-open]:not([data-station])");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  open(link.dataset.open);
  root.scrollIntoView({ block: "nearest" });
});

addEventListener("keydown", (event) => {
  const pending = holding;
  clearTimeout(holding);
  holding = 0;
  if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
  const within = event.target.closest("input, textarea, select, button, a, summary");
  const written = event.target.closest("input:not([type=radio]), textarea, select");
  if (event.key === "Escape" && !event.target.closest("[data-search]") && load) {
    close();
    answer("ready", words.ready, "");
    show();
  } else if (event.key === "Enter" && (!within || event.target.matches("input[type=radio], [data-weight], [data-seal], [data-temperature]"))) {
    event.preventDefault();
    go();
  } else if (!pending && !written && event.key.toUpperCase() === "T" && part("hold")) holding = setTimeout(hold, 70);
});

document.addEventListener("lumbung:fresh", show);
showSound();
answer("ready", words.ready);
showQueue();
queue.send();
if (own.open) open(own.open);
root.dataset.listening = "";
