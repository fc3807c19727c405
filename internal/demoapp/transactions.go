package demoapp

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/passkey"
)

// confirmation is what the page shows before it asks for the passkey, because the authenticator does not show what is
// signed.
type confirmation struct {
	What    string          `json:"what"` // "Deposit 250.00 USDC into Dollar savings"
	Facts   []fact          `json:"facts"`
	Options json.RawMessage `json:"options"` // for navigator.credentials.get
	Submit  string          `json:"submit"`  // path to which the authenticator's response is sent
}

type fact struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

func (a *app) beginActivation(w http.ResponseWriter, r *http.Request, s session) error {
	id, err := strconv.ParseInt(r.PostFormValue("chain"), 10, 64)
	if err != nil {
		return errNotFound
	}
	chain := byzantine.ChainID(id)
	c := confirmation{
		What:  "Activate your account on " + chainName(chain),
		Facts: []fact{{"Chain", chainName(chain)}, {"Cost", "free of charge"}},
	}
	return a.begin(w, r, s, c, func(ctx context.Context) (*byzantine.Payload, error) {
		return a.Client.GetActivateAccountPayloadPasskey(ctx, &byzantine.GetActivateAccountPayloadPasskeyRequest{
			ChainID: chain, AccountID: s.AccountID,
		})
	})
}

func (a *app) beginDeposit(w http.ResponseWriter, r *http.Request, s session) error {
	vault, sum, err := a.order(r)
	if err != nil {
		return err
	}
	if err := a.atMost(r.Context(), s, vault, sum, available, "in your wallet on "+chainName(vault.Chain)); err != nil {
		return err
	}
	c := confirmation{
		What: fmt.Sprintf("Deposit %s into %s", money(sum, vault.Currency), vault.Name),
		Facts: []fact{
			{"Amount", money(sum, vault.Currency)}, {"From", "Wallet on " + chainName(vault.Chain)}, {"Into", vault.Name},
		},
	}
	return a.begin(w, r, s, c, func(ctx context.Context) (*byzantine.Payload, error) {
		return a.Client.GetDepositPayloadPasskey(ctx, &byzantine.GetDepositPayloadPasskeyRequest{
			ChainID: vault.Chain, AccountID: s.AccountID, VaultAddr: vault.Address,
			Amount: sum, SourceCurrency: byzantine.Currency(vault.Currency),
		})
	})
}

func (a *app) beginWithdrawal(w http.ResponseWriter, r *http.Request, s session) error {
	vault, sum, err := a.order(r)
	if err != nil {
		return err
	}
	if err := a.atMost(r.Context(), s, vault, sum, position, "in this vault"); err != nil {
		return err
	}
	c := confirmation{
		What: fmt.Sprintf("Withdraw %s from %s", money(sum, vault.Currency), vault.Name),
		Facts: []fact{
			{"Amount", money(sum, vault.Currency)}, {"From", vault.Name}, {"Into", "Wallet on " + chainName(vault.Chain)},
		},
	}
	return a.begin(w, r, s, c, func(ctx context.Context) (*byzantine.Payload, error) {
		return a.Client.GetWithdrawPayloadPasskey(ctx, &byzantine.GetWithdrawPayloadPasskeyRequest{
			ChainID: vault.Chain, AccountID: s.AccountID, VaultAddr: vault.Address,
			Amount: sum, DestinationCurrency: byzantine.Currency(vault.Currency),
		})
	})
}

func (a *app) beginCancellation(w http.ResponseWriter, r *http.Request, s session) error {
	// Without this check the API would draft the cancellation of another user's withdrawal, and end that user's draft.
	withdrawal, err := a.transactionOf(r.Context(), s, r.PathValue("id"))
	if err != nil {
		return err
	}
	shown := a.describe(withdrawal)
	c := confirmation{What: "Cancel the withdrawal", Facts: []fact{{"Withdrawal", shown.What}, {"From", shown.Where}}}
	return a.begin(w, r, s, c, func(ctx context.Context) (*byzantine.Payload, error) {
		return a.Client.GetCancelWithdrawalPayloadPasskey(ctx, &byzantine.GetCancelWithdrawalPayloadPasskeyRequest{
			ChainID: withdrawal.ChainID, TransactionID: withdrawal.TransactionID,
		})
	})
}

// order reads the form of a deposit or a withdrawal: the vault and the amount.
func (a *app) order(r *http.Request) (Vault, byzantine.Decimal, error) {
	sum, err := parseAmount(r.PostFormValue("amount"))
	if err != nil {
		return Vault{}, byzantine.Decimal{}, err
	}
	for _, v := range a.Vaults {
		if strings.EqualFold(v.Address, r.PostFormValue("vault")) {
			return v, sum, nil
		}
	}
	return Vault{}, byzantine.Decimal{}, errNotFound
}

