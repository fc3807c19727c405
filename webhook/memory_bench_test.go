package webhook_test

import (
	"fmt"
	"runtime"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go/webhook"
	"github.com/byzantine-finance/byzantine-go/webhook/webhooktest"
)

// fullStore returns a store that holds as many records as it can, and the clock of the store. The records are claims
// whose leases are over if claims is set, otherwise they are done.
func fullStore(t testing.TB, size int, claims bool) (s *webhook.MemoryStore, now *time.Time) {
	t.Helper()
	now = new(time.Now())
	s = &webhook.MemoryStore{MaxEvents: size, Now: func() time.Time { return *now }}
	for n := range size {
		c, err := s.Begin(t.Context(), strconv.Itoa(n), time.Second)
		require.NoError(t, err)
		if !claims {
			require.NoError(t, s.Done(t.Context(), c))
		}
	}
	*now = now.Add(time.Minute)
	return s, now
}

// BenchmarkMemoryStore measures an event at a store that is full, where each new event drops an old one. The cost
// hardly depends on the size.
func BenchmarkMemoryStore(b *testing.B) {
	for _, size := range []int{1_000, 100_000, 1_000_000} {
		for name, claims := range map[string]bool{"handled": false, "leases that are over": true} {
			b.Run(fmt.Sprintf("%s/%d", name, size), func(b *testing.B) {
				s, _ := fullStore(b, size, claims)
				lease := time.Duration(0) // has ended when the next Begin comes
				if !claims {
					lease = time.Second
				}
				b.ReportAllocs()
				for n := 0; b.Loop(); n++ {
					c, err := s.Begin(b.Context(), strconv.Itoa(size+n), lease)
					if err == nil && !claims {
						err = s.Done(b.Context(), c)
					}
					if err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

// The memory of a full store does not grow, however many more events come.
func TestMemoryStoreTakesNoMoreMemoryThanItsCapacity(t *testing.T) {
	const size = 10_000
	inUse := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	s, now := fullStore(t, size, false)
	event := size
	happen := func(n int) {
		for range n {
			event++
			c, err := s.Begin(t.Context(), strconv.Itoa(event), time.Minute)
			require.NoError(t, err)
			if event%3 > 0 { // the others are never finished
				require.NoError(t, s.Done(t.Context(), c))
			}
			if event%1000 == 0 {
				*now = now.Add(time.Hour)
			}
		}
	}
	happen(5 * size)
	before := inUse()
	happen(20 * size)
	assert.Less(t, int64(inUse())-int64(before), int64(1<<20))
	runtime.KeepAlive(s)
}

// DefaultMemoryCapacity promises about 16 MB for as many events as a store holds by default.
func TestMemoryOfADefaultStore(t *testing.T) {
	inUse := func() int64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	before := inUse()
	s := new(webhook.MemoryStore)
	for range webhook.DefaultMemoryCapacity {
		c, err := s.Begin(t.Context(), webhooktest.NewID(), time.Minute)
		require.NoError(t, err)
		require.NoError(t, s.Done(t.Context(), c))
	}
	taken := inUse() - before
	runtime.KeepAlive(s)
	assert.Less(t, taken, int64(18e6)) // less where pointers have 32 bits
}
