package byzantinetest_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/byzantinetest"
	"github.com/byzantine-finance/byzantine-go/internal/contract"
)

// eventWorld has events a minute apart, the first at noon.
type eventWorld struct {
	t       *testing.T
	server  *byzantinetest.Server
	client  *byzantine.Client
	account byzantinetest.Account
}

func newEventWorld(t *testing.T, statuses ...byzantine.VerificationStatus) *eventWorld {
	server := newServer(t, byzantinetest.WithTime(noon))
	w := &eventWorld{t, server, server.Client(), server.AddAccount(byzantinetest.Account{})}
	for _, s := range statuses {
		server.SetStatus(w.account.ID, s)
		server.Advance(time.Minute)
	}
	return w
}

func (w *eventWorld) list(req *byzantine.ListEventsRequest) *byzantine.EventPage {
	w.t.Helper()
	list, err := w.client.ListEvents(w.t.Context(), req)
	require.NoError(w.t, err)
	return list
}

func typesOf(events []byzantine.Event) []byzantine.EventType {
	types := []byzantine.EventType{}
	for _, e := range events {
		types = append(types, e.Type)
	}
	return types
}

// get asks for events with a query that the client would not send.
func (w *eventWorld) get(query string) (int, string) {
	w.t.Helper()
	op := operation(w.t, "list_events")
	return send(w.t, w.server, op.Method, op.Path+"?"+query, "", nil)
}

func TestEventsCarryAllMembersOfTheEnvelope(t *testing.T) {
	w := newEventWorld(t, byzantine.VerificationUnderReview)
	status, body := w.get("")
	require.Equal(t, 200, status, body)
	var list struct {
		Events     []map[string]json.RawMessage
		NextCursor *json.RawMessage
	}
	require.NoError(t, json.Unmarshal([]byte(body), &list))
	assert.Contains(t, body, `"nextCursor":null`)
	require.Len(t, list.Events, 1)
	event := list.Events[0]
	id := event["id"]
	assert.Len(t, string(id), 38)
	delete(event, "id")
	text, err := json.Marshal(event)
	require.NoError(t, err)
	customer := w.account.UserIDs[0]
	assert.JSONEq(t, `{
		"type": "customer.under_review", "occurredAt": "2026-09-01T12:00:00Z", "createdAt": "2026-09-01T12:00:00Z",
		"livemode": false, "payloadVersion": 1,
		"related": {"accountId": "`+w.account.ID+`", "userId": "`+customer+`", "entityId": null, "beneficiaryId": null, "transactionId": null},
		"data": {"customer": {
			"accountId": "`+w.account.ID+`", "customerType": "individual", "userId": "`+customer+`", "entityId": null, "name": "Test User",
			"email": "user+`+customer+`@example.com", "verificationStatus": "under_review", "createdAt": "2026-09-01T12:00:00Z"
		}, "beneficiary": null, "reasonCodes": null}
	}`, string(text))
}

func TestEventFilters(t *testing.T) {
	w := newEventWorld(t, byzantine.VerificationUnderReview, byzantine.VerificationActive, byzantine.VerificationInactive)
	other := w.server.AddAccount(byzantinetest.Account{})
	w.server.SetStatus(other.ID, byzantine.VerificationRejected)
	const (
		review, active      = byzantine.EventCustomerUnderReview, byzantine.EventCustomerActive
		deactivated, reject = byzantine.EventCustomerDeactivated, byzantine.EventCustomerRejected
	)
	at := func(minutes int) time.Time { return noon.Add(time.Duration(minutes) * time.Minute) }
	for name, test := range map[string]struct {
		request byzantine.ListEventsRequest
		want    []byzantine.EventType
	}{
		"none, the newest first":     {byzantine.ListEventsRequest{}, []byzantine.EventType{reject, deactivated, active, review}},
		"account":                    {byzantine.ListEventsRequest{AccountID: other.ID}, []byzantine.EventType{reject}},
		"user":                       {byzantine.ListEventsRequest{UserID: w.account.UserIDs[0]}, []byzantine.EventType{deactivated, active, review}},
		"transaction":                {byzantine.ListEventsRequest{TransactionID: unknownID}, []byzantine.EventType{}},
		"type":                       {byzantine.ListEventsRequest{EventType: active}, []byzantine.EventType{active}},
		"type of a transaction":      {byzantine.ListEventsRequest{EventType: byzantine.EventTransactionCompleted}, []byzantine.EventType{}},
		"after, exclusive":           {byzantine.ListEventsRequest{CreatedAfter: at(1)}, []byzantine.EventType{reject, deactivated}},
		"before, exclusive":          {byzantine.ListEventsRequest{CreatedBefore: at(1)}, []byzantine.EventType{review}},
		"between two, exclusive":     {byzantine.ListEventsRequest{CreatedAfter: at(0), CreatedBefore: at(2)}, []byzantine.EventType{active}},
		"a time of another zone":     {byzantine.ListEventsRequest{CreatedBefore: at(1).In(time.FixedZone("", 3600))}, []byzantine.EventType{review}},
		"a nanosecond to either":     {byzantine.ListEventsRequest{CreatedAfter: at(1).Add(-1), CreatedBefore: at(1).Add(1)}, []byzantine.EventType{active}},
		"account and type, both":     {byzantine.ListEventsRequest{AccountID: other.ID, EventType: active}, []byzantine.EventType{}},
		"account of somebody unseen": {byzantine.ListEventsRequest{AccountID: unknownID}, []byzantine.EventType{}},
	} {
		t.Run(name, func(t *testing.T) {
			list, err := w.client.ListEvents(t.Context(), &test.request)
			require.NoError(t, err)
			assert.Equal(t, test.want, typesOf(list.Events))
			assert.Empty(t, list.NextCursor)
		})
	}
}

