// The farmer's phone: starts whatever page is open, keeps the queue moving, and knows who is here.

import { changed, fetchBekal, flush, onChange, sending, setSession } from "./_scan-send.js";
import { keep, kept, tidy } from "./_scan-store.js";
import { $, $$, language, show } from "./_tani-words.js";

const FRESH_MS = 10 * 60_000;
const { page, account: live, csrf } = document.body.dataset;

/** Who is here: on a page from the server whoever is signed in, on the kept shell whoever was last. */
async function whoIsHere() {
  if (live) {
    setSession(live, csrf);
    return live;
  }
  return (await kept("who"))?.account ?? "";
}

function signal() {
  for (const each of $$("[data-signal] [data-when]")) {
    const offline = !navigator.onLine || sending === "offline";
    show(each, each.dataset.when === (offline ? "offline" : sending === "sending" ? "sending" : ""));
  }
}

async function provisions(account) {
  const known = account ? await kept(`bekal:${account}`) : undefined;
  if (!navigator.onLine || (known && Date.now() - known.fetchedAt < FRESH_MS)) return known;
  const asked = fetchBekal().then((bekal) => bekal ?? known, () => known);
  return known && !live ? known : await asked;
}

async function start() {
  $$("[data-script]").forEach((each) => show(each));
  const account = await whoIsHere();
  if (live) await keep("who", { account: live, name: (await kept("who"))?.name ?? "" });
  addEventListener("online", () => flush().then(changed));
  addEventListener("offline", signal);
  onChange(signal);
  signal();
  const bekal = provisions(account);
  if (page === "beranda") (await import("./_tani-home.js")).start(account, Boolean(live));
  if (page === "pindai" || page === "panen") (await import("./_tani-harvest.js")).start(account, bekal, page);
  if (page === "muat") (await import("./_tani-load.js")).start(account, bekal);
  $("#keluar")?.addEventListener("submit", () => keep("who", null));
  document.body.dataset.ready = "true";
  await flush();
  if (account) await tidy(account);
  worker();
}

async function worker() {
  if (!("serviceWorker" in navigator)) return;
  const registration = await navigator.serviceWorker.register("/tani/pekerja.js", { scope: "/tani" });
  const speak = () => (registration.active ?? navigator.serviceWorker.controller)?.postMessage({ language });
  speak();
  navigator.serviceWorker.ready.then(speak);
}

start();
