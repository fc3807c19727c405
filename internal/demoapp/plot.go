package demoapp

import (
	"fmt"
	"strings"
	"sync"
	"time"
)

// point is a value at a time. A plot does not need exact numbers, so float64 suffices.
type point struct {
	At    time.Time
	Value float64
}

// plot is a line in an inline SVG. The same numbers are in a sentence and in a table, for users who cannot see the
// line.
type plot struct {
	Title     string
	Summary   string // what the line shows, as one sentence
	Line      string // points of a polyline in a box of plotWidth by plotHeight
	Area      string // the polyline closed along the lower edge, to be filled
	Low, High string // labels of the vertical axis
	Short     bool   // the plot covers less than a day, so its times need no date
	Rows      []plotRow
}

type plotRow struct {
	At    time.Time
	Value string
}

const (
	plotWidth, plotHeight = 600, 150
	plotMargin            = 6 // distance of the line from the upper and lower edge
	maxPlotRows           = 31
)

// newPlot returns a plot of points, in which write formats the values. It returns nil if there are less than two points
// in time, because a line needs two.
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

// thin returns at most room points: the first, the last, and some of those between them.
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

// samples holds what accounts had in vaults each time that somebody opened the account's page: the API has no history
// of balances. A real application would take a sample of every account each day and keep it in a database.
type samples struct {
	mu        sync.Mutex
	byAccount map[string]map[string][]point // account id -> currency -> samples
}

const maxSamples = 500

// add records a sample and returns all samples of the currency. While the value does not change, the newest sample is
// replaced, so that a constant value has two samples: the first and the last.
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

// Flat reports whether all values are written alike.
func (p *plot) Flat() bool { return p.Low == p.High }

// First returns the oldest value.
func (p *plot) First() plotRow { return p.Rows[0] }

// Last returns the newest value.
func (p *plot) Last() plotRow { return p.Rows[len(p.Rows)-1] }
