package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/accessibility"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go/byzantinetest"
	"github.com/byzantine-finance/byzantine-go/internal/longtest"
)

// focused is a JavaScript expression for the name of the element that has the focus: the label of a field, or the text
// of a button or link.
const focused = `(({ activeElement: e }) => e.ariaLabel ?? (e.labels?.[0] ?? e).innerText?.trim())(document)`

// tabTo presses the Tab key until the element with this name has the focus, and checks that its outline shows the
// focus.
func (p *person) tabTo(name string) {
	p.t.Helper()
	for range 60 {
		if now := eval[*string](p.tab, "return "+focused); now != nil && *now == name {
			outline := eval[string](p.tab, `return getComputedStyle(document.activeElement).outlineStyle`)
			assert.NotEqual(p.t, "none", outline, "%s shows that it has the focus", name)
			return
		}
		p.do(chromedp.KeyEvent(kb.Tab))
	}
	require.FailNow(p.t, "the keyboard does not get to "+name)
}

func (p *person) tabToAndPress(name string) {
	p.t.Helper()
	p.tabTo(name)
	p.do(chromedp.KeyEvent(kb.Enter))
}

// confirmWithTheKeyboard waits for the dialog that asks for the passkey, checks that its button to sign has the focus,
// and presses Enter.
func (p *person) confirmWithTheKeyboard(what string) {
	p.t.Helper()
	p.asked(what)
	assert.Equal(p.t, "Sign with your passkey", eval[string](p.tab, "return "+focused))
	p.do(chromedp.KeyEvent(kb.Enter))
}

func TestApplicationWithTheKeyboardAlone(t *testing.T) {
	a := startApplication(t)
	ada := a.visit(t, startBrowser(t), "ada@example.com", platform())
	ada.do(chromedp.Navigate(a.origin))
	ada.tabTo("E-mail address")
	ada.do(chromedp.KeyEvent(ada.email + kb.Enter))
	ada.at("/code")
	ada.tabTo("Code from the e-mail")
	ada.do(chromedp.KeyEvent(ada.code() + kb.Enter))
	ada.at("/account")
	ada.tabTo("Skip to the content")
	ada.takePicture("skip link")
	ada.tabToAndPress("Create a passkey")
	ada.at("/passkeys")
	ada.tabTo("Name, to tell it from others")
	ada.do(chromedp.KeyEvent("Phone"))
	ada.tabToAndPress("Create a passkey")
	ada.says("Your passkey is ready.")
	ada.tabToAndPress("Account")
	ada.at("/account")
	ada.tabToAndPress("Activate on Base")
	ada.confirmWithTheKeyboard("Activate your account on Base")
	ada.becomes("Completed")
	ada.tabToAndPress("Your account")
	ada.at("/account")
	ada.tabToAndPress("Dollar savings")
	ada.at("/vaults/dollar-savings")
	ada.tabTo("Amount in USDC")
	ada.do(chromedp.KeyEvent("250"))
	ada.tabTo("Deposit")
	ada.takePicture("focus")
	ada.do(chromedp.KeyEvent(kb.Enter))
	ada.confirmWithTheKeyboard("Deposit 250.00 USDC into Dollar savings")
	ada.becomes("Completed")
	ada.has("Deposit of 250.00 USDC")

	// After a failure the focus is where it was, and a user who cancels the dialog returns to the button.
	ada.tabToAndPress("Your account")
	ada.at("/account")
	ada.tabToAndPress("Dollar savings")
	ada.at("/vaults/dollar-savings")
	ada.tabToAndPress("Max: withdraw everything")
	ada.tabTo("Withdraw")
	ada.device.verifyUser(false)
	ada.do(chromedp.KeyEvent(kb.Enter))
	ada.confirmWithTheKeyboard("Withdraw 250")
	ada.objects(notUsed)
	assert.Equal(t, "Sign with your passkey", eval[string](ada.tab, "return "+focused))
	ada.do(chromedp.KeyEvent(kb.Escape))
	ada.says("Nothing was signed.")
	assert.Equal(t, "Withdraw", eval[string](ada.tab, "return "+focused))
}

// names returns the role and the name, as "role name", of each element that the page shows to assistive technology.
func (p *person) names() []string {
	p.t.Helper()
	var list []string
	for _, node := range call(p.tab, accessibility.GetFullAXTree, accessibility.GetFullAXTreeParams{}).Nodes {
		if node.Role != nil && node.Name != nil && !node.Ignored {
			list = append(list, strings.ReplaceAll(string(node.Role.Value)+" "+string(node.Name.Value), `"`, ""))
		}
	}
	return list
}

