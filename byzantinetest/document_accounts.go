package byzantinetest

import (
	"cmp"
	"fmt"
	"maps"
	"math/big"
	"slices"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/internal/errtext"
)

func (r *worldReader) readAccount(d accountDocument) error {
	a := &account{
		id: r.id(d.ID), name: d.Name, wallet: cmp.Or(d.WalletAddress, r.newAddress()), selfCustodial: d.SelfCustodial,
		foreign: d.Foreign, created: r.at(d.CreatedAt), nonces: maps.Clone(d.Nonces),
	}
	if r.accounts.get(a.id) != nil {
		return fmt.Errorf("id: twice")
	}
	if err := r.readCustomer(a, d); err != nil {
		return err
	}
	if len(d.Members) == 0 && a.owner != nil {
		d.Members = []memberDocument{{UserID: a.owner.id}}
	}
	for i, m := range d.Members {
		u, err := r.user("userId", m.UserID)
		if err != nil {
			return fmt.Errorf("members[%d].%w", i, err)
		}
		a.join(u, cmp.Or(m.Role, signingRole(a.selfCustodial)), r.at(m.JoinedAt))
	}
	for i, chain := range d.ActivatedChains {
		if err := checkChain(chain); err != nil {
			return fmt.Errorf("activatedChains[%d]: %w", i, err)
		}
		a.activate(chain)
	}
	for _, b := range d.BankAccounts {
		b.AccountID, b.BankAccountID, b.CreatedAt = a.id, r.id(b.BankAccountID), r.at(b.CreatedAt)
		a.banks = append(a.banks, &bankAccount{b.LinkedBankAccount, b.Number})
	}
	for i, idle := range d.Idle {
		if err := checkChain(idle.ChainID); err != nil || fiatOf[idle.Currency] == "" || idle.Amount.rat().Sign() < 0 {
			return fmt.Errorf("idle[%d]: needs a known chainId, currency usdc or eurc, and an amount", i)
		}
		held := a.funds.purse(idle.ChainID, idle.Currency)
		if held.add(idle.Amount.fine()); held.amount.Cmp(maxQuantity) > 0 {
			return fmt.Errorf("idle[%d].amount: the sum must be at most %s", i, maxQuantity.RatString())
		}
	}
	for i, p := range d.Positions {
		v, err := r.vaultByID(p.VaultAddress)
		if err != nil {
			return fmt.Errorf("positions[%d].vaultAddress: %w", i, err)
		}
		if p.Amount.Rat != nil && p.Shares.Rat != nil {
			return fmt.Errorf("positions[%d].amount: is for a position without shares", i)
		}
		held := a.funds.position(v)
		held.shares, held.pending = p.Shares.fine(), p.Pending.fine()
		if p.Amount.Rat != nil {
			held.invest(p.Amount.Rat, v.price(r.now))
		}
	}
	r.addAccount(a)
	return nil
}

// readCustomer reads whom the account belongs to: the entity, or the owner, who is the first member if none is named.
func (r *worldReader) readCustomer(a *account, d accountDocument) error {
	switch {
	case d.Foreign:
		return nil
	case d.Entity != nil:
		return r.readEntity(a, *d.Entity)
	case d.OwnerID == "" && len(d.Members) == 0:
		return fmt.Errorf("ownerId: an account needs an owner, an entity or a member")
	case d.OwnerID == "":
		d.OwnerID = d.Members[0].UserID
	}
	owner, err := r.user("ownerId", d.OwnerID)
	if err != nil {
		return err
	}
	a.owner, a.name = owner, cmp.Or(a.name, fullName(owner.info))
	return nil
}

func (r *worldReader) readEntity(a *account, d entityDocument) error {
	e := &entity{
		id: r.id(d.ID), info: d.Info, created: r.at(d.CreatedAt), updated: r.at(d.UpdatedAt),
		verification: verification{cmp.Or(d.VerificationStatus, byzantine.VerificationNotStarted), d.Documents},
	}
	e.info.BusinessLegalName = cmp.Or(e.info.BusinessLegalName, "Test Company")
	for i, p := range d.Persons {
		u, err := r.user("userId", p.UserID)
		if err != nil {
			return fmt.Errorf("entity.associatedPersons[%d].%w", i, err)
		}
		e.persons = append(e.persons, &associatedPerson{r.id(p.BeneficiaryID), u, p.Details})
	}
	a.entity, a.name = e, cmp.Or(a.name, e.info.BusinessLegalName)
	return nil
}

