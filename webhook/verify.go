package webhook

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/byzantine-finance/byzantine-go/internal/errtext"
	"github.com/byzantine-finance/byzantine-go/internal/options"
	"github.com/byzantine-finance/byzantine-go/internal/wire"
)

// The headers of a delivery.
const (
	HeaderDeliveryID = "X-Byzantine-Webhook-Delivery-Id" // UUID
	HeaderEventID    = "X-Byzantine-Webhook-Event-Id"    // UUID
	HeaderTimestamp  = "X-Byzantine-Webhook-Timestamp"   // of the signature, Unix seconds
	HeaderKeyID      = "X-Byzantine-Webhook-Key-Id"
	HeaderAlgorithm  = "X-Byzantine-Webhook-Algorithm" // [Algorithm]
	HeaderSignature  = "X-Byzantine-Webhook-Signature" // 64 bytes, r and s, hexadecimal
)

// Algorithm is the one value of [HeaderAlgorithm]: ECDSA on P-256 over SHA-256.
const Algorithm = "ECDSA_P256_SHA256"

// DefaultWindow is how far the timestamp of a delivery may be from the clock, in either direction.
const DefaultWindow = 300 * time.Second

// Check names one of the checks of [Verifier.Verify].
type Check string

// The checks, in their order.
const (
	CheckHeaders   Check = "headers"    // each header once, not empty; the ids are UUIDs, the timestamp is digits
	CheckAlgorithm Check = "algorithm"  // ECDSA_P256_SHA256
	CheckTimestamp Check = "timestamp"  // the timestamp is within the window, see WithWindow
	CheckKeySource Check = "key source" // the KeySource failed: whether the delivery is genuine is not known
	CheckKey       Check = "key"        // a known key has the id that the delivery names, or has no id
	CheckSignature Check = "signature"  // one of these keys signed the ids, the timestamp and the body
	CheckEventID   Check = "event id"   // the body's id is the header's event id
	CheckLivemode  Check = "livemode"   // the event's livemode is true, only with WithLivemodeOnly
)

// VerifyError says which check a delivery failed. Its text has nothing of the body.
type VerifyError struct {
	Check  Check
	Reason string
	Err    error // the error of the KeySource or of decoding the body; otherwise nil
}

func (e *VerifyError) Error() string {
	text := "webhook: delivery rejected: " + string(e.Check) + ": " + e.Reason
	if e.Err != nil {
		text += ": " + errtext.Trim(e.Err.Error())
	}
	return text
}

// Unwrap returns Err.
func (e *VerifyError) Unwrap() error { return e.Err }

func reject(check Check, format string, args ...any) error {
	return &VerifyError{Check: check, Reason: fmt.Sprintf(format, args...)}
}

// Verifier tells genuine deliveries from forged and old ones. It is safe for concurrent use.
type Verifier struct {
	ring            keyring
	window          time.Duration
	now             func() time.Time
	requireLivemode bool
}

// VerifierOption changes how a [Verifier] works. [NewVerifier] returns an error for an option with an invalid value,
// and for a nil one.
type VerifierOption func(*Verifier) error

// WithWindow sets how far a delivery's timestamp may be from the clock, in either direction:
// [DefaultWindow] unless set. A fraction of a second is left out. The sender signs each attempt again, so the window bounds replays and clock differences,
// not the age of an event.
func WithWindow(d time.Duration) VerifierOption {
	return func(v *Verifier) error {
		if d < time.Second {
			return errors.New("WithWindow: must be at least one second")
		}
		v.window = d
		return nil
	}
}

// WithClock sets the clock with which the Verifier compares timestamps and limits the calls of a [KeySource], time.Now
// by default.
func WithClock(now func() time.Time) VerifierOption {
	return func(v *Verifier) error {
		if now == nil {
			return errors.New("WithClock: nil clock")
		}
		v.now = now
		return nil
	}
}

// WithLivemodeOnly makes the Verifier reject the events of Byzantine's sandbox: those whose livemode is not true.
func WithLivemodeOnly() VerifierOption {
	return func(v *Verifier) error { v.requireLivemode = true; return nil }
}

// WithKeySource makes the Verifier call source when no known key belongs to a delivery, see [KeySource] for when
// exactly. The keys that source returns are accepted in addition to the keys that were passed to NewVerifier.
func WithKeySource(source KeySource) VerifierOption {
	return func(v *Verifier) error {
		if source == nil {
			return errors.New("WithKeySource: nil source")
		}
		v.ring.source = source
		return nil
	}
}

