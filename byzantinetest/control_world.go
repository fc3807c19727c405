package byzantinetest

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/internal/wire"
)

// ClearFaults drops the faults that were asked for and have not been met: those of the operations, or all if none is named.
func (s *Sandbox) ClearFaults(operations ...byzantine.OperationID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(operations) == 0 {
		clear(s.faults)
	}
	for _, operation := range operations {
		delete(s.faults, string(operation))
	}
}

// requestView is a Request in the control API. Bodies are texts; headers are those that can be shown.
type requestView struct {
	Number         int64           `json:"number"`
	Time           time.Time       `json:"time"`
	OperationID    string          `json:"operationId"`
	Method         string          `json:"method"`
	URI            string          `json:"uri"`
	Headers        http.Header     `json:"headers"`
	Body           string          `json:"body"`
	BodyBytes      int             `json:"bodyBytes"`
	Status         int             `json:"status"`
	Response       string          `json:"response"`
	ResponseBytes  int             `json:"responseBytes"`
	DurationMicros int64           `json:"durationMicros"`
	Verdict        string          `json:"verdict"`
	ExpectedBytes  int             `json:"expectedBytes,omitzero"`
	ExpectedSHA256 string          `json:"expectedSha256,omitzero"`
	Difference     *differenceView `json:"difference,omitzero"`
}

type differenceView struct {
	Hint     string `json:"hint"`
	Offset   int    `json:"offset"`
	Expected string `json:"expected"`
	Signed   string `json:"signed"`
}

func (r Request) view() requestView {
	view := requestView{
		r.Number, r.Time.UTC(), string(r.OperationID), r.Method, r.URI, shownHeader(r.Header), shownText(r.Body), r.BodyBytes, r.Status,
		shownText(r.Response), r.ResponseBytes, r.Duration.Microseconds(), r.Verdict, r.ExpectedBytes, r.ExpectedSHA256, nil,
	}
	if d := r.Difference; d != nil {
		view.Difference = &differenceView{d.Hint, d.Offset, shownText(d.Expected), shownText(d.Signed)}
	}
	return view
}

type requestsRequest struct {
	OperationID string `query:"operationId" json:"-"`
	Status      *int   `query:"status" json:"-" about:"that the client got; 0 if the connection was cut before a response"`
	After       int    `query:"after" json:"-" about:"the number of one: later ones only"`
	Limit       int    `query:"limit" json:"-" about:"100 if left out, 1000 at most"`
}

type requestList struct {
	Requests []requestView `json:"requests"` // the newest first
}

type faultRequest struct {
	OperationID byzantine.OperationID `json:"operationId"`
	Times       int                   `json:"times,omitzero" about:"1 if left out"`
	Delay       span                  `json:"delay,omitzero" about:"a duration such as 2s, in real time"`
	Status      int                   `json:"status,omitzero" about:"of the response, with body, which is empty if left out"`
	Body        string                `json:"body,omitzero"`
	Headers     headerTexts           `json:"headers,omitzero" about:"texts, or lists of texts; without Content-Type the body is text/plain"`
	Reset       bool                  `json:"reset,omitzero" about:"the connection is cut, without a response"`
	TakesEffect bool                  `json:"takesEffect,omitzero" about:"the request is handled first, in spite of delay, status or reset"`
	Truncate    bool                  `json:"truncate,omitzero" about:"the connection is cut in the middle of the body; the request is handled, unless there is a status without takesEffect"`
	ClockSkew   span                  `json:"clockSkew,omitzero" about:"a duration by which the clock is ahead for this request, in the Date header too"`
}

// headerTexts are the headers of a response: each is a text, or a list of texts.
type headerTexts http.Header

func (h *headerTexts) UnmarshalJSON(text []byte) error {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(text, &fields); err != nil {
		return err
	}
	*h = headerTexts{}
	for name, value := range fields {
		var one string
		var list []string
		if value[0] == '"' && json.Unmarshal(value, &one) == nil {
			list = []string{one}
		} else if json.Unmarshal(value, &list) != nil || list == nil {
			return &wire.FieldError{Field: name, JSONPath: name, Reason: "must be a text or a list of texts"}
		}
		(*h)[http.CanonicalHeaderKey(name)] = list
	}
	return nil
}

// check rejects a fault that cannot be, or that changes nothing.
func (f *faultRequest) check() error {
	if err := checkOperation(f.OperationID); err != nil {
		return badRequest("operationId: %v", err)
	}
	if err := notNegative("delay", f.Delay); err != nil {
		return err
	}
	switch {
	case f.Times < 0:
		return badRequest("times: must be positive")
	case f.Status != 0 && (f.Status < 200 || f.Status > 599):
		return badRequest("status: must be from 200 to 599")
	case f.Status == 0 && !f.Reset && !f.Truncate && f.Delay == 0 && f.ClockSkew == 0 && len(f.Headers) == 0:
		return badRequest("status: missing: a fault has at least one of status, reset, truncate, delay, clockSkew and headers")
	}
	return nil
}

type deliveriesRequest struct {
	SubscriptionID string `query:"subscriptionId" json:"-"`
	EventID        string `query:"eventId" json:"-"`
	EventType      string `query:"eventType" json:"-"`
	Status         string `query:"status" json:"-" about:"pending, sending, succeeded, failed or terminal_failed"`
	Limit          int    `query:"limit" json:"-" about:"100 if left out, 250 at most"`
}