func TestApplicationAsAScreenReaderSeesIt(t *testing.T) {
	a := startApplication(t, byzantinetest.WithProcessingTime(time.Minute))
	ada := a.visit(t, startBrowser(t), "ada@example.com", platform())
	hears := func(names ...string) {
		t.Helper()
		heard := ada.names()
		for _, name := range append(names, "status ", "main ") {
			assert.Contains(t, heard, name)
		}
		assert.Equal(t, 1, eval[int](ada.tab, `return document.querySelectorAll("h1").length`))
		assert.Empty(t, eval[string](ada.tab, `return [...document.querySelectorAll("input:not([type=hidden])")].filter((i) => !i.labels.length).map((i) => i.name).join()`))
	}
	ada.do(chromedp.Navigate(a.origin))
	hears("RootWebArea Sign in - Example Savings", "heading Sign in", "textbox E-mail address", "button Send me a code")
	ada.signIn()
	hears("RootWebArea Your account - Example Savings", "navigation Main", "heading Your account", "region Vaults", "article Dollar savings",
		"link Create a passkey", "button Sign out Ada Lovelace")
	ada.createPasskey("Phone")
	ada.goTo("Account")
	hears("button Activate on Base")
	ada.press("Activate on Base")
	ada.asked("Activate your account on Base")
	assert.Subset(t, ada.names(), []string{"dialog Activate your account on Base", "button Sign with your passkey", "button Not now"})
	ada.sign()
	ada.becomes("Processing")
	assert.Contains(t, ada.names(), "heading Activation")
	assert.Contains(t, ada.names(), "region Status")
	ada.says("")
	a.api.Advance(time.Minute)
	ada.says("Activation: Completed")
	ada.goTo("Account")
	hears("link Deposit", "link Activation", "heading What you have", "article USDC")
	ada.open("Dollar savings")
	hears("textbox Amount in USDC", "button Deposit", "button Max: deposit everything", "heading Withdraw", "region Share price")
	assert.Regexp(t, "image The price of a share rises from [0-9.]+ to [0-9.]+", strings.Join(ada.names(), "\n"))
}

