package byzantine_test

import (
	"context"
	"iter"
	"testing"

	"github.com/byzantine-finance/byzantine-go"
)

// A negative limit or offset is rejected before anything is sent, by methods as well as by iterators.
func TestNegativeLimitsAndOffsetsAreRejected(t *testing.T) {
	var rejected []rejectedCase
	add := func(name, want string, call func(context.Context, *byzantine.Client) error) {
		rejected = append(rejected, rejectedCase{name, call, want})
	}
	for field, request := range map[string]byzantine.GetAllTransactionsRequest{"Limit": {Limit: -1}, "Offset": {Offset: -1}} {
		const typeName = "GetAllTransactionsRequest."
		add("get_all_transactions, "+field, typeName+field+": must be at least 0", func(ctx context.Context, c *byzantine.Client) error {
			return only(c.GetAllTransactions(ctx, &request))
		})
		want := map[string]string{"Limit": "must be at least 0", "Offset": "must not be set: an offset is meaningless while the list changes"}[field]
		add("AllTransactions, "+field, typeName+field+": "+want, func(ctx context.Context, c *byzantine.Client) error {
			return firstError(c.AllTransactions(ctx, &request))
		})
	}
	for field, request := range map[string]byzantine.GetAllInvitationsRequest{"Limit": {Limit: -1}, "Offset": {Offset: -1}} {
		add("get_all_invitations, "+field, "GetAllInvitationsRequest."+field+": must be at least 0", func(ctx context.Context, c *byzantine.Client) error {
			return only(c.GetAllInvitations(ctx, &request))
		})
	}
	for field, request := range map[string]byzantine.GetVaultHistoryRequest{"Limit": {VaultID: "v", Limit: -1}, "Offset": {VaultID: "v", Offset: -1}} {
		add("get_vault_history, "+field, "GetVaultHistoryRequest."+field+": must be at least 0", func(ctx context.Context, c *byzantine.Client) error {
			return only(c.GetVaultHistory(ctx, &request))
		})
	}
	for field, request := range map[string]byzantine.ListWebhookDeliveriesRequest{"Limit": {Limit: -1}, "Offset": {Offset: -1}} {
		want := "ListWebhookDeliveriesRequest." + field + ": must be at least 0"
		add("list_deliveries, "+field, want, func(ctx context.Context, c *byzantine.Client) error {
			return only(c.ListWebhookDeliveries(ctx, &request))
		})
		add("AllWebhookDeliveries, "+field, want, func(ctx context.Context, c *byzantine.Client) error {
			return firstError(c.AllWebhookDeliveries(ctx, &request))
		})
	}
	events := &byzantine.ListEventsRequest{Limit: -1}
	add("list_events", "ListEventsRequest.Limit: must be at least 1", func(ctx context.Context, c *byzantine.Client) error {
		return only(c.ListEvents(ctx, events))
	})
	add("AllEvents", "ListEventsRequest.Limit: must be at least 1", func(ctx context.Context, c *byzantine.Client) error {
		return firstError(c.AllEvents(ctx, events))
	})
	testRejected(t, rejected)
}

func firstError[T any](list iter.Seq2[T, error]) error {
	for _, err := range list {
		return err
	}
	return nil
}
