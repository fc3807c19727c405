package simulation

import (
	"context"
	"encoding/json"
	"fmt"
	"math/big"
	"slices"
	"sync"
	"time"

	"github.com/byzantine-finance/byzantine-go"
)

// funded is what every account has at the beginning.
var funded = byzantine.MustParseDecimal("100000")

// books are what users ordered and were told about it, whichever program told them.
type books struct {
	world *World

	mu     sync.Mutex
	orders map[string]*order // by transaction
}

// order is one movement of money.
type order struct {
	by     *person
	kind   byzantine.TransactionType
	amount byzantine.Decimal
	to     *person // of a transfer to another user
	told   []byzantine.TransactionStatus
}

// submitted says that a user was told that the API has accepted an order.
const submitted byzantine.TransactionStatus = "submitted"

// enter notes what a user is about to sign.
func (b *books) enter(transaction string, o *order) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.orders[transaction] == nil {
		b.orders[transaction] = o
	}
}

// tell notes what a user is told.
func (b *books) tell(transaction string, status byzantine.TransactionStatus) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if o := b.orders[transaction]; o != nil {
		o.told = append(o.told, status)
	}
}

// ordered returns the id of a submitted transaction of this user and kind, "" if there is none. luck chooses which.
func (b *books) ordered(by *person, kind byzantine.TransactionType, luck int) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	var all []string
	for id, o := range b.orders {
		if o.by == by && o.kind == kind && slices.Contains(o.told, submitted) {
			all = append(all, id)
		}
	}
	if len(all) == 0 {
		return ""
	}
	slices.Sort(all)
	return all[luck%len(all)]
}

// check compares the books with the API: what users were told is true, amounts are what was ordered, and the balance that
// follows from a user's orders, summed with Decimal, is what the account holds, to the last digit.
func (b *books) check() {
	b.mu.Lock()
	defer b.mu.Unlock()
	w := b.world
	sums := map[*person]byzantine.Decimal{}
	exact := map[*person]*big.Rat{}
	for _, p := range w.people {
		sums[p], exact[p] = funded, funded.Rat()
	}
	move := func(p *person, amount byzantine.Decimal, in bool) {
		if in {
			sums[p] = sums[p].Add(amount)
			exact[p].Add(exact[p], ratOf(amount))
		} else {
			sums[p] = sums[p].Sub(amount)
			exact[p].Sub(exact[p], ratOf(amount))
		}
	}
	known := map[string]bool{}
	for _, p := range w.people {
		list, err := w.operator.GetTransactions(w.ctx, &byzantine.GetTransactionsRequest{AccountID: p.accountID})
		if err != nil {
			w.violate(Balances, "the transactions of %s cannot be read: %v", p.name, err)
			return
		}
		for _, t := range list {
			known[t.TransactionID] = true
			o := b.orders[t.TransactionID]
			if o == nil || o.by != p || o.kind != t.Type {
				w.violate(Balances, "%s has not ordered %s: %+v", p.name, t.Type, o)
				continue
			}
			if ratOf(t.IntermediaryAmount).Cmp(ratOf(o.amount)) != 0 {
				w.violate(Balances, "%s has ordered %s of %s; the API has %s", p.name, o.kind, o.amount, t.IntermediaryAmount)
			}
			for _, told := range o.told {
				if told != submitted && told != t.Status && told.Terminal() {
					w.violate(Balances, "%s was told that %s of %s is %s, and it is %s", p.name, o.kind, o.amount, told, t.Status)
				}
			}
			completed := t.Status == byzantine.TransactionCompleted
			switch taken := completed || !t.Status.Terminal(); {
			case o.kind == byzantine.TransactionTypeWithdraw && completed:
				move(p, o.amount, true)
			case o.kind != byzantine.TransactionTypeWithdraw && taken:
				move(p, o.amount, false)
			}
			if o.to != nil && completed {
				move(o.to, o.amount, true)
			}
		}
	}
	for id, o := range b.orders {
		if len(o.told) > 0 && !known[id] {
			w.violate(Balances, "%s was told that %s of %s is %s, and the API does not know it", o.by.name, o.kind, o.amount, o.told)
		}
	}
	for _, p := range w.people {
		idle, err := p.idle()
		switch {
		case err != nil:
			w.violate(Balances, "the balance of %s cannot be read: %v", p.name, err)
		case sums[p].Rat().Cmp(exact[p]) != 0:
			w.violate(Balances, "the sum of the orders of %s is %s, not %s", p.name, sums[p], exact[p].FloatString(6))
		case !idle.Equal(sums[p]) || ratOf(idle).Cmp(exact[p]) != 0:
			w.violate(Balances, "%s has %s; by the orders it is %s", p.name, idle, sums[p])
		}
	}
}

