// Opens the connect flow in a pop-up, and keeps the list of linked users current while someone looks.

const EVERY = 5000;
const list = document.getElementById("links");
const stale = document.getElementById("stale");
let timer;
let shown;

async function refresh() {
  clearTimeout(timer);
  try {
    const reply = await fetch("/home/links", { signal: AbortSignal.timeout(EVERY) });
    const text = await reply.text();
    stale.hidden = true;
    if (text !== shown) {
      list.innerHTML = text;
      shown = text;
    }
  } catch {
    stale.hidden = false;
  }
  clearTimeout(timer);
  if (!document.hidden) timer = setTimeout(refresh, EVERY);
}

document.addEventListener("visibilitychange", () => (document.hidden ? clearTimeout(timer) : refresh()));
timer = setTimeout(refresh, EVERY);

document.querySelector("form.connect").addEventListener("submit", (event) => {
  const query = new URLSearchParams({ state: event.target.elements.user.value });
  const popup = window.open(`/login?${query}`, "withings", "popup,width=520,height=760");
  if (!popup) return; // blocked: the form goes the same way in this window
  event.preventDefault();
  const closing = setInterval(() => {
    if (!popup.closed) return;
    clearInterval(closing);
    refresh();
  }, 500);
});
