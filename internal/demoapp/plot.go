package demoapp

import (
	"fmt"
	"strings"
	"sync"
	"time"
)

// point is a number at a time. Plots are for looking at, so float64 is exact enough.
type point struct {
	At    time.Time
	Value float64
}

// plot is a line in an inline SVG, with the same numbers in words and in a table for who cannot see it.
type plot struct {
	Title     string
	Summary   string // what the line shows, in one sentence
	Line      string // points of a polyline in a box of plotWidth by plotHeight
	Area      string // the same, closed along the lower edge
	Low, High string // ends of the vertical axis
	Short     bool   // less than a day: the time of day says enough
	Rows      []plotRow
}

type plotRow struct {
	At    time.Time
	Value string
}

const (
	plotWidth, plotHeight = 600, 150
	plotMargin            = 6 // the line does not touch the edge
	maxPlotRows           = 31
)

// newPlot returns nil for less than two points in time: there is nothing to see yet.
func newPlot(title string, write func(float64) string, points []point) *plot {
	points = thin(points, maxPlotRows)
	if len(points) < 2 || !points[0].At.Before(points[len(points)-1].At) {
		return nil
	}
	first, last := points[0], points[len(points)-1]
	low, high := first.Value, first.Value
	for _, p := range points {
		low, high = min(low, p.Value), max(high, p.Value)
	}
	p := &plot{Title: title, Low: write(low), High: write(high), Short: last.At.Sub(first.At) < 24*time.Hour}
	var line strings.Builder
	for _, point := range points {
		x := plotWidth * float64(point.At.Sub(first.At)) / float64(last.At.Sub(first.At))
		y := float64(plotHeight) / 2
		if high > low {
			y = plotMargin + (plotHeight-2*plotMargin)*(high-point.Value)/(high-low)
		}
		fmt.Fprintf(&line, "%.1f,%.1f ", x, y)
		p.Rows = append(p.Rows, plotRow{point.At, write(point.Value)})
	}
	p.Line = strings.TrimSpace(line.String())
	p.Area = fmt.Sprintf("0,%d %s %d,%d", plotHeight, p.Line, plotWidth, plotHeight)
	change := "stays at " + write(last.Value)
	switch {
	case last.Value > first.Value:
		change = fmt.Sprintf("rises from %s to %s", write(first.Value), write(last.Value))
	case last.Value < first.Value:
		change = fmt.Sprintf("falls from %s to %s", write(first.Value), write(last.Value))
	}
	p.Summary = fmt.Sprintf("%s %s. The lowest value is %s, the highest %s.", title, change, p.Low, p.High)
	return p
}

// thin keeps the first and the last point, and as many of those between as there is room for.
func thin(points []point, room int) []point {
	if len(points) <= room {
		return points
	}
	kept := make([]point, room)
	for i := range kept {
		kept[i] = points[i*(len(points)-1)/(room-1)]
	}
	return kept
}

// samples remembers what accounts held whenever somebody looked: the API has no history of balances. A real application
// would take a sample a day, of every account, and keep it in a database.
type samples struct {
	mu        sync.Mutex
	byAccount map[string]map[string][]point // account id -> currency -> samples
}

const maxSamples = 500

// add records a sample. While nothing changes, the newest one moves on in time.
func (s *samples) add(accountID, currency string, now point) []point {
	s.mu.Lock()
	defer s.mu.Unlock()
	byCurrency := s.byAccount[accountID]
	if byCurrency == nil {
		byCurrency = map[string][]point{}
		s.byAccount[accountID] = byCurrency
	}
	list := byCurrency[currency]
	if n := len(list); n >= 2 && list[n-1].Value == now.Value && list[n-2].Value == now.Value {
		list = list[:n-1]
	}
	list = append(list, now)
	list = list[max(0, len(list)-maxSamples):]
	byCurrency[currency] = list
	return append([]point(nil), list...)
}

// Flat says that nothing has changed.
func (p *plot) Flat() bool { return p.Low == p.High }

// First is the oldest number.
func (p *plot) First() plotRow { return p.Rows[0] }

// Last is the newest number.
func (p *plot) Last() plotRow { return p.Rows[len(p.Rows)-1] }
