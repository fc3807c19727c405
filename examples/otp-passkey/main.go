// Otp-passkey registers a passkey with an e-mailed one-time code, by the three calls that a backend makes for it.
//
// Without a key in the environment it starts the local sandbox and plays all parts, the user's mailbox included:
//
//	go run ./examples/otp-passkey
//
// With BYZANTINE_PRIVATE_KEY set it calls Byzantine's sandbox, or the host in BYZANTINE_BASE_URL, and asks for the account
// id, the user id, the e-mail address and the code on the terminal.
package main

import (
	"bufio"
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
	"github.com/byzantine-finance/byzantine-go/byzantinetest"
	"github.com/byzantine-finance/byzantine-go/internal/keyenv"
	"github.com/byzantine-finance/byzantine-go/passkey"
	"github.com/byzantine-finance/byzantine-go/passkeytest"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "otp-passkey:", err)
		os.Exit(1)
	}
}

// world is what the program runs against: the local sandbox, or the real API with a person at the terminal who types
// the code.
type world struct {
	client            *byzantine.Client
	accountID, userID string
	email             string
	code              func(otpID string) (string, error)
	report            func() // prints the requests that the sandbox has received; nothing for the real API
}

func run(ctx context.Context, in io.Reader, out io.Writer) error {
	var w *world
	var err error
	if !keyenv.IsSet(os.Getenv) {
		sandbox := byzantinetest.NewServer()
		defer sandbox.Close()
		fmt.Fprintln(out, "No BYZANTINE_PRIVATE_KEY in the environment: running against the local sandbox at", sandbox.URL)
		w = localWorld(sandbox, out)
	} else {
		if w, err = terminalWorld(in, out); err != nil {
			return err
		}
		fmt.Fprintln(out, "The passkey comes from a software authenticator: good for trying out, not for real users.")
	}
	if err := enrol(ctx, w, out); err != nil {
		return err
	}
	w.report()
	return nil
}

// enrol registers a passkey. A backend does this in three requests of the user's browser: see docs/passkeys.md.
func enrol(ctx context.Context, w *world, out io.Writer) error {
	me, err := w.client.Whoami(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "1. We are integrator %s with a %s key.\n", me.IntegratorID, me.AccessScope)

	otp, err := w.client.InitOTP(ctx, &byzantine.InitOTPRequest{AccountID: w.accountID, UserID: w.userID})
	if err != nil {
		return err
	}
	code, err := w.code(otp.OTPID)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "2. The code %s arrived by e-mail.\n", code)

	session, err := w.client.OTPAuth(ctx, &byzantine.OTPAuthRequest{
		AccountID: w.accountID, UserID: w.userID, OTPID: otp.OTPID, OTPCode: code,
	})
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "3. It opened session %s, until %s.\n", session.SessionID, session.ExpiresAt.Format(time.RFC3339))

	credential, err := createPasskey(passkey.User{ID: w.userID, Name: w.email, DisplayName: w.email})
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "4. The authenticator made a passkey: name %q, transports %v, AAGUID %s.\n",
		credential.Authenticator.AuthenticatorName, credential.Authenticator.Attestation.Transports, credential.AAGUID)

	created, err := w.client.CreateAuthenticatorsOTP(ctx, &byzantine.CreateAuthenticatorsOTPRequest{
		SessionID:      session.SessionID,
		AccountID:      w.accountID,
		UserID:         w.userID,
		Authenticators: []byzantine.AuthenticatorParam{credential.Authenticator},
	})
	if errors.Is(err, byzantine.ErrOutcomeUnknown) || errors.Is(err, byzantine.ErrTookEffect) {
		return fmt.Errorf("look at the user's passkeys before you try again: %w", err)
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "5. The passkey is enrolled. Authenticator ids: %s\n", strings.Join(created.AuthenticatorIDs, ", "))
	return nil
}

// createPasskey plays the browser. A real browser gets the options of BeginRegistration and sends what
// navigator.credentials.create returns.
func createPasskey(user passkey.User) (*passkey.Credential, error) {
	rp := &passkey.RelyingParty{ID: "example.com", Name: "Example", Origins: []string{"https://example.com"}}
	options, state, err := rp.BeginRegistration(user)
	if err != nil {
		return nil, err
	}
	response, err := passkeytest.NewAuthenticator().Create(options)
	if err != nil {
		return nil, err
	}
	return rp.FinishRegistration(state, response, "Software authenticator")
}

func localWorld(sandbox *byzantinetest.Server, out io.Writer) *world {
	user := sandbox.AddUser(byzantinetest.User{Email: "ada@example.com", FirstName: "Ada", LastName: "Lovelace"})
	account := sandbox.AddAccount(byzantinetest.Account{Name: "Ada's account", UserIDs: []string{user.ID}})
	return &world{
		client:    sandbox.Client(),
		accountID: account.ID,
		userID:    user.ID,
		email:     user.Email,
		code:      func(otpID string) (string, error) { return sandbox.OTPCode(otpID), nil },
		report: func() {
			fmt.Fprintln(out, "\nWhat the sandbox saw, each signature verified:")
			table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
			for _, r := range sandbox.Requests() {
				fmt.Fprintf(table, "  %s\t%s\t%d\t%.20s...\n", r.Method, r.URI, r.Status, r.Header.Get("X-Signature"))
			}
			table.Flush()
		},
	}
}

func terminalWorld(in io.Reader, out io.Writer) (*world, error) {
	client, err := byzantine.NewClientFromEnv(byzantine.WithUserAgent("otp-passkey-example"))
	if err != nil {
		return nil, err
	}
	lines := bufio.NewScanner(in)
	ask := func(question string) (string, error) {
		fmt.Fprint(out, question+": ")
		if !lines.Scan() {
			return "", errors.Join(fmt.Errorf("no response to %q", question), lines.Err())
		}
		return strings.TrimSpace(lines.Text()), nil
	}
	w := &world{client: client, report: func() {}}
	for _, item := range []struct {
		question string
		response *string
	}{{"Account id", &w.accountID}, {"User id", &w.userID}, {"The user's e-mail address", &w.email}} {
		if *item.response, err = ask(item.question); err != nil {
			return nil, err
		}
	}
	w.code = func(string) (string, error) { return ask("Code from the e-mail") }
	return w, nil
}
