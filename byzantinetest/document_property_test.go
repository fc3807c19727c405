package byzantinetest_test

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/byzantinetest"
	"github.com/byzantine-finance/byzantine-go/internal/longtest"
)

// Whatever was done to a sandbox by its methods and by requests, SetWorld accepts what World returns, and World is the same
// then.
func TestAnyWorldCanBeReadAgain(t *testing.T) {
	for seed := range longtest.Count[uint64](6, 60) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { newPlayer(t, seed).play(80) })
		})
	}
}

// A document that was changed at random is rejected, or the sandbox goes on with it, and what World returns then can be read
// again as well.
func TestAnyWorldThatIsReadCanBeReadAgain(t *testing.T) {
	for seed := range longtest.Count[uint64](3, 30) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := newPlayer(t, seed)
				p.play(40)
				document := p.sandbox.World()
				for range 100 {
					changed := p.changed(document)
					p.did = []string{changed}
					if p.sandbox.SetWorld([]byte(changed)) != nil {
						continue
					}
					p.check()
					p.try("Advance", func() { p.sandbox.Advance(p.span()) })
					p.check()
					if t.Failed() {
						return
					}
				}
			})
		})
	}
}

// changed is a document in which one to three things were left out, doubled, or replaced by something.
func (p *player) changed(document []byte) string {
	var root any
	require.NoError(p.t, json.Unmarshal(document, &root))
	var values []any // that stand somewhere in the document
	var walk func(v any, visit func(v any))
	walk = func(v any, visit func(v any)) {
		visit(v)
		switch v := v.(type) {
		case map[string]any:
			for _, name := range slices.Sorted(maps.Keys(v)) {
				walk(v[name], visit)
			}
		case []any:
			for _, element := range v {
				walk(element, visit)
			}
		}
	}
	var original any
	require.NoError(p.t, json.Unmarshal(document, &original))
	walk(original, func(v any) { values = append(values, v) })
	for range 1 + p.random.IntN(3) {
		var objects []map[string]any
		walk(root, func(v any) {
			if object, ok := v.(map[string]any); ok && len(object) > 0 {
				objects = append(objects, object)
			}
		})
		object := one(p, objects...)
		name := one(p, slices.Sorted(maps.Keys(object))...)
		switch list, isList := object[name].([]any); {
		case isList && len(list) > 0 && p.random.IntN(2) == 0: // perhaps twice the same, which the next round changes
			var again any
			require.NoError(p.t, json.Unmarshal(jsonOf(p.t, one(p, list...)), &again))
			object[name] = slices.Insert(slices.Clone(list), p.random.IntN(len(list)+1), again)
		case p.random.IntN(2) == 0:
			delete(object, name)
		case p.random.IntN(2) == 0:
			var value any
			require.NoError(p.t, json.Unmarshal(jsonOf(p.t, one(p, values...)), &value))
			object[name] = value
		default:
			object[name] = one[any](p, "", "0", "1", "1000000000000000000000000000000", "1/3", "1/1"+strings.Repeat("0", 3000), "2026-09-01T11:00:00Z", "2190-09-01T11:00:00Z",
				"pending", "processing", "completed", "withdraw", "deposit", "onramp_deposit", true, false, 8453, []any{}, nil)
		}
	}
	return string(jsonOf(p.t, root))
}

func jsonOf(t *testing.T, v any) []byte {
	t.Helper()
	text, err := json.Marshal(v)
	require.NoError(t, err)
	return text
}

// player does things to a sandbox at random, those that cannot be included.
type player struct {
	t         *testing.T
	random    *rand.Rand
	sandbox   *byzantinetest.Sandbox
	client    *byzantine.Client
	investors []*investor
	did       []string
}

func newPlayer(t *testing.T, seed uint64) *player {
	p := &player{t: t, random: rand.New(rand.NewPCG(seed, 1))}
	endpoint := func(r *http.Request) (*http.Response, error) {
		if p.random.IntN(4) == 0 {
			return nil, io.ErrUnexpectedEOF
		}
		status := one(p, 200, 204, 404, 500)
		return &http.Response{StatusCode: status, Body: io.NopCloser(strings.NewReader(one(p, "", "ok", "\xff<&>")))}, nil
	}
	opts := []byzantinetest.Option{byzantinetest.WithSeed(seed), byzantinetest.WithWebhookTransport(roundTripper(endpoint))}
	if seed%2 == 0 {
		opts = append(opts, byzantinetest.WithTime(noon))
	}
	if seed%3 == 0 {
		opts = append(opts, byzantinetest.WithManualApproval())
	}
	if seed%5 == 0 {
		opts = append(opts, byzantinetest.WithProcessingTime(0))
	}
	var err error
	p.sandbox, err = byzantinetest.New(opts...)
	require.NoError(t, err)
	t.Cleanup(p.sandbox.Close)
	p.client = clientOf(t, p.sandbox, byzantine.WithMaxAttempts(1))
	for range 2 {
		p.newInvestor()
	}
	return p
}

