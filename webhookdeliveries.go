package byzantine

import (
	"context"
	"encoding/json"
	"time"
)

// WebhookEvent is an event as the delivery history records it. It is not an [Event]: its type is in EventType, its
// Payload is the Event as it was sent, and the ids of what it is about are fields of its own.
type WebhookEvent struct {
	EventRelated
	ID           string    `json:"id" check:"must"` // UUID
	IntegratorID string    `json:"integratorId"`    // UUID
	EventType    EventType `json:"eventType" check:"must"`
	SourceType   string    `json:"sourceType"` // where it came from: "bridge", "sumsub", "customer_api", ...
	SourceID     string    `json:"sourceId"`
	// Payload is the envelope that is sent, usually an [Event]. Events from before September 2026 may hold the older
	// form.
	Payload        json.RawMessage `json:"payload"`
	PayloadVersion int32           `json:"payloadVersion"`
	CreatedAt      time.Time       `json:"createdAt"`
}

// WebhookDeliveryStatus says how far a delivery is. Values that are not listed here pass through.
type WebhookDeliveryStatus string

// The delivery statuses.
const (
	WebhookDeliveryPending        WebhookDeliveryStatus = "pending"
	WebhookDeliverySending        WebhookDeliveryStatus = "sending"
	WebhookDeliverySucceeded      WebhookDeliveryStatus = "succeeded"       // the endpoint responded with a 2xx
	WebhookDeliveryFailed         WebhookDeliveryStatus = "failed"          // is tried again automatically
	WebhookDeliveryTerminalFailed WebhookDeliveryStatus = "terminal_failed" // given up
)

// WebhookDelivery is the sending of an event to one endpoint. A failed one is tried again after 30 s, 60 s, 5 min,
// 30 min, 2 h and 6 h.
type WebhookDelivery struct {
	// ID, SubscriptionID and EventID are UUIDs. The subscription is the endpoint.
	ID             string                `json:"id" check:"must"`
	SubscriptionID string                `json:"subscriptionId"`
	EventID        string                `json:"eventId"`
	Status         WebhookDeliveryStatus `json:"status"`
	NextAttemptAt  *time.Time            `json:"nextAttemptAt,omitzero"`
	AttemptCount   int32                 `json:"attemptCount"`
	// TerminalReason says why the delivery was given up.
	TerminalReason string `json:"terminalReason,omitzero"`
	// LastResponseSummary is the endpoint's last response. Its form is not documented.
	LastResponseSummary json.RawMessage `json:"lastResponseSummary,omitzero"`
	CreatedAt           time.Time       `json:"createdAt"`
	UpdatedAt           time.Time       `json:"updatedAt"`
}

// WebhookAttemptOutcome is how an attempt ended. Values that are not listed here pass through.
type WebhookAttemptOutcome string

// The outcomes.
const (
	WebhookAttemptSucceeded WebhookAttemptOutcome = "succeeded"
	WebhookAttemptFailed    WebhookAttemptOutcome = "failed"
)

// WebhookDeliveryAttempt is one request to an endpoint.
type WebhookDeliveryAttempt struct {
	// ID, DeliveryID and SigningKeyID are UUIDs.
	ID            string                `json:"id" check:"must"`
	DeliveryID    string                `json:"deliveryId"`
	SigningKeyID  string                `json:"signingKeyId,omitzero"`
	AttemptNumber int32                 `json:"attemptNumber"`
	Outcome       WebhookAttemptOutcome `json:"outcome"`
	// StatusCode is the status of the endpoint's response. It is nil if the endpoint did not respond.
	StatusCode *int32 `json:"statusCode,omitzero"`
	// Error says why the attempt failed.
	Error string `json:"error,omitzero"`
	// LatencyMs is how long the attempt took, in milliseconds.
	LatencyMs *int32    `json:"latencyMs,omitzero"`
	SignedAt  time.Time `json:"signedAt"`
	// SignedTimestamp is the text of the X-Byzantine-Webhook-Timestamp header, Unix seconds.
	SignedTimestamp string `json:"signedTimestamp"`
	// ResponseSummary is the endpoint's response. Its form is not documented.
	ResponseSummary json.RawMessage `json:"responseSummary,omitzero"`
	// Actor says who asked for the attempt. It is empty for one that was due.
	Actor     string    `json:"actor,omitzero"`
	CreatedAt time.Time `json:"createdAt"`
}