func TestEventQueriesThatAreRefused(t *testing.T) {
	w := newEventWorld(t, byzantine.VerificationUnderReview)
	for query, words := range map[string]string{
		"limit=0":                           "must be at least 1",
		"limit=-1":                          "must be at least 1",
		"limit=251":                         "must be at most 250",
		"limit=abc":                         "must be an integer",
		"accountId=nobody":                  "must be a UUID",
		"userId=nobody":                     "must be a UUID",
		"transactionId=nobody":              "must be a UUID",
		"createdAfter=yesterday":            "must be an RFC 3339 time",
		"createdBefore=2026-09-01":          "must be an RFC 3339 time",
		"eventType=webhook.test":            "Unsupported webhook event type",
		"eventType=customer.updated":        "Unknown webhook event type",
		"eventType=CustomerActive":          "Unknown webhook event type",
		"cursor=no+cursor":                  "cursor: malformed",
		"cursor=AAAA":                       "cursor: malformed",
		"cursor=" + strings.Repeat("A", 60): "cursor: ",
	} {
		t.Run(query, func(t *testing.T) {
			status, body := w.get(query)
			assert.Equal(t, 400, status)
			assert.Contains(t, body, words)
		})
	}
	for _, limit := range []string{"1", "250"} {
		status, body := w.get("limit=" + limit)
		assert.Equal(t, 200, status, body)
	}
}

func TestEventPagesNeitherOverlapNorShift(t *testing.T) {
	w := newEventWorld(t)
	// The clock stands still, so these events are a millisecond apart.
	for range 4 {
		w.server.SetStatus(w.account.ID, byzantine.VerificationUnderReview)
		w.server.SetStatus(w.account.ID, byzantine.VerificationActive)
	}
	whole := w.list(nil)
	require.Len(t, whole.Events, 8)
	require.Empty(t, whole.NextCursor)

	request := &byzantine.ListEventsRequest{Limit: 3}
	var paged []byzantine.Event
	for {
		page := w.list(request)
		paged = append(paged, page.Events...)
		if page.NextCursor == "" {
			break
		}
		require.Len(t, page.Events, int(request.Limit))
		request.Cursor = page.NextCursor
		request.Limit = 2 // is no filter, so it may change
		w.server.SetStatus(w.account.ID, byzantine.VerificationRejected)
		w.server.SetStatus(w.account.ID, byzantine.VerificationUnderReview)
	}
	assert.Equal(t, whole.Events, paged)

	request = &byzantine.ListEventsRequest{Limit: 4, EventType: byzantine.EventCustomerActive}
	assert.Empty(t, w.list(request).NextCursor, "a full page is the last one if nothing is behind it")
}

