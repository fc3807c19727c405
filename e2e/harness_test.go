package e2e

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/byzantinetest"
	"github.com/byzantine-finance/byzantine-go/internal/demoapp/demo"
	"github.com/byzantine-finance/byzantine-go/passkey"
)

// answers says whether the authenticator's user touches it when asked to.
func (d *device) answers(does bool) {
	d.tab.t.Helper()
	call(d.tab, webauthn.SetAutomaticPresenceSimulation, webauthn.SetAutomaticPresenceSimulationParams{AuthenticatorID: d.id, Enabled: does})
}

// signers are the credential ids of the stamps that were submitted.
func (a *application) signers(t *testing.T) []string {
	t.Helper()
	var ids []string
	for _, r := range a.api.Requests() {
		if r.OperationID != "sign_payload_passkey" {
			continue
		}
		var body struct{ WebAuthnStamp string }
		require.NoError(t, json.Unmarshal(r.Body, &body))
		var stamp struct{ CredentialID string }
		require.NoError(t, json.Unmarshal([]byte(body.WebAuthnStamp), &stamp))
		ids = append(ids, stamp.CredentialID)
	}
	return ids
}

func (d *device) credentialID() string {
	d.tab.t.Helper()
	all := d.credentials()
	require.Len(d.tab.t, all, 1)
	return base64.RawURLEncoding.EncodeToString(all[0].CredentialID)
}

// application is examples/passkey-web, with the sandbox behind it.
type application struct {
	api    *byzantinetest.Server
	origin string
}

// startApplication starts it with transactions that take no time worth waiting for, unless an option says otherwise.
func startApplication(t *testing.T, opts ...byzantinetest.Option) *application {
	t.Helper()
	api := byzantinetest.NewServer(append([]byzantinetest.Option{byzantinetest.WithProcessingTime(300 * time.Millisecond)}, opts...)...)
	t.Cleanup(api.Close)
	demo.Seed(api.Sandbox)
	server := httptest.NewUnstartedServer(nil)
	a := &application{api: api, origin: localhostOf(t, server)}
	handler, err := demo.New(api.Sandbox, api.Client(), a.origin, slog.New(slog.NewTextHandler(testLog{t}, nil)))
	require.NoError(t, err)
	server.Config.Handler = handler
	server.Start()
	t.Cleanup(server.Close)
	return a
}

// localhostOf is the origin of a server that is about to start.
func localhostOf(t *testing.T, server *httptest.Server) string {
	t.Helper()
	u, err := url.Parse("http://" + server.Listener.Addr().String())
	require.NoError(t, err)
	return "http://localhost:" + u.Port()
}

// testLog is for what the application logs.
type testLog struct{ t *testing.T }

func (l testLog) Write(line []byte) (int, error) {
	l.t.Log(strings.TrimSpace(string(line)))
	return len(line), nil
}

// person is somebody who uses the application.
type person struct {
	*tab
	app    *application
	email  string
	device *device
}

// visit opens a tab for somebody who is not signed in, and plugs an authenticator in. No page is loaded yet.
func (a *application) visit(t *testing.T, b *browser, email string, options webauthn.VirtualAuthenticatorOptions) *person {
	t.Helper()
	name, _, _ := strings.Cut(email, "@")
	p := &person{tab: b.open(t, name), app: a, email: email}
	p.device = p.plugIn(options)
	return p
}

// atRest holds in a page that is loaded and does nothing.
const atRest = `document.readyState === "complete" && document.querySelector("main").ariaBusy === "false"`

// at waits until a page is there and at rest.
func (p *person) at(path string) {
	p.t.Helper()
	p.until(fmt.Sprintf(`%s && new RegExp(%q).test(location.pathname)`, atRest, "^"+path+"$"))
}

// says waits until the page is at rest and its message is text.
func (p *person) says(text string) {
	p.t.Helper()
	p.until(fmt.Sprintf(`%s && document.querySelector("[role=status]").value === %q`, atRest, text))
}

func (p *person) press(name string) {
	p.t.Helper()
	p.do(chromedp.Click(chromedp.Search(fmt.Sprintf(`//button[normalize-space()="%s"]`, name))))
}

// submits presses a button that sends a form, and waits for the page that comes, also if it looks like the one before.
func (p *person) submits(name string) {
	p.t.Helper()
	eval[any](p.tab, `window.former = true`)
	p.press(name)
	p.until(`!window.former && ` + atRest)
}

// tries presses a button whose action a passkey signs, and signs.
func (p *person) tries(name string) {
	p.t.Helper()
	p.press(name)
	p.sign()
}

// code is what was e-mailed last.
func (p *person) code() string {
	p.t.Helper()
	mails := p.app.api.Mailbox(byzantinetest.MailFilter{Email: p.email})
	require.NotEmpty(p.t, mails, "no code for %s", p.email)
	return mails[0].Code
}

// signIn goes through the two pages in front of the account.
func (p *person) signIn() {
	p.t.Helper()
	p.do(chromedp.Navigate(p.app.origin))
	p.do(chromedp.SendKeys(chromedp.CSS("#email"), p.email))
	p.press("Send me a code")
	p.at("/code")
	p.do(chromedp.SendKeys(chromedp.CSS("#code"), p.code()))
	p.press("Sign in")
	p.at("/account")
}

