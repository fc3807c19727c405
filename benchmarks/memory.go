package main

import (
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/byzantine-finance/byzantine-go/webhook"
)

const (
	fewClaims   = 1000 // events in the MemoryStore of the limit
	beginAtMost = 10   // microseconds
)

// claimsPair begins an event in a MemoryStore that is full of claims whose leases have ended, so that each new claim
// removes the one whose lease ended first. The limit is a store with few claims. The stores are filled when the line
// runs for the first time.
func (b *bench) claimsPair() (*pair, error) {
	in := func(size int) func() error {
		begin := sync.OnceValues(func() (func() error, error) { return b.fullOfClaims(size) })
		return func() error {
			begin, err := begin()
			if err != nil {
				return err
			}
			return begin()
		}
	}
	many := 10 * b.accounts
	p := &pair{name: fmt.Sprintf("MemoryStore, %d leases that are over", many), limit: in(min(fewClaims, many)), ours: in(many)}
	p.budgets = []budget{{
		name: fmt.Sprintf("%d µs", beginAtMost),
		used: func() float64 { return median(p.oursCost.seconds) * 1e6 },
		most: beginAtMost,
	}}
	return p, nil
}

// fullOfClaims fills a MemoryStore with size claims and returns a function that begins the next event, a minute later
// by the store's clock.
func (b *bench) fullOfClaims(size int) (begin func() error, err error) {
	now, event := time.Now(), 0
	store := &webhook.MemoryStore{MaxEvents: size, Now: func() time.Time { return now }}
	begin = func() error {
		now, event = now.Add(time.Minute), event+1
		_, err := store.Begin(b.ctx, strconv.Itoa(event), time.Second)
		return err
	}
	for range size {
		if err := begin(); err != nil {
			return nil, err
		}
	}
	return begin, nil
}
