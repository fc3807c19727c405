package byzantine

import (
	"context"
	"encoding/json"
	"time"
)

// WebhookSubscription is an endpoint of yours that events are sent to.
type WebhookSubscription struct {
	// ID is a UUID.
	ID string `json:"id" check:"must"`
	// IntegratorID is a UUID.
	IntegratorID string `json:"integratorId"`
	URL          string `json:"url"`
	// Name is a label.
	Name    string `json:"name,omitzero"`
	Enabled bool   `json:"enabled"`
	// EventTypes are the events that are sent.
	EventTypes EventTypes `json:"eventTypes"`
	// ActiveSigningKeyID is what the X-Byzantine-Webhook-Key-Id header of a delivery names. No operation rotates the
	// key.
	ActiveSigningKeyID string `json:"activeSigningKeyId,omitzero" check:"must"` // UUID
	// EndpointSafetyMetadata is what the API found out about the URL. Its form is not documented; seen was an object
	// with normalizedUrl, host, port, resolvedIps and validatedAt.
	EndpointSafetyMetadata json.RawMessage `json:"endpointSafetyMetadata"`
	CreatedAt              time.Time       `json:"createdAt"`
	UpdatedAt              time.Time       `json:"updatedAt"`
}

// EventTypes is a list of event types.
type EventTypes []EventType

// UnmarshalJSON reads a list of strings. The API does not promise that form, so anything else reads as nil rather than
// making the subscription unreadable.
func (t *EventTypes) UnmarshalJSON(data []byte) error {
	var list []EventType
	if json.Unmarshal(data, &list) != nil {
		list = nil
	}
	*t = list
	return nil
}

// WebhookSubscriptionWithKey is a subscription and the key that its deliveries are signed with.
type WebhookSubscriptionWithKey struct {
	Subscription WebhookSubscription `json:"subscription" check:"must"`
	// PublicKey is a P-256 point, compressed (SEC 1), in hexadecimal. Package webhook verifies with it.
	PublicKey string `json:"publicKey" check:"must"`
	Algorithm string `json:"algorithm"` // "ECDSA_P256_SHA256"
}

// CreateWebhookSubscriptionRequest is an endpoint to send events to.
type CreateWebhookSubscriptionRequest struct {
	// URL is https with a host name that resolves to public addresses, without user information and fragment. An
	// integrator has at most one subscription per URL; another query makes it another URL.
	URL     string `json:"url"`
	Name    string `json:"name,omitzero"` // a label
	Enabled *bool  `json:"enabled,omitzero"`
	// EventTypes are the events to send. None means all but EventWebhookTest, which cannot be subscribed to.
	EventTypes []EventType `json:"eventTypes,omitzero"`
}

// CreateWebhookSubscription subscribes an endpoint to events. Keep the response's public key: deliveries are verified
// with it.
//
// Operation create_subscription. [ErrBadRequest] if the URL is rejected or an event type is unknown. After
// [ErrOutcomeUnknown] look for the URL in [Client.ListWebhookSubscriptions].
func (c *Client) CreateWebhookSubscription(ctx context.Context, req *CreateWebhookSubscriptionRequest, opts ...CallOption) (*WebhookSubscriptionWithKey, error) {
	return createWebhookSubscription.call(ctx, c, req, opts)
}

// ListWebhookSubscriptionsRequest has no fields.
type ListWebhookSubscriptionsRequest struct{}

// WebhookSubscriptionList is all subscriptions of the integrator.
type WebhookSubscriptionList struct {
	Subscriptions []WebhookSubscriptionWithKey `json:"subscriptions" check:"must"`
}

// ListWebhookSubscriptions returns all subscriptions with their keys. The list is not paged.
//
// Operation list_subscriptions.
func (c *Client) ListWebhookSubscriptions(ctx context.Context, req *ListWebhookSubscriptionsRequest, opts ...CallOption) (*WebhookSubscriptionList, error) {
	return listWebhookSubscriptions.call(ctx, c, req, opts)
}

// UpdateWebhookSubscriptionRequest changes a subscription. What is not set stays as it is.
type UpdateWebhookSubscriptionRequest struct {
	SubscriptionID string  `json:"-" path:"subscription_id" check:"uuid"`
	URL            string  `json:"url,omitzero"`
	Name           *string `json:"name,omitzero"`
	Enabled        *bool   `json:"enabled,omitzero"`
	// EventTypes replaces the list. An empty list that is not nil means all events, nil leaves the list as it is.
	EventTypes []EventType `json:"eventTypes,omitzero"`
}

// UpdateWebhookSubscription changes a subscription. Sending the same change twice does no harm.
//
// Operation update_subscription. [ErrNotFound] if there is no such subscription, [ErrBadRequest] as in
// [Client.CreateWebhookSubscription]. After [ErrOutcomeUnknown] check [Client.ListWebhookSubscriptions].
func (c *Client) UpdateWebhookSubscription(ctx context.Context, req *UpdateWebhookSubscriptionRequest, opts ...CallOption) (*WebhookSubscriptionWithKey, error) {
	return updateWebhookSubscription.call(ctx, c, req, opts)
}

// DeleteWebhookSubscriptionRequest names a subscription. [Client.DeleteWebhookSubscription] fills it in from its
// argument.
type DeleteWebhookSubscriptionRequest struct {
	SubscriptionID string `json:"-" path:"subscription_id" check:"uuid"`
}

// DeleteWebhookSubscription deletes a subscription and with it the history of its deliveries. To stop deliveries and
// keep the history, set Enabled to false instead.
//
// Operation delete_subscription. After [ErrOutcomeUnknown] check [Client.ListWebhookSubscriptions].
func (c *Client) DeleteWebhookSubscription(ctx context.Context, subscriptionID string, opts ...CallOption) error {
	_, err := deleteWebhookSubscription.call(ctx, c, &DeleteWebhookSubscriptionRequest{SubscriptionID: subscriptionID}, opts)
	return err
}

// SendTestWebhookDeliveryRequest names a subscription. [Client.SendTestWebhookDelivery] fills it in from its
// argument.
type SendTestWebhookDeliveryRequest struct {
	SubscriptionID string `json:"-" path:"subscription_id" check:"uuid"`
}

// WebhookDeliveryResult is an event, its delivery to one endpoint, and the attempt that was made just now.
type WebhookDeliveryResult struct {
	Event    WebhookEvent            `json:"event" check:"must"`
	Delivery WebhookDelivery         `json:"delivery" check:"must"`
	Attempt  *WebhookDeliveryAttempt `json:"attempt,omitzero"`
}

// SendTestWebhookDelivery makes an event of type [EventWebhookTest], sends it to one endpoint and waits for the
// outcome. A nil error does not mean that the endpoint accepted the delivery: see Delivery.Status and Attempt.Outcome.
//
// Operation send_test_delivery. [ErrNotFound] if there is no such subscription. After [ErrOutcomeUnknown] check
// [Client.ListWebhookDeliveries].
func (c *Client) SendTestWebhookDelivery(ctx context.Context, subscriptionID string, opts ...CallOption) (*WebhookDeliveryResult, error) {
	return sendTestWebhookDelivery.call(ctx, c, &SendTestWebhookDeliveryRequest{SubscriptionID: subscriptionID}, opts)
}
