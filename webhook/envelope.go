package webhook

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/internal/errtext"
	"github.com/byzantine-finance/byzantine-go/internal/wire"
)

// Delivery is an event whose origin is verified: a webhook delivery that [Verifier.Verify] found genuine, or an event
// that a [Reconciler] read from the API.
type Delivery struct {
	// ID is the delivery's own id, a UUID. It stays the same when the delivery is retried. The same event has a
	// different delivery id for each subscription. "" for an event that a Reconciler read.
	ID string
	// EventID is the event's id, a UUID. Duplicates are recognised by it.
	EventID string
	// KeyID is the id of the subscription's key. The signature does not cover it. "" for an event that a Reconciler
	// read.
	KeyID string
	// SignedAt is when this attempt was signed, in whole seconds. Zero for an event that a Reconciler read.
	SignedAt time.Time
	// Body is the request's body as it was received. Nil for an event that a Reconciler read.
	Body []byte

	event atomic.Pointer[Event] // the decoded event; nil before it is decoded
}

// Event is the envelope of an event, in the format of either generation of the API.
type Event = byzantine.Event

// errNoEvent is wrapped by the errors of an event that cannot be read. A retry of its delivery would fail in the same
// way.
var errNoEvent = errors.New("webhook: event")

// Event decodes the body: an envelope of either generation, see [byzantine.Event.UnmarshalJSON]. Types and fields that
// this package does not know are not errors, and a field that cannot be read is left zero. It is an error if the body
// is no envelope, if its id is not EventID, or if it has no readable type.
//
// Every call returns the same *Event, so do not change it. For an event that a Reconciler read, it is the event that
// the API listed. Event is safe for concurrent use.
func (d *Delivery) Event() (*Event, error) {
	if e := d.event.Load(); e != nil {
		return e, nil
	}
	e, _, err := d.decode()
	if err != nil {
		return nil, err
	}
	d.event.CompareAndSwap(nil, e) // another goroutine may have been faster
	return d.event.Load(), nil
}

// decode decodes the body, and says which fields cannot be read and are left zero.
func (d *Delivery) decode() (e *Event, unreadable []wire.Finding, err error) {
	e = new(Event)
	err = wire.Read(d.Body, e)
	var odd *wire.Unreadable
	if errors.As(err, &odd) && odd.Fatal == nil && len(odd.Elements) == 0 {
		unreadable, err = odd.Fields, nil
	}
	switch {
	case e.ID != d.EventID && e.ID != "":
		err = fmt.Errorf("%w: the id is not that of the delivery", errNoEvent)
	case err != nil:
		err = fmt.Errorf("%w: %w", errNoEvent, errtext.Bare(plainJSONError(err)))
	default:
		err = hasType(e)
	}
	if err != nil {
		return nil, nil, err
	}
	return e, unreadable, nil
}

func hasType(e *Event) error {
	if e.Type == "" {
		return fmt.Errorf("%w: neither type nor eventType", errNoEvent)
	}
	return nil
}

// historyDelivery returns a Delivery of an event that the API listed. It is an error if the event has no id that a Store
// can take as a key, or no type.
func historyDelivery(e byzantine.Event) (*Delivery, error) {
	switch {
	case e.ID == "":
		return nil, fmt.Errorf("%w: no id", errNoEvent)
	case !canBeKey(e.ID):
		return nil, fmt.Errorf("%w: the id is not that of an event", errNoEvent)
	}
	if err := hasType(&e); err != nil {
		return nil, err
	}
	d := &Delivery{EventID: e.ID}
	d.event.Store(&e)
	return d, nil
}

// canBeKey reports whether an id of the history can be the key of a record. Ids of events are UUIDs. Another id is accepted
// if every store can take it (at most 128 printable ASCII characters without spaces) and it is no key of the
// [Reconciler]'s own records.
func canBeKey(id string) bool {
	const maxLength = 128
	odd := func(r rune) bool { return r <= ' ' || r > '~' }
	return id != "" && len(id) <= maxLength && !strings.ContainsFunc(id, odd) && id != ownerKey && !strings.HasPrefix(id, checkpointKey)
}

// bodyHasID reports whether the field "id" of a JSON object is this UUID. It is an error if the body is not an object
// or has no such field. In practice "id" is the first field; that case needs no decoder, so that verification is fast.
func bodyHasID(body []byte, id string) (bool, error) {
	if rest, ok := bytes.CutPrefix(body, []byte(`{"id":"`+id+`"`)); ok && len(rest) > 0 && (rest[0] == ',' || rest[0] == '}') {
		return true, nil
	}
	found, err := bodyID(body)
	return found == id, err
}

func bodyID(body []byte) (string, error) {
	decoder := json.NewDecoder(bytes.NewReader(body))
	if open, err := decoder.Token(); err != nil || open != json.Delim('{') {
		return "", errors.New("it is not a JSON object")
	}
	for decoder.More() {
		name, err := decoder.Token()
		if err != nil {
			return "", plainJSONError(err)
		}
		if name == "id" {
			var id string
			if err := decoder.Decode(&id); err != nil {
				return "", plainJSONError(err)
			}
			return id, nil
		}
		var skipped json.RawMessage
		if err := decoder.Decode(&skipped); err != nil {
			return "", plainJSONError(err)
		}
	}
	return "", errors.New("there is no field of that name")
}

// plainJSONError returns an error that says what is wrong with JSON without repeating any of it, because an event holds
// personal data.
func plainJSONError(err error) error {
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	var odd *wire.Unreadable
	switch {
	case errors.As(err, &odd):
		return odd
	case errors.As(err, &syntax):
		return fmt.Errorf("not JSON, at byte %d", syntax.Offset)
	case errors.As(err, &kind) && kind.Field != "":
		return fmt.Errorf("field %s is not of the expected type", kind.Field)
	}
	return errors.New("not JSON of the expected form")
}