func (p *player) newInvestor() {
	server := &byzantinetest.Server{Sandbox: p.sandbox}
	i := newInvestorOf(p.t, server, p.client)
	p.sandbox.Activate(i.accountID)
	for _, currency := range []byzantine.Currency{byzantine.CurrencyUSDC, byzantine.CurrencyEURC} {
		p.sandbox.Fund(i.accountID, byzantine.ChainBase, currency, byzantine.MustParseDecimal("1000"))
		p.sandbox.Fund(i.accountID, byzantine.ChainEthereum, currency, byzantine.MustParseDecimal("1000"))
	}
	p.sandbox.AddBankAccount(dollarAccount(i.accountID))
	for _, vault := range []string{byzantinetest.VaultBaseUSDC, byzantinetest.VaultBaseUSDCLegacy, byzantinetest.VaultEthereumQueued} {
		payload, err := i.depositPayload(chainOf(vault), vault, byzantine.MustParseDecimal("300"), byzantine.CurrencyUSDC)
		require.NoError(p.t, err)
		_, err = i.send(i.sign(payload, nil))
		require.NoError(p.t, err)
		p.sandbox.Advance(4 * time.Second)
	}
	p.investors = append(p.investors, i)
}

func chainOf(vault string) byzantine.ChainID {
	if strings.HasPrefix(vault, "0xe7") {
		return byzantine.ChainEthereum
	}
	return byzantine.ChainBase
}

func one[T any](p *player, of ...T) T { return of[p.random.IntN(len(of))] }

func (p *player) text() string {
	return one(p, "", "Ada", "É", "<b>&", "\u2028", "\xff", " ", "ada@example.com")
}

func (p *player) email() string {
	return one(p, "", "ada@example.com", "ADA@example.com", "\xff@example.com", "\xfe@example.com", fmt.Sprintf("u%d@example.com", p.random.IntN(20)))
}

func (p *player) chain() byzantine.ChainID {
	return one(p, byzantine.ChainEthereum, byzantine.ChainBase)
}

func (p *player) currency() byzantine.Currency {
	return one(p, byzantine.CurrencyUSDC, byzantine.CurrencyEURC, byzantine.CurrencyUSD, byzantine.CurrencyEUR)
}

func (p *player) amount() byzantine.Decimal {
	return byzantine.MustParseDecimal(one(p, "0.000001", "1", "33.333333", "70", "100", "300", "1000", "1000000000000000000", "0.1234567", "0"))
}

func (p *player) vault() string {
	return one(p, byzantinetest.VaultBaseUSDC, byzantinetest.VaultBaseUSDCLegacy, byzantinetest.VaultBaseEURC, byzantinetest.VaultBaseUSDCTest,
		byzantinetest.VaultEthereumUSDC, byzantinetest.VaultEthereumQueued)
}

func (p *player) status() byzantine.VerificationStatus {
	return one(p, byzantine.VerificationActive, byzantine.VerificationRejected, byzantine.VerificationResubmissionRequested,
		byzantine.VerificationUnderReview, byzantine.VerificationNotStarted, byzantine.VerificationActive, byzantine.VerificationActive, "", "other")
}

func (p *player) investor() *investor { return one(p, p.investors...) }

func (p *player) userID() string {
	if users := p.sandbox.Users(); len(users) > 0 {
		return one(p, users...).ID
	}
	return unknownID
}

func (p *player) accountID() string {
	if accounts := p.sandbox.Accounts(); len(accounts) > 0 {
		return one(p, accounts...).ID
	}
	return unknownID
}

func (p *player) transactionID() string {
	page, err := p.client.GetAllTransactions(p.t.Context(), &byzantine.GetAllTransactionsRequest{})
	if err != nil || len(page.Transactions) == 0 {
		return unknownID
	}
	return one(p, page.Transactions...).TransactionID
}

func (p *player) span() time.Duration {
	return one(p, 0, time.Second, 2*time.Second, 17*time.Second, time.Minute, time.Hour, 3*time.Hour, 24*time.Hour, 400*24*time.Hour, 100*365*24*time.Hour)
}

