package main

import (
	"context"
	"encoding/json"
	"strings"
	"sync/atomic"
	"time"

	"github.com/byzantine-finance/byzantine-go/byzantinetest"
)

// maxClockWait bounds the request for the time of a sandbox.
const maxClockWait = 2 * time.Second

// sandboxClock returns the clock to sign with: that of the sandbox at baseURL, which a test may have moved, or the machine's
// if it is not a sandbox or its clock cannot be read. Byzantine's own hosts are reached by https and never asked.
func sandboxClock(p *process, baseURL string) func() time.Time {
	c, err := newController(p, baseURL)
	if err != nil || !strings.HasPrefix(c.baseURL, "http://") {
		return time.Now
	}
	var asked, found atomic.Bool
	return func() time.Time {
		if asked.Swap(true) && !found.Load() {
			return time.Now()
		}
		ctx, cancel := context.WithTimeout(context.Background(), maxClockWait)
		defer cancel()
		text, err := c.call(ctx, "GET", byzantinetest.ControlPath+"clock", nil)
		var clock struct {
			Now time.Time `json:"now"`
		}
		if err != nil || json.Unmarshal(text, &clock) != nil || clock.Now.IsZero() {
			return time.Now()
		}
		found.Store(true)
		return clock.Now
	}
}