// readTransaction reads a transaction, signed or not.
func (r *worldReader) readTransaction(d transactionDocument) error {
	a, err := r.account("accountId", d.AccountID)
	if err != nil {
		return err
	}
	if journeys[d.Type] == nil {
		return fmt.Errorf("type: unknown")
	}
	if err := checkChain(d.ChainID); err != nil {
		return fmt.Errorf("chainId: %w", err)
	}
	tx := &transaction{
		id: r.id(d.ID), account: a, kind: d.Type, chain: d.ChainID, amount: d.Amount.fine(), source: d.Source.money(),
		destination: d.Destination.money(), address: d.Address, instructions: d.Instructions, status: d.Status, request: d.Request,
		hash: d.Hash, broadcast: d.BroadcastedAt, created: r.at(d.CreatedAt), updated: d.UpdatedAt, due: d.DueAt,
	}
	if d.Shares.Rat != nil {
		tx.shares = d.Shares.fine()
	}
	if d.Received.Rat != nil {
		tx.received = d.Received.fine()
	}
	if d.VaultAddress != "" {
		if tx.vault = r.vault(d.ChainID, d.VaultAddress); tx.vault == nil {
			return fmt.Errorf("vaultAddress: no vault of this address on chain %d", d.ChainID)
		}
	}
	for _, b := range a.banks {
		if b.BankAccountID == d.BankAccountID {
			tx.bank = b
		}
	}
	switch moves := tx.kind != byzantine.TransactionTypeAuthorization; {
	case r.transactions[tx.id] != nil:
		return fmt.Errorf("id: twice")
	case d.BankAccountID != "" && tx.bank == nil:
		return fmt.Errorf("bankAccountId: the account has no such bank account")
	case moves && tx.kind != byzantine.TransactionTypeTransfer && tx.vault == nil:
		return fmt.Errorf("vaultAddress: missing")
	case moves && tx.source == nil && tx.status != "":
		return fmt.Errorf("source: missing")
	case tx.source != nil && dollars[tx.source.currency] == nil:
		return fmt.Errorf("source.currency: unknown")
	case tx.destination != nil && dollars[tx.destination.currency] == nil:
		return fmt.Errorf("destination.currency: unknown")
	}
	if err := tx.checkUnderway(); err != nil {
		return err
	}
	r.transactions[tx.id] = tx
	if tx.status != "" {
		r.enter(tx)
	}
	return nil
}

// checkUnderway rejects a transaction of a document that has not ended and lacks what it needs to go on or to fail, and one
// that is due although nothing is left for it to do.
func (tx *transaction) checkUnderway() error {
	journey := journeys[tx.kind]
	at := slices.Index(journey, tx.status)
	switch withdrawal := tx.kind == byzantine.TransactionTypeWithdraw || tx.kind == byzantine.TransactionTypeWithdrawOfframp; {
	case !tx.due.IsZero() && !tx.pending() && (at < 0 || at == len(journey)-1):
		return fmt.Errorf("dueAt: a %s that is %q does not move on by itself", tx.kind, tx.status)
	case tx.pending() && (tx.status == "" || tx.status.Terminal()):
		return fmt.Errorf("withdrawalRequest: cannot be pending in a transaction that is %q", tx.status)
	case tx.status == "" || tx.status.Terminal():
		return nil
	case withdrawal && tx.shares == nil:
		return fmt.Errorf("shares: missing")
	case tx.request != nil && !withdrawal:
		return fmt.Errorf("withdrawalRequest: is for withdrawals only")
	case tx.kind == byzantine.TransactionTypeOnrampDeposit && at >= 0 && tx.received == nil:
		return fmt.Errorf("received: missing")
	case tx.kind == byzantine.TransactionTypeOnrampDeposit && at >= 0 && tx.received.Cmp(tx.amount) < 0:
		return fmt.Errorf("received: less than the amount")
	}
	return nil
}