// moves are what a player can do, by name.
var moves = []struct {
	name string
	do   func(p *player)
}{
	{"AddUser", func(p *player) {
		p.sandbox.AddUser(byzantinetest.User{ID: one(p, "", "", "", documentID(p.random.IntN(9)), "\xff", "\xfe"), Email: p.email(), FirstName: p.text(), LastName: p.text()})
	}},
	{"AddAccount", func(p *player) {
		a := byzantinetest.Account{
			Name: p.text(), Type: one(p, "", byzantine.AccountTypeCompany, byzantine.AccountTypeIndividual), Status: p.status(),
			WalletAddress: one(p, "", "0x1", "\xff"), SelfCustodial: p.random.IntN(3) == 0, Foreign: p.random.IntN(5) == 0,
			ID: one(p, "", "", "", "\xff", "\xfe"),
		}
		for range p.random.IntN(3) {
			a.UserIDs = append(a.UserIDs, p.userID())
			if p.random.IntN(2) == 0 {
				a.Roles = append(a.Roles, one(p, byzantine.RoleRoot, byzantine.RoleAdmin, byzantine.RoleView, byzantine.RoleBeneficiary, ""))
			}
		}
		p.sandbox.AddAccount(a)
	}},
	{"newInvestor", func(p *player) {
		if len(p.investors) < 5 {
			p.newInvestor()
		}
	}},
	{"Activate", func(p *player) { p.sandbox.Activate(p.accountID(), p.chain()) }},
	{"Fund", func(p *player) { p.sandbox.Fund(p.accountID(), p.chain(), p.currency(), p.amount()) }},
	{"Fund", func(p *player) { p.sandbox.Fund(p.investor().accountID, p.chain(), p.currency(), p.amount()) }},
	{"SetStatus", func(p *player) { p.sandbox.SetStatus(p.accountID(), p.status(), p.text()) }},
	{"Approve", func(p *player) { p.sandbox.Approve(p.accountID()) }},
	{"Trigger", func(p *player) {
		p.sandbox.Trigger(one(p, byzantinetest.TriggeredTypes()...), one(p, "", p.accountID()))
	}},
	{"Trigger", func(p *player) { p.sandbox.Trigger(one(p, byzantinetest.TriggeredTypes()...), p.investor().accountID) }},
	{"FailTransaction", func(p *player) {
		p.sandbox.FailTransaction(p.transactionID(), one(p, byzantine.TransactionReverted, byzantine.TransactionRefunded, byzantine.TransactionSimulationFailed))
	}},
	{"SettleWithdrawal", func(p *player) { p.sandbox.SettleWithdrawal(p.transactionID()) }},
	{"QueueWithdrawals", func(p *player) { p.sandbox.QueueWithdrawals(p.vault(), p.random.IntN(2) == 0) }},
	{"Advance", func(p *player) { p.sandbox.Advance(p.span()) }},
	{"Advance", func(p *player) { p.sandbox.Advance(time.Minute) }},
	{"SetTime", func(p *player) {
		p.sandbox.SetTime(one(p, noon, p.sandbox.Now().Add(-p.span()), p.sandbox.Now().Add(p.span()), time.Time{}, noon.AddDate(8000, 0, 0), noon.AddDate(-400, 0, 0)))
	}},
	{"Freeze", func(p *player) { p.sandbox.Freeze(p.random.IntN(2) == 0) }},
	{"AddBankAccount", func(p *player) { p.sandbox.AddBankAccount(dollarAccount(p.accountID())) }},
	{"RetryDelivery", func(p *player) {
		if list := p.sandbox.Deliveries(byzantine.ListWebhookDeliveriesRequest{}); len(list) > 0 {
			p.sandbox.RetryDelivery(one(p, list...).Delivery.ID)
		}
	}},
	{"SendCode", func(p *player) { i := p.investor(); p.sandbox.SendCode(i.accountID, i.userID) }},
	{"login", func(p *player) {
		i := p.investor()
		otp, err := p.client.InitOTP(p.t.Context(), &byzantine.InitOTPRequest{AccountID: i.accountID, UserID: i.userID})
		if err != nil {
			return
		}
		session, err := p.client.OTPAuth(p.t.Context(), &byzantine.OTPAuthRequest{
			AccountID: i.accountID, UserID: i.userID, OTPID: otp.OTPID, OTPCode: one(p, "000000", p.sandbox.OTPCode(otp.OTPID)),
		})
		if err == nil {
			p.client.CreateAuthenticatorsOTP(p.t.Context(), &byzantine.CreateAuthenticatorsOTPRequest{
				AccountID: i.accountID, UserID: i.userID, SessionID: session.SessionID, Authenticators: []byzantine.AuthenticatorParam{newPasskey(p.t)},
			})
		}
	}},
	{"CreateIndividualAccount", func(p *player) {
		req := adaInFull(p.t)
		req.UserInfo.Email, req.UserInfo.FirstName, req.WalletAddress = p.email(), p.text(), one(p, "", delegateOfTests)
		req.RootUsers[0].Email, req.RootUsers[0].LastName = p.email(), p.text()
		p.client.CreateIndividualAccount(p.t.Context(), req)
	}},
	{"CreateEntityAccount", func(p *player) {
		req := analytical()
		req.EntityInfo.Email, req.RootUsers[0].Email = p.email(), p.email()
		req.EntityInfo.BusinessLegalName = p.text()
		req.AssociatedPersons = []byzantine.AssociatedPersonParam{owner(p.text(), "Lovelace", p.email(), 30.5)}
		p.client.CreateEntityAccount(p.t.Context(), req)
	}},
	{"UpdateIndividualAccount", func(p *player) {
		p.client.UpdateIndividualAccount(p.t.Context(), &byzantine.UpdateIndividualAccountRequest{
			AccountID: p.accountID(), UserInfo: &byzantine.UserInfoUpdate{FirstName: new(p.text()), Phone: new(p.text())},
			VerificationDocuments: []byzantine.UserVerificationDocument{passport(p.t)},
		})
	}},
	{"UpdateEntityAccount", func(p *player) {
		p.client.UpdateEntityAccount(p.t.Context(), &byzantine.UpdateEntityAccountRequest{
			AccountID: p.accountID(), EntityInfo: one(p, companyData(), &byzantine.EntityInfoUpdate{Email: new(p.email()), BusinessLegalName: new(p.text())}),
			EntityDocuments: companyDocuments(p.t),
		})
	}},
	{"invite", func(p *player) {
		i := p.investor()
		payload, err := p.client.GetInviteUsersPayloadPasskey(p.t.Context(), &byzantine.GetInviteUsersPayloadPasskeyRequest{
			AccountID: i.accountID, NewUsers: []byzantine.Invitee{{FirstName: p.text(), LastName: p.text(), UserEmail: p.email()}},
		})
		if err == nil && p.random.IntN(2) == 0 {
			p.client.InviteUsers(p.t.Context(), &byzantine.InviteUsersRequest{SignedPayload: i.sign(payload, nil), InvitedBy: i.userID})
		}
	}},
	{"change roles", func(p *player) {
		i := p.investor()
		payload, err := p.client.GetUpdateUsersRolePayloadPasskey(p.t.Context(), &byzantine.GetUpdateUsersRolePayloadPasskeyRequest{
			AccountID: i.accountID, UserIDs: []string{p.userID()}, Role: one(p, byzantine.RoleRoot, byzantine.RoleAdmin, byzantine.RoleView),
		})
		if err == nil && p.random.IntN(2) == 0 {
			p.client.UpdateUsersRole(p.t.Context(), &byzantine.UpdateUsersRoleRequest{SignedPayload: i.sign(payload, nil)})
		}
	}},
	{"deposit", func(p *player) { i := p.investor(); p.transact(i, i.depositPayload) }},
	{"deposit", func(p *player) { i := p.investor(); p.transact(i, i.depositPayload) }},
	{"withdraw", func(p *player) { i := p.investor(); p.transact(i, i.withdrawal) }},
	{"withdraw", func(p *player) { i := p.investor(); p.transact(i, i.withdrawal) }},
	{"transfer", func(p *player) {
		i := p.investor()
		to := one(p, p.investor().wallet, byzantinetest.VaultBaseUSDC)
		payload, err := i.transferPayload(p.chain(), one(p, byzantine.CryptoUSDC, byzantine.CryptoEURC), p.amount(), to)
		p.submit(i, payload, err)
	}},
	{"upgrade", func(p *player) {
		i := p.investor()
		payload, err := i.upgradePayload(byzantinetest.VaultBaseUSDCLegacy)
		p.submit(i, payload, err)
	}},
	{"cancel", func(p *player) {
		i := p.investor()
		payload, err := i.cancelPayload(byzantine.ChainEthereum, p.transactionID())
		p.submit(i, payload, err)
	}},
	{"activate", func(p *player) {
		i := p.investor()
		payload, err := i.activationPayload(p.chain())
		p.submit(i, payload, err)
	}},
	{"CreateWebhookSubscription", func(p *player) {
		p.client.CreateWebhookSubscription(p.t.Context(), &byzantine.CreateWebhookSubscriptionRequest{
			URL: fmt.Sprintf("https://integrator.example/hook%d?a=<b>", p.random.IntN(3)), Name: p.text(),
			Enabled: one(p, nil, new(false)), EventTypes: one(p, nil, byzantine.EventTypes{byzantine.EventTransactionCompleted}),
		})
	}},
	{"change a subscription", func(p *player) {
		list, err := p.client.ListWebhookSubscriptions(p.t.Context(), nil)
		if err != nil || len(list.Subscriptions) == 0 {
			return
		}
		id := one(p, list.Subscriptions...).Subscription.ID
		switch p.random.IntN(4) {
		case 0:
			p.client.DeleteWebhookSubscription(p.t.Context(), id)
		case 1:
			p.client.SendTestWebhookDelivery(p.t.Context(), id)
		default:
			p.client.UpdateWebhookSubscription(p.t.Context(), &byzantine.UpdateWebhookSubscriptionRequest{SubscriptionID: id, Enabled: new(p.random.IntN(2) == 0), Name: new(p.text())})
		}
	}},
	{"CreateCredential", func(p *player) {
		created, err := p.client.CreateCredential(p.t.Context(), &byzantine.CreateCredentialRequest{Label: p.text(), AccessScope: one(p, "", byzantine.ScopeReadWrite)})
		if err != nil {
			return
		}
		switch p.random.IntN(3) {
		case 0:
			p.client.DeleteCredential(p.t.Context(), created.Pubkey)
		case 1:
			p.client.UpdateCredential(p.t.Context(), &byzantine.UpdateCredentialRequest{Pubkey: created.Pubkey, Active: new(false), Label: new(p.text())})
		}
	}},
}

