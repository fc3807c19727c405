package byzantine

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/byzantine-finance/byzantine-go/internal/call"
)

// SignerSource is a [Signer] whose key can change. [SignRequest] and a [Client] ask it once for each attempt, so that
// the public key and the signature of a request belong together. Signer must be safe for concurrent use and should not
// block, because the attempt's timeout is already running. An error ends the call, and the attempt sends nothing.
type SignerSource interface {
	Signer(ctx context.Context) (Signer, error)
}

// Rotation is a [Signer] whose key can be changed while clients use it. A client that was made with one changes keys
// without a restart. [RotateCredential] changes the key through the API; [Rotation.Use] takes a key that came in
// another way, such as from a file that changed (see [KeyFile]).
//
// It is safe for concurrent use.
type Rotation struct {
	current atomic.Pointer[heldSigner]

	mu    sync.Mutex
	using map[string]int // attempts under way, by public key (see hold)
	ended chan struct{}  // closed and replaced when the last attempt with a key has ended
}

type heldSigner struct{ Signer }

// NewRotation returns a Rotation that signs with first. If first is nil, [NewClient] rejects the Rotation.
func NewRotation(first Signer) *Rotation {
	r := new(Rotation)
	r.current.Store(&heldSigner{first})
	return r
}

// Use makes the Rotation sign with next from now on. Attempts that are already signed keep their key. An error means
// that next is nil or has no P-256 key, and that nothing has changed. Use does not ask the API whether it knows the
// key.
func (r *Rotation) Use(next Signer) error {
	if next == nil {
		return errors.New("byzantine: rotation: the signer is nil")
	}
	if _, err := signerPublicKeyHex(next); err != nil {
		return fmt.Errorf("byzantine: rotation: %w", err)
	}
	r.current.Store(&heldSigner{next})
	return nil
}

// Signer returns the Signer that is used now.
func (r *Rotation) Signer(context.Context) (Signer, error) {
	s := r.signer()
	if s == nil {
		return nil, errors.New("byzantine: rotation: it was made without a signer")
	}
	return s, nil
}

// PublicKey returns the public key that is used now. Two calls can return different keys: code that needs a key and a
// signature that belong together calls [Rotation.Signer] and uses the Signer that it returns.
func (r *Rotation) PublicKey() []byte {
	if s := r.signer(); s != nil {
		return s.PublicKey()
	}
	return nil
}

// signer returns nil if there is none, in a Rotation that was made without one or without NewRotation.
func (r *Rotation) signer() Signer {
	if held := r.current.Load(); held != nil {
		return held.Signer
	}
	return nil
}

// SignDigest signs with the key that is used now.
func (r *Rotation) SignDigest(ctx context.Context, digest []byte) ([]byte, error) {
	s, err := r.Signer(ctx)
	if err != nil {
		return nil, err
	}
	return s.SignDigest(ctx, digest)
}

// hold returns the present Signer for an attempt, and counts the attempt as using the key of that Signer until the
// attempt's context ends.
func (r *Rotation) hold(attempt context.Context) (Signer, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	s, err := r.Signer(attempt)
	if err != nil {
		return nil, err
	}
	key, err := signerPublicKeyHex(s)
	if err != nil {
		return nil, err
	}
	if r.using == nil {
		r.using, r.ended = map[string]int{}, make(chan struct{})
	}
	r.using[key]++
	context.AfterFunc(attempt, func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		if r.using[key]--; r.using[key] == 0 {
			delete(r.using, key)
			close(r.ended)
			r.ended = make(chan struct{})
		}
	})
	return s, nil
}

// wait returns nil as soon as no attempt uses the key, or an error when the context ends.
func (r *Rotation) wait(ctx context.Context, key string) error {
	for {
		r.mu.Lock()
		count, ended := r.using[key], r.ended
		r.mu.Unlock()
		if count == 0 {
			return nil
		}
		select {
		case <-ended:
		case <-ctx.Done():
			return fmt.Errorf("%d attempts with the key have not ended: %w", count, call.ContextError(ctx))
		}
	}
}

// RotationStep is a step of [RotateCredential].
type RotationStep string

// The steps, in their order.
const (
	RotationLook   RotationStep = "look"   // checks the key's scope, and what earlier rotations left
	RotationCreate RotationStep = "create" // creates the new credential
	RotationKeep   RotationStep = "keep"   // hands its key to the caller's function
	RotationProve  RotationStep = "prove"  // calls the API with the new key
	RotationSwitch RotationStep = "switch" // has the Rotation use the new key
)

