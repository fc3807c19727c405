// Package storetest is the test of a webhook.Store: of this module's own three, and of those that integrators write for
// other databases.
//
//	func TestStore(t *testing.T) {
//		replicas := func(t *testing.T) (a, b webhook.Store) { ... }
//		storetest.Run(t, replicas)
//		storetest.Recover(t, replicas)
//	}
package storetest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go/webhook"
)

// Replicas opens two stores on the same data, as two replicas of a receiver would. Keys differ from call to call, so the
// data need not be empty. What has to be closed is closed by t.Cleanup.
type Replicas func(t *testing.T) (a, b webhook.Store)

const long = time.Hour // a lease that does not end during a test

// Run tests what the comment on webhook.Store says, call by call, and that all of it holds between replicas.
func Run(t *testing.T, replicas Replicas) {
	for name, test := range map[string]func(*testing.T, webhook.Store, webhook.Store){
		"BeginClaims":                          beginClaims,
		"DoneIsForGood":                        doneIsForGood,
		"ForgetMakesRoomAtOnce":                forgetMakesRoomAtOnce,
		"LeaseThatIsOverIsTakenOver":           leaseThatIsOverIsTakenOver,
		"LateSuccessCountsIfNobodyElseBegan":   lateSuccessCounts,
		"SaveKeepsAValueAndTheClaim":           saveKeepsAValue,
		"SaveBeginsTheLeaseAnew":               saveBeginsTheLeaseAnew,
		"StaleClaimsChangeNothing":             staleClaimsChangeNothing,
		"UnknownClaimsChangeNothing":           unknownClaimsChangeNothing,
		"SameDeliveryAtTwoReplicas":            sameDeliveryAtTwoReplicas,
		"OneOfManyBegins":                      oneOfManyBegins,
		"OnlyOneIsAtWorkAtATime":               onlyOneIsAtWork,
		"ContextThatIsOverIsAnErrorOfItsOwn":   contextThatIsOver,
		"KeysAndValuesMayHoldAnything":         anyKeysAndValues,
		"RecordsOfDifferentKeysAreIndependent": recordsAreIndependent,
		"TokensGrowAcrossFailuresAndTakeovers": tokensGrow,
	} {
		t.Run(name, func(t *testing.T) {
			a, b := replicas(t)
			test(t, a, b)
		})
	}
}

// NewID returns a new event id, so that a test can be repeated on the same data.
func NewID() string {
	return fmt.Sprintf("%08x-0000-4000-8000-%012x", rand.Uint32(), rand.Uint64()>>16)
}

func begin(t *testing.T, s webhook.Store, key string, lease time.Duration) webhook.Claim {
	t.Helper()
	c, err := s.Begin(t.Context(), key, lease)
	require.NoError(t, err)
	require.Equal(t, key, c.Key)
	return c
}

// beginLater begins as soon as the lease of another is over.
func beginLater(t *testing.T, s webhook.Store, key string) webhook.Claim {
	t.Helper()
	for {
		c, err := s.Begin(t.Context(), key, long)
		if err == nil {
			return c
		}
		require.ErrorIs(t, err, webhook.ErrInProgress)
		time.Sleep(5 * time.Millisecond) // the store's clock cannot be moved
	}
}

func requireBegin(t *testing.T, s webhook.Store, key string, want error) {
	t.Helper()
	_, err := s.Begin(t.Context(), key, long)
	require.ErrorIs(t, err, want)
}

func beginClaims(t *testing.T, a, b webhook.Store) {
	key := NewID()
	c := begin(t, a, key, long)
	assert.Positive(t, c.Token)
	assert.Empty(t, c.Value)
	requireBegin(t, a, key, webhook.ErrInProgress)
	requireBegin(t, b, key, webhook.ErrInProgress)
}

func doneIsForGood(t *testing.T, a, b webhook.Store) {
	key := NewID()
	c := begin(t, a, key, long)
	require.NoError(t, a.Done(t.Context(), c))
	requireBegin(t, a, key, webhook.ErrHandled)
	requireBegin(t, b, key, webhook.ErrHandled)
	require.NoError(t, b.Done(t.Context(), c), "repeating it is harmless: the first answer may have been lost")
	require.NoError(t, a.Forget(t.Context(), c))
	requireBegin(t, b, key, webhook.ErrHandled)
	require.ErrorIs(t, a.Save(t.Context(), c, long, "x"), webhook.ErrLeaseLost)
	requireBegin(t, b, key, webhook.ErrHandled)
}