// Every page of the application, on a narrow phone and on a desktop, in the light and in the dark colour scheme.
func TestEveryPageOfTheApplication(t *testing.T) {
	b := startBrowser(t)
	for _, screen := range []struct {
		name, scheme  string
		width, height int64
		phone         bool
	}{
		{"phone light", "light", 320, 640, true},
		{"phone dark", "dark", 320, 640, true},
		{"desktop light", "light", 1280, 800, false},
		{"desktop dark", "dark", 1280, 800, false},
	} {
		t.Run(screen.name, func(t *testing.T) {
			a := startApplication(t)
			ada := a.visit(t, b, "ada@example.com", platform())
			call(ada.tab, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
				Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: screen.scheme}},
			})
			if screen.phone {
				ada.do(chromedp.EmulateViewport(screen.width, screen.height, chromedp.EmulateMobile, chromedp.EmulateTouch))
			} else {
				ada.do(chromedp.EmulateViewport(screen.width, screen.height))
			}
			fits := func(page string) {
				t.Helper()
				ada.takeFullPicture(page)
				assert.LessOrEqual(t, eval[int64](ada.tab, `return document.scrollingElement.scrollWidth`), screen.width, "%s scrolls sideways", page)
				const small = `return [...document.querySelectorAll("button, input:not([type=hidden]), .button, nav a, summary")].filter((e) => e.checkVisibility() && e.getBoundingClientRect().height < 44).map((e) => e.outerHTML).join()`
				assert.Empty(t, eval[string](ada.tab, small), "%s: too small for a thumb", page)
				assert.Empty(t, eval[string](ada.tab, fmt.Sprintf("return (%s)()", poorContrast)), "%s: contrast", page)
				const many = `return [...document.querySelectorAll(".card, dialog[open]")].filter((card) => [...card.querySelectorAll("button:not(.second, .quiet, .copy), a.button:not(.second)")].filter((e) => e.checkVisibility()).length > 1).map((e) => e.outerHTML).join()`
				assert.Empty(t, eval[string](ada.tab, many), "%s: cards with several primary actions", page)
				if longtest.On() || screen.phone == (screen.scheme == "light") { // by default each width and each scheme is checked once
					assert.Empty(t, ada.violations(t), "%s: axe", page)
				}
			}
			ada.do(chromedp.Navigate(a.origin))
			fits("1 sign in")
			ada.submits("Send me a code")
			ada.has("Please enter your e-mail address.")
			fits("2 sign in without an address")
			ada.do(chromedp.SendKeys(chromedp.CSS("#email"), ada.email))
			ada.press("Send me a code")
			ada.at("/code")
			for range 4 {
				ada.do(chromedp.SendKeys(chromedp.CSS("#code"), "wrong"))
				ada.submits("Sign in")
				ada.has("The code is wrong or too old.")
			}
			fits("3 wrong code")
			ada.do(chromedp.SendKeys(chromedp.CSS("#code"), "wrong"))
			ada.submits("Sign in")
			ada.has("Too many attempts")
			fits("4 too many codes")
			ada.submits("Send another code")
			ada.says("We have sent another code. Only the newest one works.")
			fits("5 another code")
			ada.do(chromedp.SendKeys(chromedp.CSS("#code"), ada.code()))
			ada.press("Sign in")
			ada.at("/account")
			fits("6 account without a passkey")
			ada.goTo("People")
			fits("7 people without a passkey")
			ada.goTo("Passkeys")
			fits("8 no passkeys")
			ada.createPasskey("A passkey with quite a long name on Ada's telephone")
			fits("9 passkeys")
			ada.goTo("Account")
			fits("10 account that is not active")
			ada.press("Activate on Ethereum")
			ada.asked("Activate your account on Ethereum")
			fits("11 asked to sign")
			ada.device.verifyUser(false)
			ada.press("Sign with your passkey")
			ada.objects(notUsed)
			fits("12 the passkey did not sign")
			ada.device.verifyUser(true)
			ada.press("Sign with your passkey")
			ada.becomes("Completed")
			ada.goTo("Account")
			ada.open("Euro savings")
			fits("13 vault that is not active")
			ada.goTo("Account")
			ada.open("Dollar term savings")
			ada.fillIn("Deposit", "5000,01")
			ada.has("This is more than you have: there are 5,000.00 USDC in your wallet on Ethereum.")
			assert.Equal(t, "deposit-amount true This is more than you have: there are 5,000.00 USDC in your wallet on Ethereum.", eval[string](ada.tab, `
				const e = document.activeElement;
				return [e.id, e.ariaInvalid, document.getElementById(e.getAttribute("aria-describedby").split(" ")[0]).textContent].join(" ").replaceAll("\u00a0", " ")`), "the error is the field's")
			fits("14 vault with an error")
			ada.fillIn("Deposit", "1 234,567891")
			ada.sign()
			ada.becomes("Completed")
			fits("15 completed")
			ada.goTo("Account")
			ada.order("Dollar term savings", "Withdraw", "200")
			ada.becomes("Queued")
			fits("16 queued")
			ada.goTo("Account")
			fits("17 account")
			columns := eval[int](ada.tab, `return getComputedStyle(document.querySelector(".columns")).gridTemplateColumns.split(" ").length`)
			assert.Equal(t, !screen.phone, columns == 2, "two columns where there is room")
			ada.open("Dollar term savings")
			ada.do(chromedp.Click(chromedp.CSS("summary")))
			fits("18 vault")
			ada.goTo("People")
			fits("19 people")
			ada.press("Invite")
			ada.has("Please enter the first name.")
			fits("20 people with an error")
			ada.do(chromedp.Navigate(a.origin + "/nowhere"))
			fits("21 problem")
		})
	}
}

// poorContrast is a JavaScript function that lists texts whose colour differs too little from their background (WCAG
// 2.2, 1.4.3: 4.5 to 1).
const poorContrast = `() => {
	const rgba = (color) => color.match(/[\d.]+/g).map(Number);
	const luminance = (color) => {
		const [r, g, b] = rgba(color).map((c) => (c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
		return 0.2126 * r + 0.7152 * g + 0.0722 * b;
	};
	const ground = (e) => {
		for (; e; e = e.parentElement) {
			const color = getComputedStyle(e).backgroundColor;
			if ((rgba(color)[3] ?? 1) === 1) return color;
		}
		return "rgb(255, 255, 255)";
	};
	return [...document.body.querySelectorAll("*")]
		.filter((e) => e.checkVisibility() && [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim()))
		.filter((e) => {
			const [a, b] = [luminance(getComputedStyle(e).color), luminance(ground(e))].sort((x, y) => y - x);
			return (a + 0.05) / (b + 0.05) < 4.5;
		})
		.map((e) => e.outerHTML).join();
}`
