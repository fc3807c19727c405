package byzantine_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/byzantinetest"
	"github.com/byzantine-finance/byzantine-go/internal/longtest"
)

// rotating returns a client that signs with a Rotation of key, and this Rotation.
func rotating(t *testing.T, sandbox *byzantinetest.Server, key byzantine.Signer) (*byzantine.Client, *byzantine.Rotation) {
	t.Helper()
	rotation := byzantine.NewRotation(key)
	client, err := byzantine.NewClient(rotation, byzantine.WithBaseURL(sandbox.URL), byzantine.WithClock(sandbox.Now))
	require.NoError(t, err)
	return client, rotation
}

func inVault(vault *[]*byzantine.PrivateKey) func(context.Context, *byzantine.PrivateKey) error {
	return func(_ context.Context, key *byzantine.PrivateKey) error {
		*vault = append(*vault, key)
		return nil
	}
}

// Under many concurrent callers no call fails because of the key, while the key is changed and the old one is deleted,
// again and again. The sandbox verifies each signature with the key that the request names.
func TestRotationUnderLoad(t *testing.T) {
	sandbox := byzantinetest.NewServer()
	defer sandbox.Close()
	client, rotation := rotating(t, sandbox, sandbox.Key())

	var calls atomic.Int64
	stop := make(chan struct{})
	var callers sync.WaitGroup
	for range longtest.Count(64, 256) {
		callers.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				calls.Add(1)
				if _, err := client.Whoami(t.Context()); !assert.NoError(t, err) {
					return
				}
			}
		})
	}
	var vault []*byzantine.PrivateKey
	for range longtest.Count(2, 5) {
		before := calls.Load()
		old, err := byzantine.RotateCredential(t.Context(), client, rotation, inVault(&vault))
		require.NoError(t, err)
		require.NoError(t, byzantine.RetireCredential(t.Context(), client, old))
		assert.Equal(t, vault[len(vault)-1].PublicKey(), rotation.PublicKey())
		assert.Greater(t, calls.Load(), before)
	}
	close(stop)
	callers.Wait()
	list, err := client.ListCredentials(t.Context(), nil)
	require.NoError(t, err)
	require.Len(t, list.Credentials, 1, "the old ones are deleted")
	assert.Equal(t, vault[len(vault)-1].PublicKeyHex(), list.Credentials[0].Pubkey)
}

// Wherever a rotation stops, the old key works, the error names the credentials that are known to be left, and following
// its advice completes the rotation.
func TestRotationThatStops(t *testing.T) {
	fault := errors.New("the vault is closed")
	keep := func(context.Context, *byzantine.PrivateKey) error { return nil }
	fail := func(operation byzantine.OperationID, from int, f byzantinetest.Fault) func(*byzantinetest.Server) {
		return func(s *byzantinetest.Server) { s.Fail(operation, from, f) }
	}
	unavailable := byzantinetest.Fault{Status: 404, Body: "gone"}
	for _, c := range []struct {
		name string
		set  func(*byzantinetest.Server)
		keep func(context.Context, *byzantine.PrivateKey) error
		step byzantine.RotationStep
		left int // number of credentials that the error names
	}{
		{"the key is not known", fail("get_current_integrator_capabilities", 1, unavailable), keep, byzantine.RotationLook, 0},
		{"the scope cannot be read", fail(byzantine.OpWhoami, 1, byzantinetest.Fault{Status: 200,
			Body: `{"integratorId":"7d1f0a52-44a5-4c52-8a3c-6a1f0e9b2c11","accessScope":7,"capabilities":{"canWrite":true}}`}), keep, byzantine.RotationLook, 0},
		{"the list cannot be read", fail("list_credentials", 1, unavailable), keep, byzantine.RotationLook, 0},
		{"nothing is created", fail("create_credential", 1, unavailable), keep, byzantine.RotationCreate, 0},
		{"the response is lost", fail("create_credential", 1, byzantinetest.Fault{Reset: true, TakesEffect: true}), keep, byzantine.RotationCreate, 0},
		{"the response cannot be read", fail("create_credential", 1, byzantinetest.Fault{Status: 201, Body: `{"pubkey":12.5}`, TakesEffect: true}), keep, byzantine.RotationCreate, 0},
		{"the vault fails", nil, func(context.Context, *byzantine.PrivateKey) error { return fault }, byzantine.RotationKeep, 1},
		{"the new key does not work", func(s *byzantinetest.Server) {}, nil, byzantine.RotationProve, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			sandbox := byzantinetest.NewServer()
			defer sandbox.Close()
			client, rotation := rotating(t, sandbox, sandbox.Key())
			if c.set != nil {
				c.set(sandbox)
			}
			store := c.keep
			if store == nil { // the API fails between the previous step and the proof of the new key
				store = func(context.Context, *byzantine.PrivateKey) error {
					sandbox.Fail(byzantine.OpWhoami, 1, unavailable)
					return nil
				}
			}
			_, err := byzantine.RotateCredential(t.Context(), client, rotation, store)
			var stopped *byzantine.RotationError
			require.ErrorAs(t, err, &stopped)
			assert.Equal(t, c.step, stopped.Step)
			assert.Len(t, stopped.Left, c.left)
			assert.NotEmpty(t, stopped.Advice)
			list, listErr := sandbox.Client().ListCredentials(t.Context(), nil)
			require.NoError(t, listErr)
			if len(list.Credentials) > 1 {
				assert.NotContains(t, stopped.Advice, "nothing was created")
			}
			assert.Contains(t, err.Error(), string(c.step))
			assert.Equal(t, sandbox.Key().PublicKey(), rotation.PublicKey(), "the old key is in use")
			_, err = client.Whoami(t.Context())
			require.NoError(t, err, "and works")

			// The program starts again with the old key. What was left is found by its label, and is deleted.
			again, rotation := rotating(t, sandbox, sandbox.Key())
			old, err := byzantine.RotateCredential(t.Context(), again, rotation, keep)
			if errors.Is(err, byzantine.ErrRotationLeft) {
				require.ErrorAs(t, err, &stopped)
				require.Len(t, stopped.Left, 1)
				require.NoError(t, byzantine.RetireCredential(t.Context(), again, stopped.Left[0]))
				old, err = byzantine.RotateCredential(t.Context(), again, rotation, keep)
			} else {
				assert.Zero(t, c.left, "what is left is found")
			}
			require.NoError(t, err)
			assert.Equal(t, sandbox.Key().PublicKeyHex(), old)
			require.NoError(t, byzantine.RetireCredential(t.Context(), again, old))
			list, err = again.ListCredentials(t.Context(), nil)
			require.NoError(t, err)
			assert.Len(t, list.Credentials, 1)
		})
	}
}

