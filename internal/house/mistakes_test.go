package house

import (
	"context"
	"crypto/ecdsa"
	"errors"
	"io"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/byzantinetest"
	"github.com/byzantine-finance/byzantine-go/passkey"
	"github.com/byzantine-finance/byzantine-go/passkeytest"
	"github.com/byzantine-finance/byzantine-go/turnkey"
	"github.com/byzantine-finance/byzantine-go/webhook"
	"github.com/byzantine-finance/byzantine-go/webhook/webhooktest"
)

// excused are functions that return an error but cannot be made to fail in a test, each with the reason.
var excused = map[string]string{
	"byzantine.BankAccount.MarshalJSON":            "of fields that encoding/json can write",
	"byzantine.BankAccount.UnmarshalJSON":          "what is of no known kind is kept as it is",
	"byzantine.DataURI.AppendText":                 "the error is always nil",
	"byzantine.DataURI.MarshalText":                "the error is always nil",
	"byzantine.Decimal.MarshalBinary":              "a Decimal that is there can be written",
	"byzantine.Decimal.MarshalText":                "a Decimal that is there can be written",
	"byzantine.Decimal.MarshalJSON":                "a Decimal that is there can be written",
	"byzantine.Decimal.Value":                      "a Decimal that is there can be written",
	"byzantine.Error.MarshalJSON":                  "of fields that encoding/json can write",
	"byzantine.EventTypes.UnmarshalJSON":           "what is no list reads as none",
	"byzantine.GenerateKey":                        "the random source does not fail",
	"byzantine.PrivateKey.MarshalText":             "the error is always nil",
	"byzantine.Secret.MarshalText":                 "the error is always nil",
	"byzantine.TransactionBankAccount.MarshalJSON": "of fields that encoding/json can write",
	"byzantine.TransactionFailedError.MarshalJSON": "of fields that encoding/json can write",
	"turnkey.Status.UnmarshalJSON":                 "it reads what it can",
	"turnkey.Timestamp.MarshalJSON":                "of fields that encoding/json can write",
	"turnkey.ConsensusError.MarshalJSON":           "of fields that encoding/json can write",
	"turnkey.FailedError.MarshalJSON":              "of fields that encoding/json can write",
	"turnkey.UnresolvedError.MarshalJSON":          "of fields that encoding/json can write",
	"turnkey.Timestamp.UnmarshalJSON":              "it reads what it can",
	"turnkeytest.New":                              "the random source does not fail",
}

// rejecting responds to every request with a 404.
type rejecting struct{}

func (rejecting) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{
		StatusCode: 404, Header: http.Header{}, Request: r, Body: io.NopCloser(strings.NewReader(`{"error":"byzantine has no such thing"}`)),
	}, nil
}

// broken is a Signer that fails with an error that begins with the name of one of this library's packages.
type broken struct{ byzantine.Signer }

func (broken) SignDigest(context.Context, []byte) ([]byte, error) {
	return nil, errors.New("awskms: kms:Sign: access denied")
}

