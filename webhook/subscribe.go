package webhook

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/byzantine-finance/byzantine-go"
)

// SubscriptionCreator is the method that [Subscribe] needs. *byzantine.Client implements it.
type SubscriptionCreator interface {
	CreateWebhookSubscription(ctx context.Context, req *byzantine.CreateWebhookSubscriptionRequest, opts ...byzantine.CallOption) (*byzantine.WebhookSubscriptionWithKey, error)
}

// SubscriptionLister is the method that [SubscriptionKeys] needs. *byzantine.Client implements it.
type SubscriptionLister interface {
	ListWebhookSubscriptions(ctx context.Context, req *byzantine.ListWebhookSubscriptionsRequest, opts ...byzantine.CallOption) (*byzantine.WebhookSubscriptionList, error)
}

// Subscribe creates a subscription and returns it with the Verifier of its deliveries.
//
// Call it once for each URL. The API rejects a second subscription of the same URL, so a service that restarts makes
// its Verifier from the key that it stored, see [KeyOf], or with [SubscriptionKeys]. An invalid option is an error before
// anything is sent. If the new subscription has another algorithm than [Algorithm] or an invalid key, Subscribe returns
// the subscription together with an error. All other errors are those of CreateWebhookSubscription; after byzantine.ErrOutcomeUnknown look for the URL in
// ListWebhookSubscriptions.
func Subscribe(ctx context.Context, c SubscriptionCreator, req *byzantine.CreateWebhookSubscriptionRequest, opts ...VerifierOption) (*byzantine.WebhookSubscriptionWithKey, *Verifier, error) {
	if _, err := withOptions(opts); err != nil {
		return nil, nil, fmt.Errorf("webhook: Subscribe: %w", err)
	}
	subscription, err := c.CreateWebhookSubscription(ctx, req)
	if err != nil {
		return nil, nil, err
	}
	if subscription.Algorithm != Algorithm {
		return subscription, nil, fmt.Errorf("webhook: Subscribe: the algorithm of the new subscription is not %s", Algorithm)
	}
	v, err := NewVerifier([]Key{KeyOf(*subscription)}, opts...)
	return subscription, v, err
}

// KeyOf returns the key of a subscription: its activeSigningKeyId and its publicKey.
func KeyOf(s byzantine.WebhookSubscriptionWithKey) Key {
	return Key{ID: s.Subscription.ActiveSigningKeyID, PublicKey: s.PublicKey}
}

// SubscriptionKeys returns a [KeySource] that lists the integrator's subscriptions with c and returns the keys of all
// of them, except for those of another algorithm than [Algorithm]. If the key of a subscription cannot be read, it returns
// the other keys together with an error, see [KeySource].
func SubscriptionKeys(c SubscriptionLister) KeySource {
	return func(ctx context.Context) ([]Key, error) {
		list, err := c.ListWebhookSubscriptions(ctx, nil)
		var partial *byzantine.PartialError // the list has what could be read
		if err != nil && (list == nil || !errors.As(err, &partial)) {
			return nil, err
		}
		var keys []Key
		withoutID := 0
		for i, s := range list.Subscriptions {
			if s.Algorithm != Algorithm {
				continue
			}
			key := KeyOf(s)
			_, invalid := parsePoint(key.PublicKey)
			if key.ID == "" {
				if withoutID++; withoutID > maxSameID {
					invalid = cmp.Or(invalid, errors.New("too many keys have no id"))
				}
			}
			if invalid != nil {
				err = cmp.Or(err, fmt.Errorf("the key of subscription %d: %w", i+1, invalid))
				continue
			}
			keys = append(keys, key)
		}
		return keys, err
	}
}
