package demoapp

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/byzantine-finance/byzantine-go"
)

// maxWait is how long a request for the next status may take: longer than the API may not show a new transaction, and
// shorter than the time after which common proxies end a request.
const maxWait = 45 * time.Second

// transactionView is the description of a transaction for its page.
type transactionView struct {
	ID          string    `json:"-"`
	What        string    `json:"-"` // "Deposit of 250.00 USDC"
	Where       string    `json:"-"` // the vault, or the chain
	Chain       string    `json:"-"`
	Hash        string    `json:"-"`
	Created     time.Time `json:"-"`
	Status      string    `json:"status"` // the API's value; empty if the API does not show the transaction
	State       string    `json:"state"`  // the status in one or two words
	Meaning     string    `json:"meaning"`
	Steps       []step    `json:"steps"`
	Final       bool      `json:"final"`       // the status will not change any more
	Cancellable bool      `json:"cancellable"` // while it waits in the vault's queue
}

// states are the words and the explanation that the user sees for each status.
var states = map[byzantine.TransactionStatus]struct{ state, meaning string }{
	byzantine.TransactionWithdrawalInitiated: {"Queued", "The vault pays it out later. Until then you can cancel it."},
	byzantine.TransactionWaitingForFunds:     {"Waiting for funds", "It goes on when the money has arrived."},
	byzantine.TransactionFundsInTransfer:     {"In transfer", "The money is between the banks and the chain."},
	byzantine.TransactionFundsReceived:       {"Funds received", "The money has arrived."},
	byzantine.TransactionProcessing:          {"Processing", "It was sent to the chain. This takes some seconds."},
	byzantine.TransactionCompleted:           {"Completed", "All done."},
	byzantine.TransactionSimulationFailed:    {"Failed", "It was stopped before it reached the chain. Nothing was moved."},
	byzantine.TransactionReverted:            {"Reverted", "The chain has undone it. Nothing was moved."},
	byzantine.TransactionRefunded:            {"Refunded", "The money was sent back."},
	byzantine.TransactionCancelled:           {"Cancelled", "Nothing was moved."},
}

var kinds = map[byzantine.TransactionType]string{
	byzantine.TransactionTypeDeposit:       "Deposit",
	byzantine.TransactionTypeWithdraw:      "Withdrawal",
	byzantine.TransactionTypeAuthorization: "Activation",
}

// describe returns the description of a transaction. Types and statuses that this application does not know are shown
// in the API's words, see inWords.
func (a *app) describe(t *byzantine.Transaction) transactionView {
	v := transactionView{
		ID: t.TransactionID, What: kinds[t.Type], Where: chainName(t.ChainID), Chain: chainName(t.ChainID), Created: t.CreatedAt,
		Status: string(t.Status), Final: t.Status.Terminal(), Hash: t.TransactionHash,
		Cancellable: t.WithdrawalRequest != nil && t.WithdrawalRequest.Status == byzantine.WithdrawalPending,
	}
	if v.What == "" {
		v.What = inWords(string(t.Type))
	}
	if t.SourceAmount.IsSet() && t.SourceCurrency != "" {
		v.What += " of " + money(t.SourceAmount, t.SourceCurrency)
	}
	if t.VaultAddr != "" {
		v.Where = a.vaultName(t.ChainID, t.VaultAddr)
	}
	words, ok := states[t.Status]
	if !ok {
		words.state = inWords(string(t.Status))
	}
	v.State, v.Meaning = words.state, words.meaning
	v.Steps = timeline(t, v.State)
	return v
}

// step is one step in the timeline of a transaction.
type step struct {
	Name  string    `json:"name"`
	At    time.Time `json:"at,omitzero"` // when the step was done; zero if that is not known
	State stepState `json:"state"`
}

// stepState says whether a step is done; it is also the name of its style.
type stepState string

const (
	stepDone   stepState = "done"
	stepNow    stepState = "now"
	stepNext   stepState = "next"
	stepFailed stepState = "failed"
)

