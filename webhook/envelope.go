package webhook

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/byzantine-finance/byzantine-go"
)

// Delivery is an event that somebody vouches for: a webhook delivery that [Verifier.Verify] found genuine, or an event
// that a [Reconciler] read from the API.
type Delivery struct {
	// ID is the delivery's own id, a UUID. It stays the same when the delivery is retried; the same event has others in
	// other subscriptions. "" for an event that a Reconciler read.
	ID string
	// EventID is the event's id, a UUID: what duplicates are told by.
	EventID string
	// KeyID is the id of the subscription's key, "" as above. It is not among what is signed.
	KeyID string
	// SignedAt is when this attempt was signed, in whole seconds; zero as above.
	SignedAt time.Time
	// Body is the request's body as it came, nil as above.
	Body []byte

	event *Event // as read by a Reconciler; nil in a webhook delivery
}

// Event is the envelope, of whichever generation. Types and members that this package does not know do no harm.
type Event struct {
	byzantine.Event
	// Legacy is what only the generation of June 2026 has; nil in an event of September 2026.
	Legacy *LegacyMembers
}

// LegacyMembers are those members of an envelope of June 2026 that later ones lack.
type LegacyMembers struct {
	IntegratorID    string `json:"integratorId"` // UUID
	Provider        string `json:"provider"`     // "byzantine", "sumsub", "bridge", "onchain"
	ProviderEventID string `json:"providerEventId"`
}

// Event decodes the body. The two generations are told apart by how they name the type: "type" since September 2026,
// "eventType" before; the ids that June's has side by side with the rest are in Related all the same. It is an error if
// the body is no such envelope or its id is not EventID.
func (d *Delivery) Event() (*Event, error) {
	if d.event != nil {
		return d.event, nil
	}
	var envelope struct {
		byzantine.Event
		EventType byzantine.EventType `json:"eventType"`
		byzantine.EventRelated
		LegacyMembers
	}
	if err := json.Unmarshal(d.Body, &envelope); err != nil {
		return nil, fmt.Errorf("webhook: event: %w", plainJSONError(err))
	}
	e := &Event{Event: envelope.Event}
	switch {
	case e.ID != d.EventID:
		return nil, errors.New("webhook: event: the id is not that of the delivery")
	case e.Type != "":
	case envelope.EventType != "":
		e.Type, e.Related, e.Legacy = envelope.EventType, envelope.EventRelated, &envelope.LegacyMembers
	default:
		return nil, errors.New("webhook: event: neither type nor eventType")
	}
	return e, nil
}

// historyDelivery wraps an event that the API listed.
func historyDelivery(e byzantine.Event) *Delivery {
	return &Delivery{EventID: e.ID, event: &Event{Event: e}}
}

// bodyHasID reports whether the member "id" of a JSON object is this UUID. In practice it is the first member, which needs
// no decoder: a verification has no time to lose.
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
	return "", errors.New("there is no member of that name")
}

// plainJSONError says what is wrong without repeating any of the input, which is about persons.
func plainJSONError(err error) error {
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		return fmt.Errorf("not JSON, at byte %d", syntax.Offset)
	case errors.As(err, &kind) && kind.Field != "":
		return fmt.Errorf("member %s is not of the expected type", kind.Field)
	}
	return errors.New("not JSON of the expected form")
}
