package byzantine

import (
	"context"
	"net/http"
	"time"

	"github.com/byzantine-finance/byzantine-go/internal/bridge"
)

// Package turnkey calls Turnkey's API by this one's rules.
func init() {
	bridge.Open = func(client any, stamp bridge.Stamp) bridge.Caller {
		c := client.(*Client)
		return bridge.Caller{
			Now: func() time.Time { return c.clock.now() },
			Do: func(ctx context.Context, call bridge.Call, answer any) error {
				op := &Operation{
					ID: call.Operation, Method: http.MethodPost, Path: call.Path,
					Retryable: true, query: call.Query, stamp: stamp,
				}
				return c.call(ctx, op, call.Request, answer, nil)
			},
		}
	}
}
