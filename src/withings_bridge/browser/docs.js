// Starts Swagger UI on our own description, with everything off that would ask another host.

const root = document.getElementById("swagger-ui");
const dark = window.matchMedia("(prefers-color-scheme: dark)");
const dress = () => document.documentElement.classList.toggle("dark-mode", dark.matches);

dress();
dark.addEventListener("change", dress);

window.SwaggerUIBundle({
  domNode: root,
  url: root.dataset.openapi,
  deepLinking: true,
  displayRequestDuration: true,
  persistAuthorization: false, // what proves a caller stays in this page's memory
  validatorUrl: null,
});