const delegateOfTests = "0xde1e6a7e00000000000000000000000000007702"

// withdrawal asks for the payload of a withdrawal.
func (i *investor) withdrawal(chain byzantine.ChainID, vault string, amount byzantine.Decimal, currency byzantine.Currency) (*byzantine.Payload, error) {
	return i.withdrawPayload(chain, vault, amount, currency, "")
}

// transact asks for a payload that fits a vault, and signs it in most cases.
func (p *player) transact(i *investor, ask func(byzantine.ChainID, string, byzantine.Decimal, byzantine.Currency) (*byzantine.Payload, error)) {
	vault := p.vault()
	payload, err := ask(chainOf(vault), vault, p.amount(), p.currency())
	p.submit(i, payload, err)
}

func (p *player) submit(i *investor, payload *byzantine.Payload, err error) {
	if err == nil && p.random.IntN(5) > 0 {
		i.send(i.sign(payload, nil))
	}
}

// play makes moves and looks at the world after each.
func (p *player) play(n int) {
	for range n {
		p.move()
		p.check()
		if p.t.Failed() {
			return
		}
	}
	require.NoError(p.t, byzantinetest.CheckWorld(p.sandbox.World()), "%q", p.did)
}

// move does one thing. What cannot be is an error or a panic with a text.
func (p *player) move() {
	m := one(p, moves...)
	p.try(m.name, func() { m.do(p) })
}

