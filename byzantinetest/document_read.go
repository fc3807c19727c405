package byzantinetest

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"sync"
	"time"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/internal/fake"
	"github.com/byzantine-finance/byzantine-go/internal/wire"
)

// WithWorld begins with a world that was written down, by [Sandbox.World] or by hand: see [Sandbox.SetWorld].
func WithWorld(document []byte) Option {
	return func(s *Sandbox) error {
		if document == nil { // a file that could not be read, say
			return errors.New("WithWorld: the document is nil")
		}
		s.initial = document
		return nil
	}
}

// SetWorld replaces all that the sandbox holds by a world that was written down: the document that [Sandbox.World] returns,
// or one written by hand, in which every field can be left out that has a default. Fields that do not exist are errors. If
// the document does not name the sandbox's own credential, it is added. The document's clock becomes the sandbox's: one
// that is frozen stands at "now"; one that runs is ahead of the machine's by "ahead" or, without that, begins at "now". The
// clock stays as it is if the document has none. An error, which names the place in the document, changes nothing.
func (s *Sandbox) SetWorld(document []byte) error {
	s.lock()
	defer s.unlock()
	s.world.courier.wait()
	if err := s.readWorld(document); err != nil {
		return fmt.Errorf("byzantinetest: SetWorld: %w", err)
	}
	s.world.catchUp()
	s.world.dispatch()
	return nil
}

// Reset empties the sandbox: it has no users, accounts, subscriptions and events any more, not even those of [WithAccount]
// and [WithWorld]. Its first credential, those of [WithPublicKey] and the other options stay. The journal, the faults to
// come and the software authenticators of the control API are dropped, and only [VaultEthereumQueued] queues withdrawals,
// as at the beginning. The clock is set back to the machine's, or to that of [WithTime].
func (s *Sandbox) Reset() {
	s.lock()
	defer s.unlock()
	s.world.courier.wait()
	s.world.clock = s.initialClock
	if err := s.readWorld([]byte("{}")); err != nil {
		panic("byzantinetest: Reset: " + err.Error()) // nothing in it can be wrong
	}
	s.journal = fake.Journal[*Request]{} // numbers go on
	clear(s.faults)
	clear(s.authenticators)
}

var worldSchema = sync.OnceValue(func() *apiSchema { return bodySchema(reflect.TypeFor[worldDocument]()) })

// unknownWorldField says where a document has a field that a world does not have; encoding/json does not say where. Nil if
// it has none, or another mistake before it.
func unknownWorldField(document []byte) error {
	value, err := parseJSON(document)
	if err != nil {
		return nil
	}
	err = formChecker{}.check(worldSchema(), &value, "")
	if unknown := (*unknownFieldError)(nil); errors.As(err, &unknown) {
		return unknown
	}
	return nil
}

// readWorld replaces the world. The caller holds the lock, and nothing is being delivered.
func (s *Sandbox) readWorld(document []byte) error {
	var d worldDocument
	dec := json.NewDecoder(bytes.NewReader(document))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&d); err != nil {
		if unknown := unknownWorldField(document); unknown != nil {
			return unknown
		}
		return fmt.Errorf("the document cannot be read: %w", plainJSONError(err))
	}
	if _, err := dec.Token(); err != io.EOF {
		return fmt.Errorf("there is something after the document")
	}
	if d.Version != 0 && d.Version != documentVersion {
		return fmt.Errorf("version: %d is unknown: this version reads %d", d.Version, documentVersion)
	}
	if err := checkIDs(&d); err != nil {
		return err
	}
	// The new world shares nothing with the old one and has no courier until it takes the place of the old one: an error
	// must change nothing, and an alarm would run on a copy that is thrown away.
	old, w := s.world, newWorld()
	w.random, w.clock = copyOf(old.random), old.clock
	w.manualApproval, w.anyWebhookURL, w.processingTime = old.manualApproval, old.anyWebhookURL, old.processingTime
	if err := w.read(&d, s.key.PublicKeyHex(), s.publicKeys); err != nil {
		return err
	}
	for _, gone := range old.subscriptions {
		gone.deleted = true // for a test delivery that is under way
	}
	old.mailCame() // with the document, or to nobody any more
	w.courier = old.courier
	*old = *w // handlers and timers hold the pointer
	old.setAlarm()
	return nil
}

// worldReader fills a world. It stops at the first error.
type worldReader struct {
	*world
	now          time.Time
	transactions map[string]*transaction // drafts, too
	err          error
}