func forgetMakesRoomAtOnce(t *testing.T, a, b webhook.Store) {
	key := NewID()
	first := begin(t, a, key, long)
	require.NoError(t, a.Forget(t.Context(), first))
	require.NoError(t, a.Forget(t.Context(), first), "repeating it is harmless")
	second := begin(t, b, key, long)
	assert.Greater(t, second.Token, first.Token)
	requireBegin(t, a, key, webhook.ErrInProgress)

	// A claim that was given up can be taken up again, as long as nobody else began.
	require.NoError(t, a.Forget(t.Context(), second))
	require.NoError(t, a.Save(t.Context(), second, long, "x"))
	requireBegin(t, b, key, webhook.ErrInProgress)
	require.NoError(t, a.Forget(t.Context(), second))
	require.NoError(t, a.Done(t.Context(), second))
	requireBegin(t, b, key, webhook.ErrHandled)
}

func leaseThatIsOverIsTakenOver(t *testing.T, a, b webhook.Store) {
	key := NewID()
	crashed := begin(t, a, key, 50*time.Millisecond)
	c := beginLater(t, b, key)
	assert.Greater(t, c.Token, crashed.Token)
	require.NoError(t, b.Done(t.Context(), c))
	requireBegin(t, a, key, webhook.ErrHandled)
}

func lateSuccessCounts(t *testing.T, a, b webhook.Store) {
	key := NewID()
	c := begin(t, a, key, time.Millisecond)
	time.Sleep(20 * time.Millisecond)
	require.NoError(t, a.Done(t.Context(), c))
	requireBegin(t, b, key, webhook.ErrHandled)
}

func saveKeepsAValue(t *testing.T, a, b webhook.Store) {
	key := NewID()
	c := begin(t, a, key, long)
	require.NoError(t, a.Save(t.Context(), c, long, "one"))
	requireBegin(t, b, key, webhook.ErrInProgress)
	require.NoError(t, a.Save(t.Context(), c, long, "two"))
	require.NoError(t, a.Forget(t.Context(), c))
	c = begin(t, b, key, long)
	assert.Equal(t, "two", c.Value)
	require.NoError(t, b.Save(t.Context(), c, long, ""))
	require.NoError(t, b.Forget(t.Context(), c))
	assert.Empty(t, begin(t, a, key, long).Value)
}

func saveBeginsTheLeaseAnew(t *testing.T, a, b webhook.Store) {
	key := NewID()
	c := begin(t, a, key, time.Millisecond)
	time.Sleep(20 * time.Millisecond)
	require.NoError(t, a.Save(t.Context(), c, long, "x"), "the lease is over, but nobody else began")
	requireBegin(t, b, key, webhook.ErrInProgress)
	require.NoError(t, a.Save(t.Context(), c, time.Millisecond, "y"))
	assert.Equal(t, "y", beginLater(t, b, key).Value)
}

func staleClaimsChangeNothing(t *testing.T, a, b webhook.Store) {
	key := NewID()
	stale := begin(t, a, key, 50*time.Millisecond)
	c := beginLater(t, b, key)
	require.NoError(t, b.Save(t.Context(), c, long, "new"))

	require.ErrorIs(t, a.Done(t.Context(), stale), webhook.ErrLeaseLost)
	require.ErrorIs(t, a.Save(t.Context(), stale, long, "old"), webhook.ErrLeaseLost)
	require.NoError(t, a.Forget(t.Context(), stale))
	requireBegin(t, a, key, webhook.ErrInProgress)

	require.NoError(t, b.Forget(t.Context(), c))
	require.ErrorIs(t, a.Done(t.Context(), stale), webhook.ErrLeaseLost, "it is free, but not for this one")
	require.ErrorIs(t, a.Save(t.Context(), stale, long, "old"), webhook.ErrLeaseLost)
	c = begin(t, b, key, long)
	assert.Equal(t, "new", c.Value)
	require.NoError(t, b.Done(t.Context(), c))
	require.ErrorIs(t, a.Done(t.Context(), stale), webhook.ErrLeaseLost, "it is done, but not by this one")
}

func unknownClaimsChangeNothing(t *testing.T, a, b webhook.Store) {
	c := webhook.Claim{Key: NewID(), Token: 1}
	require.ErrorIs(t, a.Done(t.Context(), c), webhook.ErrLeaseLost)
	require.ErrorIs(t, a.Save(t.Context(), c, long, "x"), webhook.ErrLeaseLost)
	require.NoError(t, a.Forget(t.Context(), c))
	assert.Empty(t, begin(t, b, c.Key, long).Value)
}