// A new credential with a smaller scope than the old one is not used, and its key is not passed to keep.
func TestRotationNeedsTheSameScope(t *testing.T) {
	sandbox := byzantinetest.NewServer()
	defer sandbox.Close()
	client, rotation := rotating(t, sandbox, sandbox.Key())
	weak, err := byzantine.GenerateKey()
	require.NoError(t, err)
	sandbox.Fail(byzantine.OpCreateCredential, 1, byzantinetest.Fault{Status: 201, Body: `{"pubkey":"` + weak.PublicKeyHex() +
		`","integratorId":"7d1f0a52-44a5-4c52-8a3c-6a1f0e9b2c11","accessScope":"read_only","active":true,"privateKey":"` + weak.SecretHex() + `"}`})
	var vault []*byzantine.PrivateKey
	_, err = byzantine.RotateCredential(t.Context(), client, rotation, inVault(&vault))
	var stopped *byzantine.RotationError
	require.ErrorAs(t, err, &stopped)
	assert.Equal(t, byzantine.RotationCreate, stopped.Step)
	assert.Equal(t, []string{weak.PublicKeyHex()}, stopped.Left)
	require.ErrorContains(t, err, `has the scope "read_only" in place of "read_write"`)
	assert.Empty(t, vault)
	assert.Equal(t, sandbox.Key().PublicKey(), rotation.PublicKey())
}

// A key can be rotated any number of times, and its label is extended only once.
func TestRotationKeepsScopeAndLabel(t *testing.T) {
	sandbox := byzantinetest.NewServer()
	defer sandbox.Close()
	_, err := sandbox.Client().UpdateCredential(t.Context(), &byzantine.UpdateCredentialRequest{
		Pubkey: sandbox.Key().PublicKeyHex(), Label: new("backend"),
	})
	require.NoError(t, err)
	client, rotation := rotating(t, sandbox, sandbox.Key())
	var vault []*byzantine.PrivateKey
	for range 3 {
		old, err := byzantine.RotateCredential(t.Context(), client, rotation, inVault(&vault))
		require.NoError(t, err)
		me, err := client.Whoami(t.Context())
		require.NoError(t, err)
		assert.True(t, me.Capabilities.CanWrite)
		assert.Equal(t, "backend (replaces "+old[:18]+")", me.Label)
	}
}

func TestReadOnlyCredentialCannotRotate(t *testing.T) {
	sandbox := byzantinetest.NewServer()
	defer sandbox.Close()
	created, err := sandbox.Client().CreateCredential(t.Context(), nil)
	require.NoError(t, err)
	key, err := created.PrivateKey.Key()
	require.NoError(t, err)
	client, rotation := rotating(t, sandbox, key)
	_, err = byzantine.RotateCredential(t.Context(), client, rotation, inVault(new([]*byzantine.PrivateKey)))
	require.ErrorContains(t, err, "read_only cannot create another")
	require.ErrorContains(t, err, "rotate it by a read_write credential")
}

