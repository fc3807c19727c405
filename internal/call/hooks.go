package call

import (
	"context"
	"time"
)

// Hooks are called at the start and at the end of a call and of each of its attempts, in the goroutine of the call. A
// hook that is nil is not called. The context that a start hook returns must be made from the one that it got, and
// replaces it: the context of an attempt is made from that of the call, and Authorize and the transport get it.
type Hooks struct {
	CallStart    func(ctx context.Context, r *Request) context.Context
	CallEnd      func(ctx context.Context, end CallEnd)
	AttemptStart func(ctx context.Context, r *Request, number int) context.Context // number counts from 1
	AttemptEnd   func(ctx context.Context, end AttemptEnd)
}

// CallEnd is the result of a call.
type CallEnd struct {
	Request    *Request
	StatusCode int // of the response that decided; 0 if there was none
	Attempts   int
	Err        error // what the user gets
	Duration   time.Duration
	// ResponseBytes is the length of the body that was read, after decompression.
	ResponseBytes int
	ClockSkew     time.Duration // see Failure
}

// AttemptEnd is the result of one attempt.
type AttemptEnd struct {
	Request    *Request
	Number     int
	StatusCode int  // 0 if there was no response
	Sent       bool // headers were written, or may have been
	Err        error
	Duration   time.Duration
}