// timeline returns the steps of a transaction: those that are done, the present one with the name state, and those that
// follow if nothing fails.
func timeline(t *byzantine.Transaction, state string) []step {
	chain := step{Name: "Sent to the chain", State: stepNext}
	if t.BroadcastedAt != nil {
		chain.At, chain.State = *t.BroadcastedAt, stepDone
	}
	steps := []step{{Name: "Submitted", At: t.CreatedAt, State: stepDone}}
	queued := t.WithdrawalRequest != nil
	if queued && t.Status != byzantine.TransactionWithdrawalInitiated {
		steps = append(steps, step{Name: "Queued", State: stepDone})
	}
	switch {
	case t.Status == byzantine.TransactionCompleted:
		chain.State = stepDone
		return append(steps, chain, step{Name: state, At: t.UpdatedAt, State: stepDone})
	case t.Status.Terminal():
		if chain.State == stepDone && t.Status != byzantine.TransactionSimulationFailed {
			steps = append(steps, chain)
		}
		return append(steps, step{Name: state, At: t.UpdatedAt, State: stepFailed})
	case t.Status == byzantine.TransactionProcessing:
		chain.State = stepNow
		return append(steps, chain, step{Name: "Completed", State: stepNext})
	}
	if state == "" {
		state = "Waiting"
	}
	return append(steps, step{Name: state, State: stepNow}, chain, step{Name: "Completed", State: stepNext})
}

// inWords makes a text for users of a name such as "approve_deposit".
func inWords(name string) string {
	name = strings.ReplaceAll(name, "_", " ")
	return strings.ToUpper(name[:min(1, len(name))]) + name[min(1, len(name)):]
}

// notSeen returns the description of a transaction that was sent and that the API does not show: it may be late, or
// have never arrived.
func notSeen(last submission) transactionView {
	if last.late() {
		return transactionView{
			ID: last.TransactionID, What: "Your transaction", State: "Not submitted", Final: true,
			Meaning: "It did not arrive, so nothing was moved. You can begin again.",
			Steps:   []step{{Name: "Not submitted", State: stepFailed}},
		}
	}
	return transactionView{
		ID: last.TransactionID, What: "Your transaction", State: "Looking for it",
		Meaning: "It was sent, and should show up soon. Please do not begin another one before we know.",
		Steps:   []step{{Name: "Looking for it", State: stepNow}},
	}
}

// transactionOf returns a transaction of the signed-in user's account. For a transaction of another account it returns
// errNotFound.
func (a *app) transactionOf(ctx context.Context, s session, id string) (*byzantine.Transaction, error) {
	t, err := a.Client.GetTransaction(ctx, id)
	switch {
	case errors.Is(err, byzantine.ErrInvalidRequest): // the id is not valid
		return nil, errNotFound
	case err != nil:
		return nil, err
	case t.AccountID != s.AccountID:
		return nil, errNotFound
	}
	return t, nil
}

func (a *app) transactionPage(w http.ResponseWriter, r *http.Request, s session) error {
	id := r.PathValue("id")
	t, err := a.transactionOf(r.Context(), s, id)
	switch {
	case errors.Is(err, byzantine.ErrNotFound) && id == s.Last.TransactionID:
		return a.render(w, r, http.StatusOK, "transaction", notSeen(s.Last))
	case err != nil:
		return err
	}
	return a.render(w, r, http.StatusOK, "transaction", a.describe(t))
}

// transactionStatus responds as soon as the status differs from the one that the page has, or after maxWait.
func (a *app) transactionStatus(w http.ResponseWriter, r *http.Request, s session) error {
	ctx, cancel := context.WithTimeout(r.Context(), maxWait)
	defer cancel()
	id := r.PathValue("id")
	t, err := a.transactionOf(ctx, s, id)
	if err == nil || errors.Is(err, byzantine.ErrNotFound) && id == s.Last.TransactionID {
		t, err = a.Client.WaitForTransaction(ctx, id, byzantine.WaitUntil(func(t *byzantine.Transaction) bool {
			return string(t.Status) != r.FormValue("seen")
		}))
	}
	var failed *byzantine.TransactionFailedError
	switch {
	case t != nil && t.AccountID != s.AccountID:
		return errNotFound
	case t != nil && (err == nil || errors.As(err, &failed) || errors.Is(err, context.DeadlineExceeded)):
		return respond(w, http.StatusOK, a.describe(t))
	case errors.Is(err, byzantine.ErrNotFound) && id == s.Last.TransactionID:
		return respond(w, http.StatusOK, notSeen(s.Last))
	case r.Context().Err() != nil:
		return nil // the page was closed
	}
	return err
}
