package byzantinetest

import (
	"context"
	"fmt"
	"math/big"
	"slices"
	"strings"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/internal/spelling"
)

// trigger is how an event of a type comes about when a test asks for it.
type trigger struct {
	eventType byzantine.EventType
	summary   string
	fixture   bool // nothing in the sandbox causes such an event: it is made for the test, about a real account
	fire      func(w *world, a *account)
}

// triggers are all types of the API's document.
var triggers = []trigger{
	{byzantine.EventWebhookTest, "each enabled subscription gets a test event", false, (*world).testEverySubscription},
	{byzantine.EventCustomerCreated, "a new customer is onboarded", false, nil},
	statusTrigger(byzantine.VerificationUnderReview, "the verification of a customer begins"),
	statusTrigger(byzantine.VerificationAwaitingAssociatedPersonInformation, "the verification of a company waits for an associated person"),
	statusTrigger(byzantine.VerificationResubmissionRequested, "a customer has to send a document again", "DOCUMENT_EXPIRED"),
	statusTrigger(byzantine.VerificationActive, "a customer is approved"),
	statusTrigger(byzantine.VerificationRejected, "a customer is rejected", "FORGERY"),
	statusTrigger(byzantine.VerificationInactive, "a customer is deactivated"),
	{byzantine.EventCustomerDeleted, "a fixture: the customer stays in the sandbox", true, func(w *world, a *account) {
		w.emitCustomer(byzantine.EventCustomerDeleted, a, nil, nil)
	}},
	{byzantine.EventTransactionWithdrawalInitiated, "a withdrawal enters the queue of its vault", false, (*world).queuedWithdrawal},
	{byzantine.EventTransactionWaitingForFunds, "a deposit in dollars waits for its bank transfer", false, func(w *world, a *account) { w.fiatDeposit(a) }},
	{byzantine.EventTransactionPaymentInReview, "a fixture: a deposit in dollars whose payment is looked at, and which goes on waiting", true, func(w *world, a *account) {
		tx := w.fiatDeposit(a)
		w.emit(byzantine.EventTransactionPaymentInReview, tx.related(), byzantine.TransactionEventData{Status: tx.status})
	}},
	{byzantine.EventTransactionFundsInTransfer, "the bank transfer of a deposit is under way", false, paidDeposit(byzantine.TransactionFundsInTransfer)},
	{byzantine.EventTransactionFundsReceived, "the bank transfer of a deposit arrives", false, paidDeposit(byzantine.TransactionFundsReceived)},
	{byzantine.EventTransactionProcessing, "a deposit is sent to its chain", false, func(w *world, a *account) { w.coinDeposit(a) }},
	{byzantine.EventTransactionCompleted, "a deposit is completed", false, func(w *world, a *account) { w.moveOn(w.coinDeposit(a)) }},
	{byzantine.EventTransactionSimulationFailed, "a deposit of more than the balance fails", false, (*world).excessiveDeposit},
	{byzantine.EventTransactionReverted, "a deposit fails on its chain", false, func(w *world, a *account) {
		w.fail(w.coinDeposit(a), byzantine.TransactionReverted)
	}},
}

// Trigger lets the sandbox cause an event of a type and delivers it, without the requests and signatures that it takes
// otherwise, and returns the event. If accountID is "", an event of a customer is about a new one, and an event of a
// transaction about the oldest account that is active and not self-custodial, or a new one if there is none. The account of
// a transaction gets the money that it needs. What the account does goes on afterwards: a deposit that is processing is
// completed. Other events may come before the one that was asked for.
//
// Otherwise the sandbox never causes customer.deleted and transaction.payment_in_review; these are fixtures. Trigger panics
// if there is no such type or account, if the account of a transaction is not active or is self-custodial, if
// customer.created or webhook.test is given an account, and for webhook.test if there is no enabled subscription.
func (s *Sandbox) Trigger(eventType byzantine.EventType, accountID string) byzantine.Event {
	s.lock()
	defer s.unlock()
	w := s.world
	i := slices.IndexFunc(triggers, func(t trigger) bool { return t.eventType == eventType })
	if i < 0 {
		var known []string
		for _, t := range triggers {
			known = append(known, string(t.eventType))
		}
		panic(fmt.Sprintf("byzantinetest: Trigger: eventType: there is no event type %q%s", eventType, spelling.DidYouMean(string(eventType), known)))
	}
	var a *account
	switch {
	case eventType == byzantine.EventCustomerCreated && accountID != "", eventType == byzantine.EventWebhookTest && accountID != "":
		panic(fmt.Sprintf("byzantinetest: Trigger: accountId: %s is about no account that exists", eventType))
	case accountID != "":
		a = w.seededAccount("Trigger", accountID)
	default:
		a = w.accountFor(eventType)
	}
	if isTransaction(eventType) && !a.canTransact() {
		panic(fmt.Sprintf("byzantinetest: Trigger: accountId: the account %s has no transactions: it is not active, or it is self-custodial", a.id))
	}
	if fire := triggers[i].fire; fire != nil {
		fire(w, a)
	}
	w.setAlarm()
	event := w.lastOf(eventType)
	w.courier.wait()
	return event
}

