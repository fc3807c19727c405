package recovertest

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go/webhook"
	"github.com/byzantine-finance/byzantine-go/webhook/webhooktest"
)

// Outage is a store, and the means to crash its server and to start it again.
type Outage struct {
	Store webhook.Store
	Crash func()       // ends the server process at once, without an orderly shutdown
	Start func() error // starts the server again with the data that it had written to disk
}

// RunOutage crashes the server while one record is done and another one is claimed, and starts it again. It tests that
// calls fail in between, with other errors than ErrHandled, and that the server still has both records afterwards.
func RunOutage(t *testing.T, o Outage) {
	store := o.Store
	done, err := store.Begin(t.Context(), "done", time.Hour)
	require.NoError(t, err)
	require.NoError(t, store.Done(t.Context(), done))
	begun, err := store.Begin(t.Context(), "begun", time.Hour)
	require.NoError(t, err)
	require.NoError(t, store.Save(t.Context(), begun, time.Hour, "checkpoint"))

	o.Crash()
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	_, err = store.Begin(ctx, "done", time.Hour)
	require.Error(t, err)
	assert.NotErrorIs(t, err, webhook.ErrHandled, "it is unknown whether the event was handled")
	require.Error(t, store.Done(ctx, begun))

	require.NoError(t, o.Start())
	_, err = store.Begin(t.Context(), "done", time.Hour)
	require.ErrorIs(t, err, webhook.ErrHandled)
	_, err = store.Begin(t.Context(), "begun", time.Hour)
	require.ErrorIs(t, err, webhook.ErrInProgress)
	require.NoError(t, store.Forget(t.Context(), begun))
	again, err := store.Begin(t.Context(), "begun", time.Hour)
	require.NoError(t, err)
	assert.Equal(t, "checkpoint", again.Value)
}

// RunReceiverOutage crashes the server and starts it again while a callback runs, and tests that the event is recorded
// as done all the same. Then it crashes the server again and tests that deliveries get a 503, without a call of the
// callback, until the server runs again.
func RunReceiverOutage(t *testing.T, o Outage) {
	calls := 0
	deliver := Receiver(t, o.Store, func(context.Context, *webhook.Delivery) error {
		if calls++; calls == 1 {
			o.Crash()
			return o.Start()
		}
		return nil
	})

	event, other := webhooktest.NewID(), webhooktest.NewID()
	assert.Equal(t, http.StatusNoContent, deliver(event))
	assert.Equal(t, http.StatusNoContent, deliver(event))
	assert.Equal(t, 1, calls)

	o.Crash()
	assert.Equal(t, http.StatusServiceUnavailable, deliver(other))
	assert.Equal(t, 1, calls, "nothing is handled that cannot be recorded")
	require.NoError(t, o.Start())
	for deliver(other) != http.StatusNoContent {
		time.Sleep(50 * time.Millisecond)
	}
	assert.Equal(t, 2, calls)
	assert.Equal(t, http.StatusNoContent, deliver(event))
	assert.Equal(t, 2, calls)
}

// DieAfterBegin is the main function of a separate process, which simulates a replica that dies between Begin and Done.
// It claims a new key for 300 ms, prints the claim's key and token, and kills its own process. It returns only if it
// fails before that.
func DieAfterBegin(store webhook.Store) error {
	c, err := store.Begin(context.Background(), webhooktest.NewID(), 300*time.Millisecond)
	if err != nil {
		return err
	}
	fmt.Println(c.Key, c.Token)
	self, err := os.FindProcess(os.Getpid())
	if err != nil {
		return err
	}
	_ = self.Kill() // no deferred function, no closed connection
	select {}
}

// RunCrash runs replica, a command that calls DieAfterBegin with a store on the same data. It tests that store can
// begin the dead replica's key when the lease is over, and that the dead replica's claim is then invalid.
func RunCrash(t *testing.T, store webhook.Store, replica *exec.Cmd) {
	out, err := replica.Output()
	require.ErrorContains(t, err, "killed", "it dies in the middle")
	var crashed webhook.Claim
	_, err = fmt.Sscan(string(out), &crashed.Key, &crashed.Token)
	require.NoError(t, err, "but not before it began")

	var c webhook.Claim
	for {
		if c, err = store.Begin(t.Context(), crashed.Key, time.Hour); err == nil {
			break
		}
		require.ErrorIs(t, err, webhook.ErrInProgress, "until the lease is over")
		time.Sleep(10 * time.Millisecond)
	}
	assert.Greater(t, c.Token, crashed.Token)
	require.NoError(t, store.Done(t.Context(), c))
	require.ErrorIs(t, store.Done(t.Context(), crashed), webhook.ErrLeaseLost)
}
