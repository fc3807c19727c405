package demoapp

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/passkey"
)

func (a *app) beginActivation(w http.ResponseWriter, r *http.Request, s session) error {
	chain, err := strconv.ParseInt(r.PostFormValue("chain"), 10, 64)
	if err != nil {
		return errNotFound
	}
	return a.begin(w, r, s, "Activate your account on "+chainName(byzantine.ChainID(chain)), func(ctx context.Context) (*byzantine.Payload, error) {
		return a.Client.GetActivateAccountPayloadPasskey(ctx, &byzantine.GetActivateAccountPayloadPasskeyRequest{
			ChainID: byzantine.ChainID(chain), AccountID: s.AccountID,
		})
	})
}

func (a *app) beginDeposit(w http.ResponseWriter, r *http.Request, s session) error {
	vault, sum, err := a.order(r)
	if err != nil {
		return err
	}
	what := fmt.Sprintf("Deposit %s into %s", money(sum, vault.Currency), vault.Name)
	return a.begin(w, r, s, what, func(ctx context.Context) (*byzantine.Payload, error) {
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
	what := fmt.Sprintf("Withdraw %s from %s", money(sum, vault.Currency), vault.Name)
	return a.begin(w, r, s, what, func(ctx context.Context) (*byzantine.Payload, error) {
		return a.Client.GetWithdrawPayloadPasskey(ctx, &byzantine.GetWithdrawPayloadPasskeyRequest{
			ChainID: vault.Chain, AccountID: s.AccountID, VaultAddr: vault.Address,
			Amount: sum, DestinationCurrency: byzantine.Currency(vault.Currency),
		})
	})
}

func (a *app) beginCancellation(w http.ResponseWriter, r *http.Request, s session) error {
	// The API would draft the cancellation of anybody's withdrawal, and end their draft.
	withdrawal, err := a.transactionOf(r.Context(), s, r.PathValue("id"))
	if err != nil {
		return err
	}
	return a.begin(w, r, s, "Cancel the withdrawal", func(ctx context.Context) (*byzantine.Payload, error) {
		return a.Client.GetCancelWithdrawalPayloadPasskey(ctx, &byzantine.GetCancelWithdrawalPayloadPasskeyRequest{
			ChainID: withdrawal.ChainID, TransactionID: withdrawal.TransactionID,
		})
	})
}

// amountForm has the six decimals of the stablecoins: the API drops what is behind them, and the user would sign for another
// amount than they are shown.
var amountForm = regexp.MustCompile(`^[0-9]{1,15}(\.[0-9]{1,6})?$`)

// order reads the form of a deposit or a withdrawal.
func (a *app) order(r *http.Request) (Vault, byzantine.Decimal, error) {
	sum := strings.TrimSpace(r.PostFormValue("amount"))
	if !amountForm.MatchString(sum) || strings.Trim(sum, "0.") == "" {
		return Vault{}, "", &problem{http.StatusBadRequest, "Please enter an amount such as 250 or 250.50."}
	}
	for _, v := range a.Vaults {
		if strings.EqualFold(v.Address, r.PostFormValue("vault")) {
			return v, byzantine.Decimal(sum), nil
		}
	}
	return Vault{}, "", errNotFound
}

// begin is the first half of every transaction: it drafts it at the API and sends the options for
// navigator.credentials.get. The draft stays in the session, where it takes the place of a former one, as it did at the
// API. what says what the user is about to sign: their passkey shows nothing of it.
func (a *app) begin(w http.ResponseWriter, r *http.Request, s session, what string, fetch func(context.Context) (*byzantine.Payload, error)) error {
	if err := a.lookFirst(r, s.Last); err != nil {
		return err
	}
	known, err := a.passkeysOf(r.Context(), s)
	if err != nil {
		return err
	}
	if len(known) == 0 {
		return errNoPasskey
	}
	var allowed []passkey.Credential
	for _, k := range known {
		allowed = append(allowed, a.passkeys.get(s.UserID, k.CredentialID))
	}
	payload, err := fetch(r.Context())
	if err != nil {
		return err
	}
	options, draft, err := a.transactor.Begin(s.UserID, payload, allowed)
	if err != nil {
		return err
	}
	if _, err := a.sessions.change(r, func(s *session) { s.Draft = draft }); err != nil {
		return err
	}
	return respond(w, map[string]any{
		"what": what, "options": options, "submit": "/transactions/" + payload.TransactionID + "/submit",
	})
}

// lookFirst refuses to begin a transaction while nobody knows what became of the last one: to ask for another payload
// could end it, or the user could pay twice.
func (a *app) lookFirst(r *http.Request, last submission) error {
	if !last.Unanswered {
		return nil
	}
	_, err := a.Client.GetTransaction(r.Context(), last.TransactionID)
	switch {
	case errors.Is(err, byzantine.ErrNotFound) && !last.late():
		return &problem{http.StatusConflict, "We do not know yet whether your last transaction was submitted. Please try again in half a minute."}
	case err != nil && !errors.Is(err, byzantine.ErrNotFound):
		return err
	}
	_, err = a.sessions.change(r, func(s *session) { s.Last.Unanswered = false })
	return err
}

// submit is the second half of every transaction: it checks what the passkey signed and submits it.
func (a *app) submit(w http.ResponseWriter, r *http.Request, s session) error {
	var draft *passkey.Draft
	_, err := a.sessions.change(r, func(s *session) {
		// A tab whose draft is gone must not take another tab's. The right one counts once.
		if s.Draft != nil && s.Draft.Payload.TransactionID == r.PathValue("id") {
			draft, s.Draft = s.Draft, nil
		}
	})
	if err != nil {
		return err
	}
	response, err := io.ReadAll(r.Body)
	if err != nil {
		return err
	}
	// The user has signed, so a closed tab must not end the call that submits.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), time.Minute)
	defer cancel()
	submitted, err := a.transactor.Finish(ctx, s.UserID, draft, response)
	last := submission{At: time.Now()}
	switch {
	case errors.Is(err, byzantine.ErrOutcomeUnknown):
		a.Log.ErrorContext(ctx, "outcome unknown", "err", err)
		last.TransactionID, last.Unanswered = draft.Payload.TransactionID, true
	case err != nil:
		return err
	default:
		last.TransactionID = submitted.TransactionID
	}
	if _, err := a.sessions.change(r, func(s *session) { s.Last = last }); err != nil {
		return err
	}
	// The transaction's page looks for it, and shows how it goes on.
	return respond(w, map[string]string{"location": "/transactions/" + last.TransactionID})
}
