package byzantine_test

import (
	"context"
	"crypto/fips140"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/byzantinetest"
)

// mortal is the round tripper of a process that is killed at a request: before the request is sent, or before its
// response arrives.
type mortal struct {
	next      http.RoundTripper
	requests  int // number of requests so far
	killedAt  int
	delivered bool // the last request reaches the API
}

var errKilled = errors.New("the process was killed")

func (m *mortal) RoundTrip(r *http.Request) (*http.Response, error) {
	m.requests++
	switch {
	case m.requests < m.killedAt:
		return m.next.RoundTrip(r)
	case m.requests == m.killedAt && m.delivered:
		response, err := m.next.RoundTrip(r)
		if err == nil {
			_ = response.Body.Close()
		}
	}
	return nil, errKilled
}

// Wherever a process is killed during a rotation, the next process starts with the key in the vault and completes the
// rotation as the errors advise: in the end one credential is left, and its key is in the vault.
func TestRotationGoesOnAfterAKill(t *testing.T) {
	type kill struct {
		at        int // number of the request: 1 and 2 read, 3 creates, 4 proves the new key, 5 retires the old one
		delivered bool
		kept      int // if not 0, keep is killed: 1 before the key is in the vault, 2 after that
	}
	var kills []kill
	for at := 1; at <= 5; at++ {
		kills = append(kills, kill{at, false, 0}, kill{at, true, 0})
	}
	for _, k := range append(kills, kill{4, false, 1}, kill{4, false, 2}) {
		t.Run(fmt.Sprintf("%+v", k), func(t *testing.T) {
			sandbox := byzantinetest.NewServer()
			defer sandbox.Close()
			vault := []*byzantine.PrivateKey{sandbox.Key()}
			start := func(transport http.RoundTripper) (*byzantine.Client, *byzantine.Rotation) {
				rotation := byzantine.NewRotation(vault[len(vault)-1])
				client, err := byzantine.NewClient(rotation, byzantine.WithBaseURL(sandbox.URL), byzantine.WithMaxAttempts(1),
					byzantine.WithHTTPClient(&http.Client{Transport: transport}))
				require.NoError(t, err)
				return client, rotation
			}
			client, rotation := start(&mortal{next: http.DefaultTransport, killedAt: k.at, delivered: k.delivered})
			old, err := byzantine.RotateCredential(t.Context(), client, rotation, func(_ context.Context, key *byzantine.PrivateKey) error {
				if k.kept == 1 {
					return errKilled
				}
				vault = append(vault, key)
				if k.kept == 2 {
					return errKilled
				}
				return nil
			})
			if err == nil {
				err = byzantine.RetireCredential(t.Context(), client, old)
			}
			require.Error(t, err, "it was killed")

			client, rotation = start(http.DefaultTransport)
			for range 2 { // the first time what was left may have to be deleted
				_, err = byzantine.RotateCredential(t.Context(), client, rotation, inVault(&vault))
				var stopped *byzantine.RotationError
				if !errors.As(err, &stopped) {
					break
				}
				require.ErrorIs(t, err, byzantine.ErrRotationLeft)
				for _, left := range stopped.Left {
					require.NoError(t, byzantine.RetireCredential(t.Context(), client, left))
				}
			}
			require.NoError(t, err)
			current := vault[len(vault)-1]
			for _, key := range vault[:len(vault)-1] { // keys that the vault has replaced
				if err := byzantine.RetireCredential(t.Context(), client, key.PublicKeyHex()); !errors.Is(err, byzantine.ErrNotFound) {
					require.NoError(t, err)
				}
			}
			list, err := client.ListCredentials(t.Context(), nil)
			require.NoError(t, err)
			require.Len(t, list.Credentials, 1, "nothing is left")
			assert.Equal(t, current.PublicKeyHex(), list.Credentials[0].Pubkey)
			assert.Equal(t, byzantine.ScopeReadWrite, list.Credentials[0].AccessScope)
			assert.Equal(t, current.PublicKey(), rotation.PublicKey())
		})
	}
}

// A wait that began with one key goes on with the next one, and does not fail when the old key is deleted.
func TestWaitsFollowARotation(t *testing.T) {
	if fips140.Enabled() {
		t.Skip("in FIPS mode Go gathers entropy by the real clock, which stands still in a bubble of synctest")
	}
	synctest.Test(t, func(t *testing.T) {
		sandbox, err := byzantinetest.New()
		require.NoError(t, err)
		defer sandbox.Close()
		account := sandbox.AddAccount(byzantinetest.Account{Status: byzantine.VerificationUnderReview})
		rotation := byzantine.NewRotation(sandbox.Key())
		client, err := byzantine.NewClient(rotation, byzantine.WithHTTPClient(&http.Client{Transport: byzantinetest.InProcess(sandbox)}))
		require.NoError(t, err)

		var status byzantine.VerificationStatus
		done := make(chan error, 1)
		go func() {
			var err error
			status, err = client.WaitForVerification(t.Context(), account.ID)
			done <- err
		}()
		var vault []*byzantine.PrivateKey
		for range 3 {
			time.Sleep(10 * time.Minute)
			old, err := byzantine.RotateCredential(t.Context(), client, rotation, inVault(&vault))
			require.NoError(t, err)
			require.NoError(t, byzantine.RetireCredential(t.Context(), client, old))
		}
		time.Sleep(10 * time.Minute)
		sandbox.Approve(account.ID)
		require.NoError(t, <-done)
		assert.Equal(t, byzantine.VerificationActive, status)
		var keys []string
		for _, r := range sandbox.Requests() {
			assert.Less(t, r.Status, 300, "%s %s", r.Method, r.URI)
			if key := r.Header.Get("X-Pubkey"); !slices.Contains(keys, key) {
				keys = append(keys, key)
			}
		}
		assert.Len(t, keys, 4, "the wait has used all of them")
	})
}