// ratOf reads an amount without Decimal's own conversion.
func ratOf(d byzantine.Decimal) *big.Rat {
	r, ok := new(big.Rat).SetString(d.String())
	if !ok {
		return new(big.Rat)
	}
	return r
}

// idle returns how much money is in the user's wallet and in no vault, according to the API.
func (p *person) idle() (byzantine.Decimal, error) {
	balances, err := p.world.operator.GetAccountBalances(p.world.ctx, &byzantine.GetAccountBalancesRequest{AccountID: p.accountID})
	if err != nil {
		return byzantine.Decimal{}, err
	}
	for _, wallet := range balances.SubAccounts {
		for _, idle := range wallet.Idle {
			if idle.ChainID == chain {
				return idle.Balance, nil
			}
		}
	}
	return byzantine.Decimal{}, nil
}

// copyOfAll is a copy of all transactions. A program of the bank keeps it up to date with [byzantine.Client.CopyTransactions]
// when events tell of something new. The copy outlives the programs; one program at a time writes into it.
type copyOfAll struct {
	world *World

	mu    sync.Mutex
	rows  map[string]byzantine.Transaction
	since time.Time
	news  bool // an event has told of some
}

// nudge notes that an event has told of something new.
func (c *copyOfAll) nudge() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.news = true
}

func (c *copyOfAll) takeNews() (news bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	news, c.news = c.news, false
	return news
}

// from returns the time from which the next pass copies.
func (c *copyOfAll) from() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.since
}

// keepCopy keeps the program's copy of the transactions up to date, until the program ends. A pass is due when an event
// has told of something new, or some time has passed since the last pass.
func (p *program) keepCopy(ctx context.Context) {
	w := p.world
	random := w.random("copy of " + p.process.name)
	wait := between(random, time.Second, min(w.plan.interval, 2*time.Minute))
	if w.plan.shortPages && w.copy.from().IsZero() && w.stormy() {
		wait += w.plan.storm / 2 // there is more than a page by then
	}
	for w.instants.sleep(ctx, wait) {
		p.copyOnce(ctx)
		for range 6 { // between two passes that nothing has asked for
			wait = between(random, 5*time.Second, 30*time.Second)
			if !w.stormy() {
				wait = between(random, w.plan.interval/8, w.plan.interval/4)
			}
			if w.copy.takeNews() {
				break
			}
			if !w.instants.sleep(ctx, wait) {
				return
			}
		}
	}
}

// copyOnce makes one pass. The next pass begins at the time that CopyTransactions returned, also after an error.
func (p *program) copyOnce(ctx context.Context) {
	c := &p.world.copy
	next, err := p.client.CopyTransactions(ctx, c.from(), func(_ context.Context, t *byzantine.Transaction) error {
		if !p.process.alive() {
			return errCrashed
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		c.rows[t.TransactionID] = *t
		return nil
	})
	if p.process.alive() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.since = next
	}
	if err != nil && p.process.alive() {
		p.world.trace.add(p.name, "copies the transactions", outcome(err))
	}
}

// check compares the copy with the API's list.
func (c *copyOfAll) check() {
	c.mu.Lock()
	defer c.mu.Unlock()
	w := c.world
	left := map[string]bool{}
	for id := range c.rows {
		left[id] = true
	}
	for t, err := range w.operator.AllTransactions(w.ctx, nil) {
		if err != nil {
			w.violate(Projection, "the transactions cannot be read: %v", err)
			return
		}
		delete(left, t.TransactionID)
		row, ok := c.rows[t.TransactionID]
		if ours, theirs := inJSON(row), inJSON(t); !ok || ours != theirs {
			w.violate(Projection, "the copy of a transaction of %v is %s, and the API has %s", t.UpdatedAt, fmt.Sprint(ok, " ", ours), theirs)
		}
	}
	if len(left) > 0 {
		w.violate(Projection, "the copy has %d transactions that the API does not have", len(left))
	}
}

func inJSON(t byzantine.Transaction) string {
	text, err := json.Marshal(t)
	if err != nil {
		return err.Error()
	}
	return string(text)
}