// NewVerifier returns a Verifier of deliveries that are signed by one of the keys. Give it one key for each
// subscription that points at the endpoint. It is an error to give no key without [WithKeySource], a key that is not a
// compressed P-256 point, or more than 16 different keys with the same id or without one (see [Key]).
func NewVerifier(keys []Key, opts ...VerifierOption) (*Verifier, error) {
	v, err := withOptions(opts)
	if err != nil {
		return nil, fmt.Errorf("webhook: NewVerifier: %w", err)
	}
	if len(keys) == 0 && v.ring.source == nil {
		return nil, errors.New("webhook: NewVerifier: no keys and no key source")
	}
	parsed, err := keySet(nil).with(keys)
	if err != nil {
		return nil, fmt.Errorf("webhook: NewVerifier: %w", err)
	}
	v.ring.now, v.ring.fixed, v.ring.turn = v.now, parsed, make(chan struct{}, 1)
	v.ring.current.Store(&parsed)
	return v, nil
}

// withOptions returns a Verifier without keys.
func withOptions(opts []VerifierOption) (*Verifier, error) {
	v := &Verifier{window: DefaultWindow, now: time.Now}
	return v, options.Apply(v, opts)
}

// Verify checks a delivery. body is the request's body as it was received: bytes that went through a JSON decoder and
// back no longer fit the signature. A nil error means that the holder of one of the keys signed the delivery id, the
// event id, the timestamp and the body, that the timestamp is within the window, and that the id in the body is the
// event id.
//
// Verify keeps no record of deliveries: the same delivery passes again until its window is over. A [Handler] detects
// duplicates. Verify decodes no more of the body than its id (and, with [WithLivemodeOnly], the event); see
// [Delivery.Event]. The names in h may be in any letter case. body is kept in the Delivery, not copied. Every error is
// a *[VerifyError]. If Verify calls a [KeySource], it waits for at most 5 seconds, and stops when ctx ends.
func (v *Verifier) Verify(ctx context.Context, h http.Header, body []byte) (*Delivery, error) {
	head, err := v.checkHeaders(h)
	if err != nil {
		return nil, err
	}
	d, err := v.checkBody(ctx, head, body)
	if err != nil {
		return nil, err
	}
	return d, nil
}

// checkHeaders parses the headers and checks what needs no body: their form, the algorithm and the timestamp.
func (v *Verifier) checkHeaders(h http.Header) (*headers, error) {
	head, err := parseHeaders(h)
	if err != nil {
		return nil, err
	}
	if head.algorithm != Algorithm {
		return nil, reject(CheckAlgorithm, "is not %s", Algorithm)
	}
	window := int64(v.window / time.Second)
	if age := v.now().Unix() - head.signedAt.Unix(); age > window {
		return nil, reject(CheckTimestamp, "is %d s old, more than %d s", age, window)
	} else if age < -window {
		return nil, reject(CheckTimestamp, "is %d s in the future, more than %d s", -age, window)
	}
	return head, nil
}

// checkBody checks the signature of a delivery and what its body must say. With an error that wraps errNoEvent, it
// returns the delivery, which is genuine.
func (v *Verifier) checkBody(ctx context.Context, head *headers, body []byte) (*Delivery, error) {
	if err := v.checkSignature(ctx, head, body); err != nil {
		return nil, err
	}
	d := &Delivery{ID: head.deliveryID, EventID: head.eventID, KeyID: head.keyID, SignedAt: head.signedAt, Body: body}
	switch same, err := bodyHasID(body, d.EventID); {
	case err != nil:
		return d, &VerifyError{Check: CheckEventID, Reason: "the body has none", Err: fmt.Errorf("%w: %w", errNoEvent, err)}
	case !same:
		return nil, reject(CheckEventID, "the body is another event than the header names")
	}
	if v.requireLivemode {
		event, err := d.Event()
		if err != nil {
			return d, &VerifyError{Check: CheckLivemode, Reason: "the body cannot be read", Err: err}
		}
		if !event.Livemode {
			return nil, reject(CheckLivemode, "the event is not marked as one of production")
		}
	}
	return d, nil
}

// checkSignature returns nil if one of the known keys that the delivery can belong to verifies its signature, or one
// that the key source then returns.
func (v *Verifier) checkSignature(ctx context.Context, head *headers, body []byte) error {
	digest := head.digest(body)
	keys := v.ring.current.Load()
	candidates, named := keys.candidates(head.keyID)
	if head.signedByOne(candidates, digest) {
		return nil
	}
	if !named {
		newer, err := v.ring.refresh(ctx, keys)
		if newer != nil {
			if candidates, named = newer.candidates(head.keyID); head.signedByOne(candidates, digest) {
				return nil
			}
		}
		if err != nil && !named {
			return &VerifyError{Check: CheckKeySource, Reason: "not all keys are known", Err: err}
		}
	}
	if len(candidates) == 0 {
		return reject(CheckKey, "no key has the id that %s names", HeaderKeyID)
	}
	return reject(CheckSignature, "does not belong to these ids, this timestamp, body and key")
}

