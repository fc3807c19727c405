package webhooktest

import (
	"context"
	"errors"
	"maps"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/byzantine-finance/byzantine-go/webhook"
)

// Replicas returns two stores that share their records, as the stores of two replicas of a receiver do. [TestStore]
// calls it once for each of its tests. The stores may hold records of earlier tests, because every test uses new random
// keys. Replicas closes with t.Cleanup what it has opened.
type Replicas func(t *testing.T) (a, b webhook.Store)

const long = time.Hour // a lease that does not end during a test

// TestStore tests that a store does what the comment on [webhook.Store] says, for calls at one replica and at two. It
// does not wait for the retention. So the tests of the store itself must show that a done record is kept until its age
// reaches the retention, and that it is renewed.
func TestStore(t *testing.T, replicas Replicas) {
	for name, test := range map[string]func(*testing.T, webhook.Store, webhook.Store){
		"BeginClaims":                          beginClaims,
		"DoneIsForGood":                        doneIsForGood,
		"ForgetMakesRoomAtOnce":                forgetMakesRoomAtOnce,
		"LeaseThatIsOverIsTakenOver":           leaseThatIsOverIsTakenOver,
		"LateSuccessCountsIfNobodyElseBegan":   lateSuccessCounts,
		"SaveKeepsAValueAndTheClaim":           saveKeepsAValue,
		"SaveBeginsTheLeaseAgain":              saveBeginsTheLeaseAgain,
		"StaleClaimsChangeNothing":             staleClaimsChangeNothing,
		"UnknownClaimsChangeNothing":           unknownClaimsChangeNothing,
		"SameDeliveryAtTwoReplicas":            sameDeliveryAtTwoReplicas,
		"OneOfManyBegins":                      oneOfManyBegins,
		"OnlyOneIsAtWorkAtATime":               onlyOneIsAtWork,
		"ContextThatIsOverIsAnErrorOfItsOwn":   contextThatIsOver,
		"KeysAndValuesMayHoldAnything":         anyKeysAndValues,
		"RecordsOfDifferentKeysAreIndependent": recordsAreIndependent,
		"TokensGrowAcrossFailuresAndTakeovers": tokensGrow,
		"RetentionIsLongerThanTheRetries":      retentionIsLong,
		"ManyKeysAtOnce":                       manyKeys,
	} {
		t.Run(name, func(t *testing.T) {
			a, b := replicas(t)
			test(t, a, b)
		})
	}
}

func begin(t *testing.T, s webhook.Store, key string, lease time.Duration) webhook.Claim {
	t.Helper()
	c, err := s.Begin(t.Context(), key, lease)
	noError(t, err)
	equal(t, key, c.Key)
	return c
}

// beginLater calls Begin until it succeeds, and so waits for the end of another claim's lease.
func beginLater(t *testing.T, s webhook.Store, key string) webhook.Claim {
	t.Helper()
	for {
		c, err := s.Begin(t.Context(), key, long)
		if err == nil {
			return c
		}
		errorIs(t, err, webhook.ErrInProgress)
		time.Sleep(5 * time.Millisecond) // a test cannot move the store's clock
	}
}

func requireBegin(t *testing.T, s webhook.Store, key string, want error) {
	t.Helper()
	_, err := s.Begin(t.Context(), key, long)
	errorIs(t, err, want)
}

func beginClaims(t *testing.T, a, b webhook.Store) {
	key := NewID()
	c := begin(t, a, key, long)
	greater(t, c.Token, 0)
	equal(t, "", c.Value)
	requireBegin(t, a, key, webhook.ErrInProgress)
	requireBegin(t, b, key, webhook.ErrInProgress)
}

func doneIsForGood(t *testing.T, a, b webhook.Store) {
	key := NewID()
	c := begin(t, a, key, long)
	noError(t, a.Done(t.Context(), c))
	requireBegin(t, a, key, webhook.ErrHandled)
	requireBegin(t, b, key, webhook.ErrHandled)
	noError(t, b.Done(t.Context(), c), "repeating it is harmless: the first response may have been lost")
	noError(t, a.Forget(t.Context(), c))
	requireBegin(t, b, key, webhook.ErrHandled)
	errorIs(t, a.Save(t.Context(), c, long, "x"), webhook.ErrLeaseLost)
	requireBegin(t, b, key, webhook.ErrHandled)
}

