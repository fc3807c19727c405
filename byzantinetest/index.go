package byzantinetest

import (
	"container/list"
	"slices"
	"strings"
	"time"

	"github.com/byzantine-finance/byzantine-go"
)

// index finds what a request names, however much the world holds.
type index struct {
	userByEmail      map[string]*user
	userByCredential map[string]*user // by credential id of a passkey
	accountByWallet  map[string]*account
	accountByEntity  map[string]*account
	accountByPerson  map[string]*account // by beneficiary id
	entityByEmail    map[string]*entity
}

func newIndex() index {
	return index{
		userByEmail:      map[string]*user{},
		userByCredential: map[string]*user{},
		accountByWallet:  map[string]*account{},
		accountByEntity:  map[string]*account{},
		accountByPerson:  map[string]*account{},
		entityByEmail:    map[string]*entity{},
	}
}

// addUser adds a user with the passkeys that they have.
func (w *world) addUser(u *user) {
	w.users.add(u.id, u)
	w.index.userByEmail[strings.ToLower(u.info.Email)] = u
	for _, p := range u.passkeys {
		w.index.userByCredential[p.credentialID] = u
	}
}

// register gives a user, who may not have been added yet, more passkeys.
func (w *world) register(u *user, records []passkeyRecord) {
	u.passkeys = append(u.passkeys, records...)
	for _, p := range records {
		w.index.userByCredential[p.credentialID] = u
	}
}

// addAccount adds an account with all that belongs to it.
func (w *world) addAccount(a *account) {
	w.accounts.add(a.id, a)
	if wallet := strings.ToLower(a.wallet); w.index.accountByWallet[wallet] == nil {
		w.index.accountByWallet[wallet] = a
	}
	if e := a.entity; e != nil {
		w.index.accountByEntity[e.id] = a
		w.addEntityEmail(e)
		for _, p := range e.persons {
			w.index.accountByPerson[p.id] = a
		}
	}
}

// addPersonTo adds a person to an account's entity.
func (w *world) addPersonTo(a *account, p *associatedPerson) {
	a.entity.persons = append(a.entity.persons, p)
	w.index.accountByPerson[p.id] = a
}

// userByEmail finds the one user with an e-mail address. Upper and lower case are the same mailbox.
func (w *world) userByEmail(email string) *user { return w.index.userByEmail[strings.ToLower(email)] }

func (w *world) addEntityEmail(e *entity) {
	if e.info.Email != "" {
		w.index.entityByEmail[strings.ToLower(e.info.Email)] = e
	}
}

func (w *world) removeEntityEmail(e *entity) {
	if w.entityByEmail(e.info.Email) == e {
		delete(w.index.entityByEmail, strings.ToLower(e.info.Email))
	}
}

// entityByEmail returns nil for an address that no entity has, and for an empty one.
func (w *world) entityByEmail(email string) *entity {
	return w.index.entityByEmail[strings.ToLower(email)]
}

// accountByWallet returns nil if the address is none of an account's.
func (w *world) accountByWallet(address string) *account {
	return w.index.accountByWallet[strings.ToLower(address)]
}

// accountOfEntity returns nil for an id that is not known.
func (w *world) accountOfEntity(entityID string) *account { return w.index.accountByEntity[entityID] }

// associatedPerson returns nil for an id that is not known.
func (w *world) associatedPerson(beneficiaryID string) (*account, *associatedPerson) {
	a := w.index.accountByPerson[beneficiaryID]
	if a == nil {
		return nil, nil
	}
	i := slices.IndexFunc(a.entity.persons, func(p *associatedPerson) bool { return p.id == beneficiaryID })
	return a, a.entity.persons[i]
}

// passkeyOwner returns nil for a credential id that is not registered.
func (w *world) passkeyOwner(credentialID string) (*user, passkeyRecord) {
	u := w.index.userByCredential[credentialID]
	if u == nil {
		return nil, passkeyRecord{}
	}
	i := slices.IndexFunc(u.passkeys, func(p passkeyRecord) bool { return p.credentialID == credentialID })
	return u, u.passkeys[i]
}

