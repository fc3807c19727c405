package byzantinetest

import (
	cryptorand "crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"time"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/internal/fake"
)

// world is the whole state of the sandbox. Its methods require the sandbox's lock.
type world struct {
	clock  worldClock
	random *rand.ChaCha8

	integratorID       string
	manualApproval     bool
	credentials        []*credential // the oldest first
	credentialByKey    map[string]*credential
	accounts           registry[*account]
	users              registry[*user]
	invitations        registry[*invitation]
	index              index
	recentInvitations  byUpdate[*invitation]
	recentTransactions byUpdate[*transaction]
	proposals          shelf[*proposal] // by the text to sign
	otps               shelf[*otp]
	sessions           shelf[*otpSession]
	events             eventHistory
	subscriptions      []*subscription // the oldest first
	deliveries         registry[*delivery]
	deliveriesAbout    map[string][]*delivery // by the ids of their event, its account and its source
	due                dueQueue
	deliveriesDue      uint64 // how many were queued so far
	anyWebhookURL      bool
	courier            *courier
	timers             timerQueue
	timersSet          uint64 // how many timers were set so far
	vaults             []*vault
	drafts             map[string]*draft // by account
	draftByTransaction map[string]*draft
	transactions       registry[*transaction]
	processingTime     time.Duration
	lastEvent          time.Time     // when the newest event was made
	nextMail           chan struct{} // see mailSent; nil if no one waits
}

func newWorld() *world {
	return &world{
		random:             unseededRandom(),
		credentialByKey:    map[string]*credential{},
		index:              newIndex(),
		deliveriesAbout:    map[string][]*delivery{},
		drafts:             map[string]*draft{},
		draftByTransaction: map[string]*draft{},
		processingTime:     defaultProcessingTime,
	}
}

// handlers has a handler for each operation of the table, put together from one map per tag.
var handlers = func() map[byzantine.OperationID]handler {
	all := map[byzantine.OperationID]handler{}
	for _, group := range []map[byzantine.OperationID]handler{
		healthHandlers,
		customerHandlers,
		accountHandlers,
		bankAccountHandlers,
		invitationHandlers,
		roleHandlers,
		productHandlers,
		balanceHandlers,
		transactionHandlers,
		payloadHandlers,
		otpHandlers,
		webhookHandlers,
		eventHandlers,
		credentialHandlers,
	} {
		maps.Copy(all, group)
	}
	return all
}()

// newID returns a random UUID (RFC 9562, version 4).
func (w *world) newID() string {
	var b [16]byte
	w.random.Read(b[:])
	return fake.UUID(b, 4)
}

// newAddress returns an address on a chain. No one has its key.
func (w *world) newAddress() string {
	var b [20]byte
	w.random.Read(b[:])
	return checksummed("0x" + hex.EncodeToString(b[:]))
}

// newKey returns a key pair that is as random as the ids.
func (w *world) newKey() *byzantine.PrivateKey {
	var secret [32]byte
	for {
		w.random.Read(secret[:])
		// About one draw in 2^32 is no valid key, because it is 0 or not below the order of the curve. Then draw again.
		if key, err := byzantine.ParsePrivateKey(hex.EncodeToString(secret[:])); err == nil {
			return key
		}
	}
}

// newCode returns a one-time code of 6 digits, leading zeros included.
func (w *world) newCode() string {
	return fmt.Sprintf("%06d", rand.New(w.random).IntN(1_000_000))
}

func unseededRandom() *rand.ChaCha8 {
	var key [32]byte
	cryptorand.Read(key[:])
	return rand.NewChaCha8(key)
}

func seededRandom(seed uint64) *rand.ChaCha8 {
	var key [32]byte
	binary.BigEndian.PutUint64(key[:], seed)
	return rand.NewChaCha8(key)
}

func copyOf(random *rand.ChaCha8) *rand.ChaCha8 {
	state, err := random.MarshalBinary()
	another := new(rand.ChaCha8)
	if err = errors.Join(err, another.UnmarshalBinary(state)); err != nil {
		panic(err) // the state is its own
	}
	return another
}

// worldClock is the machine's clock, moved, or one that stands still.
type worldClock struct {
	asOf    time.Time // while something happens that was due earlier, see catchUp
	stopped bool
	at      time.Time     // while stopped
	moved   time.Duration // while running
}

func (c *worldClock) now() time.Time {
	switch {
	case !c.asOf.IsZero():
		return c.asOf
	case c.stopped:
		return c.at
	}
	return time.Now().Add(c.moved)
}

func (c *worldClock) stop(at time.Time) { c.stopped, c.at = true, at }

func (c *worldClock) advance(d time.Duration) {
	c.at = c.at.Add(d)
	c.moved += d
}
