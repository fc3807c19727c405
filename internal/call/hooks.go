package call

import (
	"context"
	"time"
)

// Hooks are called at the start and at the end of a call and of each of its attempts, in the goroutine of the call. A
// nil hook is not called. A start hook returns the context that is used from then on; it must be derived from the
// context that the hook received. The context of an attempt is derived from that of the call. Authorize and the
// transport receive the context of the attempt.
type Hooks struct {
	CallStart    func(ctx context.Context, r *Request) context.Context
	CallEnd      func(ctx context.Context, end CallEnd)
	AttemptStart func(ctx context.Context, r *Request, number int) context.Context // number counts from 1
	AttemptEnd   func(ctx context.Context, end AttemptEnd)
}

// CallEnd is the result of a call.
type CallEnd struct {
	Request    *Request
	StatusCode int // of the response that decided the call; 0 if there was none
	Attempts   int
	Err        error // the error that the user gets; nil after a success
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
	Sent       bool // the server may have received the request
	Err        error
	Duration   time.Duration
}
