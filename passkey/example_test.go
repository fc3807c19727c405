package passkey_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"log"

	"github.com/byzantine-finance/byzantine-go/byzantinetest"
	"github.com/byzantine-finance/byzantine-go/passkey"
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

	// The page calls navigator.credentials.create. Here an authenticator in software stands in for it.
	browser := byzantinetest.NewAuthenticator(
		byzantinetest.WithOrigin("https://app.example.com"),
		byzantinetest.WithDeterministicKeys("example"),
	)
	response, err := browser.Create(options)
	if err != nil {
		log.Fatal(err)
	}

	// Second request: take the state out of the session, so that it serves once, and see whose it is.
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

func ExampleParseUnverified() {
	// Nothing but the response is at hand: it may come from anybody. See the warning.
	_, err := passkey.ParseUnverified([]byte(`{"publicKey": {"rawId": "AAAA", "response": {}}}`), "Ada's phone")
	fmt.Println(err)
	fmt.Println(errors.Is(err, passkey.ErrMalformed))
	// Output:
	// passkey: credential: wrapped in another object: pass what PublicKeyCredential.toJSON returned, nothing around it
	// true
}
