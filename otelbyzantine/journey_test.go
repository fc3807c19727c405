package otelbyzantine_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel/propagation"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/byzantinetest"
	"github.com/byzantine-finance/byzantine-go/otelbyzantine"
	"github.com/byzantine-finance/byzantine-go/passkey"
	"github.com/byzantine-finance/byzantine-go/passkeytest"
	"github.com/byzantine-finance/byzantine-go/webhook"
)

// world is a backend that is observed with a telemetry, a sandbox that it talks to, and a user with an account.
type world struct {
	t          *testing.T
	sandbox    *byzantinetest.Server
	client     *byzantine.Client
	tap        *wiretap
	user       byzantinetest.User
	account    byzantinetest.Account
	site       *httptest.Server
	store      *faultyStore
	handler    *webhook.Handler
	reconciler *webhook.Reconciler
	fail       atomic.Bool // whether the callback returns an error

	authenticator *passkeytest.Authenticator // the user's authenticator; credential is its passkey
	credential    *passkey.Credential
}

var relyingParty = &passkey.RelyingParty{ID: "example.com", Name: "Example", Origins: []string{"https://example.com"}}

// faultyStore is a store whose Done returns ErrLeaseLost if lost is set, and whose Begin fails if down is set.
type faultyStore struct {
	webhook.Store
	lost, down atomic.Bool
}

func (s *faultyStore) Begin(ctx context.Context, key string, lease time.Duration) (webhook.Claim, error) {
	if s.down.Load() {
		return webhook.Claim{}, errors.New("dial tcp ada.lovelace@example.org: connection refused")
	}
	return s.Store.Begin(ctx, key, lease)
}

func (s *faultyStore) Done(ctx context.Context, c webhook.Claim) error {
	if s.lost.Load() {
		return webhook.ErrLeaseLost
	}
	return s.Store.Done(ctx, c)
}

func newWorld(t *testing.T, x *telemetry) *world {
	t.Helper()
	w := &world{t: t, sandbox: byzantinetest.NewServer(), tap: new(wiretap), store: &faultyStore{Store: new(webhook.MemoryStore)}}
	t.Cleanup(w.sandbox.Close)
	w.client = w.sandbox.Client(byzantine.WithTracer(x.Tracer), byzantine.WithTransport(func(next http.RoundTripper) http.RoundTripper {
		w.tap.next = next
		return otelbyzantine.HideURL(func(next http.RoundTripper) http.RoundTripper {
			return otelhttp.NewTransport(next, otelhttp.WithTracerProvider(x.tracers), otelhttp.WithMeterProvider(x.meters),
				otelhttp.WithPropagators(propagation.NewCompositeTextMapPropagator()))
		})(w.tap)
	}))
	w.user = w.sandbox.AddUser(byzantinetest.User{Email: "ada.lovelace@example.org", FirstName: "Augusta", LastName: "Lovelace-King"})
	w.account = w.sandbox.AddAccount(byzantinetest.Account{Name: "Analytical Engines", UserIDs: []string{w.user.ID}})

	verifier, err := webhook.NewVerifier(nil, webhook.WithKeySource(webhook.SubscriptionKeys(w.client)), webhook.WithClock(w.sandbox.Now))
	require.NoError(t, err)
	handle := func(_ context.Context, d *webhook.Delivery) error {
		if w.fail.Load() {
			return fmt.Errorf("cannot write to the ledger of %s", d.Body)
		}
		return nil
	}
	quiet := slog.New(slog.DiscardHandler)
	w.handler = &webhook.Handler{Verifier: verifier, Handle: handle, Store: w.store, Logger: quiet, Tracer: x.Tracer}
	w.site = httptest.NewServer(w.handler)
	t.Cleanup(w.site.Close)
	_, err = w.client.CreateWebhookSubscription(t.Context(), &byzantine.CreateWebhookSubscriptionRequest{
		URL:        w.site.URL,
		EventTypes: []byzantine.EventType{byzantine.EventCustomerActive, byzantine.EventCustomerResubmissionRequested},
	})
	require.NoError(t, err)
	w.reconciler = &webhook.Reconciler{Events: w.client, Store: w.store, Handle: handle, Grace: -1, Now: w.sandbox.Now, Logger: quiet, Tracer: x.Tracer}
	return w
}

