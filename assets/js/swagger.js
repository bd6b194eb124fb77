// Starts the API explorer without an inline script; swagger-ui-bundle.js was loaded before and left its global.
const element = document.querySelector("[data-openapi-url]");
globalThis.SwaggerUIBundle({
  url: element.dataset.openapiUrl,
  domNode: element,
  deepLinking: true,
  tryItOutEnabled: false,
  validatorUrl: null,
});
