package movinglist

import (
	"errors"
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

type record struct {
	id string
	at time.Time
}

// still returns a list with this number of records that does not change, the newest first. Ids count from "0".
func still(records int) *List[record] {
	return &List[record]{
		Key: func(r *record) (string, time.Time) { return r.id, r.at },
		Load: func(limit, offset int64) (Page[record], error) {
			p := Page[record]{Limit: limit, Total: int64(records)}
			for i := offset; i < min(offset+limit, int64(records)); i++ {
				p.Records = append(p.Records, record{fmt.Sprint(i), time.Unix(int64(records)-i, 0)})
			}
			return p, nil
		},
	}
}

func TestReadYieldsEachRecordOnceAndEndsWithTheLoop(t *testing.T) {
	var ids []string
	err := still(7).Read(3, func(_ int, r record) bool { ids = append(ids, r.id); return true })
	assert.NoError(t, err)
	assert.Equal(t, []string{"0", "1", "2", "3", "4", "5", "6"}, ids)

	ids = nil
	err = still(7).Read(3, func(_ int, r record) bool { ids = append(ids, r.id); return len(ids) < 2 })
	assert.NoError(t, err)
	assert.Equal(t, []string{"0", "1"}, ids)
}

func TestReadReturnsTheErrorOfLoad(t *testing.T) {
	l := still(7)
	broken := errors.New("broken")
	l.Load = func(int64, int64) (Page[record], error) { return Page[record]{}, broken }
	assert.Equal(t, broken, l.Read(3, func(int, record) bool { return true }))
}

// A server that returns the same page for ever makes the loop end with ErrTooFast.
func TestAListWithoutEndIsAnError(t *testing.T) {
	l := still(7)
	l.Load = func(limit, _ int64) (Page[record], error) {
		return Page[record]{Limit: limit, Total: 1 << 50, Records: []record{{"a", time.Unix(3, 0)}, {"b", time.Unix(2, 0)}, {"c", time.Unix(1, 0)}}}, nil
	}
	assert.ErrorIs(t, l.Read(3, func(int, record) bool { return true }), ErrTooFast)
}

func TestSet(t *testing.T) {
	s := Set{}
	assert.False(t, s.Has("a"))
	assert.True(t, s.Add("a"))
	assert.False(t, s.Add("a"))
	assert.True(t, s.Has("a"))
	assert.True(t, s.Add(Identity("id", false, map[string]int{"x": 1})))
	assert.False(t, s.Add(Identity("", true, map[string]int{"x": 1})))
	assert.True(t, s.Add(Identity("", true, map[string]int{"x": 2})))
	assert.Len(t, s, 3)
}

// The maximum is 200 pages with new records, and eight more for each page that the list had at first.
func TestAListThatGrowsForEverIsAnErrorAfterSoManyPages(t *testing.T) {
	for total, pages := range map[int64]int{0: 200, 7: 200 + 8*3, 1000: 200 + 8*500} {
		loads := 0
		l := still(0)
		l.Ascending = true
		l.Load = func(limit, offset int64) (Page[record], error) {
			loads++
			p := Page[record]{Limit: limit, Total: total}
			for i := range limit {
				p.Records = append(p.Records, record{fmt.Sprint(offset + i), time.Unix(offset+i, 0)})
			}
			return p, nil
		}
		assert.ErrorIs(t, l.Read(3, func(int, record) bool { return true }), ErrTooFast)
		assert.Equal(t, pages+1, loads, "a list of %d", total)
	}
}

// The comments on the iterators say that each yielded record costs about 40 bytes of memory, however long its id is.
func TestMemoryOfASet(t *testing.T) {
	const records = 100_000
	heap := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := heap()
	s := Set{}
	for i := range records {
		s.Add(fmt.Sprintf("%0100d", i))
	}
	after := heap()
	assert.Len(t, s, records)
	assert.Less(t, after-before, uint64(45*records))
}

// A page on which no record has a time does not end the reading of a list with Since.
func TestSinceLooksBehindPagesWithoutTimes(t *testing.T) {
	seconds := []int64{10, 0, 0, 0, 0, 0, 0, 9, 8, 7, 6, 5}
	l := &List[record]{Since: time.Unix(8, 0), Key: func(r *record) (string, time.Time) { return r.id, r.at }}
	l.Load = func(limit, offset int64) (Page[record], error) {
		p := Page[record]{Limit: limit, Total: int64(len(seconds))}
		for i := offset; i < min(offset+limit, p.Total); i++ {
			r := record{id: fmt.Sprint(i)}
			if seconds[i] != 0 {
				r.at = time.Unix(seconds[i], 0)
			}
			p.Records = append(p.Records, r)
		}
		return p, nil
	}
	var ids []string
	assert.NoError(t, l.Read(3, func(_ int, r record) bool { ids = append(ids, r.id); return true }))
	assert.Equal(t, []string{"0", "1", "2", "3", "4", "5", "6", "7", "8"}, ids)
}

// Records without an id are told apart by what they hold.
func TestRecordsWithoutAnID(t *testing.T) {
	type row struct {
		ID string
		At time.Time
	}
	records := []row{{"", time.Unix(5, 0)}, {"", time.Unix(4, 0)}, {"a", time.Unix(3, 0)}}
	l := List[row]{
		Key: func(r *row) (string, time.Time) { return r.ID, r.At },
		Load: func(limit, offset int64) (Page[row], error) {
			return Page[row]{Limit: limit, Total: 3, Records: records[min(offset, 3):min(offset+limit, 3)]}, nil
		},
	}
	var got []row
	assert.NoError(t, l.Read(2, func(_ int, r row) bool { got = append(got, r); return true }))
	assert.Equal(t, records, got)
}
