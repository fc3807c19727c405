package byzantinetest_test

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/byzantinetest"
	"github.com/byzantine-finance/byzantine-go/internal/contract"
	"github.com/byzantine-finance/byzantine-go/webhook"
)

// documentedEventTypes are those of the API's document.
func documentedEventTypes(t *testing.T) (types []byzantine.EventType) {
	t.Helper()
	var document struct {
		Components struct {
			Schemas map[string]struct {
				Enum []byzantine.EventType `json:"enum"`
			} `json:"schemas"`
		} `json:"components"`
	}
	require.NoError(t, json.Unmarshal([]byte(contract.OpenAPI), &document))
	return document.Components.Schemas["WebhookEventType"].Enum
}

// Every type of event of the API's document is delivered when it is asked for, and what it is about is there.
func TestEveryEventCanBeTriggered(t *testing.T) {
	types := documentedEventTypes(t)
	require.Len(t, types, 18)
	for _, eventType := range types {
		t.Run(string(eventType), func(t *testing.T) {
			server := stopped(t)
			client := server.Client()
			hook := &endpoint{now: server.Now}
			subscription, err := client.CreateWebhookSubscription(t.Context(), &byzantine.CreateWebhookSubscriptionRequest{URL: listen(t, hook)})
			require.NoError(t, err)
			event := server.Trigger(eventType, "")
			assert.Equal(t, eventType, event.Type)

			got := hook.deliveries()
			i := slices.IndexFunc(got, func(d received) bool { return d.header.Get(webhook.HeaderEventID) == event.ID })
			require.GreaterOrEqual(t, i, 0, "it is delivered when Trigger returns")
			verifier, err := webhook.NewVerifier([]webhook.Key{{PublicKey: subscription.PublicKey}}, webhook.WithClock(server.Now))
			require.NoError(t, err)
			delivery, err := verifier.Verify(t.Context(), got[i].header, got[i].body)
			require.NoError(t, err)
			delivered, err := delivery.Event()
			require.NoError(t, err)
			assert.Equal(t, eventType, delivered.Type)
			if eventType == byzantine.EventWebhookTest {
				return
			}
			page, err := client.ListEvents(t.Context(), &byzantine.ListEventsRequest{EventType: eventType})
			require.NoError(t, err)
			require.Len(t, page.Events, 1, "and it is in the history")
			require.NotEmpty(t, event.Related.AccountID)
			account, err := client.GetAccountDetails(t.Context(), event.Related.AccountID)
			require.NoError(t, err)
			if id := event.Related.TransactionID; id != "" {
				tx, err := client.GetTransaction(t.Context(), id)
				require.NoError(t, err)
				assert.Equal(t, account.AccountID, tx.AccountID)
				if eventType != byzantine.EventTransactionPaymentInReview {
					assert.Equal(t, "transaction."+string(tx.Status), string(eventType))
				}
			}
		})
	}
}

// An event can be about an account that the test chose, again and again, and its world can be saved and loaded.
func TestTriggersOfAnAccount(t *testing.T) {
	server := stopped(t)
	account := server.AddAccount(byzantinetest.Account{})
	for _, eventType := range documentedEventTypes(t) {
		if eventType == byzantine.EventWebhookTest || eventType == byzantine.EventCustomerCreated {
			continue
		}
		server.Trigger(byzantine.EventCustomerActive, account.ID)
		for range 2 {
			event := server.Trigger(eventType, account.ID)
			assert.Equal(t, account.ID, event.Related.AccountID)
		}
	}
	assert.Len(t, server.Accounts(), 1)
	other := newServer(t)
	assert.NoError(t, other.SetWorld(server.World()))
}

// What an account was made to do goes on by itself, and the money adds up.
func TestWhatWasTriggeredGoesOn(t *testing.T) {
	server := stopped(t)
	account := server.AddAccount(byzantinetest.Account{})
	event := server.Trigger(byzantine.EventTransactionFundsInTransfer, "")
	assert.Equal(t, account.ID, event.Related.AccountID, "the oldest that is active")
	server.Advance(8 * time.Second)
	tx, err := server.Client().GetTransaction(t.Context(), event.Related.TransactionID)
	require.NoError(t, err)
	assert.Equal(t, byzantine.TransactionCompleted, tx.Status)
	balances, err := server.Client().GetAccountBalances(t.Context(), &byzantine.GetAccountBalancesRequest{AccountID: account.ID})
	require.NoError(t, err)
	require.Len(t, balances.SubAccounts, 1)
	assert.Len(t, balances.SubAccounts[0].Positions, 1)

	server.SetStatus(account.ID, byzantine.VerificationInactive)
	assert.PanicsWithValue(t, "byzantinetest: Trigger: accountId: the account "+account.ID+" has no transactions: it is not active, or it is self-custodial",
		func() { server.Trigger(byzantine.EventTransactionCompleted, account.ID) })
}