// mistakes returns for each function that returns an error a call of it that fails, by the name of the function.
func mistakes(t *testing.T) map[string]func() error {
	t.Helper()
	must := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	key, err := byzantine.GenerateKey()
	must(err)
	client, err := byzantine.NewClient(key, byzantine.WithHTTPClient(&http.Client{Transport: rejecting{}}), byzantine.WithMaxAttempts(1))
	must(err)
	rotation := byzantine.NewRotation(key)
	rotating, err := byzantine.NewClient(rotation, byzantine.WithHTTPClient(&http.Client{Transport: rejecting{}}))
	must(err)
	turnkeyClient, err := turnkey.NewClient(key, "organisation", byzantine.WithHTTPClient(&http.Client{Transport: rejecting{}}), byzantine.WithMaxAttempts(1))
	must(err)
	verifier, err := webhook.NewVerifier([]webhook.Key{{PublicKey: key.PublicKeyHex()}})
	must(err)
	sandbox, err := byzantinetest.New()
	must(err)
	t.Cleanup(sandbox.Close)
	over, cancel := context.WithCancel(t.Context())
	cancel()
	ctx := t.Context()
	party := &passkey.RelyingParty{ID: "example.com", Name: "Example", Origins: []string{"https://app.example.com"}}
	transactor := &passkey.Transactor{Client: client, RelyingParty: party}
	state := func() *passkey.RegistrationState {
		_, state, err := party.BeginRegistration(passkey.User{ID: "u", Name: "n"})
		must(err)
		return state
	}
	keep := func(context.Context, *byzantine.PrivateKey) error { return nil }
	setEnv := func(name, value string, do func() error) error {
		t.Setenv(name, value)
		defer t.Setenv(name, "")
		return do()
	}
	store := new(webhook.MemoryStore)
	reconciler := &webhook.Reconciler{
		Events: client, Store: new(webhook.MemoryStore), Handle: func(context.Context, *webhook.Delivery) error { return nil },
	}

	cases := map[string]func() error{
		"byzantine.NewClient": func() error { return second(byzantine.NewClient(key, byzantine.WithMaxAttempts(0))) },
		"byzantine.NewClientFromEnv": func() error {
			return setEnv("BYZANTINE_PRIVATE_KEY", "nonsense", func() error { return second(byzantine.NewClientFromEnv()) })
		},
		"byzantine.NewDataURI":                     func() error { return second(byzantine.NewDataURI("text/plain", []byte("x"))) },
		"byzantine.ReadDataURI":                    func() error { return second(byzantine.ReadDataURI("/nowhere")) },
		"byzantine.DataURI.Validate":               func() error { return byzantine.DataURI{}.Validate() },
		"byzantine.DataURI.UnmarshalText":          func() error { return new(byzantine.DataURI).UnmarshalText([]byte("x")) },
		"byzantine.ParseDecimal":                   func() error { return second(byzantine.ParseDecimal("x")) },
		"byzantine.Decimal.UnmarshalJSON":          func() error { return new(byzantine.Decimal).UnmarshalJSON([]byte(`"x"`)) },
		"byzantine.Decimal.UnmarshalText":          func() error { return new(byzantine.Decimal).UnmarshalText([]byte("x")) },
		"byzantine.Decimal.UnmarshalBinary":        func() error { return new(byzantine.Decimal).UnmarshalBinary([]byte("x")) },
		"byzantine.Decimal.Scan":                   func() error { return new(byzantine.Decimal).Scan(1.5) },
		"byzantine.AccessScope.Validate":           func() error { return byzantine.AccessScope("x").Validate() },
		"byzantine.ChainID.Validate":               func() error { return byzantine.ChainID(-1).Validate() },
		"byzantine.CheckingOrSavings.Validate":     func() error { return byzantine.CheckingOrSavings("x").Validate() },
		"byzantine.CountryCode.Validate":           func() error { return byzantine.CountryCode("x").Validate() },
		"byzantine.CryptoCurrency.Validate":        func() error { return byzantine.CryptoCurrency("x").Validate() },
		"byzantine.Currency.Validate":              func() error { return byzantine.Currency("x").Validate() },
		"byzantine.CustomerQueryType.Validate":     func() error { return byzantine.CustomerQueryType("x").Validate() },
		"byzantine.SortOrder.Validate":             func() error { return byzantine.SortOrder("x").Validate() },
		"byzantine.Event.UnmarshalJSON":            func() error { return new(byzantine.Event).UnmarshalJSON([]byte(`{"id":1}`)) },
		"byzantine.Event.CustomerData":             func() error { return second(new(byzantine.Event).CustomerData()) },
		"byzantine.Event.TransactionData":          func() error { return second(new(byzantine.Event).TransactionData()) },
		"byzantine.ParsePrivateKey":                func() error { return second(byzantine.ParsePrivateKey("x")) },
		"byzantine.PrivateKey.SignDigest":          func() error { return second(key.SignDigest(ctx, nil)) },
		"byzantine.ReadKeyFile":                    func() error { return second(byzantine.ReadKeyFile("/nowhere")) },
		"byzantine.KeyFile.Run":                    func() error { return (&byzantine.KeyFile{Path: "/nowhere", Rotation: rotation}).Run(over) },
		"byzantine.Payload.UnmarshalJSON":          func() error { return new(byzantine.Payload).UnmarshalJSON([]byte(`{}`)) },
		"byzantine.Payload.Activity":               func() error { return second(new(byzantine.Payload).Activity()) },
		"byzantine.Rotation.Use":                   func() error { return rotation.Use(nil) },
		"byzantine.Rotation.Signer":                func() error { return second(byzantine.NewRotation(nil).Signer(ctx)) },
		"byzantine.Rotation.SignDigest":            func() error { return second(byzantine.NewRotation(broken{key}).SignDigest(ctx, nil)) },
		"byzantine.RotateCredential":               func() error { return second(byzantine.RotateCredential(ctx, rotating, rotation, keep)) },
		"byzantine.RetireCredential":               func() error { return byzantine.RetireCredential(ctx, client, "x") },
		"byzantine.Secret.Key":                     func() error { return second(byzantine.NewSecret("x").Key()) },
		"byzantine.Secret.UnmarshalText":           func() error { return new(byzantine.Secret).UnmarshalText([]byte("[redacted]")) },
		"byzantine.Secret.UnmarshalJSON":           func() error { return new(byzantine.Secret).UnmarshalJSON([]byte(`"[redacted]"`)) },
		"byzantine.NewSigner":                      func() error { return second(byzantine.NewSigner(nil)) },
		"byzantine.SignRequest":                    func() error { return second(byzantine.SignRequest(ctx, broken{key}, time.Now(), "GET", "/", nil)) },
		"byzantine.RequestSignatureFromHeader":     func() error { return second(byzantine.RequestSignatureFromHeader(nil)) },
		"byzantine.RequestSignature.Verify":        func() error { return byzantine.RequestSignature{}.Verify(nil, time.Now(), "GET", "/", nil) },
		"byzantine.RequestSignature.VerifyWithKey": func() error { return byzantine.RequestSignature{}.VerifyWithKey(nil, time.Now(), "GET", "/", nil) },
		"byzantine.CompressPublicKey":              func() error { return second(byzantine.CompressPublicKey(new(ecdsa.PublicKey))) },
		"byzantine.CheckSigner":                    func() error { return byzantine.CheckSigner(ctx, broken{key}) },
		"byzantine.TransactionBankAccount.UnmarshalJSON": func() error {
			return new(byzantine.TransactionBankAccount).UnmarshalJSON([]byte(`{"objectId":1}`))
		},
		"byzantinetest.New": func() error { return second(byzantinetest.New(nil)) },
		"byzantinetest.Sandbox.SetWorld": func() error {
			return sandbox.SetWorld([]byte(`{"version":1,"webhooks":{"subscriptions":[{"privateKey":"x"}]}}`))
		},
		"byzantinetest.Sandbox.WaitForMail":       func() error { return second(sandbox.WaitForMail(over, byzantinetest.MailFilter{})) },
		"passkey.ParseUnverified":                 func() error { return second(passkey.ParseUnverified(nil, "x")) },
		"passkey.Challenge":                       func() error { return second(passkey.Challenge(nil)) },
		"passkey.Credential.WithCBORCredentialID": func() error { return second(new(passkey.Credential).WithCBORCredentialID()) },
		"passkey.RelyingParty.Validate":           func() error { return new(passkey.RelyingParty).Validate() },
		"passkey.RelyingParty.BeginRegistration":  func() error { return third(party.BeginRegistration(passkey.User{})) },
		"passkey.RelyingParty.FinishRegistration": func() error { return second(party.FinishRegistration(state(), []byte("{}"), "x")) },
		"passkey.RelyingParty.BeginSigning":       func() error { return third(party.BeginSigning(new(byzantine.Payload), nil)) },
		"passkey.RelyingParty.BeginSigningAny":    func() error { return third(party.BeginSigningAny(nil)) },
		"passkey.RelyingParty.FinishSigning":      func() error { return second(party.FinishSigning(new(passkey.SigningState), nil)) },
		"passkey.Transactor.Begin":                func() error { return third(transactor.Begin("", nil, nil)) },
		"passkey.Transactor.Finish":               func() error { return second(transactor.Finish(ctx, "", nil, nil)) },
		"passkeytest.Authenticator.Create":        func() error { return second(passkeytest.NewAuthenticator().Create([]byte("{}"))) },
		"passkeytest.Authenticator.Get":           func() error { return second(passkeytest.NewAuthenticator().Get([]byte("x"))) },
		"passkeytest.Enroll": func() error {
			user := passkeytest.User{AccountID: "11111111-2222-4333-8444-555555555555", UserID: "11111111-2222-4333-8444-555555555555", RelyingParty: party}
			return second(passkeytest.Enroll(ctx, client, user, func(context.Context, string) (string, error) { return "", nil }))
		},
		"turnkey.NewClient":                         func() error { return second(turnkey.NewClient(key, "x", byzantine.WithBaseURL("x"))) },
		"turnkey.Client.CreateAuthenticators":       func() error { return second(turnkeyClient.CreateAuthenticators(ctx, "", nil)) },
		"turnkey.Client.SubmitCreateAuthenticators": func() error { return second(turnkeyClient.SubmitCreateAuthenticators(ctx, nil)) },
		"turnkey.Client.GetActivity":                func() error { return second(turnkeyClient.GetActivity(ctx, "x")) },
		"turnkey.Activity.UnmarshalJSON":            func() error { return new(turnkey.Activity).UnmarshalJSON([]byte(`{"id":1}`)) },
		"webhook.NewVerifier":                       func() error { return second(webhook.NewVerifier([]webhook.Key{{PublicKey: "0x02"}})) },
		"webhook.Verifier.Verify":                   func() error { return second(verifier.Verify(ctx, http.Header{}, nil)) },
		"webhook.Subscribe":                         func() error { return third(webhook.Subscribe(ctx, client, nil)) },
		"webhook.Delivery.Event":                    func() error { return second((&webhook.Delivery{Body: []byte("{")}).Event()) },
		"webhook.Dispatcher.Handle":                 func() error { return new(webhook.Dispatcher).Handle(ctx, &webhook.Delivery{Body: []byte(`{}`)}) },
		"webhook.MemoryStore.Begin":                 func() error { return second(store.Begin(over, "x", time.Minute)) },
		"webhook.MemoryStore.Done":                  func() error { return store.Done(ctx, webhook.Claim{}) },
		"webhook.MemoryStore.Forget":                func() error { return store.Forget(over, webhook.Claim{}) },
		"webhook.MemoryStore.Save":                  func() error { return store.Save(over, webhook.Claim{}, time.Minute, "x") },
		"webhook.Reconciler.Pass":                   func() error { return second(reconciler.Pass(ctx)) },
		"webhook.Reconciler.Run":                    func() error { return new(webhook.Reconciler).Run(ctx) },
		"webhooktest.SignDelivery": func() error {
			return second(webhooktest.SignDelivery(new(byzantine.PrivateKey), webhooktest.DeliveryIDs{}, time.Now(), nil))
		},
	}
	for name, call := range clientMethods(ctx, client) {
		cases["byzantine.Client."+name] = call
	}
	return cases
}

