package simulation

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"
)

// Entry is a line of a world's trace: who did what, when, and how it ended. It holds no bytes and no identifiers that a
// source of randomness outside the seed has made, so the same seed gives the same entries.
type Entry struct {
	At      time.Duration // since the world began
	Actor   string
	What    string
	Outcome string
}

func (e Entry) String() string {
	day, rest := e.At/(24*time.Hour), e.At%(24*time.Hour)
	at := fmt.Sprintf("%02d:%02d:%02d.%09d", rest/time.Hour, rest/time.Minute%60, rest/time.Second%60, rest%time.Second)
	if day > 0 {
		at = fmt.Sprintf("day %d %s", day, at)
	}
	line := fmt.Sprintf("%-18s  %-12s  %s", at, e.Actor, e.What)
	if e.Outcome != "" {
		line += ": " + e.Outcome
	}
	return line
}

type trace struct {
	began time.Time

	mu      sync.Mutex
	entries []Entry
}

func (t *trace) add(actor, what, outcome string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.entries = append(t.entries, Entry{time.Since(t.began), actor, what, outcome})
}

// sorted returns the entries by time, those of one instant by actor and then by text.
func (t *trace) sorted() []Entry {
	t.mu.Lock()
	defer t.mu.Unlock()
	entries := slices.Clone(t.entries)
	slices.SortStableFunc(entries, func(a, b Entry) int {
		return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(a.Actor, b.Actor), cmp.Compare(a.What, b.What), cmp.Compare(a.Outcome, b.Outcome))
	})
	return entries
}

// Difference returns a text with the first entries in which two traces differ, and whether they differ.
func Difference(a, b []Entry) (string, bool) {
	for i := range max(len(a), len(b)) {
		var x, y Entry
		if i < len(a) {
			x = a[i]
		}
		if i < len(b) {
			y = b[i]
		}
		if x != y {
			return fmt.Sprintf("entry %d:\n  %v\n  %v", i, x, y), true
		}
	}
	return "", false
}

// WriteTimeline writes the trace as lines of text, and each violation at the time when it was noticed.
func (r *Result) WriteTimeline(w io.Writer) {
	fmt.Fprintf(w, "world %d: %s\n", r.Seed, r.Plan)
	next := 0
	violations := slices.Clone(r.Violations)
	slices.SortStableFunc(violations, func(a, b Violation) int { return cmp.Compare(a.At, b.At) })
	for _, e := range r.Trace {
		for next < len(violations) && violations[next].At < e.At {
			fmt.Fprintf(w, "%s\n", violations[next])
			next++
		}
		fmt.Fprintf(w, "%s\n", e)
	}
	for ; next < len(violations); next++ {
		fmt.Fprintf(w, "%s\n", violations[next])
	}
	fmt.Fprintf(w, "%d requests, %d events handled, %s of virtual time\n", r.Requests, r.Handled, r.Length.Round(time.Second))
}