// deliver sets the account's status and has the resulting event delivered.
func (w *world) deliver(status byzantine.VerificationStatus) {
	w.sandbox.SetStatus(w.account.ID, status)
	w.sandbox.Deliver()
}

// healthy makes calls, deliveries and a pass that all succeed: a passkey is enrolled, an API key made and deleted, and
// events are received.
func (w *world) healthy() {
	t, ctx := w.t, w.t.Context()
	t.Helper()
	otp, err := w.client.InitOTP(ctx, &byzantine.InitOTPRequest{AccountID: w.account.ID, UserID: w.user.ID})
	require.NoError(t, err)
	session, err := w.client.OTPAuth(ctx, &byzantine.OTPAuthRequest{
		AccountID: w.account.ID, UserID: w.user.ID, OTPID: otp.OTPID, OTPCode: w.sandbox.OTPCode(otp.OTPID),
	})
	require.NoError(t, err)
	options, state, err := relyingParty.BeginRegistration(passkey.User{ID: w.user.ID, Name: w.user.Email, DisplayName: w.user.Email})
	require.NoError(t, err)
	w.authenticator = passkeytest.NewAuthenticator()
	registration, err := w.authenticator.Create(options)
	require.NoError(t, err)
	w.credential, err = relyingParty.FinishRegistration(state, registration, "Ada's phone")
	require.NoError(t, err)
	_, err = w.client.CreateAuthenticatorsOTP(ctx, &byzantine.CreateAuthenticatorsOTPRequest{
		SessionID: session.SessionID, AccountID: w.account.ID, UserID: w.user.ID, Authenticators: []byzantine.AuthenticatorParam{w.credential.Authenticator},
	})
	require.NoError(t, err)
	_, err = w.client.GetUserDetails(ctx, &byzantine.GetUserDetailsRequest{UserID: w.user.ID})
	require.NoError(t, err)
	_, err = w.client.GetInvitationsByEmail(ctx, &byzantine.GetInvitationsByEmailRequest{Email: w.user.Email})
	require.NoError(t, err)
	created, err := w.client.CreateCredential(ctx, &byzantine.CreateCredentialRequest{})
	require.NoError(t, err)
	require.NoError(t, w.client.DeleteCredential(ctx, created.Pubkey))
	w.deliver(byzantine.VerificationResubmissionRequested)
	w.deliver(byzantine.VerificationActive)
	w.pass()
}

// onboard creates an account for a person, with a document, and adds a bank account.
func (w *world) onboard() {
	t, ctx := w.t, w.t.Context()
	t.Helper()
	const email = "charles.babbage@example.org"
	scan, err := byzantine.NewDataURI("application/pdf", []byte("%PDF-1.7 the passport of Charles Babbage"))
	require.NoError(t, err)
	made, err := w.client.CreateIndividualAccount(ctx, &byzantine.CreateIndividualAccountRequest{
		UserInfo: byzantine.UserInfo{
			FirstName: "Charles", LastName: "Babbage", Email: email, BirthDate: "1991-12-26",
			ResidentialAddress: &byzantine.Address{StreetLine1: "1 Dorset Street", PostalCode: "W1U 4EF", City: "London", Country: "GBR"},
		},
		VerificationDocuments: []byzantine.UserVerificationDocument{{
			DocumentType: byzantine.DocumentPassport, DocumentNumber: "12AB34567", IssuingCountry: "GBR", Document: scan,
		}},
		RootUsers:              []byzantine.RootUserParam{{FirstName: "Charles", LastName: "Babbage", Email: email}},
		ByzantineTermsSignedAt: w.sandbox.Now().Add(-time.Minute),
	})
	require.NoError(t, err)
	_, err = w.client.AddBankAccount(ctx, &byzantine.AddBankAccountRequest{
		AccountID: made.AccountID, Currency: byzantine.CurrencyEUR, Label: "Difference Engine",
		IBANBankAccountDetails: &byzantine.IBANAccountParam{BankName: "Bank", AccountNumber: "FR7630006000011234567890189", BIC: "AGRIFRPP", Country: "FRA"},
	})
	require.NoError(t, err)
}

