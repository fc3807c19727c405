package byzantinetest

import (
	"bytes"
	"cmp"
	_ "embed"
	"html/template"
	"net/http"
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
	maxShown      = 30      // of codes, requests, transactions and events: the newest
	maxShownBytes = 4 << 10 // of a request's body
	maxReload     = 3600    // seconds
)

var (
	//go:embed status.html
	statusHTML string
	//go:embed status.css
	statusCSS []byte

	statusTemplate = template.Must(template.New("status").Funcs(template.FuncMap{
		"utc":   func(t time.Time) string { return t.UTC().Format(time.RFC3339) },
		"clock": func(t time.Time) string { return t.UTC().Format("15:04:05") },
		"text":  shownText,
		"value": shownHeader,
		"tx":    (*transaction).detailedView,
		"money": movedMoney,
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
	// Without the parameter, or with nonsense in it, the page stands still.
	reload, _ := strconv.Atoi(r.URL.Query().Get("reload"))
	page, err := s.renderStatus(min(max(reload, 0), maxReload))
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

// statusView is what the page shows, the newest first.
type statusView struct {
	Now          time.Time
	Reload       int // seconds; 0 for a page that stands still
	IntegratorID string
	PublicKey    string
	Codes        shown[codeView]
	Invitations  []byzantine.Invitation
	Requests     shown[Request]
	Accounts     []accountView
	Transactions shown[*transaction]
	Events       shown[byzantine.Event]
}

// renderStatus holds the lock until the page is written: what it shows points into the world.
func (s *Sandbox) renderStatus(reload int) ([]byte, error) {
	s.lock()
	defer s.unlock()
	w := s.world
	accounts, err := w.accountViews()
	if err != nil {
		return nil, err
	}
	view := statusView{
		Now:          w.clock.now(),
		Reload:       reload,
		IntegratorID: w.integratorID,
		PublicKey:    s.key.PublicKeyHex(),
		Codes:        newest(w.mailbox()),
		Invitations:  w.invitationsWhere(func(i *invitation) bool { return i.status == byzantine.InvitationPending }),
		Requests:     newest(s.log),
		Accounts:     accounts,
		Transactions: newest(w.transactions.all),
		Events:       newest(w.events),
	}
	var page bytes.Buffer
	err = statusTemplate.Execute(&page, view)
	return page.Bytes(), err
}

// shown is the part of a list that is on the page, the newest first.
type shown[T any] struct {
	Items []T
	Total int
}

// newest takes the end of a list.
func newest[T any](list []T) shown[T] {
	end := slices.Clone(list[max(len(list)-maxShown, 0):])
	slices.Reverse(end)
	return shown[T]{end, len(list)}
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

// mailbox is all codes that were sent, the oldest first.
func (w *world) mailbox() []codeView {
	var views []codeView
	for id, o := range w.otps {
		view := codeView{Code: o.code, OTPID: id, Account: o.accountID, Expires: o.expires}
		if u := w.users.get(o.userID); u != nil {
			view.To = u.summary()
		}
		switch {
		case o.used:
			view.State = "used"
		case o.attempts >= maxOTPAttempts:
			view.State = "too many wrong attempts"
		case !w.clock.now().Before(o.expires):
			view.State = "expired"
		}
		views = append(views, view)
	}
	slices.SortFunc(views, func(x, y codeView) int {
		return cmp.Or(x.Expires.Compare(y.Expires), strings.Compare(x.OTPID, y.OTPID))
	})
	return views
}

// accountView is an account together with what other operations answer about it.
type accountView struct {
	byzantine.Account
	Foreign  bool // of another integrator: only the id is known
	Status   byzantine.VerificationStatus
	Passkeys map[string]int // how many, by user id
	Wallets  []byzantine.SubAccountBalances
}

func (w *world) accountViews() ([]accountView, error) {
	var views []accountView
	for _, a := range w.accounts.all {
		if a.foreign {
			views = append(views, accountView{Account: byzantine.Account{AccountID: a.id}, Foreign: true})
			continue
		}
		details, err := w.accountDetails(&byzantine.GetAccountDetailsRequest{AccountID: a.id})
		if err != nil {
			return nil, err
		}
		balances, err := w.accountBalances(&byzantine.GetAccountBalancesRequest{AccountID: a.id, IncludeTestVaults: new(true)})
		if err != nil {
			return nil, err
		}
		view := accountView{Account: *details, Status: a.customer().status, Wallets: balances.SubAccounts, Passkeys: map[string]int{}}
		for _, m := range a.members {
			view.Passkeys[m.user.id] = len(m.user.passkeys)
		}
		views = append(views, view)
	}
	return views, nil
}

// shownText is the beginning of a text that may be anything.
func shownText(body []byte) string {
	text, more := body, ""
	if len(text) > maxShownBytes {
		text, more = text[:maxShownBytes], " ..."
	}
	return strings.ToValidUTF8(string(text), "\uFFFD") + more
}

// shownHeader is the value of a header. What could be used once more elsewhere is cut off: the signature of a request does
// not name the host that it is for.
func shownHeader(name, value string) string {
	const enough = 12
	switch name {
	case "X-Signature", "Authorization", "Cookie":
		if len(value) > enough {
			return value[:enough] + "..."
		}
	}
	return value
}

// movedMoney is what goes in and, if it is something else, what comes out.
func movedMoney(tx byzantine.Transaction) string {
	in, out := amountText(tx.SourceAmount, tx.SourceCurrency), amountText(tx.DestinationAmount, tx.DestinationCurrency)
	if in == out || out == "" {
		return in
	}
	return strings.TrimSpace(in + " to " + out)
}

func amountText(amount *byzantine.Decimal, currency *byzantine.Currency) string {
	var words []string
	if amount != nil {
		words = append(words, string(*amount))
	}
	if currency != nil {
		words = append(words, string(*currency))
	}
	return strings.Join(words, " ")
}
