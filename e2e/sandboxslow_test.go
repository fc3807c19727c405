package e2e

import (
	"testing"
	"time"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
)

// slowly makes each request of the page take latency longer from now on; zero ends that.
func (p *sandboxPage) slowly(latency time.Duration) {
	p.t.Helper()
	call(p.tab, network.Enable, network.EnableParams{})
	conditions := []*network.Conditions{}
	if latency > 0 {
		conditions = append(conditions, &network.Conditions{Latency: float64(latency.Milliseconds()), DownloadThroughput: 64 << 10, UploadThroughput: 64 << 10})
	}
	call(p.tab, network.EmulateNetworkConditionsByRule, network.EmulateNetworkConditionsByRuleParams{MatchedNetworkConditions: conditions})
}

// On a slow network the page says that it waits. It shows an action that was begun; a second click does nothing, and
// the page says so; and what is open or typed stays.
func TestSandboxPageOnASlowNetwork(t *testing.T) {
	w := newSandboxWorld(t)
	p := w.visit(startBrowser(t), "reader")
	p.goTo("webhooks")
	p.stays()
	eval[any](p.tab, `document.querySelector("#subscriptions summary").click(); document.querySelector(".clock summary").click()`)
	p.do(chromedp.SendKeys(chromedp.CSS("#advance-by"), "90"))
	undisturbed := func() {
		t.Helper()
		assert.True(t, p.remained())
		assert.True(t, eval[bool](p.tab, `return document.querySelector("#subscriptions details").open && document.querySelector(".clock details").open`))
		assert.Equal(t, "90", eval[string](p.tab, `return document.getElementById("advance-by").value`))
	}
	const slow = "The sandbox responds slowly. This page shows what was last known."
	p.slowly(2 * time.Second)
	p.says(slow)
	p.takePicture("waits")
	undisturbed()

	p.press("+1 h")
	p.says("One moment, please.")
	assert.Equal(t, "true", eval[string](p.tab, `return document.activeElement.ariaBusy`))
	assert.Equal(t, "+1 h", p.focused())
	p.takePicture("sends")
	p.press("+1 day")
	p.says("One moment, please: what you did before is not finished.")
	undisturbed()
	p.says("The clock was moved forward.")
	p.until(`document.getElementById("now").textContent === "13:01:40"`)
	undisturbed()
	assert.Zero(t, eval[int](p.tab, `return document.querySelectorAll("[aria-busy]").length`))
	assert.Equal(t, sandboxNoon.Add(time.Hour+100*time.Second), w.Now(), "the second click did nothing")
	p.says(slow) // shown again after the message about the action

	p.slowly(0)
	p.says("")
	w.Advance(time.Second)
	p.until(`document.getElementById("now").textContent === "13:01:41"`)
	undisturbed()
}

// A response to a request that was sent before an action is older than what the page has shown since the action, so it
// is not shown.
func TestSandboxPageDoesNotGoBack(t *testing.T) {
	w := newSandboxWorld(t)
	p := w.visit(startBrowser(t), "reader")
	p.beforeLoad(`
		const send = XMLHttpRequest.prototype.send;
		XMLHttpRequest.prototype.send = function (form) {
			const arrived = this.onloadend;
			if (!form && !window.kept) this.onloadend = () => (window.kept = () => arrived.call(this));
			return send.call(this, form);
		}`)
	p.goTo("")
	p.until(`window.kept`)
	p.press("+1 h")
	p.says("The clock was moved forward.")
	p.until(`document.getElementById("now").textContent === "13:01:40"`)
	assert.Equal(t, "13:01:40", eval[string](p.tab, `kept(); await null; return document.getElementById("now").textContent`))
	w.Advance(time.Second)
	p.until(`document.getElementById("now").textContent === "13:01:41"`) // the page continues to ask for updates
}
