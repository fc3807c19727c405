package e2e

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// How long the tests wait at most. A wait takes this long only if something is broken.
const (
	browserTimeout = 5 * time.Minute
	tabTimeout     = 2 * time.Minute
	textTimeout    = 20 * time.Second
)

// browser is a running Chromium.
type browser struct{ ctx context.Context }

// startBrowser starts Chromium with a new profile, and ends it after the test.
func startBrowser(t *testing.T) *browser {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), browserTimeout)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewExecAllocator(ctx, append(slices.Clone(chromedp.DefaultExecAllocatorOptions[:]),
		chromedp.ExecPath(findChromium(t)),
		chromedp.NoSandbox, // containers rarely allow a sandbox, and the browser opens only pages of this test
		chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-component-update", true),
		chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1"), // so that the browser contacts this machine only
	)...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	// If it is asked to end, the browser removes its temporary files.
	t.Cleanup(func() { assert.NoError(t, chromedp.Cancel(ctx), "end Chromium") })
	require.NoError(t, chromedp.Do(ctx), "start Chromium")
	return &browser{ctx}
}

func findChromium(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	const missing = "neither Chromium nor Chrome is in the PATH"
	if os.Getenv("BYZANTINE_REQUIRE_PROGRAMS") == "1" {
		t.Fatal(missing)
	}
	t.Skip(missing)
	return ""
}

// tab is a page in a browser context of its own: it shares no cookies with other tabs.
type tab struct {
	t     *testing.T
	ctx   context.Context
	name  string
	close func()

	mu         sync.Mutex // guards what follows
	complaints []string   // errors on the page's console
}

// open opens an empty tab. When the test ends, a screenshot of the tab is taken, and the test fails if there were
// errors on the console: an exception, or something that the Content-Security-Policy forbids.
func (b *browser) open(t *testing.T, name string) *tab {
	t.Helper()
	ctx, closeContext := chromedp.NewContext(b.ctx, chromedp.WithNewBrowserContext())
	ctx, cancel := context.WithTimeout(ctx, tabTimeout)
	p := &tab{t: t, ctx: ctx, name: name}
	p.close = sync.OnceFunc(func() {
		p.takePicture(p.name)
		cancel()
		closeContext()
	})
	t.Cleanup(func() {
		p.close()
		p.mu.Lock()
		defer p.mu.Unlock()
		assert.Empty(t, p.complaints, "errors on the console")
	})
	require.NoError(t, chromedp.Listen(ctx, p.watchConsole))
	p.do(chromedp.EmulateViewport(480, 640))
	return p
}

// watchConsole collects the errors of the page's console. The browser's event loop calls it.
func (p *tab) watchConsole(event any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		p.complaints = append(p.complaints, (&chromedp.ExceptionError{ExceptionDetails: e.ExceptionDetails}).Error())
	case *log.EventEntryAdded:
		// The browser logs every response with an error status too. The tests check these in other ways.
		if e.Entry.Level == log.EntryLevelError && e.Entry.Source != log.EntrySourceNetwork {
			p.complaints = append(p.complaints, e.Entry.Text)
		}
	}
}

// unsafeInNames matches characters that some file systems and CI services do not allow in the name of a file.
var unsafeInNames = regexp.MustCompile(`[^A-Za-z0-9]+`)

// takePicture writes a screenshot of the visible part of the page into the folder screenshots.
func (p *tab) takePicture(name string) {
	picture, err := chromedp.Run(p.ctx, chromedp.CaptureScreenshot())
	if !assert.NoError(p.t, err, "screenshot") {
		return
	}
	p.keepPicture(name, picture)
}

// takeFullPicture writes a screenshot of the whole page, including what is scrolled out of sight, into the folder
// screenshots.
func (p *tab) takeFullPicture(name string) {
	p.t.Helper()
	picture, err := chromedp.Run(p.ctx, chromedp.FullScreenshot(100))
	require.NoError(p.t, err, "screenshot")
	p.keepPicture(name, picture)
}

func (p *tab) keepPicture(name string, picture []byte) {
	name = unsafeInNames.ReplaceAllString(p.t.Name()+"-"+name, "-") + ".png"
	require.NoError(p.t, os.MkdirAll("screenshots", 0o755))
	require.NoError(p.t, os.WriteFile(filepath.Join("screenshots", name), picture, 0o644))
}

// do runs actions in the tab.
func (p *tab) do(actions ...chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	require.NoError(p.t, chromedp.Do(p.ctx, actions...))
}

// call sends a command of the DevTools protocol to a tab and returns the result.
func call[P, R any](p *tab, command cdp.Command[P, R], params P) R {
	p.t.Helper()
	result, err := chromedp.Call(p.ctx, command, params)
	require.NoError(p.t, err, command.Method)
	return result
}

// eval runs body as an async JavaScript function in the page and returns the function's result.
func eval[T any](p *tab, body string) T {
	p.t.Helper()
	value, err := chromedp.Run(p.ctx, chromedp.Evaluate[T]("(async () => {"+body+"})()", chromedp.EvalAwaitPromise))
	require.NoError(p.t, err)
	return value
}

// until waits until a JavaScript expression is true, also if the tab loads another page meanwhile. It fails the test
// after textTimeout.
func (p *tab) until(expression string) {
	p.t.Helper()
	holds := false
	for end := time.Now().Add(textTimeout); !holds && time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		// An expression cannot be evaluated while the next page is loading.
		value, err := chromedp.Run(p.ctx, chromedp.Evaluate[bool]("Boolean("+expression+")"))
		holds = err == nil && value
	}
	if !holds {
		p.takePicture("stuck")
		require.FailNow(p.t, "did not happen: "+expression, "at %s", eval[string](p, "return location.href + ': ' + document.body.innerText"))
	}
}

// beforeLoad makes the tab run a script in every page that it loads from now on, before the page's own scripts.
func (p *tab) beforeLoad(script string) {
	p.t.Helper()
	call(p, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: script})
}

// setCookie sets a session cookie as a backend should: unreadable for scripts, and not sent for other sites.
func (p *tab) setCookie(origin, name, value string) {
	p.t.Helper()
	call(p, network.SetCookie, network.SetCookieParams{
		Name: name, Value: value, URL: origin, HTTPOnly: new(true), SameSite: network.CookieSameSiteStrict,
	})
}

// shows waits until the page's status is text and the page is not busy. Pages of these tests have a main element, which
// is marked as busy while a request or a ceremony is under way, and an output element with the role status.
func (p *tab) shows(text string) {
	p.t.Helper()
	_, err := chromedp.Run(p.ctx, chromedp.PollFunction[bool](
		`(text) => document.querySelector("main").ariaBusy === "false" && document.querySelector("[role=status]").value === text`,
		chromedp.WithPollingArgs(text), chromedp.WithPollingMutation(), chromedp.WithPollingTimeout(textTimeout)))
	if err != nil {
		require.Equal(p.t, text, eval[string](p, `return document.querySelector("[role=status]").value`), "the page's status: %v", err)
	}
}
