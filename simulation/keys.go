package simulation

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/internal/jitter"
)

// vault is where programs take their key from when they start. It outlives them.
type vault struct {
	mu      sync.Mutex
	current *byzantine.PrivateKey
	known   []string // public keys that it ever held
	old     []string // of them, those that are to be deleted
}

// put makes a key the current one.
func (v *vault) put(key *byzantine.PrivateKey) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.current != nil {
		v.old = append(v.old, v.current.PublicKeyHex())
	}
	v.current, v.known = key, append(v.known, key.PublicKeyHex())
}

func (v *vault) get() *byzantine.PrivateKey {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.current
}

func (v *vault) all() []string {
	v.mu.Lock()
	defer v.mu.Unlock()
	return slices.Clone(v.known)
}

// outdated returns the keys to delete.
func (v *vault) outdated() []string {
	v.mu.Lock()
	defer v.mu.Unlock()
	return slices.Clone(v.old)
}

func (v *vault) deleted(key string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.old = slices.DeleteFunc(v.old, func(k string) bool { return k == key })
}

// longestAttempt is how long an attempt takes at most, and so how long a key may be in use after a program has another.
const longestAttempt = 3*time.Minute + 10*time.Second

// rotations has the operator rotate the API key at random moments of the storm, while users and faults go on.
func (w *World) rotations() {
	random := w.random("rotations")
	for range w.plan.rotations {
		w.instants.sleep(w.ctx, between(random, time.Second, w.plan.storm/time.Duration(w.plan.rotations)))
		w.rotate(random)
	}
}

// lastRotation rotates the key without faults. In at most four tries it must succeed, and leave no credential of former
// rotations.
func (w *World) lastRotation() {
	if w.plan.rotations == 0 {
		return
	}
	random := w.random("last rotation")
	var err error
	for range 4 { // a former one may have left several credentials
		if err = w.rotate(random); err == nil {
			break
		}
	}
	if err != nil {
		w.violate(Keys, "a rotation without faults does not come to its end: %v", err)
		return
	}
	list, err := w.operator.ListCredentials(w.ctx, nil)
	if err != nil {
		w.violate(Keys, "the credentials cannot be listed: %v", err)
		return
	}
	for _, c := range list.Credentials {
		if c.Pubkey != w.vault.get().PublicKeyHex() && c.Label != operatorLabel && c.Label != usersLabel {
			w.violate(Keys, "a rotation has left the credential %.12s, %q", c.Pubkey, c.Label)
		}
	}
}

// The labels of credentials that no rotation made.
const (
	operatorLabel = "operator"
	usersLabel    = "simulated"
)

// rotate rotates the key with the client of one program, and follows the advice of the error if that fails.
func (w *World) rotate(random *rand.Rand) error {
	p := pick(random, w.replicas...).current.Load()
	// The goroutine of a crashed program may still be in a rotation, so each rotation has its own randomness.
	r := &rotation{program: p, random: rand.New(rand.NewPCG(random.Uint64(), random.Uint64()))}
	if !p.process.alive() {
		return errCrashed
	}
	err := p.process.call(func(ctx context.Context) error {
		ctx = jitter.With(ctx, w.jitter(fmt.Sprint("jitter of a rotation by ", p.process.name, r.random.Uint64())))
		w.switchAll()
		if err := r.retireOutdated(ctx); err != nil {
			return err
		}
		old, err := byzantine.RotateCredential(ctx, p.client, p.rotation, r.keep)
		if !p.process.alive() {
			return errCrashed
		}
		w.trace.add("operator", "rotates the key of "+p.name, outcome(err))
		if err != nil {
			w.secrets.text("the error of a rotation", err)
			return r.follow(ctx, err)
		}
		p.use(w.vault.get()) // the same key, as a signer that notes its signatures
		if r.random.IntN(8) == 0 {
			r.mayCrash("before the old key is deleted")
		}
		return r.retire(ctx, old)
	})
	if err != nil {
		w.trace.add("operator", "does not come to the end of the rotation", outcome(err))
	}
	return err
}

// rotation is a rotation of the key by a program.
type rotation struct {
	*program
	random *rand.Rand
}