func TestEventCursorBelongsToItsFilters(t *testing.T) {
	w := newEventWorld(t, byzantine.VerificationUnderReview, byzantine.VerificationActive, byzantine.VerificationInactive)
	first := byzantine.ListEventsRequest{AccountID: w.account.ID, CreatedAfter: noon.Add(-time.Hour), Limit: 1}
	cursor := w.list(&first).NextCursor
	follow := func(change func(*byzantine.ListEventsRequest)) error {
		next := first
		next.Cursor = cursor
		change(&next)
		_, err := w.client.ListEvents(t.Context(), &next)
		return err
	}
	assert.NoError(t, follow(func(*byzantine.ListEventsRequest) {}))
	assert.NoError(t, follow(func(r *byzantine.ListEventsRequest) { r.CreatedAfter = r.CreatedAfter.In(time.FixedZone("", -7200)) }))
	for name, change := range map[string]func(*byzantine.ListEventsRequest){
		"one less":     func(r *byzantine.ListEventsRequest) { r.AccountID = "" },
		"one more":     func(r *byzantine.ListEventsRequest) { r.UserID = w.account.UserIDs[0] },
		"another type": func(r *byzantine.ListEventsRequest) { r.EventType = byzantine.EventCustomerActive },
		"another time": func(r *byzantine.ListEventsRequest) { r.CreatedAfter = r.CreatedAfter.Add(1) },
		"an end":       func(r *byzantine.ListEventsRequest) { r.CreatedBefore = noon.Add(time.Hour) },
	} {
		t.Run(name, func(t *testing.T) {
			refused(t, follow(change), 400, "cursor: it belongs to other filters")
		})
	}
	foreign := newEventWorld(t, byzantine.VerificationUnderReview, byzantine.VerificationActive).list(&byzantine.ListEventsRequest{Limit: 1}).NextCursor
	_, err := w.client.ListEvents(t.Context(), &byzantine.ListEventsRequest{Cursor: foreign})
	refused(t, err, 400, "cursor: malformed")
}

func TestAllEventsReadsEveryPage(t *testing.T) {
	w := newEventWorld(t)
	for range 130 {
		w.server.SetStatus(w.account.ID, byzantine.VerificationUnderReview)
		w.server.SetStatus(w.account.ID, byzantine.VerificationActive)
	}
	assert.Len(t, w.list(nil).Events, 100, "unless told otherwise")
	seen := map[string]bool{}
	for e, err := range w.client.AllEvents(t.Context(), &byzantine.ListEventsRequest{Limit: 250}) {
		require.NoError(t, err)
		seen[e.ID] = true
	}
	assert.Len(t, seen, 260)
}

// A type that the SDK knows and the sandbox does not could never be subscribed to.
func TestEveryEventTypeOfTheSDKIsListable(t *testing.T) {
	constants, err := contract.Constants("..", false)
	require.NoError(t, err)
	types := constants["EventType"]
	require.Contains(t, types, string(byzantine.EventWebhookTest))
	w := newEventWorld(t)
	for _, name := range types {
		_, err := w.client.ListEvents(t.Context(), &byzantine.ListEventsRequest{EventType: byzantine.EventType(name)})
		assert.Equal(t, name != string(byzantine.EventWebhookTest), err == nil, "%s: %v", name, err)
	}
}

func FuzzEventCursor(f *testing.F) {
	sandbox, err := byzantinetest.New(byzantinetest.WithTime(noon), byzantinetest.WithSeed(1))
	require.NoError(f, err)
	account := sandbox.AddAccount(byzantinetest.Account{})
	sandbox.SetStatus(account.ID, byzantine.VerificationUnderReview)
	sandbox.SetStatus(account.ID, byzantine.VerificationActive)
	client := clientOf(f, sandbox)
	first, err := client.ListEvents(f.Context(), &byzantine.ListEventsRequest{Limit: 1})
	require.NoError(f, err)
	genuine := first.NextCursor
	raw, err := base64.RawURLEncoding.DecodeString(genuine)
	require.NoError(f, err)
	for _, seed := range []string{genuine, genuine[:len(genuine)-1], genuine + "A", "=", "\n" + genuine, url.QueryEscape(string(raw)), string(slices.Repeat(raw, 2))} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, cursor string) {
		list, err := client.ListEvents(t.Context(), &byzantine.ListEventsRequest{Cursor: cursor})
		switch {
		case cursor == "":
			require.NoError(t, err)
			assert.Len(t, list.Events, 2)
		case err == nil:
			// A valid cursor is that of one of the two events, so one event at most comes after it.
			assert.LessOrEqual(t, len(list.Events), 1)
		case !errors.Is(err, byzantine.ErrInvalidRequest): // refused by the client
			assert.ErrorIs(t, err, byzantine.ErrBadRequest)
		}
	})
}
