package simulation

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/byzantinetest"
	"github.com/byzantine-finance/byzantine-go/passkey"
	"github.com/byzantine-finance/byzantine-go/passkeytest"
)

const site = "https://app.bank.example"

var relyingParty = &passkey.RelyingParty{ID: "bank.example", Name: "Bank", Origins: []string{site}}

// person is a user with a device and a browser.
type person struct {
	world     *World
	name      string
	device    *passkeytest.Authenticator
	userID    string
	accountID string
	email     string
	wallet    string // its address
	passkeys  []passkey.Credential
}

// newPerson makes a user whose account can move funds.
func (w *World) newPerson(i int) (*person, error) {
	p := &person{world: w, name: fmt.Sprintf("user-%d", i)}
	p.device = passkeytest.NewAuthenticator(passkeytest.WithOrigin(site), passkeytest.WithDeterministicKeys(fmt.Sprint(w.seed, p.name)),
		passkeytest.WithAlgorithms(passkeytest.AlgorithmES256))
	p.email = fmt.Sprintf("secret.person%d.%d@mail.example", i, w.seed)
	credential, err := p.newPasskey("u" + p.name)
	if err != nil {
		return nil, err
	}
	p.passkeys = []passkey.Credential{*credential}
	user := w.sandbox.AddUser(byzantinetest.User{
		Email: p.email, FirstName: "Secretfirst" + p.name, LastName: "Secretlast" + p.name,
		Authenticators: []byzantine.AuthenticatorParam{credential.Authenticator},
	})
	account := w.sandbox.AddAccount(byzantinetest.Account{UserIDs: []string{user.ID}})
	w.sandbox.Activate(account.ID, chain)
	w.sandbox.Fund(account.ID, chain, byzantine.CurrencyUSDC, funded)
	p.wallet = account.WalletAddress
	p.userID, p.accountID = user.ID, account.ID
	w.secrets.add("an e-mail address", p.email)
	w.secrets.add("a first name", user.FirstName)
	w.secrets.add("a last name", user.LastName)
	return p, nil
}

const chain = byzantine.ChainBase

func (p *person) newPasskey(label string) (*passkey.Credential, error) {
	options, state, err := relyingParty.BeginRegistration(passkey.User{ID: p.name, Name: p.email, DisplayName: p.email})
	if err != nil {
		return nil, err
	}
	response, err := p.device.Create(options)
	if err != nil {
		return nil, err
	}
	return relyingParty.FinishRegistration(state, response, label)
}

// visit is one thing that a user does on the site. Each visit has its own randomness, because goroutines of a program that has
// crashed meanwhile may still draw from it.
type visit struct {
	*person
	on     *program
	random *rand.Rand
}

// live makes the user's visits in one tab of the browser, one after the other.
func (p *person) live(tab, actions int) {
	name := fmt.Sprintf("%s, tab %d", p.name, tab)
	random := p.world.random(name)
	for i := range actions {
		p.world.instants.sleep(p.world.ctx, between(random, time.Second, 2*time.Minute))
		v := &visit{p, pick(random, p.world.replicas...).current.Load(), p.world.random(fmt.Sprintf("%s, visit %d", name, i))}
		do := pick(random, v.deposit, v.deposit, v.deposit, v.withdraw, v.withdraw, v.transfer, v.cancel, v.invite, v.enrol, v.enrol, v.look, v.refer, v.newKey, v.browse)
		if !v.on.process.alive() {
			p.world.trace.add(p.name, "finds the site", "down")
			continue
		}
		if err := v.on.process.call(do); err != nil {
			p.world.trace.add(p.name, "sees an error", outcome(err))
		}
	}
}

// think waits for most at the longest. It returns errCrashed if the program crashes meanwhile.
func (v *visit) think(most time.Duration) error {
	if !v.world.instants.sleep(v.on.process.ctx, between(v.random, most/10, most)) {
		return errCrashed
	}
	return nil
}

// limit returns how long the browser waits for a request before the user leaves; 0 is no limit.
func (v *visit) limit() time.Duration {
	return pick(v.random, 0, between(v.random, 100*time.Millisecond, 3*time.Second), between(v.random, 5*time.Second, 2*time.Minute))
}

