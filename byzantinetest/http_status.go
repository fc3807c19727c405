package byzantinetest

import (
	"bytes"
	_ "embed"
	"errors"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/byzantine-finance/byzantine-go"
)

// StatusPath is where a [Sandbox] shows what it holds, on a page for browsers: the mailbox with the one-time codes, the
// requests with their verdicts, accounts, transactions and events. The page needs no signature and no JavaScript.
const StatusPath = "/_sandbox/"

const (
	maxShown      = 30      // of a kind, on one page
	maxShownBytes = 4 << 10 // of a request's body
	maxReload     = 3600    // seconds
)

var (
	//go:embed status.html
	statusHTML string
	//go:embed status.css
	statusCSS []byte

	statusTemplate = template.Must(template.New("status").Funcs(template.FuncMap{
		"utc":     func(t time.Time) string { return t.UTC().Format(time.RFC3339) },
		"clock":   func(t time.Time) string { return t.UTC().Format("15:04:05") },
		"text":    shownText,
		"headers": shownHeader,
		"money":   movedMoney,
	}).Parse(statusHTML))
)

// routeStatus adds the page to the mux.
func (s *Sandbox) routeStatus() {
	s.mux.HandleFunc("GET "+StatusPath+"{$}", s.serveStatus)
	s.mux.HandleFunc("GET "+StatusPath+"status.css", func(w http.ResponseWriter, _ *http.Request) {
		writePage(w, "text/css; charset=utf-8", statusCSS)
	})
}

func (s *Sandbox) serveStatus(w http.ResponseWriter, r *http.Request) {
	page, err := s.renderStatus(r.URL.Query())
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	writePage(w, "text/html; charset=utf-8", page)
}

// writePage shuts out everything that the page does not need. What requests brought is shown on it.
func writePage(w http.ResponseWriter, contentType string, page []byte) {
	h := w.Header()
	h.Set("Content-Type", contentType)
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "no-store")
	w.Write(page)
}

// statusView is what the page shows. It shares nothing with the world that could change.
type statusView struct {
	Now          time.Time
	Reload       int // seconds; 0 for a page that stands still
	IntegratorID string
	PublicKey    string
	Codes        shown[codeView]
	Invitations  []byzantine.Invitation
	Requests     shown[Request]
	Accounts     shown[accountView]
	Transactions shown[byzantine.Transaction]
	Events       shown[byzantine.Event]
}

func (s *Sandbox) renderStatus(query url.Values) ([]byte, error) {
	view, err := s.statusView(query)
	if err != nil {
		return nil, err
	}
	// Without the parameter, or with nonsense in it, the page stands still.
	reload, _ := strconv.Atoi(query.Get("reload"))
	view.Reload = min(max(reload, 0), maxReload)
	var page bytes.Buffer
	err = statusTemplate.Execute(&page, view)
	return page.Bytes(), err
}

// statusView looks at a page's worth of everything. Calls beside it wait for no more than that.
func (s *Sandbox) statusView(query url.Values) (*statusView, error) {
	skip := func(section string) int {
		n, _ := strconv.Atoi(query.Get(section)) // nonsense is the beginning
		return max(n, 0)
	}
	s.lock()
	defer s.unlock()
	w := s.world
	w.otps.purge(w.clock.now())
	view := &statusView{
		Now:          w.clock.now(),
		IntegratorID: w.integratorID,
		PublicKey:    s.key.PublicKeyHex(),
		Invitations:  w.pendingInvitations(),
		Requests:     newest("requests", s.journal.Requests(), skip, func(r Request) Request { return r }),
		Codes:        newest("mailbox", w.otps.keys, skip, w.codeView),
		Transactions: newest("transactions", w.transactions.all, skip, (*transaction).detailedView),
		Events:       newest("events", w.events.all, skip, func(e byzantine.Event) byzantine.Event { return e }),
	}
	var failed error
	view.Accounts = newest("accounts", w.accounts.all, skip, func(a *account) accountView {
		view, err := w.accountView(a)
		failed = errors.Join(failed, err)
		return view
	})
	return view, failed
}