// try does something that may panic with a text of the sandbox.
func (p *player) try(name string, do func()) {
	defer func() {
		if mistake := recover(); mistake != nil {
			text, ok := mistake.(string)
			if !ok || !strings.HasPrefix(text, "byzantinetest: ") {
				panic(mistake)
			}
			p.did[len(p.did)-1] += ": " + text
		}
	}()
	p.did = append(p.did, name)
	do()
}

func (p *player) check() {
	running := !p.sandbox.Frozen()
	if running {
		require.NoError(p.t, p.sandbox.SetWorld(p.sandbox.World()), "%q", p.did)
		p.sandbox.Freeze(true)
	}
	p.sandbox.Deliver()
	first := p.sandbox.World()
	require.NoError(p.t, p.sandbox.SetWorld(first), "%q", p.did)
	if was, is := firstDifference(string(first), string(p.sandbox.World())); was != is {
		assert.Equal(p.t, was, is, "%q", p.did)
	}
	if running {
		p.sandbox.Freeze(false)
	}
}

// firstDifference returns the texts around the first byte in which two worlds differ.
func firstDifference(x, y string) (string, string) {
	at := 0
	for at < len(x) && at < len(y) && x[at] == y[at] {
		at++
	}
	around := func(text string) string { return text[max(at-150, 0):min(at+150, len(text))] }
	return around(x), around(y)
}
