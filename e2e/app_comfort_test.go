package e2e

import (
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"

	"github.com/byzantine-finance/byzantine-go/internal/demoapp/demo"
)

// clickNow clicks a button of a form and returns what the page shows right after the click: its message, and whether
// the button and the main element are marked as busy.
func (p *person) clickNow(button string) (shown struct{ Message, Busy, Main string }) {
	p.t.Helper()
	return eval[struct{ Message, Busy, Main string }](p.tab, `
		const button = [...document.querySelectorAll("button")].find((b) => b.innerText.trim() === "`+button+`");
		button.click();
		await new Promise((resolve) => setTimeout(resolve));
		return { message: document.getElementById("message").value, busy: button.ariaBusy, main: document.querySelector("main").ariaBusy };`)
}

// Each request takes a second. The page shows at once that an action was begun, and a second click begins no other.
func TestApplicationOnASlowNetwork(t *testing.T) {
	a := startApplication(t)
	ada := a.visit(t, startBrowser(t), "ada@example.com", platform())
	ada.do(chromedp.Navigate(a.origin))
	call(ada.tab, network.Enable, network.EnableParams{})
	call(ada.tab, network.EmulateNetworkConditionsByRule, network.EmulateNetworkConditionsByRuleParams{
		MatchedNetworkConditions: []*network.Conditions{{Latency: 1000, DownloadThroughput: 64 << 10, UploadThroughput: 64 << 10}},
	})
	ada.do(chromedp.SendKeys(chromedp.CSS("#email"), ada.email))
	shown := ada.clickNow("Send me a code")
	assert.Equal(t, "true", shown.Busy)
	assert.Equal(t, "true", shown.Main)
	ada.at("/code")
	ada.do(chromedp.SendKeys(chromedp.CSS("#code"), ada.code()))
	ada.press("Sign in")
	ada.at("/account")
	ada.createPasskey("Phone")
	ada.goTo("Account")
	ada.activate("Base")
	ada.open("Dollar savings")
	ada.do(chromedp.SetValue(chromedp.CSS("#deposit-amount"), "250,50"))
	shown = ada.clickNow("Deposit")
	assert.Equal(t, "One moment, please.", shown.Message)
	assert.Equal(t, "true", shown.Busy)
	assert.Equal(t, "true", shown.Main)
	ada.takePicture("at once")
	ada.clickNow("Deposit")
	ada.asked("Deposit 250.50 USDC into Dollar savings")
	shown = ada.clickNow("Sign with your passkey")
	assert.Regexp(t, `^Deposit 250\.50 USDC into Dollar savings: (waiting for your passkey|submitting)\.$`, shown.Message)
	assert.Equal(t, "true", shown.Busy)
	ada.becomes("Completed")
	assert.Equal(t, []string{"200"}, a.outcomes("get_deposit_payload_passkey"))
	assert.Equal(t, []string{"200", "200"}, a.outcomes("sign_payload_passkey"))
}

// The session ends while the user types. They sign in, return to the page, and find what they typed.
func TestApplicationKeepsWhatWasTyped(t *testing.T) {
	a := startApplication(t)
	ada := a.visit(t, startBrowser(t), "ada@example.com", platform())
	ada.signIn()
	ada.createPasskey("Phone")
	ada.goTo("Account")
	ada.activate("Base")
	ada.open("Dollar savings")
	call(ada.tab, network.ClearBrowserCookies, cdp.Empty{})
	ada.fillIn("Deposit", "1 250,50")
	ada.at("/")
	ada.has("Please sign in to go on. What you typed is kept.")
	ada.takeFullPicture("sign in again")
	ada.press("Ada Lovelace ada@example.com")
	ada.at("/code")
	ada.do(chromedp.SendKeys(chromedp.CSS("#code"), ada.code()))
	ada.press("Sign in")
	ada.at("/vaults/dollar-savings")
	ada.says("What you typed is still here.")
	assert.Equal(t, "1 250,50", eval[string](ada.tab, `return document.getElementById("deposit-amount").value`))
	ada.takePicture("still here")
	ada.tries("Deposit")
	ada.becomes("Completed")
	ada.has("Deposit of 1,250.50 USDC")

	// Another user in the same tab does not find it.
	ada.goTo("Account")
	ada.open("Dollar savings")
	call(ada.tab, network.ClearBrowserCookies, cdp.Empty{})
	ada.fillIn("Deposit", "99")
	ada.at("/")
	ada.press("Grace Hopper grace@example.com")
	ada.at("/code")
	ada.email = "grace@example.com"
	ada.do(chromedp.SendKeys(chromedp.CSS("#code"), ada.code()))
	ada.press("Sign in")
	ada.at("/vaults/dollar-savings")
	ada.says("")
	assert.False(t, eval[bool](ada.tab, `return document.body.innerText.includes("99")`))
}

