"use strict";

// Nothing is asked of anybody but this server: no validator, no other document by ?url=.
SwaggerUIBundle({
  url: "openapi.yaml",
  dom_id: "#swagger-ui",
  deepLinking: true,
  docExpansion: "list",
  defaultModelsExpandDepth: 0,
  validatorUrl: null,
  queryConfigEnabled: false,
  persistAuthorization: false,
});
