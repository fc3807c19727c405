//go:build cgo

package pkcs11

import (
	"context"
	"encoding/asn1"
	"testing"

	p11 "github.com/miekg/pkcs11"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The flags of a token are made up here, because SoftHSM never locks a PIN and has no keypad.
func TestNeedsLogin(t *testing.T) {
	const usable = p11.CKF_LOGIN_REQUIRED | p11.CKF_USER_PIN_INITIALIZED
	for _, c := range []struct {
		name    string
		flags   uint
		havePIN bool
		login   bool
		want    string
	}{
		{"no login required", p11.CKF_USER_PIN_INITIALIZED, true, false, ""},
		{"PIN", usable, true, true, ""},
		{"a wrong PIN before", usable | p11.CKF_USER_PIN_COUNT_LOW, true, true, ""},
		{"keypad", usable | p11.CKF_PROTECTED_AUTHENTICATION_PATH, false, true, ""},
		{"no PIN", usable, false, false, "WithPIN: missing"},
		{"new token", p11.CKF_LOGIN_REQUIRED, true, false, "no user PIN yet"},
		{"locked", usable | p11.CKF_USER_PIN_LOCKED, true, false, "locked"},
		{"last try", usable | p11.CKF_USER_PIN_FINAL_TRY, true, false, "one wrong PIN is left"},
	} {
		t.Run(c.name, func(t *testing.T) {
			login, err := needsLogin(c.flags, c.havePIN)
			assert.Equal(t, c.login, login)
			if c.want == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, c.want)
		})
	}
}

func FuzzParsePoint(f *testing.F) {
	params, err := asn1.Marshal(oidP256)
	require.NoError(f, err)
	// The point of the key of RFC 6979, appendix A.2.5.
	const x = "\x60\xfe\xd4\xba\x25\x5a\x9d\x31\xc9\x61\xeb\x74\xc6\x35\x6d\x68\xc0\x49\xb8\x92\x3b\x61\xfa\x6c\xe6\x69\x62\x2e\x60\xf2\x9f\xb6"
	const y = "\x79\x03\xfe\x10\x08\xb8\xbc\x99\xa4\x1a\xe9\xe9\x56\x28\xbc\x64\xf2\xf1\xb2\x0c\x2d\x7e\x9f\x51\x77\xa3\xc2\x94\xd4\x46\x22\x99"
	bare := []byte("\x04" + x + y)
	wrapped, err := asn1.Marshal(bare)
	require.NoError(f, err)
	for _, point := range [][]byte{bare, wrapped} {
		public, err := parsePoint(params, point)
		require.NoError(f, err)
		got, err := public.Bytes()
		require.NoError(f, err)
		require.Equal(f, bare, got)
		f.Add(params, point)
		f.Add([]byte("\x13\x09secp256r1"), point) // some tokens give the curve's name as a string
		for _, wrong := range [][]byte{point[1:], append([]byte{}, point[:len(point)-1]...), append(append([]byte{}, point...), 0)} {
			_, err := parsePoint(params, wrong)
			require.Error(f, err)
			f.Add(params, wrong)
		}
	}
	f.Fuzz(func(t *testing.T, params, point []byte) {
		public, err := parsePoint(params, point)
		if err != nil {
			assert.Nil(t, public)
			return
		}
		_, err = public.Bytes()
		require.NoError(t, err, "a point that is taken is on the curve")
	})
}

// await returns when ctx ends, although f hangs. When f succeeds later, undo is called.
func TestAwait(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	release, undone := make(chan struct{}), make(chan struct{})
	go cancel()
	err := await(ctx, func() error { <-release; return nil }, func() { close(undone) })
	require.ErrorIs(t, err, context.Canceled)
	close(release)
	<-undone
}

func TestACallerWaitsForASessionAsLongAsItsContext(t *testing.T) {
	s := &Signer{places: make(chan struct{}, 1)}
	s.places <- struct{}{} // the only session is busy
	ctx, cancel := context.WithCancel(t.Context())
	go cancel()
	_, err := s.sign(ctx, make([]byte, 32))
	require.ErrorIs(t, err, context.Canceled)
	require.ErrorContains(t, err, "all 1 sessions are busy")
}
