package e2e

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/byzantinetest"
)

// says waits until the page's message is text.
func (p *sandboxPage) says(text string) {
	p.t.Helper()
	p.until(fmt.Sprintf(`document.getElementById("notice")?.textContent === %q`, text))
}

func (p *sandboxPage) press(name string) {
	p.t.Helper()
	p.do(chromedp.Click(chromedp.Search(fmt.Sprintf(`//main//button[normalize-space()=%q] | //header//button[normalize-space()=%q]`, name, name))))
}

// stays marks the page, so that remained can tell whether another page was loaded since.
func (p *sandboxPage) stays() { eval[any](p.tab, `window.remained = true`) }

func (p *sandboxPage) remained() bool { return eval[bool](p.tab, `return window.remained === true`) }

// focused returns the id of the element that has the focus or, if it has none, its text.
func (p *sandboxPage) focused() string {
	p.t.Helper()
	return eval[string](p.tab, `const e = document.activeElement; return e.id || e.innerText.trim() || e.tagName`)
}

// tabTo presses the Tab key until the element of which focused returns what has the focus.
func (p *sandboxPage) tabTo(what string) {
	p.t.Helper()
	for range 80 {
		p.do(chromedp.KeyEvent(kb.Tab))
		if p.focused() == what {
			return
		}
	}
	require.FailNow(p.t, "the keyboard does not reach "+what)
}

// While new requests appear on the page, the parts that a user has opened, the text they typed, their choices and the
// scroll position stay.
func TestSandboxPageFollowsWithoutDisturbing(t *testing.T) {
	w := newSandboxWorld(t)
	p := w.visit(startBrowser(t), "reader")
	p.goTo("requests")
	p.stays()
	requests := w.Requests()
	first := requests[len(requests)-1].Number
	oldest := first - 29
	row := fmt.Sprintf(`document.querySelector('[data-key="request-%d"]')`, first-5)
	eval[any](p.tab, row+`.querySelector("summary").click()`)
	eval[any](p.tab, fmt.Sprintf(`document.querySelector('[data-key="request-%d"] summary').click()`, max(oldest, 1)))
	eval[any](p.tab, `document.querySelector(".plot summary").click()`)
	p.do(chromedp.SendKeys(chromedp.CSS("#text"), "half a wo"))
	eval[any](p.tab, `document.getElementById("text").setSelectionRange(2, 5); document.getElementById("outcome").value = "rejected"; document.getElementById("outcome").dispatchEvent(new Event("input", { bubbles: true }));`)
	eval[any](p.tab, `document.getElementById("text").focus({ preventScroll: true })`)

	for range 35 {
		_, err := w.client.Whoami(t.Context())
		require.NoError(t, err)
	}
	p.until(fmt.Sprintf(`document.querySelector('[data-key="request-%d"]')`, first+35))
	p.takePicture("followed")
	assert.True(t, p.remained())
	assert.True(t, eval[bool](p.tab, `return `+row+`.querySelector("details").open`), "it is open, though it is not among the newest any more")
	assert.True(t, eval[bool](p.tab, `return document.querySelector(".plot details").open`))
	assert.Equal(t, "half a wo", eval[string](p.tab, `return document.getElementById("text").value`))
	assert.Equal(t, "rejected", eval[string](p.tab, `return document.getElementById("outcome").value`))
	assert.Equal(t, "text", p.focused())
	assert.Equal(t, []int{2, 5}, eval[[]int](p.tab, `const e = document.getElementById("text"); return [e.selectionStart, e.selectionEnd]`))
	assert.Contains(t, eval[string](p.tab, `return document.getElementById("requests-title").textContent`), fmt.Sprint(first+35))
	numbers := eval[[]int](p.tab, `return [...document.querySelectorAll("[data-key^=request-]")].map((e) => Number(e.dataset.key.slice(8)))`)
	for i := range numbers[1:] {
		require.Greater(t, numbers[i], numbers[i+1], "in order, none twice: %v", numbers)
	}

	// The row that the user reads stays where it is on the screen, with the focus in it.
	link := fmt.Sprintf(`document.querySelector('[data-key="request-%d"] a')`, first+20)
	top := eval[float64](p.tab, link+`.focus(); `+link+`.scrollIntoView({ block: "center" }); return `+link+`.getBoundingClientRect().top`)
	for range 5 {
		_, err := w.client.Whoami(t.Context())
		require.NoError(t, err)
	}
	p.until(fmt.Sprintf(`document.querySelector('[data-key="request-%d"]')`, first+40))
	assert.InDelta(t, top, eval[float64](p.tab, `return `+link+`.getBoundingClientRect().top`), 1)
	assert.Equal(t, fmt.Sprint("#", first+20), p.focused())

	// While updates are paused, nothing on the page changes.
	p.press("Pause updates")
	p.says("This page stands still.")
	_, err := w.client.Whoami(t.Context())
	require.NoError(t, err)
	time.Sleep(3 * time.Second) // longer than the interval of the updates
	assert.True(t, eval[bool](p.tab, fmt.Sprintf(`return !document.querySelector('[data-key="request-%d"]')`, first+41)))
	p.press("Go on with updates")
	p.until(fmt.Sprintf(`document.querySelector('[data-key="request-%d"]')`, first+41))
	assert.True(t, p.remained())
}

