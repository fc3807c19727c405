package demoapp

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var noon = time.Date(2026, 9, 1, 12, 0, 0, 0, time.UTC)

func at(minutes int, value float64) point {
	return point{noon.Add(time.Duration(minutes) * time.Minute), value}
}

func write(v float64) string { return fmt.Sprintf("%.2f", v) }

func TestPlot(t *testing.T) {
	p := newPlot("The price", write, []point{at(0, 1), at(15, 3), at(60, 2)})
	require.NotNil(t, p)
	assert.Equal(t, "0.0,144.0 150.0,6.0 600.0,75.0", p.Line)
	assert.Equal(t, "0,150 0.0,144.0 150.0,6.0 600.0,75.0 600,150", p.Area)
	assert.Equal(t, "The price rises from 1.00 to 2.00. The lowest value is 1.00, the highest 3.00.", p.Summary)
	assert.Equal(t, []plotRow{{noon, "1.00"}, {noon.Add(15 * time.Minute), "3.00"}, {noon.Add(time.Hour), "2.00"}}, p.Rows)
	assert.Equal(t, "2.00", p.Last().Value)

	assert.Contains(t, newPlot("It", write, []point{at(0, 2), at(1, 1)}).Summary, "It falls from 2.00 to 1.00.")
	flat := newPlot("It", write, []point{at(0, 2), at(1, 2)})
	assert.Contains(t, flat.Summary, "It stays at 2.00.")
	assert.Equal(t, "0.0,75.0 600.0,75.0", flat.Line)
	assert.True(t, flat.Flat())
	assert.False(t, p.Flat())
	assert.True(t, p.Short)
	assert.False(t, newPlot("It", write, []point{at(0, 1), at(24*60, 2)}).Short)
	for name, points := range map[string][]point{"nothing": nil, "one point": {at(0, 1)}, "one time": {at(0, 1), at(0, 2)}, "backwards": {at(1, 1), at(0, 1)}} {
		assert.Nil(t, newPlot("It", write, points), name)
	}
}

func TestThin(t *testing.T) {
	var points []point
	for i := range 1000 {
		points = append(points, at(i, float64(i)))
	}
	kept := thin(points, 31)
	require.Len(t, kept, 31)
	assert.Equal(t, points[0], kept[0])
	assert.Equal(t, points[999], kept[30])
	for i := 1; i < len(kept); i++ {
		assert.True(t, kept[i-1].At.Before(kept[i].At))
	}
	assert.Equal(t, points[:31], thin(points[:31], 31))
}

func TestSamples(t *testing.T) {
	s := &samples{byAccount: map[string]map[string][]point{}}
	s.add("ada", "USDC", at(0, 10))
	s.add("ada", "USDC", at(1, 10))
	assert.Equal(t, []point{at(0, 10), at(2, 10)}, s.add("ada", "USDC", at(2, 10)), "the newest moves on while nothing changes")
	got := s.add("ada", "USDC", at(3, 12))
	assert.Equal(t, []point{at(0, 10), at(2, 10), at(3, 12)}, got)
	got[0].Value = 0
	assert.Equal(t, 10.0, s.add("ada", "USDC", at(4, 13))[0].Value, "the list is the caller's own")
	assert.Len(t, s.add("ada", "EURC", at(5, 1)), 1)
	assert.Len(t, s.add("grace", "USDC", at(5, 1)), 1)
	var last []point
	for i := range 2 * maxSamples {
		last = s.add("grace", "USDC", at(10+i, float64(i)))
	}
	assert.Len(t, last, maxSamples)
	assert.Equal(t, float64(2*maxSamples-1), last[maxSamples-1].Value)
}
