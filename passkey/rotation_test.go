package passkey_test

import (
	"context"
	"crypto/fips140"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/byzantinetest"
	"github.com/byzantine-finance/byzantine-go/passkey"
)

// A draft is begun with one API key and finished with the next, and WaitForTransaction continues with a third, while
// each old key is deleted.
func TestTransactorFollowsARotation(t *testing.T) {
	if fips140.Enabled() {
		t.Skip("in FIPS mode Go gathers entropy by the real clock, which stands still in a bubble of synctest")
	}
	synctest.Test(t, func(t *testing.T) {
		s := newSaver(t)
		rotation := byzantine.NewRotation(s.sandbox.Key())
		client, err := byzantine.NewClient(rotation, byzantine.WithClock(s.sandbox.Now),
			byzantine.WithHTTPClient(&http.Client{Transport: byzantinetest.InProcess(s.sandbox)}))
		require.NoError(t, err)
		s.transactor = &passkey.Transactor{Client: client, RelyingParty: relyingParty()}
		rotate := func() {
			old, err := byzantine.RotateCredential(t.Context(), client, rotation, func(context.Context, *byzantine.PrivateKey) error { return nil })
			require.NoError(t, err)
			require.NoError(t, byzantine.RetireCredential(t.Context(), client, old))
		}
		payload := s.depositPayload(byzantine.ChainBase, byzantinetest.VaultBaseUSDC)
		options, draft, err := s.transactor.Begin(s.userID, payload, []passkey.Credential{s.passkey})
		require.NoError(t, err)
		rotate()
		response, err := s.device.Get(options)
		require.NoError(t, err)
		submitted, err := s.transactor.Finish(t.Context(), s.userID, draft, response)
		require.NoError(t, err)

		done := make(chan error, 1)
		go func() {
			_, err := client.WaitForTransaction(t.Context(), submitted.TransactionID)
			done <- err
		}()
		time.Sleep(time.Second)
		rotate()
		require.NoError(t, <-done)
		for _, r := range s.sandbox.Requests() {
			assert.Less(t, r.Status, 300, "%s %s", r.Method, r.URI)
		}
	})
}
