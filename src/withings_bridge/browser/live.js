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

// Read aloud by some, so nothing is said twice.
function say(word, kind) {
  const words = state.querySelector(".word");
  state.hidden = false;
  state.className = `live ${kind}`;
  if (words.textContent !== word) words.textContent = word;
}

// Somebody is typing there, or has typed: it comes up to date with the news after that.
function isTypedInto(region) {
  const fields = [...region.querySelectorAll("input:not([type=hidden]), textarea")];
  return fields.some((field) => field === document.activeElement || field.value !== field.defaultValue);
}

// What has the focus, is open or scrolled is so afterwards too, as far as it has an id.
function put(region, fresh) {
  for (const each of region.querySelectorAll("details[open][id]")) {
    fresh.querySelector(`#${CSS.escape(each.id)}`)?.setAttribute("open", "");
  }
  if (fresh.innerHTML === region.innerHTML) return;
  const focused = region.contains(document.activeElement) ? document.activeElement.id : "";
  const scrolled = [...region.querySelectorAll(".scroll[id]")].map((each) => [each.id, each.scrollTop, each.scrollLeft]);
  region.replaceChildren(...fresh.childNodes);
  for (const [id, top, left] of scrolled) document.getElementById(id)?.scrollTo(left, top);
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
    if (reply.redirected) return end("Signed out; load the page again to sign in");
    for (const region of document.querySelectorAll("[data-live]")) {
      const fresh = page.getElementById(region.id);
      if (fresh && !isTypedInto(region)) put(region, fresh);
    }
    if (reply.status === 404) return end("What this page shows is not there any more");
    if (reply.status === 503) say("The store does not answer", "ill");
    else if (!reply.ok) say("The page cannot be shown now", "ill");
    else if (source?.readyState === EventSource.OPEN) say("Live", "well");
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

function end(word) {
  over = true;
  stop();
  say(word, "ill");
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
