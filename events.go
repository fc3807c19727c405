package byzantine

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/byzantine-finance/byzantine-go/internal/errtext"
	"github.com/byzantine-finance/byzantine-go/internal/wire"
)

// EventType says what happened. Values that are not listed here pass through.
//
// There is no event for the transaction statuses refunded and cancelled. It is not certain that the API sends webhooks
// for transactions yet, and Byzantine's sandbox sends none for payments (that of package byzantinetest does): do not
// rely on them alone, see [Client.WaitForTransaction].
type EventType string

// The event types.
const (
	// EventWebhookTest is what [Client.SendTestWebhookDelivery] sends. It can neither be subscribed to nor listed.
	EventWebhookTest EventType = "webhook.test"

	EventCustomerCreated                             EventType = "customer.created"
	EventCustomerUnderReview                         EventType = "customer.under_review"
	EventCustomerAwaitingAssociatedPersonInformation EventType = "customer.awaiting_associated_person_information"
	EventCustomerResubmissionRequested               EventType = "customer.resubmission_requested"
	EventCustomerActive                              EventType = "customer.active"
	EventCustomerRejected                            EventType = "customer.rejected"
	EventCustomerDeactivated                         EventType = "customer.deactivated" // see [VerificationInactive]
	EventCustomerDeleted                             EventType = "customer.deleted"

	EventTransactionWithdrawalInitiated EventType = "transaction.withdrawal_initiated"
	EventTransactionWaitingForFunds     EventType = "transaction.waiting_for_funds"
	EventTransactionPaymentInReview     EventType = "transaction.payment_in_review"
	EventTransactionFundsInTransfer     EventType = "transaction.funds_in_transfer"
	EventTransactionFundsReceived       EventType = "transaction.funds_received"
	EventTransactionProcessing          EventType = "transaction.processing"
	EventTransactionCompleted           EventType = "transaction.completed"
	EventTransactionSimulationFailed    EventType = "transaction.simulation_failed"
	EventTransactionReverted            EventType = "transaction.reverted"
)

// Event is something that happened to a customer or a transaction: the envelope that webhooks deliver and
// [Client.ListEvents] lists. Both generations of the envelope are decoded into it, wherever an Event comes from: see
// [Event.UnmarshalJSON].
type Event struct {
	ID             string       `json:"id" check:"present"` // UUID; duplicates are recognised by it
	Type           EventType    `json:"type" check:"present"`
	OccurredAt     time.Time    `json:"occurredAt"`
	Livemode       bool         `json:"livemode"`       // false in the sandbox
	PayloadVersion int32        `json:"payloadVersion"` // does not tell the generations of the envelope apart
	Related        EventRelated `json:"related"`
	// Data depends on Type. [Event.CustomerData] and [Event.TransactionData] read it.
	Data json.RawMessage `json:"data,omitzero"`
	// CreatedAt is when the API recorded the event, which is what ListEvents sorts and filters by. Zero in a delivery.
	CreatedAt time.Time `json:"createdAt,omitzero"`
	// Legacy is what only an envelope of June 2026 has; nil for one of September 2026.
	Legacy *LegacyEvent `json:"-"`
}

// LegacyEvent is the fields of an envelope of June 2026 that later ones lack.
type LegacyEvent struct {
	IntegratorID    string `json:"integratorId,omitzero"`    // UUID
	Provider        string `json:"provider,omitzero"`        // "byzantine", "sumsub", "bridge", "onchain"
	ProviderEventID string `json:"providerEventId,omitzero"` // the provider's own id
}

// eventEnvelope has the fields of both generations of the envelope, so that either can be decoded into it.
type eventEnvelope struct {
	eventFields
	EventType    EventType `json:"eventType" check:"must"` // June's name of the type
	EventRelated           // June has the ids side by side with the rest
	LegacyEvent
}

// eventFields is Event without UnmarshalJSON, which would call itself.
type eventFields Event

// UnmarshalJSON decodes an envelope of either generation. They are told apart by the name of the type: "type" since
// September 2026, "eventType" in June 2026, when the ids of Related were fields of the envelope itself. Absent fields
// stay zero, ID and Type too. If something cannot be read, the rest is set and the error says what it is.
func (e *Event) UnmarshalJSON(text []byte) error {
	var envelope eventEnvelope
	err := wire.ReadPart(text, &envelope)
	*e = envelope.event()
	return errtext.In("byzantine: event", err)
}

// event returns the envelope as an Event. An envelope of June has its type in EventType, and its ids and LegacyEvent
// move to Related and Legacy.
func (v *eventEnvelope) event() Event {
	e := Event(v.eventFields)
	if e.Type == "" && v.EventType != "" {
		e.Type, e.Related, e.Legacy = v.EventType, v.EventRelated, &v.LegacyEvent
	}
	return e
}

// EventRelated names what an event is about, by UUID; an id that does not apply is empty. A customer event has the
// account with its user or its entity, and the beneficiary if it is about one associated person. A transaction event
// has the account and the transaction.
type EventRelated struct {
	AccountID     string `json:"accountId,omitzero"`
	UserID        string `json:"userId,omitzero"`
	EntityID      string `json:"entityId,omitzero"`
	BeneficiaryID string `json:"beneficiaryId,omitzero"`
	TransactionID string `json:"transactionId,omitzero"`
}

