package passkey_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/passkey"
	"github.com/byzantine-finance/byzantine-go/passkeytest"
)

func ExampleRelyingParty_FinishRegistration() {
	rp := &passkey.RelyingParty{ID: "example.com", Name: "Example", Origins: []string{"https://app.example.com"}}
	signedIn := passkey.User{ID: "5f1c0e7e", Name: "ada@example.com", DisplayName: "Ada Lovelace"}

	// First request: the options go to the page, the state into the user's session.
	options, state, err := rp.BeginRegistration(signedIn)
	if err != nil {
		log.Fatal(err)
	}
	session, err := json.Marshal(state)
	if err != nil {
		log.Fatal(err)
	}

	// The page calls navigator.credentials.create. In this example a software authenticator does that.
	browser := passkeytest.NewAuthenticator(
		passkeytest.WithOrigin("https://app.example.com"),
		passkeytest.WithDeterministicKeys("example"),
	)
	response, err := browser.Create(options)
	if err != nil {
		log.Fatal(err)
	}

	// Second request: take the state out of the session, so that it is used once, and check whose it is.
	state = new(passkey.RegistrationState)
	if err := json.Unmarshal(session, state); err != nil {
		log.Fatal(err)
	}
	if state.UserID != signedIn.ID {
		log.Fatal("the registration was begun by somebody else")
	}
	credential, err := rp.FinishRegistration(state, response, "Ada's phone")
	if errors.Is(err, passkey.ErrExpired) {
		log.Fatal("ask the user to start over")
	}
	if err != nil {
		log.Fatal(err)
	}

	// credential.Authenticator is what the API takes.
	fmt.Println(credential.Authenticator.AuthenticatorName)
	fmt.Println(credential.ID)
	fmt.Println(credential.Authenticator.Attestation.Transports)
	// Output:
	// Ada's phone
	// ebClBUCSdnw00221rOatlh4O6IzbYUH62Hd33YL9c6M
	// [AUTHENTICATOR_TRANSPORT_HYBRID AUTHENTICATOR_TRANSPORT_INTERNAL]
}

func ExampleRelyingParty_FinishSigning() {
	rp := &passkey.RelyingParty{ID: "example.com", Name: "Example", Origins: []string{"https://app.example.com"}}
	browser := passkeytest.NewAuthenticator(
		passkeytest.WithOrigin("https://app.example.com"),
		passkeytest.WithDeterministicKeys("example"),
	)
	enrolled := enrolExample(rp, browser) // from your database: what FinishRegistration returned

	// First request: client.GetDepositPayloadPasskey says what is to be signed. The options go to the page, the state
	// into the user's session.
	payload := &byzantine.Payload{
		BodyToSign:    []byte(`{"type":"ACTIVITY_TYPE_SIGN_RAW_PAYLOAD_V2","parameters":{"payload":"00ff"}}`),
		TransactionID: "11111111-2222-4333-8444-555555555555",
		ChainID:       byzantine.ChainBase,
	}
	options, state, err := rp.BeginSigning(payload, []passkey.Credential{*enrolled})
	if err != nil {
		log.Fatal(err)
	}
	session, err := json.Marshal(state)
	if err != nil {
		log.Fatal(err)
	}

	// The page calls navigator.credentials.get.
	response, err := browser.Get(options)
	if err != nil {
		log.Fatal(err)
	}

	// Second request: take the state out of the user's session, so that it is used once.
	state = new(passkey.SigningState)
	if err := json.Unmarshal(session, state); err != nil {
		log.Fatal(err)
	}
	signed, err := rp.FinishSigning(state, response)
	if err != nil {
		log.Fatal(err)
	}

	// This is what client.SignPayloadPasskey takes.
	request := byzantine.SignPayloadPasskeyRequest{SignedPayload: signed}
	fmt.Println(string(request.SignedBody))
	fmt.Println(request.TransactionID, request.ChainID)
	fmt.Println(len(request.WebAuthnStamp) > 0)
	// Output:
	// {"type":"ACTIVITY_TYPE_SIGN_RAW_PAYLOAD_V2","parameters":{"payload":"00ff"}}
	// 11111111-2222-4333-8444-555555555555 8453
	// true
}

// enrolExample makes a passkey, see the example of FinishRegistration.
func enrolExample(rp *passkey.RelyingParty, browser *passkeytest.Authenticator) *passkey.Credential {
	options, state, err := rp.BeginRegistration(passkey.User{ID: "5f1c0e7e", Name: "ada@example.com"})
	if err != nil {
		log.Fatal(err)
	}
	response, err := browser.Create(options)
	if err != nil {
		log.Fatal(err)
	}
	credential, err := rp.FinishRegistration(state, response, "Ada's phone")
	if err != nil {
		log.Fatal(err)
	}
	return credential
}

func ExampleChallenge() {
	challenge, err := passkey.Challenge([]byte(`{"type": "ACTIVITY_TYPE_SIGN_RAW_PAYLOAD_V2", "timestampMs": "1700000000000"}`))
	if err != nil {
		log.Fatal(err)
	}
	digest, err := base64.RawURLEncoding.DecodeString(challenge)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(string(digest))
	// Output:
	// f90a97c3a42489668eb838959358bafa05c737226d1fddd2622a123a6323934b
}

func ExampleParseUnverified() {
	// Without a state, the response may come from anybody: see the warning of ParseUnverified.
	_, err := passkey.ParseUnverified([]byte(`{"publicKey": {"rawId": "AAAA", "response": {}}}`), "Ada's phone")
	fmt.Println(err)
	fmt.Println(errors.Is(err, passkey.ErrMalformed))
	// Output:
	// passkey: credential: wrapped in another object: pass what PublicKeyCredential.toJSON returned, nothing around it
	// true
}