// headers are the parsed headers of a delivery.
type headers struct {
	deliveryID, eventID, timestamp, keyID, algorithm, signature string

	signedAt time.Time
	der      []byte // the signature in ASN.1
}

// parseHeaders returns the delivery's headers. A header that is there twice is rejected, even if its names differ in
// letter case, because programs differ in which of the two they would use.
func parseHeaders(h http.Header) (*headers, error) {
	var head headers
	for key, values := range h {
		name := http.CanonicalHeaderKey(key)
		value := head.value(name)
		if value == nil {
			continue
		}
		switch {
		case len(values) == 0:
		case len(values) > 1 || *value != "":
			return nil, reject(CheckHeaders, "%s is there more than once", name)
		case values[0] == "":
			return nil, reject(CheckHeaders, "%s is missing or empty", name)
		default:
			*value = values[0]
		}
	}
	for _, name := range []string{HeaderDeliveryID, HeaderEventID, HeaderTimestamp, HeaderKeyID, HeaderAlgorithm, HeaderSignature} {
		if *head.value(name) == "" {
			return nil, reject(CheckHeaders, "%s is missing or empty", name)
		}
	}
	return &head, head.parse()
}

// value returns the field of head for the header with the given canonical name, nil if a delivery has no such header.
func (head *headers) value(name string) *string {
	switch name {
	case HeaderDeliveryID:
		return &head.deliveryID
	case HeaderEventID:
		return &head.eventID
	case HeaderTimestamp:
		return &head.timestamp
	case HeaderKeyID:
		return &head.keyID
	case HeaderAlgorithm:
		return &head.algorithm
	case HeaderSignature:
		return &head.signature
	}
	return nil
}

// parse checks the forms of the ids, the timestamp and the signature, and sets signedAt and der. With ids that are
// UUIDs and a timestamp of digits, the dots between them split the signed string in one way only: no part of a genuine
// delivery can pass for another.
func (head *headers) parse() error {
	if !wire.IsUUID(head.deliveryID) {
		return reject(CheckHeaders, "%s is not a UUID", HeaderDeliveryID)
	}
	if !wire.IsUUID(head.eventID) {
		return reject(CheckHeaders, "%s is not a UUID", HeaderEventID)
	}
	seconds, ok := wire.ParseSeconds(head.timestamp)
	if !ok {
		return reject(CheckHeaders, "%s is not a decimal number of Unix seconds", HeaderTimestamp)
	}
	head.signedAt = time.Unix(seconds, 0)
	// It is not documented whether the API writes 0x here, so both forms are read.
	digits := strings.TrimPrefix(head.signature, "0x")
	var raw [64]byte
	if len(digits) != 2*len(raw) {
		return reject(CheckHeaders, "%s is not 128 hexadecimal digits", HeaderSignature)
	}
	if _, err := hex.Decode(raw[:], []byte(digits)); err != nil {
		return reject(CheckHeaders, "%s is not hexadecimal", HeaderSignature)
	}
	der := make([]byte, 2, 72)
	der = appendInteger(appendInteger(der, raw[:32]), raw[32:])
	der[0], der[1] = 0x30, byte(len(der)-2)
	head.der = der
	return nil
}

// appendInteger appends a big-endian number to der as an ASN.1 DER integer (SEC 1, section C.8). ecdsa.Verify would do
// so through math/big, with many allocations.
func appendInteger(der, number []byte) []byte {
	number = bytes.TrimLeft(number, "\x00")
	if len(number) == 0 || number[0] >= 0x80 { // zero, or a number that would be read as negative without a zero byte in front
		der = append(der, 2, byte(len(number)+1), 0)
	} else {
		der = append(der, 2, byte(len(number)))
	}
	return append(der, number...)
}

// digest returns the SHA-256 of what is signed: delivery id, event id, timestamp and body with dots between them.
func (head *headers) digest(body []byte) []byte {
	text := make([]byte, 0, 128)
	for _, part := range []string{head.deliveryID, head.eventID, head.timestamp} {
		text = append(text, part...)
		text = append(text, '.')
	}
	hash := sha256.New()
	hash.Write(text)
	hash.Write(body)
	return hash.Sum(nil)
}

func (head *headers) signedByOne(keys []*ecdsa.PublicKey, digest []byte) bool {
	for _, key := range keys {
		if ecdsa.VerifyASN1(key, digest, head.der) {
			return true
		}
	}
	return false
}