// RotationError says that a rotation failed. It has neither changed the key that the Rotation signs with nor done
// anything to the old credential.
type RotationError struct {
	Step RotationStep
	// Left are the public keys of credentials that this rotation or an earlier one created and that are not in use. A
	// credential whose response was lost is missing here: Advice says what to do about it.
	Left []string
	// Advice says what to do, in a sentence.
	Advice string
	Err    error
}

func (e *RotationError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "byzantine: rotate credential: %s: %s", e.Step, textOf(e.Err))
	if len(e.Left) > 0 {
		fmt.Fprintf(&b, "; left: %s", strings.Join(e.Left, ", "))
	}
	return b.String() + "; " + e.Advice
}

// Unwrap returns what went wrong.
func (e *RotationError) Unwrap() error { return e.Err }

// ErrRotationLeft marks a *[RotationError] of a rotation that created nothing, because an earlier rotation of the same
// key left a credential that is not in use. RotationError.Left names it.
var ErrRotationLeft = errors.New("byzantine: a former rotation of this key left a credential")

// RotateCredential replaces the key that c signs with while c is in use. c must have been made with r. The function
// creates a credential of the same scope, calls keep with its private key, proves with a call that the API accepts the
// new key, and then makes r use it. keep must store the key where it outlives the program, because the API shows it only
// once. It is not proved yet, so keep must not write it to a file that a [KeyFile] watches: write it there when
// RotateCredential has returned without an error. The result is the public key of the old credential: 66 lower-case
// hexadecimal digits after 0x. That credential stays valid, because other replicas may still use it. Delete it with
// [RetireCredential] when all have switched.
//
// The label of the new credential is that of the old one, followed by "(replaces 0x...)" with the first digits of the
// old public key. By this label a rotation recognises what an earlier one left when its program was stopped in the
// middle: then the error matches [ErrRotationLeft], and nothing is created. If the private key of that credential is in
// your store, start the program with it, or call [Rotation.Use]; if not, delete the credential with RetireCredential
// and rotate again.
//
// An error is a *[RotationError], which says which credentials are left and what to do, unless an argument is nil or c
// does not sign with r. After any error the function has neither changed the key of r nor done anything to the old
// credential. A read_only credential cannot rotate itself. Do not run two rotations of one key at the same time.
//
// Operations get_current_integrator_capabilities, list_credentials, create_credential.
func RotateCredential(ctx context.Context, c *Client, r *Rotation, keep func(context.Context, *PrivateKey) error, opts ...CallOption) (old string, err error) {
	switch {
	case c == nil || r == nil || keep == nil:
		return "", errors.New("byzantine: rotate credential: the client, the rotation or keep is nil")
	case c.signer != Signer(r):
		return "", errors.New("byzantine: rotate credential: the client does not sign with this rotation: make it with NewClient(rotation)")
	}
	old, err = signerPublicKeyHex(r)
	if err != nil {
		return "", fmt.Errorf("byzantine: rotate credential: %w", err)
	}
	scope, label, err := lookBeforeRotation(ctx, c, old, opts)
	if err != nil {
		return "", err
	}
	created, err := c.CreateCredential(ctx, &CreateCredentialRequest{AccessScope: scope, Label: label}, opts...)
	if err != nil {
		advice := "nothing was created"
		var response *Error
		unreadable := errors.As(err, &response) && response.StatusCode/100 == 2
		if unreadable || errors.Is(err, ErrOutcomeUnknown) {
			advice = fmt.Sprintf("a credential with the label %q may be there; its private key is lost: delete it with RetireCredential, and rotate again", label)
		}
		return "", &RotationError{Step: RotationCreate, Advice: advice, Err: err}
	}
	fail := func(step RotationStep, advice string, err error) (string, error) {
		return "", &RotationError{Step: step, Left: []string{created.Pubkey}, Advice: advice, Err: err}
	}
	if created.AccessScope != scope {
		return fail(RotationCreate, "delete the new credential with RetireCredential, and rotate again",
			fmt.Errorf("the new credential has the scope %q in place of %q", printableScope(created.AccessScope), printableScope(scope)))
	}
	key, err := created.PrivateKey.Key()
	if err == nil && key.PublicKeyHex() != created.Pubkey {
		err = errors.New("the private key is not that of the public key")
	}
	if err != nil {
		return fail(RotationKeep, "the new key cannot be used: delete it with RetireCredential, and rotate again", err)
	}
	if err := keep(ctx, key); err != nil {
		return fail(RotationKeep, "take the new key out of your store if part of it was written, delete it with RetireCredential, and rotate again", err)
	}
	if err := prove(ctx, c, key, opts); err != nil {
		return fail(RotationProve, "the new key is in your store and is not in use: call Whoami with it; if it works and can write, call Use, else take it out of your store", err)
	}
	if err := r.Use(key); err != nil {
		return fail(RotationSwitch, "the new key is in your store and is not in use", err)
	}
	return old, nil
}