// A new code appears while the page is open and can be copied; and if the sandbox is gone, the page says so.
func TestSandboxPageShowsTheNewestCode(t *testing.T) {
	w := newSandboxWorld(t)
	p := w.visit(startBrowser(t), "reader")
	p.beforeLoad(`
		const write = Clipboard.prototype.writeText;
		Clipboard.prototype.writeText = function (text) {
			window.copied = text;
			return write.call(this, text);
		}`)
	p.goTo("")
	code := w.sendCode()
	p.until(fmt.Sprintf(`document.querySelector(".newest .code").textContent === %q`, code))
	assert.GreaterOrEqual(t, eval[float64](p.tab, `return parseFloat(getComputedStyle(document.querySelector(".newest .code")).fontSize)`), 40.0, "large")
	p.do(chromedp.Click(chromedp.CSS(".newest .copy")))
	p.says("Copied.")
	assert.Equal(t, code, eval[string](p.tab, `return window.copied`))
	p.takePicture("copied")

	// While the sandbox's clock runs, the time on the page changes.
	p.press("Let it run")
	p.says("The clock runs.")
	shown := eval[string](p.tab, `return document.getElementById("now").textContent`)
	p.until(fmt.Sprintf(`document.getElementById("now").textContent > %q`, shown))
	p.press("Freeze")
	p.says("The clock stands still.")

	w.Close()
	p.says("The sandbox does not respond. This page shows what was last known.")
	p.takePicture("gone")
	assert.Equal(t, code, eval[string](p.tab, `return document.querySelector(".newest .code").textContent`))
}