// clientMethods returns a call of each method of client that gets a context, by the method's name. Its other arguments
// are zero values; a method that sends a request with these gets the 404 of rejecting.
func clientMethods(ctx context.Context, client *byzantine.Client) map[string]func() error {
	calls := map[string]func() error{}
	v := reflect.ValueOf(client)
	for i := range v.NumMethod() {
		method := v.Type().Method(i)
		f := v.Method(i)
		if n := f.Type().NumOut(); n == 0 || f.Type().NumIn() == 0 || f.Type().In(0) != reflect.TypeFor[context.Context]() {
			continue
		}
		calls[method.Name] = func() error {
			args := []reflect.Value{reflect.ValueOf(ctx)}
			for j := 1; j < f.Type().NumIn()-1; j++ { // without the options, which are last
				args = append(args, reflect.Zero(f.Type().In(j)))
			}
			out := f.Call(args)
			last := out[len(out)-1]
			if last.Kind() == reflect.Func {
				return firstError(last)
			}
			err, _ := last.Interface().(error)
			return err
		}
	}
	return calls
}

// firstError returns the first error that an iter.Seq2[T, error] yields, or nil.
func firstError(sequence reflect.Value) (err error) {
	for _, e := range sequence.Seq2() {
		if err, _ = e.Interface().(error); err != nil {
			return err
		}
	}
	return nil
}

func second[T any](_ T, err error) error        { return err }
func third[T, U any](_ T, _ U, err error) error { return err }
