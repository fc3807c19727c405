package main

import (
	"fmt"
	"math"
	"runtime"
	"slices"
	"time"
)

// pair is one line of the first table: the least that a piece of work can cost, and what it costs with this module.
type pair struct {
	name        string
	limit, ours func() error
	budgets     []budget

	repeat    int // calls that are timed together, because one is too short for the resolution of the clock
	limitCost cost
	oursCost  cost
}

// cost holds what a call of one side has cost, with one value for each round.
type cost struct {
	seconds     []float64 // the round's median
	allocations []float64 // the round's mean
	bytes       []float64 // allocated; the round's mean
}

// budget is a maximum for a measured value.
type budget struct {
	name string // "time 1.05"
	used func() float64
	most float64
}

// exceeded returns the name of the budget and the measured value if that is above the maximum, otherwise "".
func (b budget) exceeded() string {
	if used := b.used(); used > b.most {
		return fmt.Sprintf("%s is %.3g", b.name, used)
	}
	return ""
}

// ratios returns the time of this module divided by that of the limit for each round, in ascending order.
func (p *pair) ratios() []float64 { return ratios(p.oursCost.seconds, p.limitCost.seconds) }

// ratios divides the values of each round, because noise in a round affects both. The result is sorted.
func ratios(values, by []float64) []float64 {
	list := make([]float64, len(values))
	for i := range list {
		list[i] = values[i] / by[i]
	}
	slices.Sort(list)
	return list
}

func (p *pair) timeAtMost(most float64) *pair {
	p.budgets = append(p.budgets, budget{
		name: fmt.Sprintf("time %.2f", most),
		used: func() float64 { return quantile(p.ratios(), 0.5) },
		most: most,
	})
	return p
}

func (p *pair) allocationsAtMost(more int) *pair {
	p.budgets = append(p.budgets, budget{
		name: fmt.Sprintf("allocations +%d", more),
		used: func() float64 {
			// Goroutines of net/http allocate now and then, so a mean is seldom a whole number.
			return math.Round(median(p.oursCost.allocations) - median(p.limitCost.allocations))
		},
		most: float64(more),
	})
	return p
}

const (
	// minTimed is the minimum duration of a piece of work that is timed, which is much longer than reading the clock
	// takes.
	minTimed = 20 * time.Microsecond
	// maxCounted is the maximum number of calls in a round over which allocations are counted.
	maxCounted = 100
)

// warmUp runs both sides until connections are open and caches are filled, and sets how many calls are timed together.
func (p *pair) warmUp(slice time.Duration) error {
	p.repeat = 1
	for {
		limit, err := p.timed(p.limit)
		if err != nil {
			return fmt.Errorf("limit: %w", err)
		}
		ours, err := p.timed(p.ours)
		if err != nil {
			return err
		}
		if slice == 0 || min(limit, ours) >= minTimed.Seconds()/float64(p.repeat) {
			return nil
		}
		p.repeat *= 2
	}
}

// timed makes p.repeat calls and returns the seconds that one of them takes.
func (p *pair) timed(call func() error) (float64, error) {
	start := time.Now()
	for range p.repeat {
		if err := call(); err != nil {
			return 0, err
		}
	}
	return time.Since(start).Seconds() / float64(p.repeat), nil
}

// round runs both sides in turn until slice has passed, at least once each, and appends the round's values to their
// costs.
func (p *pair) round(slice time.Duration) error {
	var limit, ours []float64
	for start := time.Now(); len(ours) == 0 || time.Since(start) < slice; {
		l, err := p.timed(p.limit)
		if err != nil {
			return fmt.Errorf("limit: %w", err)
		}
		o, err := p.timed(p.ours)
		if err != nil {
			return err
		}
		limit, ours = append(limit, l), append(ours, o)
	}
	p.limitCost.seconds = append(p.limitCost.seconds, median(limit))
	p.oursCost.seconds = append(p.oursCost.seconds, median(ours))

	calls := min(len(ours), maxCounted)
	if err := p.limitCost.count(p.limit, calls); err != nil {
		return err
	}
	return p.oursCost.count(p.ours, calls)
}

// count makes calls and appends how much each allocates, counted for the whole process.
func (c *cost) count(call func() error, calls int) error {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range calls {
		if err := call(); err != nil {
			return err
		}
	}
	runtime.ReadMemStats(&after)
	c.allocations = append(c.allocations, float64(after.Mallocs-before.Mallocs)/float64(calls))
	c.bytes = append(c.bytes, float64(after.TotalAlloc-before.TotalAlloc)/float64(calls))
	return nil
}

func median(values []float64) float64 {
	return quantile(slices.Sorted(slices.Values(values)), 0.5)
}

// quantile returns the quantile q (0 to 1) of a sorted list that is not empty, interpolated between neighbours.
func quantile(sorted []float64, q float64) float64 {
	at := q * float64(len(sorted)-1)
	below := int(at)
	above := min(below+1, len(sorted)-1)
	return sorted[below] + (at-float64(below))*(sorted[above]-sorted[below])
}
