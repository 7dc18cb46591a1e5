// The end of the connect flow: tells the app that opened this window, then closes it or goes to the app.

const AFTER = 3000;
const LOOK = 2000;
const returning = document.getElementById("returning");
const message = document.getElementById("message");
const stay = document.getElementById("stay");
const app = document.getElementById("app");
const opener = window.opener && !window.opener.closed ? window.opener : null;
const closes = Boolean(message && opener);

const toTheApp = () => location.replace(returning.dataset.to);

function leave() {
  if (closes) {
    window.close();
    setTimeout(toTheApp, 500); // some windows may not close themselves
  } else {
    toTheApp();
  }
}

function remain(words) {
  clearTimeout(timer);
  returning.textContent = words;
  stay.hidden = true;
}

// Whether it was our own home page, and not the app, that opened this window.
function isOurs(other) {
  try {
    return other.location.origin === location.origin;
  } catch {
    return false;
  }
}

// On a laptop with the sandbox the app may not run; then whoever is sent there lands on an error.
async function stayIfNobodyIsThere() {
  try {
    const signal = AbortSignal.timeout(LOOK);
    await fetch(returning.dataset.to, { method: "HEAD", mode: "no-cors", cache: "no-store", signal });
  } catch {
    remain(`Vitals7 does not run at ${new URL(returning.dataset.to).host}, so you stay here.`);
    const ours = opener && isOurs(opener);
    app.textContent = ours ? "Close this window" : "Home";
    app.href = "/";
    if (ours) app.addEventListener("click", (event) => (event.preventDefault(), window.close()));
  }
}

if (closes) {
  opener.postMessage(JSON.parse(message.textContent), returning.dataset.opener);
  returning.textContent = "This window closes in 3 seconds.";
}

const timer = setTimeout(leave, AFTER);
stay.hidden = false;
stay.addEventListener("click", () => remain(""));
if ("look" in returning.dataset && !closes) stayIfNobodyIsThere();