// CustomerEventData is the data of an event whose type begins with "customer.".
type CustomerEventData struct {
	Customer CustomerSummary `json:"customer" check:"must"`
	// Beneficiary is the associated person that the event is about. It is nil for an event about the customer.
	Beneficiary *BeneficiarySummary `json:"beneficiary,omitzero"`
	// ReasonCodes are codes of the verification provider, in capital letters. [EventCustomerResubmissionRequested] and
	// [EventCustomerRejected] have them.
	ReasonCodes []string `json:"reasonCodes,omitzero"`
}

// CustomerSummary is the customer of an event, as they were then.
type CustomerSummary struct {
	// AccountID is a UUID.
	AccountID    string       `json:"accountId" check:"must"`
	CustomerType CustomerType `json:"customerType"`
	// UserID is the UUID of an individual.
	UserID string `json:"userId,omitzero"`
	// EntityID is the UUID of an entity.
	EntityID           string             `json:"entityId,omitzero"`
	Name               string             `json:"name"`
	Email              string             `json:"email,omitzero"`
	VerificationStatus VerificationStatus `json:"verificationStatus"`
	CreatedAt          time.Time          `json:"createdAt"`
}

// CustomerType is the kind of a customer. Values that are not listed here pass through.
type CustomerType string

// The kinds of customers.
const (
	CustomerTypeIndividual CustomerType = "individual"
	CustomerTypeEntity     CustomerType = "entity"
)

// BeneficiarySummary is the associated person that an event is about.
type BeneficiarySummary struct {
	BeneficiaryID      string             `json:"beneficiaryId"` // UUID
	FirstName          string             `json:"firstName"`
	LastName           string             `json:"lastName"`
	VerificationStatus VerificationStatus `json:"verificationStatus"`
}

// TransactionEventData is the data of an event whose type begins with "transaction.". [Client.GetTransaction] returns
// the rest; a program that keeps a copy of all transactions calls [Client.CopyTransactions] instead.
type TransactionEventData struct {
	Status TransactionStatus `json:"status" check:"must"`
}

// CustomerData reads Data of an event whose type begins with "customer.". It is an error for any other event, and if Data
// is not an object or the account's id in it cannot be read. Any other field that cannot be read is left zero.
func (e *Event) CustomerData() (*CustomerEventData, error) {
	return eventData[CustomerEventData](e, "customer.")
}

// TransactionData reads Data of an event whose type begins with "transaction.". It is an error for any other event, and if
// Data is not an object or the status in it cannot be read.
func (e *Event) TransactionData() (*TransactionEventData, error) {
	return eventData[TransactionEventData](e, "transaction.")
}

func eventData[T any](e *Event, prefix string) (*T, error) {
	if !strings.HasPrefix(string(e.Type), prefix) {
		return nil, errors.New("byzantine: event: the type does not begin with " + prefix)
	}
	data := new(T)
	err := wire.Read(e.Data, data)
	var odd *wire.Unreadable
	switch {
	case errors.As(err, &odd) && odd.Fatal == nil:
	case err != nil, string(bytes.TrimSpace(e.Data)) == "null":
		return nil, errors.New("byzantine: event: the data are not those of a " + prefix + "* event")
	}
	return data, nil
}

// ListEventsRequest asks for a page of the events. The filters are combined by "and".
type ListEventsRequest struct {
	// The filters. An empty one lets everything pass.
	AccountID     string    `json:"-" query:"accountId,omitzero" check:"uuid"`
	UserID        string    `json:"-" query:"userId,omitzero" check:"uuid"`
	TransactionID string    `json:"-" query:"transactionId,omitzero" check:"uuid"`
	EventType     EventType `json:"-" query:"eventType,omitzero"`
	// CreatedAfter and CreatedBefore bound CreatedAt, not OccurredAt. Both are exclusive, and a zero time is no bound.
	CreatedAfter  time.Time `json:"-" query:"createdAfter,omitzero"`
	CreatedBefore time.Time `json:"-" query:"createdBefore,omitzero"`
	// Cursor is NextCursor of the page before. The filters must be the same as those of that page.
	Cursor string `json:"-" query:"cursor,omitzero"`
	// Limit is the size of the page, at most 250: 100 if it is 0.
	Limit int64 `json:"-" query:"limit,omitzero" check:"min=1,max=250"`
}

// EventPage is a page of events.
type EventPage struct {
	Events []Event `json:"events" check:"must"`
	// NextCursor leads to the next page. It is empty on the last page.
	NextCursor string `json:"nextCursor,omitzero" check:"must"`
}

// ListEvents returns a page of the events, the newest first by CreatedAt. [Client.AllEvents] iterates over all pages.
// It lists events whether a webhook was sent for them or not, so it finds what deliveries have missed.
//
// If the id or the type of an event is missing or cannot be read, the error is a *[PartialError]. The event is in the
// list with the fields that were read, and its [ElementError] has the id if that could be read.
//
// Operation list_events. [ErrBadRequest] if the cursor is malformed or the event type unknown.
func (c *Client) ListEvents(ctx context.Context, req *ListEventsRequest, opts ...CallOption) (*EventPage, error) {
	list, err := listEvents.call(ctx, c, req, opts)
	var partial *PartialError
	if errors.As(err, &partial) {
		for i := range partial.Elements {
			element := &partial.Elements[i]
			element.ID = list.Events[element.Index].ID // an event holds no lists
		}
	}
	return list, err
}
