// Keeps a page current while somebody looks: when the server says that something happened,
// and now and then for the times, the page is asked for once more, and what has changed is put in place.

const GATHER = 300;
const EVERY = 30_000;
const TIMEOUT = 10_000;
const LISTEN_AGAIN = 5000;
const state = document.getElementById("live");
let source;
let gathering;
let ticking;
let returning;
let asking = false;
let again = false;
let over = false;

function say(word, kind) {
  state.hidden = false;
  state.className = `live ${kind}`;
  state.querySelector(".word").textContent = word;
}

// Somebody is typing there: it comes up to date with the next news.
function isTypedInto(region) {
  return region.contains(document.activeElement) && document.activeElement.matches("input, select, textarea");
}

// What has the focus, or is open, is so afterwards too.
function put(region, fresh) {
  const focused = region.contains(document.activeElement) ? document.activeElement.id : "";
  const open = [...region.querySelectorAll("details[open]")].map((each) => each.id);
  region.replaceChildren(...fresh.childNodes);
  for (const id of open) if (id) document.getElementById(id)?.setAttribute("open", "");
  if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
}

async function refresh() {
  if (asking) {
    again = true;
    return;
  }
  asking = true;
  clearTimeout(ticking);
  try {
    const reply = await fetch(state.dataset.page ?? location.href, { signal: AbortSignal.timeout(TIMEOUT) });
    const page = new DOMParser().parseFromString(await reply.text(), "text/html");
    if (reply.redirected) return signedOut();
    for (const region of document.querySelectorAll("[data-live]")) {
      const fresh = page.getElementById(region.id);
      if (fresh && fresh.innerHTML !== region.innerHTML && !isTypedInto(region)) put(region, fresh);
    }
    if (source?.readyState === EventSource.OPEN) say("Live", "well");
    if (!reply.ok) say("The store does not answer", "ill");
  } catch {
    say("The server does not answer", "ill");
  } finally {
    asking = false;
    if (again) soon();
    again = false;
    if (!document.hidden && !over) ticking = setTimeout(refresh, EVERY);
  }
}

function soon() {
  clearTimeout(gathering);
  gathering = setTimeout(refresh, GATHER);
}

function signedOut() {
  over = true;
  stop();
  say("Signed out; load the page again to sign in", "ill");
}

function listen() {
  stop();
  if (over) return;
  source = new EventSource(state.dataset.events);
  source.addEventListener("open", () => {
    say("Live", "well");
    soon(); // what happened before the connection stood
  });
  source.addEventListener("news", soon);
  source.addEventListener("error", () => {
    say("Connecting again", "ill");
    if (source.readyState !== EventSource.CLOSED) return; // the browser tries again by itself
    refresh(); // which finds out why
    returning = setTimeout(listen, LISTEN_AGAIN);
  });
}

function stop() {
  source?.close();
  for (const timer of [gathering, ticking, returning]) clearTimeout(timer);
}

if (state) {
  // What was said of a deed is said once, and not again by a page that is loaded anew.
  const address = new URL(location.href);
  if (address.searchParams.has("said")) {
    address.searchParams.delete("said");
    history.replaceState(null, "", address);
  }
  document.addEventListener("visibilitychange", () => (document.hidden ? stop() : listen()));
  addEventListener("pagehide", stop);
  addEventListener("pageshow", (event) => event.persisted && listen());
  if (!document.hidden) listen();
}
