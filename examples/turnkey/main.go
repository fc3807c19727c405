// Turnkey submits passkeys to Turnkey's create_authenticators, for users who have an organisation at Turnkey
// themselves. It runs against the fake of package turnkeytest and plays all parts, the browser and the approver
// included:
//
//	go run ./examples/turnkey
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/passkey"
	"github.com/byzantine-finance/byzantine-go/passkeytest"
	"github.com/byzantine-finance/byzantine-go/turnkey"
	"github.com/byzantine-finance/byzantine-go/turnkeytest"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "turnkey:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, out io.Writer) error {
	fake := turnkeytest.NewServer(turnkeytest.Organization{})
	defer fake.Close()
	organization := fake.Organization()
	// For Turnkey itself, use an API key of the organisation and no base URL.
	client, err := turnkey.NewClient(organization.Key, organization.ID, byzantine.WithBaseURL(fake.URL))
	if err != nil {
		return err
	}
	fmt.Fprintln(out, "Running against the local fake of Turnkey at", fake.URL)

	fake.Play(turnkey.ActivityPending, turnkey.ActivityCompleted)
	ids, err := create(ctx, client, organization.UserID, "My phone")
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "1. The first passkey is enrolled, after a look a second later. Authenticator ids: %s\n", strings.Join(ids, ", "))

	fake.Play(turnkey.ActivityConsensusNeeded)
	_, err = create(ctx, client, organization.UserID, "My laptop")
	var consensus *turnkey.ConsensusError
	if !errors.As(err, &consensus) {
		return fmt.Errorf("an approval should be needed, but: %v", err)
	}
	fmt.Fprintf(out, "2. Somebody has to approve the second one: activity %s, fingerprint %s.\n",
		consensus.Activity.ID, consensus.Activity.Fingerprint)

	fake.Approve(consensus.Activity.ID)
	activity, err := client.GetActivity(ctx, consensus.Activity.ID)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "3. They did: %s with %d votes. Authenticator ids: %s\n",
		activity.Status, len(activity.Votes), strings.Join(activity.AuthenticatorIDs(), ", "))

	fmt.Fprintln(out, "\nWhat the fake saw, each stamp verified:")
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, r := range fake.Requests() {
		fmt.Fprintf(table, "  %s\t%s\t%d\t%.20s...\n", r.Method, r.URI, r.Status, r.Header.Get("X-Stamp"))
	}
	return table.Flush()
}

// create creates a passkey and submits it. Turnkey gets the same object as Byzantine.
func create(ctx context.Context, client *turnkey.Client, userID, name string) ([]string, error) {
	credential, err := newPasskey(userID, name)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	return client.CreateAuthenticators(ctx, userID, []byzantine.AuthenticatorParam{credential.Authenticator})
}

// newPasskey plays the browser. A real browser gets the options of BeginRegistration and sends what
// navigator.credentials.create returns.
func newPasskey(userID, name string) (*passkey.Credential, error) {
	rp := &passkey.RelyingParty{ID: "example.com", Name: "Example", Origins: []string{"https://example.com"}}
	options, state, err := rp.BeginRegistration(passkey.User{ID: userID, Name: "ada@example.com"})
	if err != nil {
		return nil, err
	}
	response, err := passkeytest.NewAuthenticator().Create(options)
	if err != nil {
		return nil, err
	}
	return rp.FinishRegistration(state, response, name)
}
