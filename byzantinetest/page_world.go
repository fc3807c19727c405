package byzantinetest

import (
	"cmp"
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/byzantine-finance/byzantine-go"
)

// fewShown is how many of a kind the overview shows.
const fewShown = 6

// overview is the first page.
type overview struct {
	IntegratorID string
	PublicKey    string
	Newest       *codeView // the newest code that still counts; nil if there is none
	Codes        shown[codeView]
	Requests     shown[*requestLine]
	Plot         *requestPlot
	Transactions shown[byzantine.Transaction]
	Accounts     shown[accountLine]
	Deliveries   shown[deliveryLine]
	Webhooks     int // subscriptions
	Faults       []faultView
}

func (s *Sandbox) overviewPage(r *http.Request) (string, any, error) {
	view := &overview{PublicKey: s.key.PublicKeyHex()}
	s.inspect(func(w *world) {
		w.otps.purge(w.clock.now())
		view.IntegratorID = w.integratorID
		view.Codes = newest(r, w.otps.keys, fewShown, w.codeView)
		view.Transactions = newest(r, w.transactions.all, fewShown, (*transaction).view)
		view.Accounts = newest(r, w.accounts.all, fewShown, w.accountLine)
		view.Deliveries = newest(r, w.deliveries.all, fewShown, w.deliveryLine)
		view.Webhooks = len(w.subscriptions)
		view.Faults = s.faultViews()
	})
	for i, c := range view.Codes.Items {
		if c.State == "" {
			view.Newest = &c
			view.Codes.Items = slices.Delete(view.Codes.Items, i, i+1)
			break
		}
	}
	requests := s.journalEntries()
	view.Requests = newest(r, requests, fewShown, (*Request).line)
	view.Plot = newRequestPlot(requests)
	return "Overview", view, nil
}

// mailbox is the page of the e-mails.
type mailbox struct {
	Codes       shown[codeView]
	Invitations []byzantine.Invitation
}

func (s *Sandbox) mailboxPage(r *http.Request) (string, any, error) {
	view := &mailbox{}
	s.inspect(func(w *world) {
		w.otps.purge(w.clock.now())
		view.Codes = newest(r, w.otps.keys, maxShown, w.codeView)
		view.Invitations = w.pendingInvitations()
	})
	return "Mailbox", view, nil
}

// pendingInvitations are the pending ones among the maxShown last updated, the oldest first.
func (w *world) pendingInvitations() []byzantine.Invitation {
	recent, _, _ := w.recentInvitations.page(&pageRequest{paging: paging{Limit: new(int64(maxShown))}})
	pending := slices.DeleteFunc(recent, func(i *invitation) bool { return i.status != byzantine.InvitationPending })
	slices.Reverse(pending)
	return invitationViews(pending)
}

// codeView is an e-mail with a one-time code.
type codeView struct {
	Code    string
	OTPID   string
	To      byzantine.UserSummary
	Account string
	Sent    time.Time
	Expires time.Time
	State   string // why it does not count any more; empty if it does
}

func (w *world) codeView(otpID string) codeView {
	o := w.otps.get(otpID)
	view := codeView{Code: o.code, OTPID: o.id, Account: o.accountID, Sent: o.sent, Expires: o.expires, State: o.state(w.clock.now())}
	if u := w.users.get(o.userID); u != nil {
		view.To = u.summary()
	}
	return view
}

func (s *Sandbox) eventsPage(r *http.Request) (string, any, error) {
	var view shown[byzantine.Event]
	s.inspect(func(w *world) {
		view = newest(r, w.events.all, maxShown, func(e byzantine.Event) byzantine.Event { return e })
	})
	return "Events", view, nil
}

// accountLine is an account in a list.
type accountLine struct {
	ID, Name string
	Foreign  bool // of another integrator: only the id is known
	Type     byzantine.AccountType
	Status   byzantine.VerificationStatus
	Owner    string // e-mail address of the first member
	Members  int
	Chains   []byzantine.ChainID
}

func (w *world) accountLine(a *account) accountLine {
	line := accountLine{ID: a.id, Name: a.name, Foreign: a.foreign, Members: len(a.members)}
	if a.foreign {
		return line
	}
	line.Type, line.Status = a.accountType(), a.customer().status
	if len(a.members) > 0 {
		line.Owner = a.members[0].user.info.Email
	}
	for _, chain := range everyChain {
		if a.activated[chain] {
			line.Chains = append(line.Chains, chain)
		}
	}
	return line
}

