// Opens the connect flow in a pop-up, disconnects whom somebody says to, and keeps the list of linked users
// current while someone looks.

const EVERY = 5000;
const list = document.getElementById("links");
const stale = document.getElementById("stale");
const told = document.getElementById("told");
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

// Without a script the buttons would do nothing, so they show from here on.
document.documentElement.classList.add("scripted");

list.addEventListener("click", async (event) => {
  const button = event.target.closest("button.disconnect");
  if (!button || !confirm(`Disconnect ${button.dataset.user} from Withings? What it has brought stays.`)) return;
  button.disabled = true;
  told.textContent = "Disconnecting; Withings may take a while...";
  told.hidden = false;
  try {
    // JSON, which no page elsewhere can make a browser send here unasked.
    const reply = await fetch("/api/withings/disconnect", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ userId: button.dataset.user }),
    });
    const said = await reply.json();
    told.textContent = reply.ok ? said.message : said.error;
  } catch {
    told.textContent = "The server does not answer; try again.";
  }
  refresh();
});

// There is none where people connect from the app alone.
document.querySelector("form.connect")?.addEventListener("submit", (event) => {
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