// pendingInvitations are those among the newest.
func (w *world) pendingInvitations() []byzantine.Invitation {
	recent, _, _ := w.recentInvitations.page(&pageRequest{paging: paging{Limit: new(int64(maxShown))}})
	pending := slices.DeleteFunc(recent, func(i *invitation) bool { return i.status != byzantine.InvitationPending })
	slices.Reverse(pending)
	return invitationViews(pending)
}

// shown is a page of a list, the newest first.
type shown[T any] struct {
	Section string // and the name of the query parameter that says how many to skip
	Items   []T
	Skipped int
	Total   int
}

// newest takes a page from the end of a list. Only what is on it is looked at.
func newest[S, T any](section string, list []S, skip func(string) int, view func(S) T) shown[T] {
	page := shown[T]{Section: section, Total: len(list), Skipped: min(skip(section), len(list))}
	end := len(list) - page.Skipped
	for _, thing := range slices.Backward(list[max(end-maxShown, 0):end]) {
		page.Items = append(page.Items, view(thing))
	}
	return page
}

// First is the place of the page's first item in the list, counted from 1; Last is that of its last.
func (s shown[T]) First() int { return s.Skipped + 1 }
func (s shown[T]) Last() int  { return s.Skipped + len(s.Items) }

// Newer and Older are how many to skip on the pages beside this one; -1 if there is none.
func (s shown[T]) Newer() int {
	if s.Skipped == 0 {
		return -1
	}
	return max(s.Skipped-maxShown, 0)
}

func (s shown[T]) Older() int {
	if s.Last() >= s.Total {
		return -1
	}
	return s.Last()
}

// codeView is an e-mail with a one-time code.
type codeView struct {
	Code    string
	OTPID   string
	To      byzantine.UserSummary
	Account string
	Expires time.Time
	State   string // why it does not count any more; empty if it does
}

func (w *world) codeView(otpID string) codeView {
	o := w.otps.get(otpID)
	view := codeView{Code: o.code, OTPID: o.id, Account: o.accountID, Expires: o.expires, State: o.state(w.clock.now())}
	if u := w.users.get(o.userID); u != nil {
		view.To = u.summary()
	}
	return view
}

// accountView is an account together with what other operations return about it.
type accountView struct {
	byzantine.Account
	Foreign  bool // of another integrator: only the id is known
	Status   byzantine.VerificationStatus
	Passkeys map[string]int // how many, by user id
	Wallets  []byzantine.SubAccountBalances
}

func (w *world) accountView(a *account) (accountView, error) {
	if a.foreign {
		return accountView{Account: byzantine.Account{AccountID: a.id}, Foreign: true}, nil
	}
	details, err := w.accountDetails(&byzantine.GetAccountDetailsRequest{AccountID: a.id})
	if err != nil {
		return accountView{}, err
	}
	balances, err := w.accountBalances(&byzantine.GetAccountBalancesRequest{AccountID: a.id, IncludeTestVaults: true})
	if err != nil {
		return accountView{}, err
	}
	view := accountView{Account: *details, Status: a.customer().status, Wallets: balances.SubAccounts, Passkeys: map[string]int{}}
	for _, m := range a.members {
		view.Passkeys[m.user.id] = len(m.user.passkeys)
	}
	return view, nil
}

// shownText is the beginning of a text that may be anything.
func shownText(body []byte) string {
	text, more := body, ""
	if len(text) > maxShownBytes {
		text, more = text[:maxShownBytes], " ..."
	}
	return strings.ToValidUTF8(string(text), "\uFFFD") + more
}

// movedMoney is what goes in and, if it is something else, what comes out.
func movedMoney(tx byzantine.Transaction) string {
	in, out := amountText(tx.SourceAmount, tx.SourceCurrency), amountText(tx.DestinationAmount, tx.DestinationCurrency)
	if in == out || out == "" {
		return in
	}
	return strings.TrimSpace(in + " to " + out)
}

func amountText(amount byzantine.Decimal, currency byzantine.Currency) string {
	var words []string
	if amount.IsSet() {
		words = append(words, amount.String())
	}
	if currency != "" {
		words = append(words, string(currency))
	}
	return strings.Join(words, " ")
}