// deposit makes a deposit that is signed with the passkey of the last call of healthy.
func (w *world) deposit() {
	t, ctx := w.t, w.t.Context()
	t.Helper()
	w.sandbox.Activate(w.account.ID, byzantine.ChainBase)
	w.sandbox.Fund(w.account.ID, byzantine.ChainBase, byzantine.CurrencyUSDC, byzantine.MustParseDecimal("1000"))
	transactor := &passkey.Transactor{Client: w.client, RelyingParty: relyingParty}
	payload, err := w.client.GetDepositPayloadPasskey(ctx, &byzantine.GetDepositPayloadPasskeyRequest{
		ChainID: byzantine.ChainBase, AccountID: w.account.ID, VaultAddr: byzantinetest.VaultBaseUSDC,
		Amount: byzantine.MustParseDecimal("250.50"), SourceCurrency: byzantine.CurrencyUSDC,
	})
	require.NoError(t, err)
	options, draft, err := transactor.Begin(w.user.ID, payload, []passkey.Credential{*w.credential})
	require.NoError(t, err)
	signed, err := w.authenticator.Get(options)
	require.NoError(t, err)
	_, err = transactor.Finish(ctx, w.user.ID, draft, signed)
	require.NoError(t, err)
}

func (w *world) pass() {
	_, err := w.reconciler.Pass(w.t.Context())
	require.NoError(w.t, err)
}

// troubled makes calls, deliveries and passes that fail in each of the ways for which there is an alert.
func (w *world) troubled() {
	t, ctx := w.t, w.t.Context()
	t.Helper()
	otp, err := w.client.InitOTP(ctx, &byzantine.InitOTPRequest{AccountID: w.account.ID, UserID: w.user.ID})
	require.NoError(t, err)
	_, err = w.client.OTPAuth(ctx, &byzantine.OTPAuthRequest{AccountID: w.account.ID, UserID: w.user.ID, OTPID: otp.OTPID, OTPCode: "QQ7QQ7QQ7"})
	require.ErrorIs(t, err, byzantine.ErrBadRequest)
	require.Error(t, w.client.Do(ctx, "GET", "/v1/query/lovelace?email="+w.user.Email, nil, nil))
	w.sandbox.Fail(byzantine.OpGetAccountDetails, 1, byzantinetest.Fault{Status: 503})
	_, err = w.client.GetAccountDetails(ctx, w.account.ID)
	require.NoError(t, err)
	for range 2 {
		w.sandbox.Fail(byzantine.OpGetCustomers, 2, byzantinetest.Fault{ClockSkew: 2 * time.Hour})
		_, err = w.client.GetCustomers(ctx, &byzantine.GetCustomersRequest{})
		require.ErrorIs(t, err, byzantine.ErrUnauthorized)
		w.sandbox.Fail(byzantine.OpCreateCredential, 1, byzantinetest.Fault{Truncate: true})
		_, err = w.client.CreateCredential(ctx, &byzantine.CreateCredentialRequest{})
		require.ErrorIs(t, err, byzantine.ErrOutcomeUnknown)
	}
	w.fail.Store(true)
	w.deliver(byzantine.VerificationResubmissionRequested)
	w.fail.Store(false)
	w.store.lost.Store(true)
	w.deliver(byzantine.VerificationActive)
	w.store.lost.Store(false)
	forged, err := http.Post(w.site.URL, "application/json", strings.NewReader(`{"id":"`+w.account.ID+`"}`))
	require.NoError(t, err)
	require.NoError(t, forged.Body.Close())
	w.sandbox.SetStatus(w.account.ID, byzantine.VerificationInactive) // not subscribed to
	w.pass()
	w.store.down.Store(true)
	_, err = w.reconciler.Pass(ctx)
	require.Error(t, err)
	w.store.down.Store(false)
	w.sandbox.SetStatus(w.account.ID, byzantine.VerificationActive)
}

// journey makes a world, runs all of its successes and failures, and returns the wiretap with the values that were sent.
func journey(t *testing.T, x *telemetry) *wiretap {
	t.Helper()
	w := newWorld(t, x)
	w.healthy()
	w.onboard()
	w.deposit()
	w.troubled()
	return w.tap
}