// Deliveries returns a page of the webhook deliveries that match, the newest first, with their attempts, as the operation
// list_deliveries does: 100 of them if filter.Limit is 0, and 250 at most. It panics if the status is unknown.
func (s *Sandbox) Deliveries(filter byzantine.ListWebhookDeliveriesRequest) []byzantine.WebhookDeliveryWithAttempts {
	s.lock()
	defer s.unlock()
	req := &listDeliveriesRequest{
		paging: paging{Offset: &filter.Offset}, IncludeAttempts: filter.IncludeAttempts,
		SubscriptionID: filter.SubscriptionID, EventID: filter.EventID, EventType: filter.EventType, Status: filter.Status,
		SourceType: filter.SourceType, SourceID: filter.SourceID, AccountID: filter.AccountID,
	}
	if filter.Limit != 0 {
		req.Limit = &filter.Limit
	}
	list, err := s.world.listDeliveries(req)
	if err != nil {
		panic("byzantinetest: Deliveries: " + err.Error())
	}
	return list.Deliveries
}

// RetryDelivery sends a failed webhook delivery again without waiting until it is due, and returns the attempt, as the
// operation retry_delivery does. It panics if there is no such delivery, if its status is not failed (one that is
// terminal_failed cannot be sent again), or if its subscription is disabled.
func (s *Sandbox) RetryDelivery(deliveryID string) byzantine.WebhookDeliveryAttempt {
	s.lock()
	defer s.unlock()
	caller := &credential{pubkey: s.key.PublicKeyHex()}
	result, err := s.world.retryDelivery(caller, &byzantine.RetryWebhookDeliveryRequest{DeliveryID: deliveryID})
	if err != nil {
		panic("byzantinetest: RetryDelivery: deliveryId: " + err.Error())
	}
	return *result.Attempt
}

type deliveryList struct {
	Deliveries []byzantine.WebhookDeliveryWithAttempts `json:"deliveries"` // the newest first
}

var worldControls = []control{
	route("reset", "POST", "reset", "Reset", "Remove all that the sandbox holds, the accounts that it began with included, and set its clock back: its own key and its settings stay",
		func(_ context.Context, s *Sandbox, _ *none) (none, error) { s.Reset(); return none{}, nil }),
	route("getWorld", "GET", "world", "World", "All that the sandbox holds as one document, with its clock",
		func(_ context.Context, s *Sandbox, _ *none) (json.RawMessage, error) { return s.World(), nil }),
	route("setWorld", "PUT", "world", "SetWorld", "Replace all that the sandbox holds by a document, which may be as short as {}; its clock counts. The journal, faults and authenticators stay",
		func(_ context.Context, s *Sandbox, req *struct{ Whole json.RawMessage }) (none, error) {
			return none{}, s.SetWorld(req.Whole)
		}),
	route("getRequests", "GET", "requests", "Requests", "The requests that came, the newest first, with what the client got, verdicts and timing",
		func(_ context.Context, s *Sandbox, req *requestsRequest) (requestList, error) {
			if req.OperationID != "" {
				if err := checkOperation(byzantine.OperationID(req.OperationID)); err != nil {
					return requestList{}, badRequest("operationId: %v", err)
				}
			}
			var matching []Request
			for _, r := range s.Requests() {
				if (req.OperationID == "" || string(r.OperationID) == req.OperationID) && (req.Status == nil || r.Status == *req.Status) && r.Number > int64(req.After) {
					matching = append(matching, r)
				}
			}
			return requestList{controlPage(matching, req.Limit, 0, Request.view)}, nil
		}),
	route("addFault", "POST", "faults", "Fail", "Let the next requests to an operation meet a fault",
		func(_ context.Context, s *Sandbox, req *faultRequest) (none, error) {
			if err := req.check(); err != nil {
				return none{}, err
			}
			s.Fail(req.OperationID, max(req.Times, 1), Fault{
				time.Duration(req.Delay), req.Status, req.Body, http.Header(req.Headers), req.Reset, req.TakesEffect, req.Truncate, time.Duration(req.ClockSkew),
			})
			return none{}, nil
		}),
	route("clearFaults", "DELETE", "faults", "ClearFaults", "Drop the faults that have not been met, of one operation or of all",
		func(_ context.Context, s *Sandbox, req *struct {
			OperationID string `query:"operationId" json:"-"`
		}) (none, error) {
			if req.OperationID == "" {
				s.ClearFaults()
				return none{}, nil
			}
			if err := checkOperation(byzantine.OperationID(req.OperationID)); err != nil {
				return none{}, badRequest("operationId: %v", err)
			}
			s.ClearFaults(byzantine.OperationID(req.OperationID))
			return none{}, nil
		}),
	route("deliverWebhooks", "POST", "webhooks/deliver", "Deliver", "Send the webhook deliveries that are due, and wait for their responses",
		func(_ context.Context, s *Sandbox, _ *none) (none, error) { s.Deliver(); return none{}, nil }),
	route("retryDelivery", "POST", "webhooks/deliveries/{id}/retry", "RetryDelivery", "Send a failed webhook delivery again now, before its next attempt is due",
		func(_ context.Context, s *Sandbox, req *idRequest) (byzantine.WebhookDeliveryAttempt, error) {
			return s.RetryDelivery(req.ID), nil
		}),
	route("getDeliveries", "GET", "webhooks/deliveries", "Deliveries", "The webhook deliveries with their attempts, the newest first",
		func(_ context.Context, s *Sandbox, req *deliveriesRequest) (deliveryList, error) {
			if req.Status != "" {
				if err := checkChoice("status", byzantine.WebhookDeliveryStatus(req.Status), deliveryStatuses); err != nil {
					return deliveryList{}, err
				}
			}
			filter := byzantine.ListWebhookDeliveriesRequest{
				SubscriptionID: req.SubscriptionID, EventID: req.EventID, EventType: byzantine.EventType(req.EventType),
				Status: byzantine.WebhookDeliveryStatus(req.Status), Limit: int64(req.Limit),
			}
			return deliveryList{s.Deliveries(filter)}, nil
		}),
}
