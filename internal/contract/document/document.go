// Package document is the API's OpenAPI document, as of the version of the API that this module speaks. It holds the facts
// that a program needs, without descriptions. The sandbox serves it and checks requests against it; the drift test of
// package contract compares this module with it.
package document

import _ "embed"

// JSON is the document: OpenAPI 3.0.
//
//go:embed openapi-integrator.json
var JSON []byte
