package contract

import _ "embed" // for the document

// OpenAPI is the OpenAPI 3.0 document of the API as this version of the module speaks it, in JSON: its state of September
// 2026, without descriptions and other texts.
//
//go:embed openapi-integrator.json
var OpenAPI string
