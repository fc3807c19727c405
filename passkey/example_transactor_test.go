package passkey_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/byzantinetest"
	"github.com/byzantine-finance/byzantine-go/passkey"
	"github.com/byzantine-finance/byzantine-go/passkeytest"
)

// customer is what the bank keeps between the requests of one signed-in user, on the server.
type customer struct {
	AccountID, UserID string // set when the user signs in

	mu    sync.Mutex
	draft *passkey.Draft // set from the first to the second request of a deposit
}

// keepDraft keeps the draft in place of a former one.
func (c *customer) keepDraft(draft *passkey.Draft) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.draft = draft
}

// takeDraft takes the draft out of the session, so that only one of two requests at the same time gets it.
func (c *customer) takeDraft() *passkey.Draft {
	c.mu.Lock()
	defer c.mu.Unlock()
	draft := c.draft
	c.draft = nil
	return draft
}

// putBack puts the draft back, unless a later one is there.
func (c *customer) putBack(draft *passkey.Draft) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.draft == nil {
		c.draft = draft
	}
}

type bank struct {
	transactor *passkey.Transactor
	session    func(*http.Request) *customer // returns the session of the request's cookie
	passkeys   func(userID string) []passkey.Credential
}

// beginDeposit handles the first request: the user enters an amount, and the page gets the options for
// navigator.credentials.get.
func (b *bank) beginDeposit(w http.ResponseWriter, r *http.Request) {
	s := b.session(r)
	amount, err := byzantine.ParseDecimal(r.FormValue("amount"))
	if err != nil {
		http.Error(w, "Please enter an amount such as 1250.50.", http.StatusBadRequest)
		return
	}
	payload, err := b.transactor.Client.GetDepositPayloadPasskey(r.Context(), &byzantine.GetDepositPayloadPasskeyRequest{
		ChainID:        byzantine.ChainBase,
		AccountID:      s.AccountID,
		VaultAddr:      r.FormValue("vault"),
		Amount:         amount,
		SourceCurrency: byzantine.CurrencyUSDC,
	})
	if err != nil {
		beginAgain(w, err)
		return
	}
	options, draft, err := b.transactor.Begin(s.UserID, payload, b.passkeys(s.UserID))
	if err != nil {
		beginAgain(w, err)
		return
	}
	s.keepDraft(draft)
	w.Header().Set("Content-Type", "application/json")
	w.Write(options)
}

// finishDeposit handles the second request: the page sends what the user's passkey signed.
func (b *bank) finishDeposit(w http.ResponseWriter, r *http.Request) {
	s := b.session(r)
	response, err := io.ReadAll(http.MaxBytesReader(w, r.Body, passkey.MaxResponseBytes))
	if err != nil {
		beginAgain(w, err)
		return
	}
	draft := s.takeDraft() // under a lock, or GETDEL in Redis: two clicks are two requests at the same time
	// The user has signed, so a closed tab must not end the call that submits.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), time.Minute)
	defer cancel()
	// Note draft.Payload.TransactionID with the account before this call: it is what to look for after ErrOutcomeUnknown.
	_, err = b.transactor.Finish(ctx, s.UserID, draft, response)
	switch {
	case err == nil, errors.Is(err, byzantine.ErrTookEffect):
		fmt.Fprint(w, draft.Payload.TransactionID) // WaitForTransaction returns how it ended
	case errors.Is(err, byzantine.ErrOutcomeUnknown):
		// Check draft.Payload.TransactionID with GetTransaction before another deposit is begun.
		http.Error(w, "We do not know yet whether your deposit has begun.", http.StatusBadGateway)
	default:
		if passkey.NothingSent(err) && !errors.Is(err, passkey.ErrState) && !errors.Is(err, passkey.ErrExpired) {
			s.putBack(draft)
		}
		beginAgain(w, err)
	}
}

// beginAgain responds to a request that moved nothing.
func beginAgain(w http.ResponseWriter, err error) {
	switch {
	case errors.Is(err, passkey.ErrState), errors.Is(err, passkey.ErrSubmitted): // a second click, or another tab
		http.Error(w, "You may have signed this already. Please look at your transactions first.", http.StatusConflict)
	case errors.Is(err, passkey.ErrExpired):
		http.Error(w, "That took too long. Please begin again.", http.StatusConflict)
	default:
		log.Print(err) // may quote the API, so it is not for the user
		http.Error(w, "Nothing was moved. Please begin again.", http.StatusBadRequest)
	}
}

// How a user deposits: two requests of the user's browser to the backend, and then a wait for the transaction.
func ExampleTransactor() {
	sandbox := byzantinetest.NewServer(byzantinetest.WithProcessingTime(10 * time.Millisecond))
	defer sandbox.Close()
	rp := &passkey.RelyingParty{ID: "example.com", Name: "Example", Origins: []string{"https://app.example.com"}}
	browser := passkeytest.NewAuthenticator(passkeytest.WithOrigin("https://app.example.com"))
	enrolled := enrolExample(rp, browser)

	user := sandbox.AddUser(byzantinetest.User{Authenticators: []byzantine.AuthenticatorParam{enrolled.Authenticator}})
	account := sandbox.AddAccount(byzantinetest.Account{UserIDs: []string{user.ID}})
	sandbox.Activate(account.ID, byzantine.ChainBase)
	sandbox.Fund(account.ID, byzantine.ChainBase, byzantine.CurrencyUSDC, byzantine.MustParseDecimal("1000"))

	signedIn := &customer{AccountID: account.ID, UserID: user.ID}
	b := &bank{
		transactor: &passkey.Transactor{Client: sandbox.Client(), RelyingParty: rp},
		session:    func(*http.Request) *customer { return signedIn },
		passkeys:   func(string) []passkey.Credential { return []passkey.Credential{*enrolled} },
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /deposit/options", b.beginDeposit)
	mux.HandleFunc("POST /deposit", b.finishDeposit)
	site := httptest.NewServer(mux)
	defer site.Close()

	// From here on, what the user's browser does.
	post := func(path, contentType, body string) string {
		r, err := http.Post(site.URL+path, contentType, strings.NewReader(body))
		if err != nil {
			log.Fatal(err)
		}
		defer r.Body.Close()
		text, err := io.ReadAll(r.Body)
		if err != nil {
			log.Fatal(err)
		}
		return string(text)
	}
	options := post("/deposit/options", "application/x-www-form-urlencoded", url.Values{"amount": {"250.50"}, "vault": {byzantinetest.VaultBaseUSDC}}.Encode())
	response, err := browser.Get(json.RawMessage(options))
	if err != nil {
		log.Fatal(err)
	}
	transactionID := post("/deposit", "application/json", string(response))
	fmt.Println("the same response again:", post("/deposit", "application/json", string(response)))

	transaction, err := b.transactor.Client.WaitForTransaction(context.Background(), transactionID,
		byzantine.WaitInterval(10*time.Millisecond))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(transaction.Type, transaction.IntermediaryAmount, transaction.Status)
	// Output:
	// the same response again: You may have signed this already. Please look at your transactions first.
	//
	// deposit 250.5 completed
}
