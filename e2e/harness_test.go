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

// answers sets whether the authenticator's user touches it when asked to.
func (d *device) answers(does bool) {
	d.tab.t.Helper()
	call(d.tab, webauthn.SetAutomaticPresenceSimulation, webauthn.SetAutomaticPresenceSimulationParams{AuthenticatorID: d.id, Enabled: does})
}

// signers returns the credential ids of the passkey signatures that were submitted to the API.
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

// application is a running internal/demoapp, with the sandbox as its API.
type application struct {
	api    *byzantinetest.Server
	origin string
}

// startApplication starts the application with a sandbox. A transaction stays 300 ms in each status that it leaves
// automatically, unless opts set another processing time.
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

// localhostOf returns the origin that a server will have, with the host name localhost.
func localhostOf(t *testing.T, server *httptest.Server) string {
	t.Helper()
	u, err := url.Parse("http://" + server.Listener.Addr().String())
	require.NoError(t, err)
	return "http://localhost:" + u.Port()
}

// testLog writes what the application logs to the log of the test.
type testLog struct{ t *testing.T }

func (l testLog) Write(line []byte) (int, error) {
	l.t.Log(strings.TrimSpace(string(line)))
	return len(line), nil
}

// person is a user of the application, with a tab and an authenticator.
type person struct {
	*tab
	app    *application
	email  string
	device *device
}

// visit opens a tab for a user who is not signed in, with an authenticator. It loads no page yet.
func (a *application) visit(t *testing.T, b *browser, email string, options webauthn.VirtualAuthenticatorOptions) *person {
	t.Helper()
	name, _, _ := strings.Cut(email, "@")
	p := &person{tab: b.open(t, name), app: a, email: email}
	p.device = p.plugIn(options)
	return p
}

// atRest is a JavaScript expression that is true in a page that has loaded and is not busy.
const atRest = `document.readyState === "complete" && document.querySelector("main").ariaBusy === "false"`

// at waits until the page with this path has loaded and is not busy. path is a regular expression.
func (p *person) at(path string) {
	p.t.Helper()
	p.until(fmt.Sprintf(`%s && new RegExp(%q).test(location.pathname)`, atRest, "^"+path+"$"))
}

// says waits until the page is not busy and its status is text.
func (p *person) says(text string) {
	p.t.Helper()
	p.until(fmt.Sprintf(`%s && document.querySelector("[role=status]").value === %q`, atRest, text))
}

func (p *person) press(name string) {
	p.t.Helper()
	p.do(chromedp.Click(chromedp.Search(fmt.Sprintf(`//button[normalize-space()="%s"]`, name))))
}

// submits presses a button that sends a form, and waits until another page has loaded, even one that looks like the
// former.
func (p *person) submits(name string) {
	p.t.Helper()
	eval[any](p.tab, `window.former = true`)
	p.press(name)
	p.until(`!window.former && ` + atRest)
}

// tries presses a button that begins a transaction, and signs the transaction with the passkey.
func (p *person) tries(name string) {
	p.t.Helper()
	p.press(name)
	p.sign()
}

// code returns the code that was e-mailed last.
func (p *person) code() string {
	p.t.Helper()
	mails := p.app.api.Mailbox(byzantinetest.MailFilter{Email: p.email})
	require.NotEmpty(p.t, mails, "no code for %s", p.email)
	return mails[0].Code
}

// signIn signs the user in through the pages for the address and the code, to the account's page.
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

// createPasskey creates a passkey with a name on the page of the passkeys.
func (p *person) createPasskey(name string) {
	p.t.Helper()
	p.goTo("Passkeys")
	p.do(chromedp.SendKeys(chromedp.CSS("#name"), name))
	p.press("Create a passkey")
	p.says("Your passkey is ready.")
}

// open opens the page of a vault from the account's page.
func (p *person) open(vault string) {
	p.t.Helper()
	p.do(chromedp.Click(chromedp.Search(fmt.Sprintf(`//h3/a[.="%s"]`, vault))))
	p.at("/vaults/" + strings.ReplaceAll(strings.ToLower(vault), " ", "-"))
}

// fillIn types an amount into a form on the page of a vault and presses the form's button, whose name is action.
func (p *person) fillIn(action, amount string) {
	p.t.Helper()
	p.do(chromedp.SetValue(chromedp.CSS("#"+strings.ToLower(action)+"-amount"), amount))
	p.press(action)
}

// order deposits or withdraws an amount, as action says, from the account's page on, and signs.
func (p *person) order(vault, action, amount string) {
	p.t.Helper()
	p.open(vault)
	p.fillIn(action, amount)
	p.sign()
}

// asked waits until the dialog that asks for the passkey is open and what it shows begins with what.
func (p *person) asked(what string) {
	p.t.Helper()
	p.until(fmt.Sprintf(`document.getElementById("confirm").open && document.getElementById("confirm-what").textContent.startsWith(%q)`, what))
}

// sign waits for the dialog that asks for the passkey, and presses its button to sign.
func (p *person) sign() {
	p.t.Helper()
	p.asked("")
	p.press("Sign with your passkey")
}

// objects waits until the dialog that asks for the passkey says why the passkey did not sign.
func (p *person) objects(text string) {
	p.t.Helper()
	p.until(fmt.Sprintf(`document.getElementById("confirm-problem").textContent === %q`, text))
}

// becomes waits until a transaction's page is shown and its state is state.
func (p *person) becomes(state string) {
	p.t.Helper()
	p.at("/transactions/[0-9a-f-]+")
	p.until(fmt.Sprintf(`document.getElementById("state").textContent === %q`, state))
}

// activate activates the account on a chain, and returns to the account's page.
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

// outcomes returns the statuses of the responses to all requests of an operation.
func (a *application) outcomes(operation string) []string {
	var list []string
	for _, o := range requests(a.api.Requests()).outcomes() {
		if strings.HasPrefix(o, operation+" ") {
			list = append(list, strings.TrimPrefix(o, operation+" "))
		}
	}
	return list
}

// violations returns what axe finds wrong with the page as it is shown: the rule, its help and the elements. If axe is
// not installed, it returns nothing; in CI it fails the test.
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

// accepts makes the site accept passkeys of a device that cannot verify its user. By default the site requires user
// verification.
func (s *site) accepts(device webauthn.VirtualAuthenticatorOptions) {
	if !device.HasUserVerification {
		s.rp.UserVerification = passkey.UserVerificationPreferred
	}
}

// modulePage opens a tab with a page that can import the module /passkey.js, and with an authenticator.
func modulePage(t *testing.T, b *browser, device webauthn.VirtualAuthenticatorOptions) *visitor {
	t.Helper()
	v := visit(t, b, startSite(t), "ada")
	v.load(device)
	return v
}

// silent returns the options of an authenticator whose user does not react.
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

// requireNotEnrolled checks that no passkey of the user was registered and that the API was not asked to. It returns
// the errors with which the backend rejected responses of the authenticator.
func (v *visitor) requireNotEnrolled() (refusals []error) {
	v.t.Helper()
	assert.Empty(v.t, v.site.enrolledBy(v.user))
	assert.NotContains(v.t, v.site.requests().operations(), "create_authenticators_otp")
	return v.site.refusals(v.user)
}