// addDelivery adds a delivery. Its event must be set: the index reads it.
func (w *world) addDelivery(d *delivery) {
	w.deliveries.add(d.ID, d)
	_, source := d.source()
	about := []string{d.EventID, d.event.Related.AccountID, source}
	for i, id := range about {
		if id != "" && !slices.Contains(about[:i], id) {
			w.deliveriesAbout[id] = append(w.deliveriesAbout[id], d)
		}
	}
}

func (w *world) removeDeliveriesTo(s *subscription) {
	gone := func(d *delivery) bool { return d.subscription == s }
	w.deliveries.removeWhere(gone)
	for id, list := range w.deliveriesAbout {
		if list = slices.DeleteFunc(list, gone); len(list) > 0 {
			w.deliveriesAbout[id] = list
		} else {
			delete(w.deliveriesAbout, id)
		}
	}
}

// deliveriesFor returns deliveries, the oldest first, among which are all that match the request.
func (w *world) deliveriesFor(req *listDeliveriesRequest) []*delivery {
	for _, id := range []string{req.EventID, req.SourceID, req.AccountID} {
		if id != "" {
			return w.deliveriesAbout[id]
		}
	}
	return w.deliveries.all
}

// byUpdate holds things in the order of their last updates, the newest last.
type byUpdate[T comparable] struct {
	list     *list.List // nil if there is nothing
	elements map[T]*list.Element
}

// touch makes a thing the newest, whether it was there before or not.
func (b *byUpdate[T]) touch(thing T) {
	if e := b.elements[thing]; e != nil {
		b.list.MoveToBack(e)
		return
	}
	if b.elements == nil {
		b.elements, b.list = map[T]*list.Element{}, list.New()
	}
	b.elements[thing] = b.list.PushBack(thing)
}

// page returns a page, the newest first unless the order says otherwise, with the limit and the offset that it applied.
func (b *byUpdate[T]) page(req *pageRequest) (page []T, limit, offset int64) {
	limit, offset = req.bounded(defaultPageLimit, maxPageLimit)
	if b.list == nil {
		return nil, limit, offset
	}
	e, next := b.list.Back(), (*list.Element).Prev
	if req.Order == byzantine.OrderAscending {
		e, next = b.list.Front(), (*list.Element).Next
	}
	for skipped := int64(0); e != nil && skipped < offset; skipped++ {
		e = next(e)
	}
	for ; e != nil && int64(len(page)) < limit; e = next(e) {
		page = append(page, e.Value.(T))
	}
	return page, limit, offset
}

// shelf holds things that expire, by key. What has expired stays for a while, so that a request that comes too late is told
// so, and is forgotten then.
type shelf[T interface{ expiry() time.Time }] struct {
	byKey map[string]T
	keys  []string // the oldest first; may name what was taken away
}

// shelfTime is how long something is kept after it has expired.
const shelfTime = time.Hour

func (s *shelf[T]) add(now time.Time, key string, thing T) {
	s.purge(now)
	s.put(key, thing)
}

// put is add without a look at what has expired.
func (s *shelf[T]) put(key string, thing T) {
	if s.byKey == nil {
		s.byKey = map[string]T{}
	}
	s.byKey[key] = thing
	s.keys = append(s.keys, key)
}

// all returns what is there, the oldest first.
func (s *shelf[T]) all() []T {
	var all []T
	for _, key := range s.keys {
		if thing, there := s.byKey[key]; there {
			all = append(all, thing)
		}
	}
	return all
}

// get returns the zero T, a nil pointer, for a key that is not there.
func (s *shelf[T]) get(key string) T { return s.byKey[key] }

func (s *shelf[T]) remove(key string) { delete(s.byKey, key) }

// purge forgets what has expired long ago.
func (s *shelf[T]) purge(now time.Time) {
	n := 0
	for _, key := range s.keys {
		thing, there := s.byKey[key]
		if there && !now.After(thing.expiry().Add(shelfTime)) {
			break
		}
		delete(s.byKey, key)
		n++
	}
	s.keys = slices.Delete(s.keys, 0, n)
}
