// Package bridge lends the call path of the root package to packages of this module that call another API: its limits,
// retries, redirect rule, logging and errors. The root package sets [Open]; it cannot export it, because nobody outside
// of this module has any business with it.
package bridge

import (
	"context"
	"net/http"
	"time"
)

// Call is one POST that may be sent again after a failure: the other API takes the same bytes for the same request.
type Call struct {
	Operation string // for errors and logs
	Path      string // without a query
	Request   any    // a pointer to a struct with the tags of internal/wire
	Query     bool   // it changes nothing, so no failure leaves its outcome unknown
}

// Stamp signs a body and puts what the other API wants to see into the header. It is called once for each attempt.
type Stamp func(ctx context.Context, body []byte, header http.Header) error

// Caller is what a client lends.
type Caller struct {
	// Now is the client's clock.
	Now func() time.Time
	// Do makes a call and decodes its answer. The errors are the root package's.
	Do func(ctx context.Context, call Call, answer any) error
}

// Open returns the call path of a *byzantine.Client, with stamp in place of its own signature.
var Open func(client any, stamp Stamp) Caller