// Forms are sent without loading another page, and an error is shown next to its field.
func TestSandboxPageForms(t *testing.T) {
	w := newSandboxWorld(t)
	p := w.visit(startBrowser(t), "clicker")
	p.goTo("webhooks")
	p.stays()
	eval[any](p.tab, `document.querySelector("#subscriptions summary").click()`)
	p.press("+1 h")
	p.says("The clock was moved forward.")
	p.until(`document.getElementById("now").textContent === "13:01:40"`)
	assert.True(t, p.remained())
	assert.True(t, eval[bool](p.tab, `return document.querySelector("#subscriptions details").open`))
	assert.Equal(t, "+1 h", p.focused())
	assert.Equal(t, "/_sandbox/webhooks", eval[string](p.tab, `return location.pathname + location.search`))

	p.goTo("accounts/" + w.accountID)
	p.stays()
	p.do(chromedp.SendKeys(chromedp.CSS("#reasons"), "EXPIRED"))
	p.do(chromedp.SendKeys(chromedp.CSS("#amount"), "-5"))
	p.press("Let it arrive")
	p.until(`document.querySelector("#actions [role=alert]")?.textContent.includes("amount")`)
	p.takeFullPicture("wrong")
	assert.Equal(t, "amount", p.focused())
	assert.Equal(t, "true", eval[string](p.tab, `return document.getElementById("amount").ariaInvalid`))
	assert.Empty(t, p.violations(t))
	p.do(chromedp.SetValue(chromedp.CSS("#amount"), "12.34"))
	p.press("Let it arrive")
	p.says("The money has arrived.")
	p.until(`document.getElementById("funds").textContent.includes("761.84 USDC")`)
	assert.Empty(t, eval[string](p.tab, `return document.getElementById("amount").value`))
	assert.Equal(t, "EXPIRED", eval[string](p.tab, `return document.getElementById("reasons").value`), "another form keeps what was typed")
	assert.True(t, p.remained())

	p.goTo("transactions/" + w.transfer)
	p.press("Let the transfer arrive")
	p.says("The money has arrived.")
	p.until(`document.querySelector("#transaction .state").textContent === "funds in transfer"`)
	p.press("Move the clock there")
	p.until(`document.querySelector("#transaction .state").textContent === "funds received"`)
	p.takeFullPicture("received")

	p.goTo("faults")
	p.do(chromedp.SetValue(chromedp.CSS("#operationId"), string(byzantine.OpGetCustomers)))
	p.press("Fault on")
	p.says("The fault is on.")
	p.until(`document.getElementById("on").textContent.includes("get_customers")`)
	p.do(chromedp.Click(chromedp.CSS(`[aria-label="Faults of get_customers off"]`)))
	p.says("The faults are off.")
	p.until(`!document.getElementById("on").textContent.includes("get_customers")`)

	w.failing.Store(false)
	failed := w.Deliveries(byzantine.ListWebhookDeliveriesRequest{Status: byzantine.WebhookDeliveryFailed})
	require.NotEmpty(t, failed)
	p.goTo("webhooks/" + failed[0].Delivery.ID)
	p.press("Retry now")
	p.says("The delivery was sent again.")
	p.until(`document.querySelector("#delivery .state").textContent === "succeeded"`)
	p.takeFullPicture("retried")
}