func isTransaction(t byzantine.EventType) bool { return strings.HasPrefix(string(t), "transaction.") }

// canTransact says whether an account may have transactions once it is activated on their chain.
func (a *account) canTransact() bool {
	return !a.foreign && !a.selfCustodial && a.requireActive() == nil
}

// accountFor is the account of an event for which the test chose none; nil for webhook.test.
func (w *world) accountFor(eventType byzantine.EventType) *account {
	switch {
	case eventType == byzantine.EventWebhookTest:
		return nil
	case eventType == byzantine.EventCustomerAwaitingAssociatedPersonInformation:
		return w.seeded(Account{Name: "Triggered Company", Type: byzantine.AccountTypeCompany, Status: byzantine.VerificationNotStarted})
	case eventType == byzantine.EventCustomerCreated:
		return w.onboarded()
	case !isTransaction(eventType):
		return w.seeded(Account{Status: byzantine.VerificationNotStarted})
	}
	for _, a := range w.accounts.all {
		if a.canTransact() {
			return a
		}
	}
	return w.seeded(Account{})
}

// seeded adds an account of a new user.
func (w *world) seeded(a Account) *account {
	added, err := w.seedAccount(a)
	if err != nil {
		panic(err) // the account was made here
	}
	return w.accounts.get(added.ID)
}

// lastOf is the newest event of a type.
func (w *world) lastOf(eventType byzantine.EventType) byzantine.Event {
	for _, e := range slices.Backward(w.events.all) {
		if e.Type == eventType {
			return e
		}
	}
	return w.deliveries.all[len(w.deliveries.all)-1].event // a test event is in no history
}

// onboarded is the account of a customer who is new.
func (w *world) onboarded() *account {
	email := "user+" + w.newID() + "@example.com"
	created, err := w.createIndividual(&byzantine.CreateIndividualAccountRequest{
		UserInfo:               byzantine.UserInfo{FirstName: "Test", LastName: "User", Email: email},
		RootUsers:              []byzantine.RootUserParam{{FirstName: "Test", LastName: "User", Email: email}},
		ByzantineTermsSignedAt: w.clock.now(),
	})
	if err != nil {
		panic(err) // the request was made here
	}
	return w.accounts.get(created.AccountID)
}

// testEverySubscription is what the API's operation for a test does, for each subscription that is enabled.
func (w *world) testEverySubscription(*account) {
	enabled := 0
	for _, s := range w.subscriptions {
		if s.Enabled {
			enabled++
			w.newTestDelivery(s)
		}
	}
	if enabled == 0 {
		panic("byzantinetest: Trigger: eventType: there is no enabled webhook subscription to test")
	}
	w.dispatch()
}

// statusTrigger lets a customer come to a status, also one who has it.
func statusTrigger(status byzantine.VerificationStatus, summary string, reasonCodes ...string) trigger {
	return trigger{statusEvents[status], summary, false, func(w *world, a *account) {
		if a.customer().status == status {
			w.moveCustomer(a, byzantine.VerificationAwaitingInformation, nil) // which has no event
		}
		w.moveCustomer(a, status, reasonCodes)
	}}
}

// triggeredAmount is what a triggered transaction moves.
var triggeredAmount = big.NewRat(100, 1)