func (m *moneyDocument) money() *money {
	if m == nil {
		return nil
	}
	return &money{m.Currency, m.Amount.rat()}
}

// linkTransaction joins the two halves of an upgrade.
func (r *worldReader) linkTransaction(d transactionDocument) error {
	if d.UpgradeID == "" {
		return nil
	}
	tx, other := r.transactions[d.ID], r.transactions[d.UpgradeID]
	switch {
	case tx == nil || other == nil:
		return fmt.Errorf("relatedTransactionId: no such transaction")
	case tx == other || tx.account != other.account || (tx.status == "") != (other.status == ""):
		return fmt.Errorf("relatedTransactionId: not the other half of a vault upgrade")
	case tx.upgrade != nil && tx.upgrade != other || other.upgrade != nil && other.upgrade != tx:
		return fmt.Errorf("relatedTransactionId: a vault upgrade has two halves, which name each other")
	}
	tx.upgrade, other.upgrade = other, tx
	return nil
}

// queueShares makes shares pending that are queued for withdrawal, where the document has not said so.
func (r *worldReader) queueShares() {
	queued := map[*position]*big.Rat{}
	for _, tx := range r.world.transactions.all {
		if tx.pending() {
			p := tx.account.funds.position(tx.vault)
			queued[p] = plus(cmp.Or(queued[p], new(big.Rat)), tx.shares)
		}
	}
	for p, shares := range queued {
		if p.pending.Cmp(shares) < 0 {
			p.pending = shares
		}
	}
}

func (r *worldReader) readDraft(d draftDocument) error {
	tx := r.transactions[d.TransactionID]
	switch {
	case tx == nil:
		return fmt.Errorf("transactionId: no such transaction")
	case r.drafts[tx.account.id] != nil:
		return fmt.Errorf("transactionId: the account has another draft")
	case d.Cancels != (tx.status != ""):
		return fmt.Errorf("cancels: must be true for a transaction that was submitted, and only then")
	}
	draft := &draft{tx, []byte(d.BodyToSign), r.until(d.ExpiresAt, r.now.Add(payloadLifetime)), d.Cancels}
	r.drafts[tx.account.id], r.draftByTransaction[tx.id] = draft, draft
	return nil
}

func (r *worldReader) readSubscription(d subscriptionDocument) error {
	key, err := byzantine.ParsePrivateKey(d.PrivateKey)
	if err != nil {
		return fmt.Errorf("privateKey: %w", errtext.Bare(err))
	}
	s := &subscription{WebhookSubscription: d.WebhookSubscription, key: key}
	if s.ActiveSigningKeyID == "" {
		s.ActiveSigningKeyID = r.newID()
	}
	s.ID, s.IntegratorID = r.id(s.ID), r.integratorID
	s.CreatedAt, s.UpdatedAt = r.at(s.CreatedAt), r.at(s.UpdatedAt)
	if s.EventTypes, err = subscribed(s.EventTypes); err != nil {
		return fmt.Errorf("eventTypes: %w", err)
	}
	validated := s.EndpointSafetyMetadata
	if err := r.pointTo(s, s.URL); err != nil {
		return err
	}
	if validated != nil {
		s.EndpointSafetyMetadata = validated
	}
	r.subscriptions = append(r.subscriptions, s)
	return nil
}

func (r *worldReader) readDelivery(d deliveryDocument) error {
	s, err := r.subscription(d.SubscriptionID)
	if err != nil {
		return fmt.Errorf("subscriptionId: %w", err)
	}
	e := &delivery{WebhookDelivery: d.WebhookDelivery, subscription: s, event: d.Event, body: d.Body, attempts: d.Attempts}
	if e.attempts == nil {
		e.attempts = []byzantine.WebhookDeliveryAttempt{}
	}
	if e.Status == byzantine.WebhookDeliverySending { // the program ended in the middle of it
		e.Status, e.NextAttemptAt = byzantine.WebhookDeliveryFailed, new(r.now)
	}
	r.addDelivery(e)
	if e.NextAttemptAt != nil {
		r.deliverAt(e, *e.NextAttemptAt)
		r.addTimer(*e.NextAttemptAt, nil)
	}
	return nil
}
