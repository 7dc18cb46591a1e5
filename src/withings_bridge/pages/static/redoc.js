// Starts ReDoc on our own description, with everything off that would ask another host.

const root = document.getElementById("redoc");

// ReDoc draws its maker's logo from another host, and has no option against it. Credit and link stay.
const elsewhere = (address) => /^https?:/.test(address) && new URL(address).origin !== location.origin;
const images = HTMLImageElement.prototype;
const source = Object.getOwnPropertyDescriptor(images, "src");
Object.defineProperty(images, "src", {
  ...source,
  set(address) { if (!elsewhere(address)) source.set.call(this, address); },
});
images.setAttribute = function (name, value) {
  if (name !== "src" || !elsewhere(value)) Element.prototype.setAttribute.call(this, name, value);
};

window.Redoc.init(
  root.dataset.openapi,
  {
    nonce: root.dataset.nonce,
    disableSearch: true, // it runs in a worker made from text, which the page's policy refuses
    expandResponses: "200",
    jsonSampleExpandLevel: 3,
    theme: {
      colors: { primary: { main: "#0b6b62" } },
      typography: {
        fontFamily: "system-ui, sans-serif",
        headings: { fontFamily: "system-ui, sans-serif" },
        code: { fontFamily: "ui-monospace, monospace" },
      },
    },
  },
  root,
);