func forgetMakesRoomAtOnce(t *testing.T, a, b webhook.Store) {
	key := NewID()
	first := begin(t, a, key, long)
	noError(t, a.Forget(t.Context(), first))
	noError(t, a.Forget(t.Context(), first), "repeating it is harmless")
	second := begin(t, b, key, long)
	greater(t, second.Token, first.Token)
	requireBegin(t, a, key, webhook.ErrInProgress)

	// A claim that was released can be completed again, as long as no other claim has begun.
	noError(t, a.Forget(t.Context(), second))
	noError(t, a.Save(t.Context(), second, long, "x"))
	requireBegin(t, b, key, webhook.ErrInProgress)
	noError(t, a.Forget(t.Context(), second))
	noError(t, a.Done(t.Context(), second))
	requireBegin(t, b, key, webhook.ErrHandled)
}

func leaseThatIsOverIsTakenOver(t *testing.T, a, b webhook.Store) {
	key := NewID()
	crashed := begin(t, a, key, 50*time.Millisecond)
	c := beginLater(t, b, key)
	greater(t, c.Token, crashed.Token)
	noError(t, b.Done(t.Context(), c))
	requireBegin(t, a, key, webhook.ErrHandled)
}

func lateSuccessCounts(t *testing.T, a, b webhook.Store) {
	key := NewID()
	c := begin(t, a, key, time.Millisecond)
	time.Sleep(20 * time.Millisecond)
	noError(t, a.Done(t.Context(), c))
	requireBegin(t, b, key, webhook.ErrHandled)
}

func saveKeepsAValue(t *testing.T, a, b webhook.Store) {
	key := NewID()
	c := begin(t, a, key, long)
	noError(t, a.Save(t.Context(), c, long, "one"))
	requireBegin(t, b, key, webhook.ErrInProgress)
	noError(t, a.Save(t.Context(), c, long, "two"))
	noError(t, a.Forget(t.Context(), c))
	c = begin(t, b, key, long)
	equal(t, "two", c.Value)
	noError(t, b.Save(t.Context(), c, long, ""))
	noError(t, b.Forget(t.Context(), c))
	equal(t, "", begin(t, a, key, long).Value)
}

func saveBeginsTheLeaseAgain(t *testing.T, a, b webhook.Store) {
	key := NewID()
	c := begin(t, a, key, time.Millisecond)
	time.Sleep(20 * time.Millisecond)
	noError(t, a.Save(t.Context(), c, long, "x"), "the lease is over, but no other process began")
	requireBegin(t, b, key, webhook.ErrInProgress)
	noError(t, a.Save(t.Context(), c, time.Millisecond, "y"))
	equal(t, "y", beginLater(t, b, key).Value)
}

func staleClaimsChangeNothing(t *testing.T, a, b webhook.Store) {
	key := NewID()
	stale := begin(t, a, key, 50*time.Millisecond)
	c := beginLater(t, b, key)
	noError(t, b.Save(t.Context(), c, long, "new"))

	errorIs(t, a.Done(t.Context(), stale), webhook.ErrLeaseLost)
	errorIs(t, a.Save(t.Context(), stale, long, "old"), webhook.ErrLeaseLost)
	noError(t, a.Forget(t.Context(), stale))
	requireBegin(t, a, key, webhook.ErrInProgress)

	noError(t, b.Forget(t.Context(), c))
	errorIs(t, a.Done(t.Context(), stale), webhook.ErrLeaseLost, "it is free, but not for this one")
	errorIs(t, a.Save(t.Context(), stale, long, "old"), webhook.ErrLeaseLost)
	c = begin(t, b, key, long)
	equal(t, "new", c.Value)
	noError(t, b.Done(t.Context(), c))
	errorIs(t, a.Done(t.Context(), stale), webhook.ErrLeaseLost, "it is done, but not by this one")
}

func unknownClaimsChangeNothing(t *testing.T, a, b webhook.Store) {
	c := webhook.Claim{Key: NewID(), Token: 1}
	errorIs(t, a.Done(t.Context(), c), webhook.ErrLeaseLost)
	errorIs(t, a.Save(t.Context(), c, long, "x"), webhook.ErrLeaseLost)
	noError(t, a.Forget(t.Context(), c))
	equal(t, "", begin(t, b, c.Key, long).Value)
}

// Of ten Begin calls for one key at the same moment, at two replicas, one succeeds.
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
					check(t, false, "unexpected error: %v", err)
				}
			})
		}
		close(start)
		all.Wait()
		must(t, winners.Load() == 1, "%d calls won", winners.Load())
	}
}