func (p *person) goTo(page string) {
	p.t.Helper()
	p.do(chromedp.Click(chromedp.Search(fmt.Sprintf(`//nav/a[.="%s"]`, page))))
	p.at("/" + strings.ToLower(page))
}

// createPasskey does so on the page of the passkeys.
func (p *person) createPasskey(name string) {
	p.t.Helper()
	p.goTo("Passkeys")
	p.do(chromedp.SendKeys(chromedp.CSS("#name"), name))
	p.press("Create a passkey")
	p.says("Your passkey is ready.")
}

// open goes to the page of a vault.
func (p *person) open(vault string) {
	p.t.Helper()
	p.do(chromedp.Click(chromedp.Search(fmt.Sprintf(`//h3/a[.="%s"]`, vault))))
	p.at("/vaults/" + strings.ReplaceAll(strings.ToLower(vault), " ", "-"))
}

// fillIn types an amount on the page of a vault and presses the button of a form there.
func (p *person) fillIn(action, amount string) {
	p.t.Helper()
	p.do(chromedp.SetValue(chromedp.CSS("#"+strings.ToLower(action)+"-amount"), amount))
	p.press(action)
}

// order does so from the account's page on, and signs.
func (p *person) order(vault, action, amount string) {
	p.t.Helper()
	p.open(vault)
	p.fillIn(action, amount)
	p.sign()
}

// asked waits until the page says what the passkey is to sign.
func (p *person) asked(what string) {
	p.t.Helper()
	p.until(fmt.Sprintf(`document.getElementById("confirm").open && document.getElementById("confirm-what").textContent.startsWith(%q)`, what))
}

// sign confirms what is to be signed.
func (p *person) sign() {
	p.t.Helper()
	p.asked("")
	p.press("Sign with your passkey")
}

// objects waits until the dialog says why the passkey did not sign.
func (p *person) objects(text string) {
	p.t.Helper()
	p.until(fmt.Sprintf(`document.getElementById("confirm-problem").textContent === %q`, text))
}

// becomes waits on a transaction's page until the state is the one that is wanted.
func (p *person) becomes(state string) {
	p.t.Helper()
	p.at("/transactions/[0-9a-f-]+")
	p.until(fmt.Sprintf(`document.getElementById("state").textContent === %q`, state))
}

// activate does so on a chain, and goes back to the account.
func (p *person) activate(chain string) {
	p.t.Helper()
	p.press("Activate on " + chain)
	p.sign()
	p.becomes("Completed")
	p.goTo("Account")
}

// has waits until the page shows a text.
func (p *person) has(text string) {
	p.t.Helper()
	p.until(fmt.Sprintf(`document.body.innerText.replaceAll("\u00a0", " ").replace(/\s+/g, " ").includes(%q)`, text))
}

// outcomes are the operations of a kind with the status of their responses.
func (a *application) outcomes(operation string) []string {
	var list []string
	for _, o := range requests(a.api.Requests()).outcomes() {
		if strings.HasPrefix(o, operation+" ") {
			list = append(list, strings.TrimPrefix(o, operation+" "))
		}
	}
	return list
}

// violations are what axe finds wrong with the page as it is: the rule, its help and the elements. Without the file
// nothing is found, except in CI: there it has to be installed.
func (p *tab) violations(t *testing.T) []string {
	t.Helper()
	axe, err := os.ReadFile(axeFile)
	if os.IsNotExist(err) {
		require.Empty(t, os.Getenv("CI"), "axe-core is not installed: run npm ci in the folder browser")
		t.Log("without axe-core: run npm ci in the folder browser")
		return nil
	}
	require.NoError(t, err)
	_, err = chromedp.Run(p.ctx, chromedp.Evaluate[json.RawMessage](string(axe)+"; null"))
	require.NoError(t, err)
	return eval[[]string](p, `
		const { violations, passes } = await axe.run(document, { resultTypes: ["violations", "passes"] });
		if (!passes.length) return ["axe has checked nothing"];
		return violations.map(({ id, help, nodes }) => id + ": " + help + ": " + nodes.map(({ html }) => html).join(" | "));`)
}

type transports = []byzantine.AuthenticatorTransport

// accepts lets the site take passkeys of a device that cannot verify its user. Sites require that unless they say otherwise.
func (s *site) accepts(device webauthn.VirtualAuthenticatorOptions) {
	if !device.HasUserVerification {
		s.rp.UserVerification = passkey.UserVerificationPreferred
	}
}

// modulePage opens a page that has the module and nothing else to do.
func modulePage(t *testing.T, b *browser, device webauthn.VirtualAuthenticatorOptions) *visitor {
	t.Helper()
	v := visit(t, b, startSite(t), "ada")
	v.load(device)
	return v
}

// silent is a device whose user does not react.
func silent() webauthn.VirtualAuthenticatorOptions {
	device := platform()
	device.AutomaticPresenceSimulation = false
	return device
}

func await(t *testing.T, event <-chan struct{}, what string) {
	t.Helper()
	select {
	case <-event:
	case <-time.After(textTimeout):
		require.FailNow(t, "did not happen: "+what)
	}
}

// requireNotEnrolled checks that the API was never asked to register a passkey, and returns how the backend rejected the
// answers that it got.
func (v *visitor) requireNotEnrolled() (refusals []error) {
	v.t.Helper()
	assert.Empty(v.t, v.site.enrolledBy(v.user))
	assert.NotContains(v.t, v.site.requests().operations(), "create_authenticators_otp")
	return v.site.refusals(v.user)
}
