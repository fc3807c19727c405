package byzantinetest

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/byzantine-finance/byzantine-go"
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
	SignedBytes    int             `json:"signedBytes,omitzero"`
	SignedSHA256   string          `json:"signedSha256,omitzero"`
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
		shownText(r.Response), r.ResponseBytes, r.Duration.Microseconds(), r.Verdict, r.SignedBytes, r.SignedSHA256, nil,
	}
	if d := r.Difference; d != nil {
		view.Difference = &differenceView{d.Hint, d.Offset, shownText(d.Expected), shownText(d.Signed)}
	}
	return view
}

type requestsRequest struct {
	OperationID string `query:"operationId" json:"-"`
	Status      int    `query:"status" json:"-"`
	After       int    `query:"after" json:"-"` // only requests with a higher number than this
	Limit       int    `query:"limit" json:"-"`
}

type requestList struct {
	Requests []requestView `json:"requests"` // the newest first
}

type faultRequest struct {
	OperationID byzantine.OperationID `json:"operationId"`
	Times       int                   `json:"times,omitzero"` // 1 if it is left out
	Delay       span                  `json:"delay,omitzero"`
	Status      int                   `json:"status,omitzero"`
	Body        string                `json:"body,omitzero"`
	Headers     http.Header           `json:"headers,omitzero"`
	Reset       bool                  `json:"reset,omitzero"`
	TakesEffect bool                  `json:"takesEffect,omitzero"`
	Truncate    bool                  `json:"truncate,omitzero"`
	ClockSkew   span                  `json:"clockSkew,omitzero"`
}

type deliveriesRequest struct {
	SubscriptionID string `query:"subscriptionId" json:"-"`
	EventID        string `query:"eventId" json:"-"`
	EventType      string `query:"eventType" json:"-"`
	Status         string `query:"status" json:"-"`
	Limit          int    `query:"limit" json:"-"`
}

// Deliveries returns the webhook deliveries that match, the newest first, with their attempts: what the operation
// list_deliveries returns, without a request. It panics on a status that there is not.
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

// RetryDelivery sends a webhook delivery that has failed again, ahead of its time, and returns the attempt: what the operation
// retry_delivery does, without a request. It panics if there is no such delivery, if it has not failed or will not be tried
// again, or if its subscription is disabled.
func (s *Sandbox) RetryDelivery(deliveryID string) byzantine.WebhookDeliveryAttempt {
	s.lock()
	defer s.unlock()
	caller := &credential{pubkey: s.key.PublicKeyHex()}
	result, err := s.world.retryDelivery(caller, &byzantine.RetryWebhookDeliveryRequest{DeliveryID: deliveryID})
	if err != nil {
		panic("byzantinetest: RetryDelivery: " + err.Error())
	}
	return *result.Attempt
}

type deliveryList struct {
	Deliveries []byzantine.WebhookDeliveryWithAttempts `json:"deliveries"` // the newest first
}

var worldControls = []control{
	route("reset", "POST", "reset", "Reset", "Empty the sandbox: no users, no accounts, only the key that it began with",
		func(_ context.Context, s *Sandbox, _ *none) (none, error) { s.Reset(); return none{}, nil }),
	route("getWorld", "GET", "world", "World", "All that the sandbox holds as one document",
		func(_ context.Context, s *Sandbox, _ *none) (json.RawMessage, error) { return s.World(), nil }),
	route("setWorld", "PUT", "world", "SetWorld", "Replace all that the sandbox holds by a document, which may be as short as {}",
		func(_ context.Context, s *Sandbox, req *struct{ Whole json.RawMessage }) (none, error) {
			return none{}, s.SetWorld(req.Whole)
		}),
	route("getRequests", "GET", "requests", "Requests", "The requests that came, the newest first, with responses, verdicts and timing",
		func(_ context.Context, s *Sandbox, req *requestsRequest) (requestList, error) {
			if req.OperationID != "" {
				if err := checkOperation(byzantine.OperationID(req.OperationID)); err != nil {
					return requestList{}, badRequest("operationId: %v", err)
				}
			}
			var matching []Request
			for _, r := range s.Requests() {
				if (req.OperationID == "" || string(r.OperationID) == req.OperationID) && (req.Status == 0 || r.Status == req.Status) && r.Number > int64(req.After) {
					matching = append(matching, r)
				}
			}
			return requestList{controlPage(matching, req.Limit, 0, Request.view)}, nil
		}),
	route("addFault", "POST", "faults", "Fail", "Let the next requests to an operation meet a fault",
		func(_ context.Context, s *Sandbox, req *faultRequest) (none, error) {
			if err := checkOperation(req.OperationID); err != nil {
				return none{}, badRequest("operationId: %v", err)
			}
			s.Fail(req.OperationID, max(req.Times, 1), Fault{
				time.Duration(req.Delay), req.Status, req.Body, req.Headers, req.Reset, req.TakesEffect, req.Truncate, time.Duration(req.ClockSkew),
			})
			return none{}, nil
		}),
	route("clearFaults", "DELETE", "faults", "ClearFaults", "Drop the faults that have not been met, of one operation or of all",
		func(_ context.Context, s *Sandbox, req *struct {
			OperationID string `query:"operationId" json:"-"`
		}) (none, error) {
			if req.OperationID == "" {
				s.ClearFaults()
			} else {
				s.ClearFaults(byzantine.OperationID(req.OperationID))
			}
			return none{}, nil
		}),
	route("deliverWebhooks", "POST", "webhooks/deliver", "Deliver", "Send the webhook deliveries that are due, and wait for their responses",
		func(_ context.Context, s *Sandbox, _ *none) (none, error) { s.Deliver(); return none{}, nil }),
	route("retryDelivery", "POST", "webhooks/deliveries/{id}/retry", "RetryDelivery", "Send a webhook delivery that has failed again, ahead of its time",
		func(_ context.Context, s *Sandbox, req *idRequest) (byzantine.WebhookDeliveryAttempt, error) {
			return s.RetryDelivery(req.ID), nil
		}),
	route("getDeliveries", "GET", "webhooks/deliveries", "Deliveries", "The webhook deliveries with their attempts, the newest first",
		func(_ context.Context, s *Sandbox, req *deliveriesRequest) (deliveryList, error) {
			filter := byzantine.ListWebhookDeliveriesRequest{
				SubscriptionID: req.SubscriptionID, EventID: req.EventID, EventType: byzantine.EventType(req.EventType),
				Status: byzantine.WebhookDeliveryStatus(req.Status), Limit: int64(req.Limit),
			}
			return deliveryList{s.Deliveries(filter)}, nil
		}),
}