func (w *world) read(d *worldDocument, pubkey string, others []string) error {
	if err := w.clock.read(d.Clock); err != nil {
		return fmt.Errorf("clock.%w", err)
	}
	r := &worldReader{world: w, now: w.clock.now().UTC(), transactions: map[string]*transaction{}}
	w.integratorID = r.id(d.IntegratorID)
	for i, pubkey := range append([]string{pubkey}, others...) {
		if !slices.ContainsFunc(d.Credentials, func(c credentialDocument) bool { return c.Pubkey == pubkey }) {
			label := []string{"local sandbox", "public key"}[min(i, 1)]
			d.Credentials = append(d.Credentials, credentialDocument{Pubkey: pubkey, Label: label})
		}
	}
	w.vaults = newVaults(r.now)
	each(r, "vaults", d.Vaults, r.readVault)
	each(r, "credentials", d.Credentials, r.readCredential)
	each(r, "users", d.Users, r.readUser)
	each(r, "accounts", d.Accounts, r.readAccount)
	each(r, "invitations", d.Invitations, r.readInvitation)
	each(r, "codes", d.Codes, func(c codeDocument) error {
		if c.SentAt.IsZero() {
			c.SentAt = r.now
		}
		id := r.id(c.ID)
		w.otps.put(id, &otp{id, c.Code, c.AccountID, c.UserID, c.SentAt, r.until(c.ExpiresAt, c.SentAt.Add(otpLifetime)), c.Attempts, c.Used})
		return nil
	})
	each(r, "sessions", d.Sessions, func(s sessionDocument) error {
		id := r.id(s.ID)
		w.sessions.put(id, &otpSession{id, s.AccountID, s.UserID, r.until(s.ExpiresAt, r.now.Add(sessionLifetime))})
		return nil
	})
	each(r, "proposals", d.Proposals, r.readProposal)
	each(r, "transactions", d.Transactions, r.readTransaction)
	each(r, "transactions", d.Transactions, r.linkTransaction)
	each(r, "drafts", d.Drafts, r.readDraft)
	each(r, "events", d.Events, func(e byzantine.Event) error {
		w.events.add(e)
		if w.lastEvent = e.CreatedAt; w.lastEvent.After(r.now) {
			w.lastEvent = r.now // see unlock, which would wait for it
		}
		return nil
	})
	each(r, "subscriptions", d.Subscriptions, r.readSubscription)
	each(r, "deliveries", d.Deliveries, r.readDelivery)
	if r.err == nil {
		r.queueShares()
		r.orderTransactions()
	}
	return r.err
}

// each reads a list. An error says which element it is about.
func each[T any](r *worldReader, name string, list []T, read func(T) error) {
	for i, element := range list {
		if r.err != nil {
			return
		}
		if err := read(element); err != nil {
			r.err = fmt.Errorf("%s[%d].%w", name, i, err)
		}
	}
}

func (r *worldReader) id(id string) string {
	if id == "" {
		return r.newID()
	}
	return id
}

// at is the time of a document, now if it was left out.
func (r *worldReader) at(t time.Time) time.Time {
	if t.IsZero() {
		return r.now
	}
	return t
}

// until is when something of a document expires; otherwise if that was left out.
func (r *worldReader) until(t, otherwise time.Time) time.Time {
	if t.IsZero() {
		return otherwise
	}
	return t
}

func (c *worldClock) read(d *clockDocument) error {
	switch {
	case d == nil:
		return nil
	case d.Frozen && d.Now.IsZero():
		return fmt.Errorf("now: missing in a frozen clock")
	case !d.Now.IsZero() && checkTime(d.Now) != nil:
		return fmt.Errorf("now: %w", checkTime(d.Now))
	case d.Frozen:
		*c = worldClock{stopped: true, at: d.Now}
		return nil
	}
	if d.Ahead == "" && !d.Now.IsZero() {
		*c = worldClock{moved: time.Until(d.Now)}
		return nil
	}
	ahead, err := time.ParseDuration(cmp.Or(d.Ahead, "0s"))
	if err != nil {
		return fmt.Errorf("ahead: not a duration such as 1h30m")
	}
	if err := checkTime(time.Now().Add(ahead)); err != nil {
		return fmt.Errorf("ahead: the time %w", err)
	}
	*c = worldClock{moved: ahead}
	return nil
}

func (r *worldReader) readVault(d vaultDocument) error {
	v, err := r.vaultByID(d.Address)
	if err != nil {
		return fmt.Errorf("address: %w", err)
	}
	v.queues = d.Queues
	if !d.Since.IsZero() {
		v.since = d.Since
	}
	return nil
}