// Eight workers at two replicas begin the same eight keys until all are done. Each often calls Forget instead of Done.
// A key never has two claims at the same time, and Done succeeds once for each.
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
					if !check(t, err == nil, "begin: %v", err) {
						return
					}
					equal(t, 1, r.atWork.Add(1))
					greater(t, c.Token, r.token.Swap(c.Token))
					giveUp := random.IntN(4) > 0
					r.atWork.Add(-1)
					if giveUp {
						err = s.Forget(t.Context(), c)
					} else if err = s.Done(t.Context(), c); err == nil {
						r.done.Add(1)
					}
					check(t, err == nil, "unexpected error: %v", err)
				}
			}
		})
	}
	all.Wait()
	for _, r := range records {
		equal(t, 1, r.done.Load())
	}
}

func contextThatIsOver(t *testing.T, a, _ webhook.Store) {
	c := begin(t, a, NewID(), long)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := a.Begin(ctx, NewID(), long)
	for _, err := range []error{err, a.Done(ctx, c), a.Save(ctx, c, long, "x"), a.Forget(ctx, c)} {
		must(t, err != nil, "a context that is over is no error")
		for _, response := range []error{webhook.ErrHandled, webhook.ErrInProgress, webhook.ErrLeaseLost} {
			check(t, !errors.Is(err, response), "%v: it is unknown what the store would have said", err)
		}
	}
}

func anyKeysAndValues(t *testing.T, a, b webhook.Store) {
	for _, text := range []string{"", " ", "reconciler/événements", "a:b*c?{d}", "'; drop table x; --", strings.Repeat("x", 500)} {
		key := NewID() + text
		c := begin(t, a, key, long)
		value := text + "\n\"\\" + strings.Repeat("é", 2000)
		noError(t, a.Save(t.Context(), c, long, value))
		noError(t, a.Forget(t.Context(), c))
		equal(t, value, begin(t, b, key, long).Value)
	}
}

func recordsAreIndependent(t *testing.T, a, b webhook.Store) {
	first, second := begin(t, a, NewID(), long), begin(t, b, NewID(), long)
	noError(t, a.Done(t.Context(), first))
	requireBegin(t, a, second.Key, webhook.ErrInProgress)
	noError(t, b.Forget(t.Context(), second))
	requireBegin(t, b, first.Key, webhook.ErrHandled)
	begin(t, a, second.Key, long)
}

func tokensGrow(t *testing.T, a, b webhook.Store) {
	key, last := NewID(), int64(0)
	for i := range 20 {
		c := beginLater(t, []webhook.Store{a, b}[i%2], key)
		must(t, c.Token > last, "token %d after %d", c.Token, last)
		last = c.Token
		switch i % 3 {
		case 0:
			noError(t, a.Forget(t.Context(), c))
		case 1:
			noError(t, b.Save(t.Context(), c, time.Millisecond, "x"))
		default:
			noError(t, b.Save(t.Context(), c, long, "y"))
			noError(t, a.Forget(t.Context(), c))
		}
	}
}

func retentionIsLong(t *testing.T, a, b webhook.Store) {
	check(t, a.Retention() > 9*time.Hour, "the retention is %v, but the sender retries for nine hours", a.Retention())
	equal(t, a.Retention(), b.Retention(), "replicas have the same retention")
}

// Handled of a BulkStore returns the keys for which Begin would return ErrHandled. A store that is no BulkStore passes.
func manyKeys(t *testing.T, a, b webhook.Store) {
	bulk, ok := a.(webhook.BulkStore)
	if !ok {
		return // BulkStore is optional
	}
	done, err := bulk.Handled(t.Context(), nil)
	noError(t, err)
	must(t, len(done) == 0, "no keys, but %d are done", len(done))
	var keys []string
	want := map[string]bool{}
	for i := range webhook.MaxHeldEvents {
		key := NewID() + "'; \"\\{}é"
		keys = append(keys, key)
		if i%100 > 2 {
			continue // most keys have no record
		}
		c := begin(t, b, key, long)
		switch i % 3 {
		case 0:
			noError(t, b.Done(t.Context(), c))
			want[key] = true
		case 1:
			noError(t, b.Forget(t.Context(), c))
		}
	}
	done, err = bulk.Handled(t.Context(), append(keys, keys[0]))
	noError(t, err)
	got := map[string]bool{}
	for _, key := range done {
		got[key] = true
	}
	must(t, maps.Equal(want, got), "%d keys are done, want %d", len(got), len(want))
	for _, key := range keys[3:] {
		if !want[key] {
			begin(t, b, key, long) // Handled has not claimed it
			break
		}
	}
}