// keep puts the new key into the vault, and has the other programs use it. It returns when none of them can have an attempt
// with the old one under way, so that this program's own attempts are the only ones that RetireCredential has to wait for.
func (r *rotation) keep(ctx context.Context, key *byzantine.PrivateKey) error {
	w := r.world
	w.instants.sleep(ctx, between(r.random, time.Millisecond, time.Second))
	r.mayCrash("before it keeps the new key")
	if !r.process.alive() {
		return errCrashed
	}
	if w.stormy() && r.random.IntN(6) == 0 {
		return errors.New("the vault is closed")
	}
	w.vault.put(key)
	w.trace.add("operator", "keeps the new key", "")
	r.mayCrash("after it has kept the new key")
	for _, other := range w.replicas {
		if p := other.current.Load(); p != r.program && p.process.alive() {
			p.use(key)
		}
	}
	w.instants.sleep(ctx, longestAttempt)
	go r.load()
	return nil
}

// load makes calls while the program changes its key and deletes the old one.
func (r *rotation) load() {
	w := r.world
	random := w.random("load of " + r.process.name + fmt.Sprint(len(w.vault.all())))
	for range 8 {
		if !w.instants.sleep(r.process.ctx, between(random, time.Millisecond, 40*time.Millisecond)) {
			return
		}
		go func() {
			_ = r.call(r.process.ctx, "Whoami", true, time.Minute, func(ctx context.Context) error {
				_, err := r.client.Whoami(ctx)
				return err
			})
		}()
	}
}

func (r *rotation) mayCrash(when string) {
	if r.random.IntN(6) == 0 && r.world.stormy() && r.world.plan.crashes > 0 {
		r.world.crash(r.process, when)
	}
}

// use has a program sign with a key.
func (p *program) use(key *byzantine.PrivateKey) {
	s, err := p.world.signerOf(key)
	if err == nil {
		err = p.rotation.Use(s)
	}
	if err != nil {
		p.world.violate(Keys, "%s cannot use a new key: %v", p.name, err)
	}
}

// switchAll has every program use the key in the vault.
func (w *World) switchAll() {
	key := w.vault.get()
	for _, r := range w.replicas {
		if p := r.current.Load(); p.process.alive() && string(p.rotation.PublicKey()) != string(key.PublicKey()) {
			p.use(key)
		}
	}
}

// follow does what the error of a rotation advises.
func (r *rotation) follow(ctx context.Context, err error) error {
	w := r.world
	var stopped *byzantine.RotationError
	if !errors.As(err, &stopped) {
		return err
	}
	unreadable := false // the API has created a credential, and its response tells the caller nothing
	var response *byzantine.Error
	if errors.As(err, &response) && response.StatusCode/100 == 2 {
		unreadable = true
	}
	if stopped.Step == byzantine.RotationCreate && strings.Contains(stopped.Advice, "nothing was created") &&
		(unreadable || errors.Is(err, byzantine.ErrOutcomeUnknown)) {
		w.violate(Keys, "a rotation says that nothing was created: %v", err)
	}
	// A request that is still on its way arrives before the credentials are deleted.
	w.instants.sleep(ctx, 2*time.Minute)
	w.switchAll() // if the new key is in the vault, it is to be used
	for _, left := range stopped.Left {
		if left == w.vault.get().PublicKeyHex() {
			continue
		}
		if failed := r.retire(ctx, left); failed != nil {
			return failed
		}
	}
	return err
}

// retireOutdated deletes the keys that former rotations have replaced but not deleted.
func (r *rotation) retireOutdated(ctx context.Context) error {
	outdated := r.world.vault.outdated()
	if len(outdated) > 0 {
		r.world.instants.sleep(ctx, longestAttempt)
	}
	for _, key := range outdated {
		if err := r.retire(ctx, key); err != nil {
			return err
		}
	}
	return nil
}

func (r *rotation) retire(ctx context.Context, key string) error {
	err := byzantine.RetireCredential(ctx, r.client, key)
	if !r.process.alive() {
		return errCrashed
	}
	r.world.trace.add("operator", "retires a key by "+r.name, outcome(err))
	if err != nil {
		r.world.secrets.text("the error of a retirement", err)
	}
	if errors.Is(err, byzantine.ErrNotFound) {
		err = nil // an earlier call has done it
	}
	if err == nil {
		r.world.vault.deleted(key)
	}
	return err
}
