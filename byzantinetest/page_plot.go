package byzantinetest

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// The plot's box, in units of its own.
const (
	plotWidth  = 600
	plotHeight = 120
	plotBins   = 40 // at most
	plotFewest = 12 // so that one request is no wall
)

// plotWidths are the lengths of time that a bar can stand for.
var plotWidths = []time.Duration{
	time.Second, 2 * time.Second, 5 * time.Second, 10 * time.Second, 30 * time.Second,
	time.Minute, 2 * time.Minute, 5 * time.Minute, 10 * time.Minute, 30 * time.Minute,
	time.Hour, 2 * time.Hour, 6 * time.Hour, 12 * time.Hour,
	24 * time.Hour, 7 * 24 * time.Hour, 30 * 24 * time.Hour, 365 * 24 * time.Hour, 10 * 365 * 24 * time.Hour,
}

// requestPlot is the number of requests by outcome over time, as stacked bars, with the same numbers in words and in a
// table for who cannot see them.
type requestPlot struct {
	Summary  string
	Bars     []plotBar
	Rows     []plotRow // the lengths of time that have a request
	Totals   []plotTotal
	Highest  int // requests in one bar
	From, To time.Time
	Width    string // of a bar, in words
	Long     bool   // more than a day: times have dates
}

// plotBar is a part of a bar.
type plotBar struct {
	Outcome             outcome
	X, Y, Width, Height string
}

type plotRow struct {
	From   time.Time
	Counts []int // in the order of outcomes
}

type plotTotal struct {
	Outcome outcome
	Count   int
}

// newRequestPlot returns nil if there is nothing to see.
func newRequestPlot(requests []*Request) *requestPlot {
	if len(requests) == 0 {
		return nil
	}
	first, last := requests[0].Time, requests[0].Time
	for _, r := range requests { // somebody may have set the clock back
		if r.Time.Before(first) {
			first = r.Time
		}
		if r.Time.After(last) {
			last = r.Time
		}
	}
	width := plotWidths[len(plotWidths)-1]
	for _, w := range plotWidths {
		if last.Truncate(w).Sub(first.Truncate(w)) < plotBins*w {
			width = w
			break
		}
	}
	end := last.Truncate(width).Add(width)
	bins := min(max(int(end.Sub(first.Truncate(width))/width), plotFewest), plotBins)
	start := end.Add(-time.Duration(bins) * width)
	counts := make([][]int, bins)
	for i := range counts {
		counts[i] = make([]int, len(outcomes))
	}
	p := &requestPlot{From: start.UTC(), To: end.UTC(), Width: widthText(width), Long: end.Sub(start) > 24*time.Hour}
	totals := make([]int, len(outcomes))
	for _, r := range requests {
		i := slices.Index(outcomes, r.outcome())
		counts[max(int(r.Time.Sub(start)/width), 0)][i]++
		totals[i]++
	}
	for i, o := range outcomes {
		p.Totals = append(p.Totals, plotTotal{o, totals[i]})
	}
	p.draw(counts, start, width)
	p.Summary = p.summary(len(requests))
	return p
}

func (p *requestPlot) draw(counts [][]int, start time.Time, width time.Duration) {
	for n, bin := range counts {
		sum := 0
		for _, count := range bin {
			sum += count
		}
		p.Highest = max(p.Highest, sum)
		if sum > 0 {
			p.Rows = append(p.Rows, plotRow{start.Add(time.Duration(n) * width).UTC(), bin})
		}
	}
	step := float64(plotWidth) / float64(len(counts))
	for n, bin := range counts {
		y := float64(plotHeight)
		for i, count := range bin {
			if count == 0 {
				continue
			}
			height := float64(plotHeight) * float64(count) / float64(p.Highest)
			y -= height
			p.Bars = append(p.Bars, plotBar{
				outcomes[i], fmt.Sprintf("%.1f", float64(n)*step+step*.1), fmt.Sprintf("%.1f", y), fmt.Sprintf("%.1f", step*.8), fmt.Sprintf("%.1f", max(height, 1)),
			})
		}
	}
}

func (p *requestPlot) summary(total int) string {
	var parts []string
	for _, t := range p.Totals {
		if t.Count > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", t.Count, t.Outcome))
		}
	}
	return fmt.Sprintf("%s between %s and %s: %s. At most %d within %s.", counted(total, "request"),
		momentText(p.From, p.Long), momentText(p.To, p.Long), strings.Join(parts, ", "), p.Highest, p.Width)
}

// momentText is a time on the sandbox's clock, with its date if need be.
func momentText(t time.Time, dated bool) string {
	if dated {
		return t.UTC().Format("2 Jan 2006 15:04")
	}
	return t.UTC().Format("15:04:05")
}

// widthText is a length of time in words.
func widthText(d time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case d%day == 0:
		return counted(int(d/day), "day")
	case d%time.Hour == 0:
		return counted(int(d/time.Hour), "hour")
	case d%time.Minute == 0:
		return counted(int(d/time.Minute), "minute")
	}
	return counted(int(d/time.Second), "second")
}

// counted is a number of things.
func counted(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}
