package byzantinetest

import (
	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/internal/wire"
)

// World returns all that the sandbox holds as one JSON document: what [WithWorld] and [Sandbox.SetWorld] read. The journal,
// the faults to come, the software authenticators of the control API and the options of the sandbox are not part of it. It
// holds private keys of webhook subscriptions and one-time codes, all of them invented.
func (s *Sandbox) World() []byte {
	s.lock()
	document := s.world.document()
	s.unlock()
	text, err := wire.Marshal(document)
	if err != nil {
		panic("byzantinetest: World: " + err.Error()) // of types of this package
	}
	return text
}

// document shares nothing with the world that could change.
func (w *world) document() *worldDocument {
	d := &worldDocument{Version: documentVersion, Clock: w.clock.document(), IntegratorID: w.integratorID}
	for _, c := range w.credentials {
		d.Credentials = append(d.Credentials, credentialDocument{c.pubkey, c.scope, !c.active, c.label, c.created})
	}
	for _, u := range w.users.all {
		d.Users = append(d.Users, u.document())
	}
	for _, a := range w.accounts.all {
		d.Accounts = append(d.Accounts, a.document())
	}
	for _, i := range w.invitations.all {
		d.Invitations = append(d.Invitations, invitationDocument{
			i.id, i.account.id, i.user.id, i.inviter.id, i.role, i.status, i.created, i.updated,
		})
	}
	for _, o := range w.otps.all() {
		d.Codes = append(d.Codes, codeDocument{o.id, o.code, o.accountID, o.userID, o.sent, o.expires, o.attempts, o.used})
	}
	for _, s := range w.sessions.all() {
		d.Sessions = append(d.Sessions, sessionDocument{s.id, s.accountID, s.userID, s.expires})
	}
	for _, p := range w.proposals.all() {
		d.Proposals = append(d.Proposals, p.document())
	}
	for _, tx := range w.transactions.all {
		d.Transactions = append(d.Transactions, tx.document())
	}
	w.writeDrafts(d)
	d.Events = append(d.Events, w.events.all...)
	for _, s := range w.subscriptions {
		d.Subscriptions = append(d.Subscriptions, subscriptionDocument{s.WebhookSubscription, s.key.SecretHex()})
	}
	for _, e := range w.deliveries.all {
		d.Deliveries = append(d.Deliveries, deliveryDocument{e.WebhookDelivery, e.event, e.body, e.attempts})
	}
	for _, v := range w.vaults {
		d.Vaults = append(d.Vaults, vaultDocument{v.address, v.since, v.queues})
	}
	return d
}

func (c *worldClock) document() *clockDocument {
	if c.stopped {
		return &clockDocument{Now: c.now().UTC(), Frozen: true}
	}
	return &clockDocument{Ahead: c.moved.String()}
}

func (u *user) document() userDocument {
	d := userDocument{
		ID: u.id, Info: u.info, AdditionalInfo: u.money, VerificationStatus: u.status, Documents: u.documents,
		CreatedAt: u.created, UpdatedAt: u.updated,
	}
	for _, p := range u.passkeys {
		d.Passkeys = append(d.Passkeys, passkeyDocument{p.id, p.name, p.credentialID, p.publicKey, p.created})
	}
	return d
}

func (a *account) document() accountDocument {
	d := accountDocument{
		ID: a.id, Name: a.name, WalletAddress: a.wallet, SelfCustodial: a.selfCustodial, Foreign: a.foreign, CreatedAt: a.created,
		Entity: a.entity.document(), Nonces: map[byzantine.ChainID]uint64{},
	}
	if a.owner != nil {
		d.OwnerID = a.owner.id
	}
	for _, m := range a.members {
		d.Members = append(d.Members, memberDocument{m.user.id, m.role, m.joined})
	}
	for _, chain := range everyChain {
		if a.activated[chain] {
			d.ActivatedChains = append(d.ActivatedChains, chain)
		}
		if a.nonces[chain] > 0 {
			d.Nonces[chain] = a.nonces[chain]
		}
	}
	for _, b := range a.banks {
		d.BankAccounts = append(d.BankAccounts, bankDocument{b.LinkedBankAccount, b.number})
	}
	for _, p := range a.funds.purses {
		if p.amount.Sign() > 0 {
			d.Idle = append(d.Idle, idleDocument{p.chain, p.currency, quantity{p.amount}})
		}
	}
	for _, p := range a.funds.positions {
		d.Positions = append(d.Positions, positionDocument{VaultAddress: p.vault.address, Shares: quantity{p.shares}, Pending: quantity{p.pending}})
	}
	return d
}

func (e *entity) document() *entityDocument {
	if e == nil {
		return nil
	}
	d := &entityDocument{
		ID: e.id, Info: e.info, VerificationStatus: e.status, Documents: e.documents, CreatedAt: e.created, UpdatedAt: e.updated,
	}
	for _, p := range e.persons {
		d.Persons = append(d.Persons, personDocument{p.id, p.user.id, p.details})
	}
	return d
}

func (p *proposal) document() proposalDocument {
	d := proposalDocument{BodyToSign: p.body, ExpiresAt: p.expires, AccountID: p.account.id, Quorum: p.quorum}
	if p.invitation != nil {
		d.NewUsers = p.invitation.NewUsers
	}
	if p.roles != nil {
		d.UserIDs, d.Role = p.roles.UserIDs, p.roles.Role
	}
	return d
}

func (tx *transaction) document() transactionDocument {
	d := transactionDocument{
		ID: tx.id, AccountID: tx.account.id, Type: tx.kind, ChainID: tx.chain, Amount: quantity{tx.amount},
		Source: tx.source.document(), Destination: tx.destination.document(), Address: tx.address, Instructions: tx.instructions,
		Status: tx.status, Request: tx.requestView(), Hash: tx.hash, BroadcastedAt: tx.broadcast,
		CreatedAt: tx.created, UpdatedAt: tx.updated, DueAt: tx.due, Shares: quantity{tx.shares}, Received: quantity{tx.received},
	}
	if tx.vault != nil {
		d.VaultAddress = tx.vault.address
	}
	if tx.bank != nil {
		d.BankAccountID = tx.bank.BankAccountID
	}
	if tx.upgrade != nil {
		d.UpgradeID = tx.upgrade.id
	}
	return d
}

func (m *money) document() *moneyDocument {
	if m == nil {
		return nil
	}
	return &moneyDocument{m.currency, quantity{m.amount}}
}

// writeDrafts writes drafts with their transactions, which are not among the others yet. A vault upgrade has two; that of a
// cancellation is among the others already.
func (w *world) writeDrafts(d *worldDocument) {
	for _, a := range w.accounts.all {
		draft := w.drafts[a.id]
		if draft == nil {
			continue
		}
		d.Drafts = append(d.Drafts, draftDocument{draft.transaction.id, string(draft.body), draft.expires, draft.cancels})
		if draft.cancels {
			continue
		}
		d.Transactions = append(d.Transactions, draft.transaction.document())
		if other := draft.transaction.upgrade; other != nil {
			d.Transactions = append(d.Transactions, other.document())
		}
	}
}
