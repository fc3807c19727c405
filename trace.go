package byzantine

import (
	"context"
	"errors"
	"time"

	"github.com/byzantine-finance/byzantine-go/internal/call"
)

// Tracer observes the calls of a client, for spans and metrics. A Tracer that also implements [AttemptTracer] observes
// each attempt of a call as well. Module otelbyzantine has a Tracer for OpenTelemetry.
//
// The data of the methods hold no identifier, query, header, body, key or personal data, with one exception: the text of
// Err may quote the API. Record its type and not its text.
//
// The methods are called in the goroutine of the call, and many goroutines call them at the same time. They must not
// block. A request that is rejected before anything is sent ([ErrInvalidRequest]) is not a call.
type Tracer interface {
	// TraceCallStart is called before the first attempt. The context that it returns must be made from ctx. It replaces
	// ctx in the rest of the call: the Signer and the transport get it, or a context that is made from it.
	TraceCallStart(ctx context.Context, data TraceCallStartData) context.Context
	// TraceCallEnd is called when the response has been decoded or the call has failed. ctx is what TraceCallStart
	// returned.
	TraceCallEnd(ctx context.Context, data TraceCallEndData)
}

// AttemptTracer is a [Tracer] that also observes the attempts of a call. A call whose context has ended before it
// begins has no attempts.
type AttemptTracer interface {
	Tracer
	// TraceAttemptStart is called before the request is signed. ctx is what TraceCallStart returned; the context that
	// this method returns must be made from it, and reaches the Signer and the transport.
	TraceAttemptStart(ctx context.Context, data TraceAttemptStartData) context.Context
	// TraceAttemptEnd is called when the response has been read or the attempt has failed. ctx is what
	// TraceAttemptStart returned.
	TraceAttemptEnd(ctx context.Context, data TraceAttemptEndData)
}

// TraceCallStartData says which operation is called.
type TraceCallStartData struct {
	Operation OperationID // empty for [Client.Do]
	Method    string
	Path      string // the path template, without identifiers and query
	Host      string // of the API, with the port if the base URL has one
}

// TraceCallEndData is the result of a call.
type TraceCallEndData struct {
	Operation      OperationID // empty for [Client.Do]
	Attempts       int         // 0 if the context was over before the first
	StatusCode     int         // of the final response; 0 if there was none
	OutcomeUnknown bool        // Err matches ErrOutcomeUnknown
	Err            error       // what the caller gets
	Duration       time.Duration
	RequestBytes   int           // length of the body that was sent
	ResponseBytes  int           // length of the body that was read, after decompression
	ClockSkew      time.Duration // how far this machine's clock is ahead, if that may be why the request was rejected
}

// TraceAttemptStartData says which attempt begins.
type TraceAttemptStartData struct {
	Operation OperationID // empty for [Client.Do]
	Number    int         // from 1
}

// TraceAttemptEndData is the result of one attempt.
type TraceAttemptEndData struct {
	Operation  OperationID // empty for [Client.Do]
	Number     int         // from 1
	StatusCode int         // 0 if there was no response
	Sent       bool        // the request was sent, or may have been
	Err        error       // why there was no complete response; nil if there was one, whatever its status
	Duration   time.Duration
}

// WithTracer makes t observe the calls of the client. If it is given several times, the last one is used.
func WithTracer(t Tracer) Option {
	return func(c *call.Config) error {
		if t == nil {
			return errors.New("WithTracer: nil tracer")
		}
		c.Hooks = hooksOf(t)
		return nil
	}
}

// hooksOf makes the hooks for internal/call from a tracer.
func hooksOf(t Tracer) call.Hooks {
	hooks := call.Hooks{
		CallStart: func(ctx context.Context, r *call.Request) context.Context {
			return t.TraceCallStart(ctx, TraceCallStartData{Operation: OperationID(r.Operation), Method: r.Method, Path: r.Path, Host: r.URL.Host})
		},
		CallEnd: func(ctx context.Context, end call.CallEnd) {
			t.TraceCallEnd(ctx, TraceCallEndData{
				Operation: OperationID(end.Request.Operation), Attempts: end.Attempts, StatusCode: end.StatusCode,
				OutcomeUnknown: errors.Is(end.Err, ErrOutcomeUnknown), Err: end.Err, Duration: end.Duration,
				RequestBytes: len(end.Request.Body), ResponseBytes: end.ResponseBytes, ClockSkew: end.ClockSkew,
			})
		},
	}
	if a, ok := t.(AttemptTracer); ok {
		hooks.AttemptStart = func(ctx context.Context, r *call.Request, number int) context.Context {
			return a.TraceAttemptStart(ctx, TraceAttemptStartData{Operation: OperationID(r.Operation), Number: number})
		}
		hooks.AttemptEnd = func(ctx context.Context, end call.AttemptEnd) {
			a.TraceAttemptEnd(ctx, TraceAttemptEndData{
				Operation: OperationID(end.Request.Operation), Number: end.Number, StatusCode: end.StatusCode, Sent: end.Sent, Err: end.Err,
				Duration: end.Duration,
			})
		}
	}
	return hooks
}
