// Package demoapp is a small web application on byzantine-go: users sign in with an e-mailed code, create passkeys,
// activate their account, deposit into vaults and withdraw from them. Start reading at [New], which has all routes.
//
// It is an example to read and to copy from. It leaves out what differs between companies: a database for sessions and
// passkeys (both are kept in memory here), a limit on how many codes an address gets per hour, onboarding (the users
// exist already), and accounts for which more than one person signs on the same device.
package demoapp

import (
	"cmp"
	"errors"
	"fmt"
	"html/template"
	"log/slog"
	"net/http"
	"net/url"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/passkey"
)

// Config has the settings of the application.
type Config struct {
	// Client calls the API.
	Client *byzantine.Client
	// RelyingParty describes the site. Its Origins are the addresses at which the application is reached; its Name is
	// in the head of each page.
	RelyingParty *passkey.RelyingParty
	// Vaults are what users can deposit into.
	Vaults []Vault
	// Demo is set if the API is the local sandbox; nil otherwise.
	Demo *Demo
	// Log receives unexpected errors. slog.Default if nil.
	Log *slog.Logger
}

// Vault is one of the integrator's vaults. The integrator chooses its name, and has to state its currency: the API's
// list of vaults has neither.
type Vault struct {
	Name     string
	Address  string
	Chain    byzantine.ChainID
	Currency byzantine.CryptoCurrency
}

// Demo is what the sign-in pages show to people who try the application out with the sandbox.
type Demo struct {
	Users   []DemoUser // whom the visitor can sign in as
	Mailbox string     // URL of the sandbox's page that shows the e-mailed codes
}

// DemoUser is a user in the sandbox whom the visitor can sign in as.
type DemoUser struct{ Name, Email string }

type app struct {
	Config
	transactor *passkey.Transactor
	sessions   *sessions
	passkeys   *passkeys
	samples    *samples
	assets     *assets
	pages      map[string]*template.Template
}

// New returns the application's handler, which must be served at the root of the relying party's origins. It returns an
// error if a setting is missing or invalid.
func New(config Config) (http.Handler, error) {
	if config.Client == nil {
		return nil, errors.New("demoapp: Config.Client: missing")
	}
	if err := config.RelyingParty.Validate(); err != nil {
		return nil, fmt.Errorf("demoapp: Config.RelyingParty: %w", err)
	}
	files, err := loadAssets()
	if err != nil {
		return nil, fmt.Errorf("demoapp: %w", err)
	}
	pages, err := parsePages(files)
	if err != nil {
		return nil, fmt.Errorf("demoapp: %w", err)
	}
	slugs := map[string]bool{}
	for i, v := range config.Vaults {
		if v.Slug() == "" || slugs[v.Slug()] {
			return nil, fmt.Errorf("demoapp: Config.Vaults[%d].Name: missing, or too much like another vault's", i)
		}
		slugs[v.Slug()] = true
	}
	config.Log = cmp.Or(config.Log, slog.Default())
	a := &app{
		Config:     config,
		transactor: &passkey.Transactor{Client: config.Client, RelyingParty: config.RelyingParty},
		sessions:   newSessions(config.RelyingParty.Origins[0]),
		passkeys:   &passkeys{byUser: map[string][]passkey.Credential{}},
		samples:    &samples{byAccount: map[string]map[string][]point{}},
		assets:     files,
		pages:      pages,
	}
	mux := http.NewServeMux()
	mux.Handle("GET /{$}", a.page(a.signInPage))
	mux.Handle("POST /sign-in", a.page(a.sendCode))
	mux.Handle("GET /code", a.page(a.codePage))
	mux.Handle("POST /code", a.page(a.checkCode))
	mux.Handle("POST /sign-out", a.page(a.signOut))

	mux.Handle("GET /account", a.page(a.signedIn(a.accountPage)))
	mux.Handle("GET /vaults/{slug}", a.page(a.signedIn(a.vaultPage)))
	mux.Handle("GET /people", a.page(a.signedIn(a.peoplePage)))
	mux.Handle("GET /passkeys", a.page(a.signedIn(a.passkeysPage)))
	mux.Handle("GET /transactions/{id}", a.page(a.signedIn(a.transactionPage)))

	// Routes that the pages' script calls.
	mux.Handle("POST /passkeys/options", a.call(a.signedIn(a.beginPasskey)))
	mux.Handle("POST /passkeys", a.call(a.signedIn(a.finishPasskey)))
	mux.Handle("POST /activate", a.call(a.signedIn(a.beginActivation)))
	mux.Handle("POST /deposit", a.call(a.signedIn(a.beginDeposit)))
	mux.Handle("POST /withdraw", a.call(a.signedIn(a.beginWithdrawal)))
	mux.Handle("POST /transactions/{id}/cancel", a.call(a.signedIn(a.beginCancellation)))
	mux.Handle("POST /transactions/{id}/submit", a.call(a.signedIn(a.submit)))
	mux.Handle("POST /people/invite", a.call(a.signedIn(a.beginInvitation)))
	mux.Handle("POST /people/{id}/promote", a.call(a.signedIn(a.beginPromotion)))
	mux.Handle("POST /people/submit", a.call(a.signedIn(a.submitProposal)))
	mux.Handle("GET /transactions/{id}/status", a.call(a.signedIn(a.transactionStatus)))

	mux.HandleFunc("GET /static/{file}", a.assets.serve)
	mux.Handle("GET /", a.page(func(http.ResponseWriter, *http.Request) error { return errNotFound }))

	// A page of another site must not act with the user's cookie: it could register its own passkey for the user's
	// account.
	return secured(a.atHome(http.NewCrossOriginProtection().Handler(http.MaxBytesHandler(mux, passkey.MaxResponseBytes)))), nil
}

// secured sets headers that forbid everything that the pages do not need.
func secured(next http.Handler) http.Handler {
	headers := map[string]string{
		"Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
			"form-action 'self'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'",
		"Permissions-Policy":           "publickey-credentials-create=(self), publickey-credentials-get=(self)",
		"Cross-Origin-Opener-Policy":   "same-origin",
		"Cross-Origin-Resource-Policy": "same-origin",
		"Referrer-Policy":              "same-origin", // not no-referrer, with which browsers send forms with the Origin "null"
		"X-Content-Type-Options":       "nosniff",
		"Cache-Control":                "no-store", // the pages show personal data
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for name, value := range headers {
			w.Header().Set(name, value)
		}
		next.ServeHTTP(w, r)
	})
}

// atHome redirects visitors of any other host to the relying party's first origin, and rejects their requests other
// than GET: passkeys work at the relying party's origins only, and a foreign host name that points here must not show
// the application.
func (a *app) atHome(next http.Handler) http.Handler {
	origins := a.RelyingParty.Origins
	hosts := map[string]bool{}
	for _, origin := range origins {
		if u, err := url.Parse(origin); err == nil { // Validate has parsed it
			hosts[u.Host] = true
		}
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case hosts[r.Host]:
			next.ServeHTTP(w, r)
		case r.Method == http.MethodGet:
			http.Redirect(w, r, origins[0]+"/", http.StatusFound)
		default:
			http.Error(w, "This site is at "+origins[0]+".", http.StatusMisdirectedRequest)
		}
	})
}
