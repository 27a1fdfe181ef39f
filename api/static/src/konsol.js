// Every page of the console: parts that keep themselves fresh, `/` for search, `?` for help.
// A wedge scanner types as well: a shortcut waits until it is clear that no burst of characters follows.

const own = document.querySelector("script[data-fresh]").dataset;
const EVERY_MS = 10_000;
const BURST_MS = 60;

// --- parts that keep themselves fresh ---------------------------------------------------------------------------------

const live = document.querySelector("[data-live]");
const parts = [...document.querySelectorAll("[data-fragment]")];
let asking = false, again = false;

function tell(time, fresh) {
  if (!live || !time) return;
  const words = (fresh ? own.fresh : own.stale).replace("{time}", time);
  if (live.textContent !== words) live.textContent = words;
  live.classList.toggle("cut", !fresh);
}

// The counts along the corridor come with every part.
function along(counts) {
  for (const [place, [count, findings]] of Object.entries(counts)) {
    const link = document.querySelector(`[data-corridor="${place}"]`);
    if (!link) continue;
    link.querySelector("[data-count]").textContent = count;
    const found = link.querySelector("[data-findings]");
    if (found) {
      found.textContent = findings;
      found.closest(".say").hidden = !findings;
    }
  }
}

async function refresh(part) {
  const known = part.querySelector("[data-at]");
  try {
    if (!navigator.onLine) throw new Error("offline");
    const answer = await fetch(part.dataset.fragment, { headers: { Accept: "text/html" }, signal: AbortSignal.timeout(8000) });
    if (!answer.ok || answer.redirected) throw new Error(String(answer.status));
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.querySelector("[data-at]");
    const focused = part.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
    const scrolled = part.querySelector(".wide-table")?.scrollLeft ?? 0;
    if (known.innerHTML !== fresh.innerHTML) {
      known.replaceWith(fresh);
      if (scrolled) part.querySelector(".wide-table")?.scrollTo(scrolled, 0);
      if (focused) part.querySelector(`[href="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
      document.dispatchEvent(new CustomEvent("lumbung:fresh", { detail: part }));
    } else known.dataset.at = fresh.dataset.at;
    along(JSON.parse(fresh.dataset.counts));
    tell(fresh.dataset.at, true);
  } catch {
    tell(known.dataset.at, false);
  }
}

async function refreshAll() {
  if (document.hidden) return;
  if (asking) { again = true; return; }
  asking = true;
  do {
    again = false;
    await Promise.all(parts.map(refresh));
  } while (again);
  asking = false;
}

if (parts.length) {
  setInterval(refreshAll, EVERY_MS);
  for (const happening of ["online", "offline"]) addEventListener(happening, refreshAll);
  document.addEventListener("visibilitychange", refreshAll);
  document.addEventListener("lumbung:changed", refreshAll);
}

// --- keys -------------------------------------------------------------------------------------------------------------

const typing = (target) => target.closest("input, textarea, select, [contenteditable]");
let waiting = 0;

addEventListener("keydown", (event) => {
  const pending = waiting;
  clearTimeout(waiting);
  waiting = 0;
  if (pending || event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
  if (event.key === "/") {
    event.preventDefault();
    waiting = setTimeout(() => { waiting = 0; document.querySelector("[data-search]")?.focus(); }, BURST_MS);
  } else if (event.key === "?") {
    waiting = setTimeout(() => { waiting = 0; help(); }, BURST_MS);
  }
});

function help() {
  let dialog = document.querySelector("dialog.help");
  if (!dialog) {
    dialog = document.createElement("dialog");
    dialog.className = "help";
    dialog.setAttribute("aria-labelledby", "pintasan");
    const title = Object.assign(document.createElement("h2"), { id: "pintasan", textContent: own.help });
    const list = document.createElement("dl");
    for (const [key, words] of JSON.parse(own.keys)) {
      const term = document.createElement("dt");
      term.append(Object.assign(document.createElement("kbd"), { textContent: key }));
      list.append(term, Object.assign(document.createElement("dd"), { textContent: words }));
    }
    const close = Object.assign(document.createElement("button"), { textContent: own.close, type: "button" });
    close.addEventListener("click", () => dialog.close());
    dialog.append(title, list, close);
    document.body.append(dialog);
  }
  if (!dialog.open) dialog.showModal();
}
