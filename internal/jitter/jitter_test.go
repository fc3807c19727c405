package jitter

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestUpTo(t *testing.T) {
	seen := map[time.Duration]bool{}
	for range 100 {
		d := UpTo(t.Context(), time.Second)
		assert.GreaterOrEqual(t, d, time.Duration(0))
		assert.Less(t, d, time.Second)
		seen[d] = true
	}
	assert.Greater(t, len(seen), 90)
	assert.Zero(t, UpTo(t.Context(), 0))
	assert.Zero(t, UpTo(t.Context(), -time.Second))

	var asked time.Duration
	ctx := With(t.Context(), func(ceiling time.Duration) time.Duration { asked = ceiling; return 7 })
	assert.EqualValues(t, 7, UpTo(context.WithoutCancel(ctx), time.Minute))
	assert.Equal(t, time.Minute, asked)
	assert.Zero(t, UpTo(ctx, 0), "a source is never asked for nothing")
}
