// Package webhooktest helps to test receivers of webhooks and implementations of [webhook.Store]. It needs neither a
// sandbox nor a testing library.
//
// A receiver is tested with signed deliveries:
//
//	sender := webhooktest.NewSender(t)
//	verifier, err := webhook.NewVerifier([]webhook.Key{sender.Key()})
//	handler := &webhook.Handler{Verifier: verifier, Handle: fn}
//	status := sender.Deliver(handler, []byte(`{"id":"6f0d5b1e-58b3-4d0c-9a39-0b3d1d1f0a02","type":"customer.active"}`))
//
// [SignDelivery] makes the headers of a delivery with ids, a time and a body of the test's choice. [TestStore] tests a
// [webhook.Store].
package webhooktest