// lookBeforeRotation returns the scope and the label of the credential to create. It returns a *RotationError if the
// present credential cannot create one, or if an earlier rotation left a credential.
func lookBeforeRotation(ctx context.Context, c *Client, old string, opts []CallOption) (AccessScope, string, error) {
	fail := func(advice string, err error, left ...string) (AccessScope, string, error) {
		return "", "", &RotationError{Step: RotationLook, Left: left, Advice: advice, Err: err}
	}
	me, err := c.Whoami(ctx, opts...)
	if err != nil {
		return fail("nothing was created", err)
	}
	if !me.Capabilities.CanWrite {
		return fail("rotate it by a read_write credential: create one of the same scope, distribute it, delete the old one",
			errors.New("a credential of the scope "+printableScope(me.AccessScope)+" cannot create another"))
	}
	if me.AccessScope == "" {
		return fail("nothing was created; rotate again", errors.New("the response does not say which scope this credential has"))
	}
	list, err := c.ListCredentials(ctx, nil, opts...)
	if err != nil && !isPartial(err) { // what could be read is enough to find what was left
		return fail("nothing was created", err)
	}
	base, _, _ := strings.Cut(me.Label, " (replaces 0x")
	label := strings.TrimSpace(base + " " + replaces(old))
	var left []string
	for _, credential := range list.Credentials {
		if strings.HasSuffix(credential.Label, replaces(old)) && credential.Pubkey != old {
			left = append(left, credential.Pubkey)
		}
	}
	if len(left) > 0 {
		return fail("if its private key is in your store, use it; if not, delete it with RetireCredential and rotate again", ErrRotationLeft, left...)
	}
	return me.AccessScope, label, nil
}

// replaces returns the end of the label of a credential that was created to replace the credential old.
func replaces(old string) string { return "(replaces " + old[:min(len(old), 18)] + ")" }

func printableScope(s AccessScope) string { return call.Printable(string(s)) }

// proveTries is how often prove calls the API, a second apart: it may take a moment until every server of the API knows
// a new key.
const proveTries = 3

// prove checks with a call of Whoami, over the connections of c, that the API accepts a new key and that it may write.
func prove(ctx context.Context, c *Client, key *PrivateKey, opts []CallOption) (err error) {
	with := &Client{signer: key, calls: c.calls, authorize: authorizeWith(key)}
	for try := range proveTries {
		if try > 0 && !call.Sleep(ctx, time.Second) {
			break
		}
		var me *Identity
		if me, err = with.Whoami(ctx, opts...); err == nil && !me.Capabilities.CanWrite {
			err = errors.New("the new credential has the scope " + printableScope(me.AccessScope))
		}
		if !errors.Is(err, ErrUnauthorized) {
			break
		}
	}
	return err
}

// RetireCredential deletes the credential of oldPubkey after a rotation. If c signs with a [Rotation], the function first
// waits until no attempt uses oldPubkey any more; if ctx ends before that, it returns an error and deletes nothing. If
// oldPubkey is the key that c signs with, the error is a *[FieldError]. The function cannot see other processes: call
// it when all replicas have switched.
//
// oldPubkey is as [RotateCredential] returns it: 66 lower-case hexadecimal digits after 0x. Operation
// delete_credential; the errors are those of [Client.DeleteCredential]. If an earlier call failed,
// [ErrNotFound] means that it has deleted the credential.
func RetireCredential(ctx context.Context, c *Client, oldPubkey string, opts ...CallOption) error {
	if c == nil {
		return errors.New("byzantine: retire credential: the client is nil")
	}
	if current, _ := signerPublicKeyHex(c.signer); current == oldPubkey {
		return &FieldError{Field: "oldPubkey", JSONPath: "pubkey", Reason: "is the key that the client signs with"}
	}
	if r, ok := c.signer.(*Rotation); ok {
		if err := r.wait(ctx, oldPubkey); err != nil {
			return fmt.Errorf("byzantine: retire credential: %w; nothing was deleted", err)
		}
	}
	return c.DeleteCredential(ctx, oldPubkey, opts...)
}