// Ada invites Mary, who signs in and sees the account, is given the role that signs, and signs.
func TestApplicationWithASecondUser(t *testing.T) {
	b, a := startBrowser(t), startApplication(t)
	ada := a.visit(t, b, "ada@example.com", platform())
	ada.signIn()
	ada.createPasskey("Ada's phone")
	ada.goTo("Account")
	ada.activate("Base")
	ada.goTo("People")
	ada.do(chromedp.SendKeys(chromedp.CSS("#firstName"), "Mary"), chromedp.SendKeys(chromedp.CSS("#lastName"), "Somerville"))
	ada.press("Invite")
	ada.has("Please enter the e-mail address.")
	assert.Equal(t, "inviteEmail", eval[string](ada.tab, `return document.activeElement.id`))
	ada.do(chromedp.SendKeys(chromedp.CSS("#inviteEmail"), "mary@example.com"))
	ada.press("Invite")
	ada.asked("Invite Mary Somerville")
	ada.takePicture("invite")
	ada.sign()
	ada.says("Mary Somerville is invited. The invitation is accepted when they sign in.")

	mary := a.visit(t, b, "mary@example.com", platform())
	mary.signIn()
	mary.has("You can look at this account.")
	mary.takeFullPicture("looks")
	assert.Empty(t, mary.violations(t))
	mary.createPasskey("Mary's phone")

	ada.do(chromedp.Reload())
	ada.takeFullPicture("people")
	ada.press("Let Mary sign")
	ada.asked("Let Mary Somerville sign for this account")
	ada.takePicture("promote")
	ada.sign()
	ada.says("Mary Somerville signs for this account now.")

	mary.goTo("Account")
	mary.order("Dollar savings", "Deposit", "25")
	mary.becomes("Completed")
	assert.Equal(t, mary.device.credentialID(), last(a.signers(t)))
}

// Addresses and numbers can be copied, and times are shown in the user's time zone.
func TestApplicationCopiesAndTellsTheTime(t *testing.T) {
	a := startApplication(t)
	ada := a.visit(t, startBrowser(t), "ada@example.com", platform())
	call(ada.tab, emulation.SetTimezoneOverride, emulation.SetTimezoneOverrideParams{TimezoneID: "Asia/Kolkata"})
	ada.beforeLoad(`
		const write = Clipboard.prototype.writeText;
		Clipboard.prototype.writeText = function (text) {
			window.copied = text;
			return write.call(this, text);
		}`)
	ada.signIn()
	ada.press("Copy the address of the wallet")
	ada.says("Copied.")
	address := eval[string](ada.tab, `return document.querySelector("[data-copy]").dataset.copy`)
	assert.Regexp(t, `^0x[0-9a-fA-F]{40}$`, address)
	assert.Equal(t, address, eval[string](ada.tab, `return window.copied`))
	ada.has("Copy the address of the wallet") // the button's text changes back after a while

	ada.createPasskey("Phone")
	type shown struct{ Exact, Text string }
	at := eval[shown](ada.tab, `const t = document.querySelector("time"); return { exact: t.dateTime, text: t.textContent }`)
	assert.Equal(t, eval[string](ada.tab, `return new Date("`+at.Exact+`").toLocaleString("en-GB", { timeZone: "Asia/Kolkata", dateStyle: "medium", timeStyle: "short" })`), at.Text)
}

// Without JavaScript a user can sign in and see the pages. The page says what does not work, and shows no button for
// it.
func TestApplicationWithoutJavaScript(t *testing.T) {
	a := startApplication(t)
	ada := a.visit(t, startBrowser(t), demo.Users[0].Email, platform())
	ada.signIn()
	ada.createPasskey("Phone")
	ada.goTo("Account")
	ada.activate("Base")
	call(ada.tab, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
	for _, path := range []string{"/account", "/vaults/dollar-savings", "/passkeys", "/people"} {
		ada.do(chromedp.Navigate(a.origin + path))
		ada.has("Creating passkeys and signing transactions need JavaScript, which is switched off in this browser.")
		ada.takeFullPicture("without JavaScript" + path)
		assert.Zero(t, eval[int](ada.tab, `return [...document.querySelectorAll("form[data-passkey], .copy")].filter((e) => e.checkVisibility()).length`), path)
	}
	ada.do(chromedp.Click(chromedp.CSS("header form.out button")))
	ada.has("We send a code to your e-mail address.")
	ada.do(chromedp.SendKeys(chromedp.CSS("#email"), ada.email))
	ada.press("Send me a code")
	ada.has("a code is on its way there")
	ada.do(chromedp.SendKeys(chromedp.CSS("#code"), ada.code()))
	ada.press("Sign in")
	ada.has("What you have")
}
