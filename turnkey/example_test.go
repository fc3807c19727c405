package turnkey_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/passkey"
	"github.com/byzantine-finance/byzantine-go/passkeytest"
	"github.com/byzantine-finance/byzantine-go/turnkey"
	"github.com/byzantine-finance/byzantine-go/turnkeytest"
)

// enrolledPasskey returns a passkey as FinishRegistration returns it, here of a software authenticator.
func enrolledPasskey() *passkey.Credential {
	rp := &passkey.RelyingParty{ID: "example.com", Name: "Example", Origins: []string{"https://example.com"}}
	options, state, err := rp.BeginRegistration(passkey.User{ID: "user-1", Name: "ada@example.com"})
	if err != nil {
		log.Fatal(err)
	}
	response, err := passkeytest.NewAuthenticator().Create(options)
	if err != nil {
		log.Fatal(err)
	}
	credential, err := rp.FinishRegistration(state, response, "My phone")
	if err != nil {
		log.Fatal(err)
	}
	return credential
}

// newClient returns a client of Turnkey. A test passes WithBaseURL with the address of a turnkeytest.Server.
func newClient(organizationID, privateKey string, opts ...byzantine.Option) (*turnkey.Client, error) {
	key, err := byzantine.ParsePrivateKey(privateKey)
	if err != nil {
		return nil, err
	}
	return turnkey.NewClient(key, organizationID, opts...)
}

func ExampleClient_CreateAuthenticators() {
	server := turnkeytest.NewServer(turnkeytest.Organization{})
	defer server.Close()
	organization := server.Organization()
	client, err := newClient(organization.ID, organization.Key.SecretHex(), byzantine.WithBaseURL(server.URL))
	if err != nil {
		log.Fatal(err)
	}
	credential, userID := enrolledPasskey(), organization.UserID

	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	ids, err := client.CreateAuthenticators(ctx, userID, []byzantine.AuthenticatorParam{credential.Authenticator})
	var consensus *turnkey.ConsensusError
	if errors.As(err, &consensus) {
		fmt.Println("to be approved:", consensus.Activity.Fingerprint)
		return
	}
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("authenticators created:", len(ids))
	// Output: authenticators created: 1
}

func ExampleClient_GetActivity() {
	server := turnkeytest.NewServer(turnkeytest.Organization{})
	defer server.Close()
	server.Play(turnkey.ActivityConsensusNeeded)
	client := server.Client()
	ctx := context.Background()

	_, err := client.CreateAuthenticators(ctx, server.Organization().UserID, []byzantine.AuthenticatorParam{enrolledPasskey().Authenticator})
	var consensus *turnkey.ConsensusError
	if !errors.As(err, &consensus) {
		log.Fatal(err)
	}
	fmt.Println(consensus.Activity.Status)

	server.Approve(consensus.Activity.ID) // what a user of the organisation does
	activity, err := client.GetActivity(ctx, consensus.Activity.ID)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(activity.Status, len(activity.AuthenticatorIDs()))
	// Output:
	// ACTIVITY_STATUS_CONSENSUS_NEEDED
	// ACTIVITY_STATUS_COMPLETED 1
}

func ExampleClient_SubmitCreateAuthenticators() {
	server := turnkeytest.NewServer(turnkeytest.Organization{})
	defer server.Close()
	client := server.Client(byzantine.WithMaxAttempts(1))
	ctx := context.Background()

	request := client.NewCreateAuthenticatorsRequest(server.Organization().UserID, []byzantine.AuthenticatorParam{enrolledPasskey().Authenticator})

	// The first submission takes effect, but its response is lost.
	server.Fail("create_authenticators", 1, turnkeytest.Fault{Reset: true, TakesEffect: true})
	ids, err := client.SubmitCreateAuthenticators(ctx, request)
	if errors.Is(err, byzantine.ErrOutcomeUnknown) {
		ids, err = client.SubmitCreateAuthenticators(ctx, request) // the same bytes are the same activity
	}
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(ids), len(server.Authenticators()))
	// Output: 1 1
}

func ExampleError() {
	server := turnkeytest.NewServer(turnkeytest.Organization{})
	defer server.Close()
	client, err := turnkey.NewClient(server.Organization().Key, "11111111-1111-4111-8111-111111111111", byzantine.WithBaseURL(server.URL))
	if err != nil {
		log.Fatal(err)
	}

	_, err = client.GetActivity(context.Background(), "0d4b3b6e-5d1c-4e0e-8d0b-0c7f0e0a9d11")
	var rejected *turnkey.Error
	if errors.As(err, &rejected) && rejected.TurnkeyErrorCode == turnkey.CodeOrganizationNotFound {
		fmt.Println(err)
	}
	// Output: turnkey: get_activity: 404 Not Found: there is no such organization (POST /public/v1/query/get_activity, 1 attempt); turnkeyErrorCode "ORGANIZATION_NOT_FOUND"
}