func (s *Sandbox) accountsPage(r *http.Request) (string, any, error) {
	var view shown[accountLine]
	s.inspect(func(w *world) { view = newest(r, w.accounts.all, maxShown, w.accountLine) })
	return "Accounts", view, nil
}

// accountView is an account together with what other operations return about it.
type accountView struct {
	byzantine.Account
	accountLine
	Passkeys     map[string]int // how many, by user id
	Wallets      []byzantine.SubAccountBalances
	Transactions shown[byzantine.Transaction]
	Statuses     []byzantine.VerificationStatus // to choose from
	AllChains    []byzantine.ChainID
	Currencies   []byzantine.Currency
}

func (s *Sandbox) accountPage(r *http.Request) (title string, content any, err error) {
	s.inspect(func(w *world) {
		a := w.accounts.get(r.PathValue("id"))
		if a == nil {
			err = errNotThere
			return
		}
		title = cmp.Or(a.name, "Account of another integrator")
		content, err = w.accountView(r, a)
	})
	return title, content, err
}

func (w *world) accountView(r *http.Request, a *account) (*accountView, error) {
	view := &accountView{
		Account: byzantine.Account{AccountID: a.id}, accountLine: w.accountLine(a), Passkeys: map[string]int{},
		Statuses: verificationStatuses, AllChains: everyChain,
		Currencies: []byzantine.Currency{byzantine.CurrencyUSDC, byzantine.CurrencyEURC, byzantine.CurrencyUSD, byzantine.CurrencyEUR},
	}
	if a.foreign {
		return view, nil
	}
	details, err := w.accountDetails(&byzantine.GetAccountDetailsRequest{AccountID: a.id})
	balances, err2 := w.accountBalances(&byzantine.GetAccountBalancesRequest{AccountID: a.id, IncludeTestVaults: true})
	if err := errors.Join(err, err2); err != nil {
		return nil, err
	}
	view.Account, view.Wallets = *details, balances.SubAccounts
	view.Transactions = newest(r, a.transactions, maxShown, (*transaction).view)
	for _, m := range a.members {
		view.Passkeys[m.user.id] = len(m.user.passkeys)
	}
	return view, nil
}

func (s *Sandbox) transactionsPage(r *http.Request) (string, any, error) {
	var view shown[byzantine.Transaction]
	s.inspect(func(w *world) { view = newest(r, w.transactions.all, maxShown, (*transaction).view) })
	return "Transactions", view, nil
}

// transactionView is a transaction with what happened to it and what can be done.
type transactionView struct {
	byzantine.Transaction
	Due    *time.Time        // when it moves on automatically; nil if it does not
	Waits  bool              // for a bank transfer
	Queued bool              // in the vault's queue
	Events []byzantine.Event // the oldest first
	Ends   []byzantine.TransactionStatus
}

// maxTransactionEvents is more than any transaction has.
const maxTransactionEvents = 20

func (s *Sandbox) transactionPage(r *http.Request) (title string, content any, err error) {
	s.inspect(func(w *world) {
		tx := w.transactions.get(r.PathValue("id"))
		if tx == nil {
			err = errNotThere
			return
		}
		view := &transactionView{Transaction: tx.detailedView(), Queued: tx.pending(), Ends: []byzantine.TransactionStatus{
			byzantine.TransactionSimulationFailed, byzantine.TransactionReverted, byzantine.TransactionRefunded,
		}}
		view.Waits = tx.kind == byzantine.TransactionTypeOnrampDeposit && tx.status == byzantine.TransactionWaitingForFunds
		if !tx.status.Terminal() {
			view.Due = optionalTime(tx.due)
		}
		for e := range w.events.backward(0, len(w.events.all), tx.id) {
			if e.Related.TransactionID == tx.id {
				view.Events = append(view.Events, e)
			}
			if len(view.Events) == maxTransactionEvents {
				break
			}
		}
		slices.Reverse(view.Events)
		title, content = kindText(tx.kind), view
	})
	return title, content, err
}