// The same delivery reaches two replicas, several times, at the same moment.
func oneOfManyBegins(t *testing.T, a, b webhook.Store) {
	for range 30 {
		key := NewID()
		var winners atomic.Int32
		start := make(chan bool)
		var all sync.WaitGroup
		for i := range 10 {
			s := []webhook.Store{a, b}[i%2]
			all.Go(func() {
				<-start
				switch _, err := s.Begin(t.Context(), key, long); {
				case err == nil:
					winners.Add(1)
				case !errors.Is(err, webhook.ErrInProgress):
					assert.NoError(t, err)
				}
			})
		}
		close(start)
		all.Wait()
		require.EqualValues(t, 1, winners.Load())
	}
}

// Workers on both replicas try for the same few keys until all are done; some give up in between.
func onlyOneIsAtWork(t *testing.T, a, b webhook.Store) {
	type record struct {
		key    string
		atWork atomic.Int32
		done   atomic.Int32
		token  atomic.Int64
	}
	records := make([]*record, 8)
	for i := range records {
		records[i] = &record{key: NewID()}
	}
	var all sync.WaitGroup
	for i := range 8 {
		s := []webhook.Store{a, b}[i%2]
		random := rand.New(rand.NewPCG(uint64(i), 0))
		all.Go(func() {
			for finished := 0; finished < len(records); {
				finished = 0
				for _, r := range records {
					c, err := s.Begin(t.Context(), r.key, long)
					if errors.Is(err, webhook.ErrHandled) {
						finished++
						continue
					} else if errors.Is(err, webhook.ErrInProgress) {
						continue
					}
					if !assert.NoError(t, err) {
						return
					}
					assert.EqualValues(t, 1, r.atWork.Add(1))
					assert.Greater(t, c.Token, r.token.Swap(c.Token))
					giveUp := random.IntN(4) > 0
					r.atWork.Add(-1)
					if giveUp {
						assert.NoError(t, s.Forget(t.Context(), c))
					} else if assert.NoError(t, s.Done(t.Context(), c)) {
						r.done.Add(1)
					}
				}
			}
		})
	}
	all.Wait()
	for _, r := range records {
		assert.EqualValues(t, 1, r.done.Load())
	}
}

func contextThatIsOver(t *testing.T, a, _ webhook.Store) {
	c := begin(t, a, NewID(), long)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := a.Begin(ctx, NewID(), long)
	for _, err := range []error{err, a.Done(ctx, c), a.Save(ctx, c, long, "x"), a.Forget(ctx, c)} {
		require.Error(t, err)
		for _, answer := range []error{webhook.ErrHandled, webhook.ErrInProgress, webhook.ErrLeaseLost} {
			assert.NotErrorIs(t, err, answer, "nobody knows what the store would have said")
		}
	}
}

func anyKeysAndValues(t *testing.T, a, b webhook.Store) {
	for _, text := range []string{"", " ", "reconciler/événements", "a:b*c?{d}", "'; drop table x; --", strings.Repeat("x", 500)} {
		key := NewID() + text
		c := begin(t, a, key, long)
		value := text + "\n\"\\" + strings.Repeat("é", 2000)
		require.NoError(t, a.Save(t.Context(), c, long, value))
		require.NoError(t, a.Forget(t.Context(), c))
		assert.Equal(t, value, begin(t, b, key, long).Value)
	}
}

func recordsAreIndependent(t *testing.T, a, b webhook.Store) {
	first, second := begin(t, a, NewID(), long), begin(t, b, NewID(), long)
	require.NoError(t, a.Done(t.Context(), first))
	requireBegin(t, a, second.Key, webhook.ErrInProgress)
	require.NoError(t, b.Forget(t.Context(), second))
	requireBegin(t, b, first.Key, webhook.ErrHandled)
	begin(t, a, second.Key, long)
}

func tokensGrow(t *testing.T, a, b webhook.Store) {
	key, last := NewID(), int64(0)
	for i := range 20 {
		c := beginLater(t, []webhook.Store{a, b}[i%2], key)
		require.Greater(t, c.Token, last)
		last = c.Token
		switch i % 3 {
		case 0:
			require.NoError(t, a.Forget(t.Context(), c))
		case 1:
			require.NoError(t, b.Save(t.Context(), c, time.Millisecond, "x"))
		default:
			require.NoError(t, b.Save(t.Context(), c, long, "y"))
			require.NoError(t, a.Forget(t.Context(), c))
		}
	}
}