// No value of a body, a query, a path or a header is exported (except for the API's own words, see apiWord), and
// nothing that looks like an id, an e-mail address, a key or a signature.
func TestExportedDataHoldNothingPersonal(t *testing.T) {
	x := newTelemetry(t)
	tap := journey(t, x)
	values := tap.values()
	require.Greater(t, len(values), 50, "the search has something to look for")
	for _, wanted := range []string{
		"ada.lovelace@example.org", "Lovelace-King", "QQ7QQ7QQ7", "1991-12-26", "12AB34567", "FR7630006000011234567890189", "250.50",
	} {
		require.True(t, slices.ContainsFunc(values, func(v string) bool { return strings.Contains(v, wanted) }), wanted)
	}
	for way, text := range x.exported(t) {
		require.Contains(t, text, "create_authenticators_otp", "%s has the journey", way)
		for _, v := range values {
			assert.False(t, holds(text, v), "%s: %q", way, v) // not assert.NotContains, which would print the whole text
		}
		assert.Empty(t, personal.FindAllString(text, 3), way)
		assert.False(t, strings.Contains(strings.ToLower(text), "lovelace"), way)
		assert.False(t, strings.Contains(text, "ledger"), "%s: the text of an error", way)
	}
}

// metricRow matches a row of the table of metrics in docs/observability.md: name, unit, name in Prometheus.
var metricRow = regexp.MustCompile("(?m)^\\| `(byzantine\\.[a-z_.]+)` \\| `([^`]+)` \\| `(byzantine_[a-z_]+)` \\|")

// docs/observability.md lists exactly the metrics that a journey records, with their units and their names in
// Prometheus.
func TestPageListsTheMetrics(t *testing.T) {
	page, err := os.ReadFile("../docs/observability.md")
	require.NoError(t, err)
	x := newTelemetry(t)
	journey(t, x)
	units := map[string]string{}
	for name, m := range x.metrics(t) {
		if strings.HasPrefix(name, "byzantine.") {
			units[name] = m.Unit
		}
	}
	scraped := x.scrape(t)
	listed := map[string]string{}
	for _, row := range metricRow.FindAllStringSubmatch(string(page), -1) {
		listed[row[1]] = row[2]
		assert.Contains(t, scraped, "# TYPE "+row[3]+" ", row[1])
	}
	assert.Equal(t, units, listed)
}

// attributeRow matches a row of the table of attributes in docs/observability.md.
var attributeRow = regexp.MustCompile("(?m)^\\| `([a-z_.]+)` \\| [a-z]")

// docs/observability.md lists exactly the attributes of the spans that a journey records.
func TestPageListsTheAttributes(t *testing.T) {
	page, err := os.ReadFile("../docs/observability.md")
	require.NoError(t, err)
	x := newTelemetry(t)
	journey(t, x)
	listed := map[string]bool{}
	for _, row := range attributeRow.FindAllStringSubmatch(string(page), -1) {
		listed[row[1]] = true
	}
	seen := map[string]bool{}
	for _, span := range x.spans.GetSpans() {
		if strings.HasPrefix(span.Name, "byzantine") {
			for _, a := range span.Attributes {
				seen[string(a.Key)] = true
			}
		}
	}
	assert.Equal(t, seen, listed)
}

// The search for personal data works: it finds the e-mail address in a query that otelhttp records without HideURL.
func TestSearchFindsQueries(t *testing.T) {
	x := newTelemetry(t)
	sandbox := byzantinetest.NewServer()
	defer sandbox.Close()
	client := sandbox.Client(byzantine.WithTransport(func(next http.RoundTripper) http.RoundTripper {
		return otelhttp.NewTransport(next, otelhttp.WithTracerProvider(x.tracers))
	}))
	_ = client.Do(t.Context(), "GET", "/v1/query/x?email=ada.lovelace@example.org", nil, nil)
	for _, way := range []string{"memory", "OTLP"} {
		assert.Equal(t, []string{"ada.lovelace@example.org"}, personal.FindAllString(x.exported(t)[way], 1), way)
	}
}