// Without JavaScript the same forms work, and controls that need JavaScript are not shown.
func TestSandboxPageWithoutJavaScript(t *testing.T) {
	w := newSandboxWorld(t)
	p := w.visit(startBrowser(t), "plain")
	call(p.tab, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
	p.goTo("accounts/" + w.accountID)
	assert.Zero(t, eval[int](p.tab, `return [...document.querySelectorAll(".script")].filter((e) => e.checkVisibility()).length`))
	p.do(chromedp.SendKeys(chromedp.CSS("#amount"), "-5"))
	p.press("Let it arrive")
	p.until(`document.querySelector("#actions [role=alert]")?.textContent.includes("amount")`)
	assert.Equal(t, "-5", eval[string](p.tab, `return document.getElementById("amount").value`))
	p.takeFullPicture("wrong")
	p.do(chromedp.SetValue(chromedp.CSS("#amount"), "12.34"))
	p.press("Let it arrive")
	p.says("The money has arrived.")
	p.press("+1 day")
	p.until(`document.getElementById("today").textContent === "Wed 2 Sep 2026"`)
	p.says("The clock was moved forward.")
	p.goTo("requests")
	p.do(chromedp.SendKeys(chromedp.CSS("#verdict"), "signature"))
	p.press("Filter")
	p.until(`document.getElementById("requests-title").textContent.startsWith("2 requests of")`)
}

// Everything can be reached and done with the keyboard alone.
func TestSandboxPageWithTheKeyboardAlone(t *testing.T) {
	w := newSandboxWorld(t)
	p := w.visit(startBrowser(t), "keyboard")
	p.goTo("")
	p.do(chromedp.KeyEvent(kb.Tab))
	assert.Equal(t, "To the content", p.focused())
	p.takePicture("skip link")
	p.do(chromedp.KeyEvent(kb.Enter))
	p.until(`document.activeElement.id === "main"`)
	p.goTo("")
	p.tabTo("+1 min")
	p.takePicture("focus")
	p.do(chromedp.KeyEvent(kb.Enter))
	p.says("The clock was moved forward.")
	p.until(`document.getElementById("now").textContent === "12:02:40"`)
	p.tabTo("Another time")
	p.do(chromedp.KeyEvent(kb.Enter))
	p.tabTo("advance-by")
	p.do(chromedp.KeyEvent("soon"), chromedp.KeyEvent(kb.Enter))
	p.until(`document.querySelector(".pop [role=alert]")?.textContent === "duration: must be a duration such as 1h30m or 250ms"`)
	assert.Equal(t, "advance-by", p.focused())
	p.takePicture("wrong")
	eval[any](p.tab, `document.activeElement.select()`)
	p.do(chromedp.KeyEvent("90s"), chromedp.KeyEvent(kb.Enter))
	p.until(`document.getElementById("now").textContent === "12:04:10"`)

	p.goTo("")
	p.tabTo("Requests")
	p.do(chromedp.KeyEvent(kb.Enter))
	p.until(`location.pathname === "/_sandbox/requests" && document.readyState === "complete"`)
	p.tabTo("text")
	p.do(chromedp.KeyEvent("init_otp"), chromedp.KeyEvent(kb.Enter))
	p.until(`location.search.includes("text=init_otp") && document.readyState === "complete"`)
	newest := w.Requests()[len(w.Requests())-1]
	p.tabTo("POST " + newest.URI)
	p.do(chromedp.KeyEvent(kb.Enter))
	p.until(`document.querySelector(".request details").open`)
	p.tabTo(fmt.Sprint("#", newest.Number))
	p.do(chromedp.KeyEvent(kb.Enter))
	p.until(fmt.Sprintf(`location.pathname === "/_sandbox/requests/%d" && document.readyState === "complete"`, newest.Number))
	assert.True(t, eval[bool](p.tab, `return document.getElementById("response").textContent.includes("otpId")`))
}

// The pages of a sandbox with a control token ask for the token once.
func TestSandboxPageAsksForTheToken(t *testing.T) {
	server := byzantinetest.NewServer(byzantinetest.WithControlToken("s3cret"))
	t.Cleanup(server.Close)
	p := (&sandboxWorld{Server: server, t: t}).visit(startBrowser(t), "stranger")
	p.goTo("faults")
	assert.Empty(t, p.violations(t))
	p.do(chromedp.SendKeys(chromedp.CSS("#token"), "wrong"))
	p.press("Go on")
	p.until(`document.querySelector("[role=alert]")?.textContent === "This is not the sandbox's token."`)
	p.takePicture("wrong")
	assert.Empty(t, p.violations(t))
	p.do(chromedp.SendKeys(chromedp.CSS("#token"), "s3cret"))
	p.press("Go on")
	p.until(`document.querySelector("h1").textContent === "Overview"`)
	p.press("+1 h")
	p.says("The clock was moved forward.")
}

// Text of requests that looks like HTML or scripts is never run on the pages, also when it arrives with an update.
func TestSandboxPageRunsNothingOfRequests(t *testing.T) {
	w := newSandboxWorld(t)
	p := w.visit(startBrowser(t), "target")
	p.beforeLoad(`window.ran = 0; window.alert = () => window.ran++`)
	p.goTo("requests")
	for _, evil := range []string{`<img src=x onerror=alert(1)>`, `<script>alert(1)</script>`, `"><svg onload=alert(1)>`} {
		r, err := http.NewRequest("GET", w.URL+"/v1/x?"+strings.ReplaceAll(evil, " ", "+"), nil)
		require.NoError(t, err)
		response, err := http.DefaultClient.Do(r)
		require.NoError(t, err)
		response.Body.Close()
	}
	newest := w.Requests()[len(w.Requests())-1].Number
	p.until(fmt.Sprintf(`document.querySelector('[data-key="request-%d"]')`, newest))
	p.goTo(fmt.Sprint("requests/", newest))
	assert.Zero(t, eval[int](p.tab, `return window.ran`))
	assert.Zero(t, eval[int](p.tab, `return document.getAnimations().length`))
	assert.Zero(t, eval[int](p.tab, `return document.querySelectorAll("main img, main script, main svg[onload]").length`))
}
