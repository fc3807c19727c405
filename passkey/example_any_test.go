package passkey_test

import (
	"fmt"
	"log"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/passkey"
	"github.com/byzantine-finance/byzantine-go/passkeytest"
)

// Any passkey of the browser's user may sign. Only the API checks which user that is.
func ExampleRelyingParty_BeginSigningAny() {
	rp := &passkey.RelyingParty{ID: "example.com", Name: "Example", Origins: []string{"https://app.example.com"}}
	payload := &byzantine.Payload{BodyToSign: []byte(`{"type":"ACTIVITY_TYPE_UPDATE_ROOT_QUORUM","parameters":{"threshold":1,"userIds":["u"]}}`)}
	_, _, err := rp.BeginSigning(payload, nil)
	fmt.Println(err)
	_, state, err := rp.BeginSigningAny(payload)
	fmt.Println(state.AnyCredential, err)
	// Output:
	// passkey: allowed: empty: without one anybody's passkey could sign (BeginSigningAny is for that)
	// true <nil>
}

// For an API that requires credentialId as its documentation describes it, the id is encoded as CBOR.
func ExampleCredential_WithCBORCredentialID() {
	rp := &passkey.RelyingParty{ID: "example.com", Name: "Example", Origins: []string{"https://app.example.com"}}
	browser := passkeytest.NewAuthenticator(
		passkeytest.WithOrigin("https://app.example.com"),
		passkeytest.WithDeterministicKeys("example"),
	)
	credential := enrolExample(rp, browser)
	param, err := credential.WithCBORCredentialID()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(credential.Authenticator.Attestation.CredentialID)
	fmt.Println(param.Attestation.CredentialID)
	// Output:
	// ebClBUCSdnw00221rOatlh4O6IzbYUH62Hd33YL9c6M
	// WCB5sKUFQJJ2fDTTbbWs5q2WHg7ojNthQfrYd3fdgv1zow
}

// Several processes share their sessions, and each sets a mark in a common store before it calls Finish. NothingSent
// says whether it may delete the mark after an error.
func ExampleNothingSent() {
	for _, err := range []error{
		&byzantine.TransportError{Sent: false},
		&byzantine.TransportError{Sent: true},
		&byzantine.Error{StatusCode: 400},
	} {
		fmt.Println(passkey.NothingSent(err)) // if true, delete the mark, so that the user can finish the same draft again
	}
	// Output:
	// true
	// false
	// false
}