// The old credential is deleted after the last attempt that was signed with it has ended.
func TestRetireWaitsForAttempts(t *testing.T) {
	sandbox := byzantinetest.NewServer()
	defer sandbox.Close()
	client, rotation := rotating(t, sandbox, sandbox.Key())
	arrived, goOn := make(chan struct{}), make(chan struct{})

	// An attempt with the old key is in progress, because its signer waits.
	held := &heldUp{Signer: sandbox.Key(), arrived: arrived, goOn: goOn}
	require.NoError(t, rotation.Use(held))
	done := make(chan error, 1)
	go func() {
		_, err := client.Whoami(t.Context())
		done <- err
	}()
	<-arrived
	held.pass.Store(true)
	old, err := byzantine.RotateCredential(t.Context(), client, rotation, inVault(new([]*byzantine.PrivateKey)))
	require.NoError(t, err)

	over, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorContains(t, byzantine.RetireCredential(over, client, old), "nothing was deleted")
	retired := make(chan error, 1)
	go func() { retired <- byzantine.RetireCredential(t.Context(), client, old) }()
	select {
	case err := <-retired:
		t.Fatalf("retired while an attempt was under way: %v", err)
	default:
	}
	close(goOn)
	require.NoError(t, <-done, "the attempt with the old key")
	require.NoError(t, <-retired)
}

// heldUp is a Signer that reports through arrived that a signature was requested, and waits for goOn.
type heldUp struct {
	byzantine.Signer
	arrived, goOn chan struct{}
	pass          atomic.Bool
}

func (h *heldUp) SignDigest(ctx context.Context, digest []byte) ([]byte, error) {
	if !h.pass.Load() {
		close(h.arrived)
		<-h.goOn
	}
	return h.Signer.SignDigest(ctx, digest)
}

func TestRotationMisuse(t *testing.T) {
	sandbox := byzantinetest.NewServer()
	defer sandbox.Close()
	client, rotation := rotating(t, sandbox, sandbox.Key())
	keep := inVault(new([]*byzantine.PrivateKey))
	_, err := byzantine.RotateCredential(t.Context(), sandbox.Client(), rotation, keep)
	require.ErrorContains(t, err, "does not sign with this rotation")
	_, err = byzantine.RotateCredential(t.Context(), nil, rotation, keep)
	require.ErrorContains(t, err, "nil")
	_, err = byzantine.RotateCredential(t.Context(), client, rotation, nil)
	require.ErrorContains(t, err, "nil")
	require.ErrorContains(t, byzantine.RetireCredential(t.Context(), nil, ""), "nil")
	err = byzantine.RetireCredential(t.Context(), client, sandbox.Key().PublicKeyHex())
	require.ErrorIs(t, err, byzantine.ErrInvalidRequest)
	require.ErrorContains(t, err, "is the key that the client signs with")
	require.ErrorIs(t, byzantine.RetireCredential(t.Context(), client, "0xsecret"), byzantine.ErrInvalidRequest)

	require.ErrorContains(t, rotation.Use(nil), "nil")
	require.ErrorContains(t, rotation.Use(new(byzantine.PrivateKey)), "33 bytes")
	assert.Equal(t, sandbox.Key().PublicKey(), rotation.PublicKey())
	_, err = byzantine.NewClient(byzantine.NewRotation(nil))
	require.ErrorContains(t, err, "33 bytes")
	_, err = byzantine.NewRotation(nil).SignDigest(t.Context(), make([]byte, 32))
	require.ErrorContains(t, err, "without a signer")
}

// sourceOf is a SignerSource with the public key of first, whose Signer method returns next and err.
type sourceOf struct {
	first, next byzantine.Signer
	err         error
}

func (s sourceOf) PublicKey() []byte { return s.first.PublicKey() }

func (s sourceOf) SignDigest(context.Context, []byte) ([]byte, error) {
	return nil, errors.New("the source itself signs nothing")
}

func (s sourceOf) Signer(context.Context) (byzantine.Signer, error) { return s.next, s.err }

func TestSignRequestAsksTheSource(t *testing.T) {
	first, err := byzantine.GenerateKey()
	require.NoError(t, err)
	second, err := byzantine.GenerateKey()
	require.NoError(t, err)
	at := time.Unix(1760375826, 0)
	signature, err := byzantine.SignRequest(t.Context(), sourceOf{first, second, nil}, at, "GET", "/v1/x", nil)
	require.NoError(t, err)
	assert.Equal(t, second.PublicKeyHex(), signature.PublicKey)
	_, err = byzantine.SignRequest(t.Context(), sourceOf{first, nil, nil}, at, "GET", "/v1/x", nil)
	require.ErrorContains(t, err, "returned no signer")
	closed := errors.New("the vault is closed")
	_, err = byzantine.SignRequest(t.Context(), sourceOf{first, nil, closed}, at, "GET", "/v1/x", nil)
	require.ErrorIs(t, err, closed)
}

func TestARotationWithoutNewRotation(t *testing.T) {
	rotation := new(byzantine.Rotation)
	_, err := byzantine.NewClient(rotation)
	require.Error(t, err)
	require.NoError(t, rotation.Use(rfc6979Key(t)))
	body := []byte(`{}`)
	_, err = byzantine.NewClient(rotation)
	require.NoError(t, err)
	client, _ := replying(t, &body)
	_ = client
	signature, err := byzantine.SignRequest(t.Context(), rotation, time.Now(), "GET", "/v1/health", nil)
	require.NoError(t, err)
	assert.Equal(t, rfc6979Key(t).PublicKeyHex(), signature.PublicKey)
}
