// Package jitter is the random part of waits, so that programs that failed together do not come back together. A simulation
// puts a source of its own into the context, to have the same waits again.
package jitter

import (
	"context"
	"math/rand/v2"
	"time"
)

// Source returns a random duration of at least 0 and less than the ceiling, which is positive.
type Source func(ceiling time.Duration) time.Duration

type key struct{}

// With returns a context in which [UpTo] draws from the source.
func With(ctx context.Context, s Source) context.Context { return context.WithValue(ctx, key{}, s) }

// UpTo returns a random duration of at least 0 and less than the ceiling, or 0 if the ceiling is not positive.
func UpTo(ctx context.Context, ceiling time.Duration) time.Duration {
	if ceiling <= 0 {
		return 0
	}
	if s, ok := ctx.Value(key{}).(Source); ok {
		return s(ceiling)
	}
	return rand.N(ceiling)
}