// WebhookDeliveryWithAttempts is a delivery, its event and what was tried.
type WebhookDeliveryWithAttempts struct {
	Delivery WebhookDelivery `json:"delivery" check:"must"`
	Event    WebhookEvent    `json:"event" check:"must"`
	// Attempts is empty if they were not asked for.
	Attempts []WebhookDeliveryAttempt `json:"attempts"`
}

// ListWebhookDeliveriesRequest asks for a page of the delivery history. The filters are combined by "and".
type ListWebhookDeliveriesRequest struct {
	// Limit is the size of the page: 100 if it is 0. The API takes a limit above 250 as 250.
	Limit int64 `json:"-" query:"limit,omitzero" check:"min=0"`
	// Offset is how many deliveries of the history come before the page.
	Offset int64 `json:"-" query:"offset,omitzero" check:"min=0"`
	// IncludeAttempts says whether the attempts of each delivery come with it. Nil means true.
	IncludeAttempts *bool `json:"-" query:"includeAttempts,omitzero"`

	// The filters. An empty one lets everything pass.
	SubscriptionID string                `json:"-" query:"subscriptionId,omitzero" check:"uuid"`
	EventID        string                `json:"-" query:"eventId,omitzero" check:"uuid"`
	EventType      EventType             `json:"-" query:"eventType,omitzero"`
	Status         WebhookDeliveryStatus `json:"-" query:"status,omitzero"`
	SourceType     string                `json:"-" query:"sourceType,omitzero"`
	SourceID       string                `json:"-" query:"sourceId,omitzero"`
	AccountID      string                `json:"-" query:"accountId,omitzero" check:"uuid"`
}

// WebhookDeliveryPage is a page of the delivery history.
type WebhookDeliveryPage struct {
	Deliveries []WebhookDeliveryWithAttempts `json:"deliveries" check:"must"`
	// Limit and Offset are those that were applied.
	Limit            int64 `json:"limit" check:"must"`
	Offset           int64 `json:"offset" check:"must"`
	HasMore          bool  `json:"hasMore" check:"must"`
	AttemptsIncluded bool  `json:"attemptsIncluded"`
}

// ListWebhookDeliveries returns a page of the delivery history. Its order is not documented. Deleting a subscription
// deletes its part of the history. [Client.AllWebhookDeliveries] iterates over all pages.
//
// Operation list_deliveries.
func (c *Client) ListWebhookDeliveries(ctx context.Context, req *ListWebhookDeliveriesRequest, opts ...CallOption) (*WebhookDeliveryPage, error) {
	return listWebhookDeliveries.call(ctx, c, req, opts)
}

// RetryWebhookDeliveryRequest names a delivery. [Client.RetryWebhookDelivery] fills it in from its argument.
type RetryWebhookDeliveryRequest struct {
	DeliveryID string `json:"-" path:"delivery_id" check:"uuid"`
}

// RetryWebhookDelivery sends a failed delivery again and waits for the outcome. A nil error does not mean that the
// endpoint accepted the delivery: see Delivery.Status and Attempt.Outcome.
//
// Operation retry_delivery. [ErrBadRequest] unless the delivery's status is [WebhookDeliveryFailed] and the
// subscription is enabled, [ErrNotFound] if there is no such delivery. After [ErrOutcomeUnknown] check
// [Client.ListWebhookDeliveries]. A second retry does no harm to an endpoint that recognises duplicates by the event's
// id, as every endpoint must.
func (c *Client) RetryWebhookDelivery(ctx context.Context, deliveryID string, opts ...CallOption) (*WebhookDeliveryResult, error) {
	return retryWebhookDelivery.call(ctx, c, &RetryWebhookDeliveryRequest{DeliveryID: deliveryID}, opts)
}
