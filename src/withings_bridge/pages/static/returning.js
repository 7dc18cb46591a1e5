// The end of the connect flow: tells the app that opened this window, then closes it or goes to the app.

const AFTER = 3000;
const returning = document.getElementById("returning");
const message = document.getElementById("message");
const stay = document.getElementById("stay");
const opener = message && window.opener && !window.opener.closed ? window.opener : null;

const toTheApp = () => location.replace(returning.dataset.to);

function leave() {
  if (opener) {
    window.close();
    setTimeout(toTheApp, 500); // some windows may not close themselves
  } else {
    toTheApp();
  }
}

if (opener) {
  opener.postMessage(JSON.parse(message.textContent), returning.dataset.opener);
  returning.textContent = "This window closes in 3 seconds.";
}

const timer = setTimeout(leave, AFTER);

if (stay) {
  stay.hidden = false;
  stay.addEventListener("click", () => {
    clearTimeout(timer);
    returning.textContent = "";
    stay.hidden = true;
  });
}