// position returns what an account has in a vault.
func position(balances *byzantine.AccountBalances, v Vault) byzantine.Decimal {
	if p := positionIn(balances, v); p != nil {
		return p.Balance
	}
	return zero
}

// atMost returns an error if an amount is more than has returns, so that the user learns it before they are asked for
// their passkey. where says in the message where the money is. If the balances cannot be read, there is no error,
// because the API decides anyway.
func (a *app) atMost(ctx context.Context, s session, v Vault, sum byzantine.Decimal, has func(*byzantine.AccountBalances, Vault) byzantine.Decimal, where string) error {
	balances, err := a.balancesOf(ctx, s)
	if err != nil {
		a.Log.WarnContext(ctx, "no balances", "err", err)
		return nil
	}
	there := has(balances, v)
	if sum.Cmp(there) > 0 {
		return amountProblem("This is more than you have: there are " + money(there, v.Currency) + " " + where + ".")
	}
	return nil
}

// begin is the first half of every transaction: it fetches the payload, which is a draft at the API, and sends c with
// the options for navigator.credentials.get. The draft is kept in the session, in place of a former one, as it is at
// the API.
func (a *app) begin(w http.ResponseWriter, r *http.Request, s session, c confirmation, fetch func(context.Context) (*byzantine.Payload, error)) error {
	if err := a.lookFirst(r, s.Last); err != nil {
		return err
	}
	allowed, err := a.allowedTo(r.Context(), s)
	if err != nil {
		return err
	}
	payload, err := fetch(r.Context())
	if err != nil {
		return err
	}
	var draft *passkey.Draft
	if c.Options, draft, err = a.transactor.Begin(s.UserID, payload, allowed); err != nil {
		return err
	}
	if _, err := a.sessions.change(r, func(s *session) { s.Draft = draft }); err != nil {
		return err
	}
	c.Submit = "/transactions/" + payload.TransactionID + "/submit"
	return respond(w, http.StatusOK, c)
}

// lookFirst returns an error while the outcome of the last transaction is unknown: fetching another payload could end
// that transaction, or the user could pay twice.
func (a *app) lookFirst(r *http.Request, last submission) error {
	if !last.WithoutResponse {
		return nil
	}
	_, err := a.Client.GetTransaction(r.Context(), last.TransactionID)
	switch {
	case errors.Is(err, byzantine.ErrNotFound) && !last.late():
		return &problem{status: http.StatusConflict, message: "We do not know yet whether your last transaction was submitted. Please try again in half a minute."}
	case err != nil && !errors.Is(err, byzantine.ErrNotFound):
		return err
	}
	_, err = a.sessions.change(r, func(s *session) { s.Last.WithoutResponse = false })
	return err
}

// submit is the second half of every transaction: it checks what the passkey has signed and submits it.
func (a *app) submit(w http.ResponseWriter, r *http.Request, s session) error {
	response, err := io.ReadAll(r.Body)
	if err != nil {
		return err
	}
	var draft *passkey.Draft
	var before submission
	_, err = a.sessions.change(r, func(s *session) {
		// A tab whose draft is gone must not submit the draft of another tab. Each draft is submitted once.
		if s.Draft != nil && s.Draft.Payload.TransactionID == r.PathValue("id") {
			draft, s.Draft = s.Draft, nil
			// The outcome is unknown until there is a response. Other tabs read that from the session.
			before, s.Last = s.Last, submission{TransactionID: draft.Payload.TransactionID, At: time.Now(), WithoutResponse: true}
		}
	})
	if err != nil {
		return err
	}
	// The user has signed, so a closed tab must not end the call that submits the signature.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), time.Minute)
	defer cancel()
	_, err = a.transactor.Finish(ctx, s.UserID, draft, response)
	last := before
	switch {
	case errors.Is(err, byzantine.ErrOutcomeUnknown):
		a.Log.ErrorContext(ctx, "outcome unknown", "err", err)
		last = submission{TransactionID: draft.Payload.TransactionID, At: time.Now(), WithoutResponse: true}
	case err == nil, errors.Is(err, byzantine.ErrTookEffect):
		last, err = submission{TransactionID: draft.Payload.TransactionID, At: time.Now()}, nil
	case draft == nil:
		return err
	}
	if _, changing := a.sessions.change(r, func(s *session) { s.Last = last }); changing != nil {
		return changing
	}
	if err != nil && !last.WithoutResponse {
		return err
	}
	// The page of the transaction shows its status from now on.
	return respond(w, http.StatusOK, map[string]string{"location": "/transactions/" + last.TransactionID})
}