// enrol adds a passkey, with a code that the user mistypes at first in half of the cases.
func (v *visit) enrol(ctx context.Context) error {
	var otp *byzantine.InitOTPResponse
	err := v.on.call(ctx, "InitOTP", false, v.limit(), func(ctx context.Context) (err error) {
		otp, err = v.on.client.InitOTP(ctx, &byzantine.InitOTPRequest{AccountID: v.accountID, UserID: v.userID})
		return err
	})
	if err != nil {
		return err
	}
	if err := v.think(40 * time.Second); err != nil {
		return err
	}
	if len(otp.OTPID) != len(v.userID) {
		return errors.New("the proxy has changed the id, so the code in the e-mail belongs to another")
	}
	code := v.world.sandbox.OTPCode(otp.OTPID)
	if v.random.IntN(2) == 0 {
		_ = v.on.call(ctx, "OTPAuth", false, v.limit(), func(ctx context.Context) error {
			_, err := v.on.client.OTPAuth(ctx, &byzantine.OTPAuthRequest{AccountID: v.accountID, UserID: v.userID, OTPID: otp.OTPID, OTPCode: "1" + code})
			return err
		})
		if err := v.think(20 * time.Second); err != nil {
			return err
		}
	}
	var session *byzantine.OTPSession
	err = v.on.call(ctx, "OTPAuth", false, v.limit(), func(ctx context.Context) (err error) {
		session, err = v.on.client.OTPAuth(ctx, &byzantine.OTPAuthRequest{AccountID: v.accountID, UserID: v.userID, OTPID: otp.OTPID, OTPCode: code})
		return err
	})
	if err != nil {
		return err
	}
	if err := v.think(20 * time.Second); err != nil {
		return err
	}
	credential, err := v.newPasskey("another")
	if err != nil {
		return err
	}
	return v.on.call(ctx, "CreateAuthenticatorsOTP", false, v.limit(), func(ctx context.Context) error {
		_, err := v.on.client.CreateAuthenticatorsOTP(ctx, &byzantine.CreateAuthenticatorsOTPRequest{
			SessionID: session.SessionID, AccountID: v.accountID, UserID: v.userID,
			Authenticators: []byzantine.AuthenticatorParam{credential.Authenticator},
		})
		return err
	})
}

// look reads the details of the user.
func (v *visit) look(ctx context.Context) error {
	return v.on.call(ctx, "GetUserDetails", true, v.limit(), func(ctx context.Context) error {
		request := &byzantine.GetUserDetailsRequest{UserID: v.userID}
		if v.random.IntN(2) == 0 {
			request = &byzantine.GetUserDetailsRequest{Email: v.email}
		}
		_, err := v.on.client.GetUserDetails(ctx, request)
		return err
	})
}

// refer brings a new customer.
func (v *visit) refer(ctx context.Context) error {
	n := v.random.IntN(1 << 30)
	info := byzantine.UserInfo{
		FirstName: fmt.Sprintf("Secretfriend%d", n), LastName: fmt.Sprintf("Secretfamily%d", n), Email: fmt.Sprintf("secret.friend%d@mail.example", n),
	}
	v.world.secrets.add("a customer's name", info.FirstName)
	v.world.secrets.add("a customer's e-mail address", info.Email)
	return v.on.call(ctx, "CreateIndividualAccount", false, v.limit(), func(ctx context.Context) error {
		_, err := v.on.client.CreateIndividualAccount(ctx, &byzantine.CreateIndividualAccountRequest{
			UserInfo:               info,
			RootUsers:              []byzantine.RootUserParam{{FirstName: info.FirstName, LastName: info.LastName, Email: info.Email}},
			ByzantineTermsSignedAt: time.Now(),
		})
		return err
	})
}

// newKey has the API create a credential and its key pair.
func (v *visit) newKey(ctx context.Context) error {
	return v.on.call(ctx, "CreateCredential", false, v.limit(), func(ctx context.Context) error {
		_, err := v.on.client.CreateCredential(ctx, &byzantine.CreateCredentialRequest{Label: usersLabel})
		return err
	})
}

// browse reads up to 50 events, and the transactions to their end.
func (v *visit) browse(ctx context.Context) error {
	return v.on.calls(ctx, "AllEvents and AllTransactions", 15*time.Minute, func(ctx context.Context) error {
		n := 0
		for _, err := range v.on.client.AllEvents(ctx, &byzantine.ListEventsRequest{Limit: browsedEvents}) {
			if n++; err != nil || n > 50 {
				break
			}
		}
		var last error
		for _, err := range v.on.client.AllTransactions(ctx, &byzantine.GetAllTransactionsRequest{Limit: browsedTransactions}) {
			last = err
		}
		return last
	})
}

// The page sizes of browse. No other call asks for pages of these sizes, so endlessPage recognizes its requests by them.
const (
	browsedEvents       = 7
	browsedTransactions = 4
)
