// Keeps the shell: the pages with nobody's data in them, and the files they need. Nothing else is ever kept here.
//
// The server puts `self.LUMBUNG` in front of this: {version, files, shells, languages}. A new version is fetched whole
// beside the old one and takes over when no page of the old one is open any more.

const { version, files, shells, languages } = self.LUMBUNG;
const CACHE = `tani-${version}`;
const SETTING = "tani-setting"; // the language the shell is shown in
const PATIENCE_MS = 2_500; // a page from the server is better, but not worth standing in the field for

const shellOf = (kind, language) => `/tani/cangkang/${kind}/${language}`;

self.addEventListener("install", (event) => {
  const pages = shells.flatMap((kind) => languages.map((language) => shellOf(kind, language)));
  const asked = [
    ...files.map((file) => new Request(file)),
    // Without cookies: what comes back can be nobody's.
    ...pages.map((address) => new Request(address, { credentials: "omit", cache: "reload" })),
  ];
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll(asked)));
});

self.addEventListener("activate", (event) => {
  event.waitUntil(
    caches
      .keys()
      .then((names) => names.filter((name) => name.startsWith("tani-") && ![CACHE, SETTING].includes(name)))
      .then((old) => Promise.all(old.map((name) => caches.delete(name))))
      .then(() => self.clients.claim()),
  );
});

self.addEventListener("message", (event) => {
  const { language } = event.data ?? {};
  if (!languages.includes(language)) return;
  event.waitUntil(caches.open(SETTING).then((cache) => cache.put("/language", new Response(language))));
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const address = new URL(request.url);
  if (request.method !== "GET" || address.origin !== self.location.origin) return;
  if (request.mode === "navigate") {
    const kind = address.pathname === "/tani" ? "beranda" : address.pathname.replace("/tani/", "");
    if (shells.includes(kind)) event.respondWith(pageOrShell(request, kind));
  } else if (address.pathname.startsWith("/static/")) {
    event.respondWith(caches.match(request, { cacheName: CACHE }).then((known) => known ?? fetch(request)));
  }
});

async function pageOrShell(request, kind) {
  const fetched = fetch(request);
  const late = new Promise((resolve) => setTimeout(resolve, PATIENCE_MS));
  try {
    const page = await Promise.race([fetched, late]);
    if (page && page.status < 500) return page;
  } catch {
    // no signal
  }
  const kept = await shell(kind);
  if (kept) {
    fetched.catch(() => {});
    return kept;
  }
  return fetched;
}

async function shell(kind) {
  const setting = await caches.open(SETTING).then((cache) => cache.match("/language"));
  const language = setting ? await setting.text() : languages[0];
  const cache = await caches.open(CACHE);
  return cache.match(shellOf(kind, languages.includes(language) ? language : languages[0]));
}