// triggered puts a transaction among those that were signed, on a chain that the account is activated on from now on.
func (w *world) triggered(a *account, kind byzantine.TransactionType, vaultAddr string) *transaction {
	v, err := w.vaultByID(vaultAddr)
	if err != nil {
		panic(err) // every sandbox has it
	}
	tx := w.newTransaction(a, kind, v.chain)
	tx.vault, tx.amount, tx.source = v, triggeredAmount, &money{byzantine.Currency(v.currency), triggeredAmount}
	a.activate(v.chain)
	a.countOperation(v.chain)
	w.enter(tx)
	return tx
}

func (w *world) coinDeposit(a *account) *transaction {
	tx := w.triggered(a, byzantine.TransactionTypeDeposit, VaultBaseUSDC)
	a.funds.purse(tx.chain, tx.vault.currency).add(tx.amount)
	w.deposit(tx)
	return tx
}

func (w *world) excessiveDeposit(a *account) {
	tx := w.triggered(a, byzantine.TransactionTypeDeposit, VaultBaseUSDC)
	tx.amount = plus(a.funds.purse(tx.chain, tx.vault.currency).amount, tx.amount)
	tx.source = &money{byzantine.CurrencyUSDC, tx.amount}
	w.deposit(tx)
}

func (w *world) fiatDeposit(a *account) *transaction {
	tx := w.triggered(a, byzantine.TransactionTypeOnrampDeposit, VaultBaseUSDC)
	tx.source, tx.destination = &money{byzantine.CurrencyUSD, tx.amount}, tx.source
	w.awaitTransfer(tx)
	return tx
}

// paidDeposit lets a deposit in dollars go on to a status.
func paidDeposit(status byzantine.TransactionStatus) func(*world, *account) {
	return func(w *world, a *account) {
		tx := w.fiatDeposit(a)
		tx.received = tx.amount
		for w.start(tx); tx.status != status; {
			w.moveOn(tx)
		}
	}
}

func (w *world) queuedWithdrawal(a *account) {
	tx := w.triggered(a, byzantine.TransactionTypeWithdraw, VaultEthereumQueued)
	tx.destination = tx.source
	a.funds.position(tx.vault).invest(tx.amount, tx.vault.price(w.clock.now()))
	queues := tx.vault.queues
	tx.vault.queues = true
	w.withdraw(tx)
	tx.vault.queues = queues
}

// related names what a transaction's event is about.
func (tx *transaction) related() byzantine.EventRelated {
	return byzantine.EventRelated{AccountID: tx.account.id, TransactionID: tx.id}
}

// triggerView is a type of event that can be triggered.
type triggerView struct {
	EventType byzantine.EventType `json:"eventType"`
	Summary   string              `json:"summary"`
	Fixture   bool                `json:"fixture"` // the sandbox never causes such an event otherwise
}

type triggerList struct {
	Triggers []triggerView `json:"triggers"`
}

type triggerRequest struct {
	EventType byzantine.EventType `json:"eventType"`
	AccountID string              `json:"accountId,omitzero" about:"a new one for a customer, the oldest active one for a transaction if left out"`
}

type triggerResult struct {
	EventID    string              `json:"eventId"`
	EventType  byzantine.EventType `json:"eventType"`
	AccountID  string              `json:"accountId,omitzero"`
	Fixture    bool                `json:"fixture"`
	Deliveries int                 `json:"deliveries"` // to how many subscriptions it was sent
}

var triggerControls = []control{
	route("getTriggers", "GET", "webhooks/triggers", "Trigger", "The types of events that can be triggered, and what happens then",
		func(context.Context, *Sandbox, *none) (triggerList, error) {
			list := triggerList{}
			for _, t := range triggers {
				list.Triggers = append(list.Triggers, triggerView{t.eventType, t.summary, t.fixture})
			}
			return list, nil
		}),
	route("triggerEvent", "POST", "webhooks/trigger", "Trigger", "Cause an event of a type, with what it says, and deliver it",
		func(_ context.Context, s *Sandbox, req *triggerRequest) (triggerResult, error) {
			event := s.Trigger(req.EventType, req.AccountID)
			sent := s.Deliveries(byzantine.ListWebhookDeliveriesRequest{EventID: event.ID})
			i := slices.IndexFunc(triggers, func(t trigger) bool { return t.eventType == event.Type })
			return triggerResult{event.ID, event.Type, event.Related.AccountID, triggers[i].fixture, len(sent)}, nil
		}),
}