func (r *worldReader) readCredential(d credentialDocument) error {
	scope := cmp.Or(d.AccessScope, byzantine.ScopeReadWrite)
	if err := scope.Validate(); err != nil {
		return fmt.Errorf("accessScope: %s", wire.Reason(err))
	}
	if err := checkPubkeyForm(d.Pubkey); err != nil {
		return fmt.Errorf("pubkey: %w", err)
	}
	return r.insertCredential(&credential{pubkey: d.Pubkey, scope: scope, active: !d.Inactive, label: d.Label, created: r.at(d.CreatedAt)})
}

func (r *worldReader) readUser(d userDocument) error {
	u := &user{
		id: r.id(d.ID), info: d.Info, money: d.AdditionalInfo, created: r.at(d.CreatedAt), updated: r.at(d.UpdatedAt),
		verification: verification{cmp.Or(d.VerificationStatus, byzantine.VerificationNotStarted), d.Documents},
	}
	u.info.Email = cmp.Or(u.info.Email, "user+"+u.id+"@example.com")
	u.info.FirstName, u.info.LastName = cmp.Or(u.info.FirstName, "Test"), cmp.Or(u.info.LastName, "User")
	switch {
	case r.users.get(u.id) != nil:
		return fmt.Errorf("id: twice")
	case r.userByEmail(u.info.Email) != nil:
		return fmt.Errorf("info.email: twice")
	}
	for i, p := range d.Passkeys {
		if p.CredentialID == "" || len(p.PublicKey) == 0 || r.index.userByCredential[p.CredentialID] != nil {
			return fmt.Errorf("passkeys[%d]: needs a credentialId of its own and a publicKey", i)
		}
		u.passkeys = append(u.passkeys, passkeyRecord{r.id(p.ID), p.Name, p.CredentialID, p.PublicKey, r.at(p.CreatedAt)})
	}
	r.addUser(u)
	return nil
}

// user finds a user that the document has.
func (r *worldReader) user(field, id string) (*user, error) {
	if u := r.users.get(id); u != nil {
		return u, nil
	}
	return nil, fmt.Errorf("%s: no user of the document has this id", field)
}

func (r *worldReader) account(field, id string) (*account, error) {
	if a := r.accounts.get(id); a != nil {
		return a, nil
	}
	return nil, fmt.Errorf("%s: no account of the document has this id", field)
}

func (r *worldReader) readInvitation(d invitationDocument) error {
	a, err := r.account("accountId", d.AccountID)
	if err != nil {
		return err
	}
	u, err := r.user("userId", d.UserID)
	if err != nil {
		return err
	}
	inviter, err := r.user("inviterId", d.InviterID)
	if err != nil {
		return err
	}
	r.addInvitation(&invitation{
		id: r.id(d.ID), account: a, user: u, inviter: inviter, role: cmp.Or(d.Role, byzantine.RoleView),
		status: cmp.Or(d.Status, byzantine.InvitationPending), created: r.at(d.CreatedAt), updated: r.at(d.UpdatedAt),
	})
	return nil
}

func (r *worldReader) readProposal(d proposalDocument) error {
	a, err := r.account("accountId", d.AccountID)
	if err != nil {
		return err
	}
	p := &proposal{body: d.BodyToSign, expires: r.until(d.ExpiresAt, r.now.Add(payloadLifetime)), account: a, quorum: d.Quorum}
	if d.NewUsers != nil {
		p.invitation = &byzantine.GetInviteUsersPayloadPasskeyRequest{AccountID: a.id, NewUsers: d.NewUsers}
	} else {
		p.roles = &byzantine.GetUpdateUsersRolePayloadPasskeyRequest{AccountID: a.id, UserIDs: d.UserIDs, Role: d.Role}
	}
	r.proposals.put(p.body, p)
	return nil
}

// orderTransactions restores the order of the last updates and the timers from the transactions' times.
func (r *worldReader) orderTransactions() {
	recent := slices.SortedStableFunc(slices.Values(r.world.transactions.all), func(x, y *transaction) int { return x.updated.Compare(y.updated) })
	for _, tx := range recent {
		r.recentTransactions.touch(tx)
	}
	due := slices.SortedStableFunc(slices.Values(r.world.transactions.all), func(x, y *transaction) int { return x.due.Compare(y.due) })
	for _, tx := range due {
		if !tx.due.IsZero() {
			r.addTimer(tx.due, tx)
		}
	}
}
