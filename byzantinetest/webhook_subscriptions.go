package byzantinetest

import (
	"slices"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/webhook"
)

var webhookHandlers = map[byzantine.OperationID]handler{
	byzantine.OpCreateWebhookSubscription: on(201, (*world).createSubscription),
	byzantine.OpListWebhookSubscriptions:  on(200, (*world).listSubscriptions),
	byzantine.OpUpdateWebhookSubscription: on(200, (*world).updateSubscription),
	byzantine.OpDeleteWebhookSubscription: on(200, (*world).deleteSubscription),
	byzantine.OpSendTestWebhookDelivery:   by(200, (*world).sendTestDelivery),
	byzantine.OpListWebhookDeliveries:     on(200, (*world).listDeliveries),
	byzantine.OpRetryWebhookDelivery:      by(200, (*world).retryDelivery),
}

// subscription is an endpoint of the integrator's with the key that its deliveries are signed with.
type subscription struct {
	byzantine.WebhookSubscription
	endpoint *endpoint
	key      *byzantine.PrivateKey
	waiting  []*delivery // that were due while it was disabled
	deleted  bool
}

// wants says whether an event is to be delivered to the endpoint.
func (s *subscription) wants(t byzantine.EventType) bool {
	return s.Enabled && slices.Contains(s.EventTypes, t)
}

func (s *subscription) view() byzantine.WebhookSubscriptionWithKey {
	return byzantine.WebhookSubscriptionWithKey{
		Subscription: s.WebhookSubscription, PublicKey: s.key.PublicKeyHex(), Algorithm: webhook.Algorithm,
	}
}

// subscription finds one by its id.
func (w *world) subscription(id string) (*subscription, error) {
	i := slices.IndexFunc(w.subscriptions, func(s *subscription) bool { return s.ID == id })
	if i < 0 {
		return nil, notFound("webhook subscription not found")
	}
	return w.subscriptions[i], nil
}

// pointTo checks a URL and gives it to a subscription.
func (w *world) pointTo(s *subscription, url string) error {
	e, err := w.checkEndpoint(url)
	if err != nil {
		return err
	}
	for _, other := range w.subscriptions {
		if other != s && other.endpoint.NormalizedURL == e.NormalizedURL {
			return badRequest("url: there is a webhook subscription of this URL already")
		}
	}
	s.URL, s.endpoint, s.EndpointSafetyMetadata = url, e, marshalled(e)
	return nil
}

// subscribed is the list of event types that a request asks for: all of them if it names none.
func subscribed(types []byzantine.EventType) (byzantine.EventTypes, error) {
	if len(types) == 0 {
		return slices.Clone(eventTypes), nil
	}
	var list byzantine.EventTypes
	for _, t := range types {
		if err := checkEventType(t); err != nil {
			return nil, err
		}
		if !slices.Contains(list, t) {
			list = append(list, t)
		}
	}
	return list, nil
}

func (w *world) createSubscription(req *byzantine.CreateWebhookSubscriptionRequest) (*byzantine.WebhookSubscriptionWithKey, error) {
	types, err := subscribed(req.EventTypes)
	if err != nil {
		return nil, err
	}
	key := w.newKey()
	now := w.clock.now().UTC()
	s := &subscription{key: key, WebhookSubscription: byzantine.WebhookSubscription{
		IntegratorID: w.integratorID, Name: req.Name, Enabled: req.Enabled == nil || *req.Enabled,
		EventTypes: types, CreatedAt: now, UpdatedAt: now,
	}}
	if err := w.pointTo(s, req.URL); err != nil {
		return nil, err
	}
	s.ID, s.ActiveSigningKeyID = w.newID(), w.newID()
	w.subscriptions = append(w.subscriptions, s)
	return new(s.view()), nil
}

func (w *world) listSubscriptions(*byzantine.ListWebhookSubscriptionsRequest) (*byzantine.WebhookSubscriptionList, error) {
	list := &byzantine.WebhookSubscriptionList{Subscriptions: []byzantine.WebhookSubscriptionWithKey{}}
	for _, s := range w.subscriptions {
		list.Subscriptions = append(list.Subscriptions, s.view())
	}
	return list, nil
}

func (w *world) updateSubscription(req *byzantine.UpdateWebhookSubscriptionRequest) (*byzantine.WebhookSubscriptionWithKey, error) {
	s, err := w.subscription(req.SubscriptionID)
	if err != nil {
		return nil, err
	}
	types := s.EventTypes
	if req.EventTypes != nil {
		if types, err = subscribed(req.EventTypes); err != nil {
			return nil, err
		}
	}
	if req.URL != "" {
		if err := w.pointTo(s, req.URL); err != nil {
			return nil, err
		}
	}
	// From here on nothing is rejected: a change happens as a whole or not at all.
	s.EventTypes, s.UpdatedAt = types, w.clock.now().UTC()
	set(&s.Name, req.Name)
	if req.Enabled != nil {
		s.Enabled = *req.Enabled
		w.resume(s)
	}
	return new(s.view()), nil
}

// resume sends what became due while a subscription was disabled, if it is enabled now.
func (w *world) resume(s *subscription) {
	if !s.Enabled {
		return
	}
	waiting := s.waiting
	s.waiting = nil
	for _, d := range waiting {
		if d.NextAttemptAt != nil {
			w.deliverAt(d, *d.NextAttemptAt)
		}
	}
	w.dispatch()
}

func (w *world) deleteSubscription(req *byzantine.DeleteWebhookSubscriptionRequest) (*nothing, error) {
	s, err := w.subscription(req.SubscriptionID)
	if err != nil {
		return nil, badRequest("%v", err) // a 404 is not among the operation's responses
	}
	w.subscriptions = slices.DeleteFunc(w.subscriptions, func(other *subscription) bool { return other == s })
	s.deleted = true
	w.removeDeliveriesTo(s)
	return nil, nil
}
