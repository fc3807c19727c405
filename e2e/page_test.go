package e2e

import (
	"context"
	"net/http"
	"testing"

	"github.com/chromedp/cdproto/accessibility"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
)

func TestThePage(t *testing.T) {
	b := startBrowser(t)

	t.Run("with the keyboard alone", func(t *testing.T) {
		v := visit(t, b, startSite(t), "ada")
		v.load(platform())
		v.do(chromedp.KeyEvent(kb.Tab), chromedp.KeyEvent(kb.Enter))
		v.shows("We have sent you a code.")
		v.do(chromedp.KeyEvent(kb.Tab), chromedp.KeyEvent(v.site.code(v.user)), chromedp.KeyEvent(kb.Tab), chromedp.KeyEvent(kb.Enter))
		v.shows("Your passkey is ready.")
		v.requireEnrolled()
	})
	t.Run("as a screen reader sees it", func(t *testing.T) {
		v := visit(t, b, startSite(t), "ada")
		v.load(platform())
		var named []string
		for _, node := range call(v.tab, accessibility.GetFullAXTree, accessibility.GetFullAXTreeParams{}).Nodes {
			if node.Role != nil && node.Name != nil && !node.Ignored {
				named = append(named, string(node.Role.Value)+" "+string(node.Name.Value))
			}
		}
		for _, want := range []string{
			`"heading" "Create a passkey"`, `"button" "Send me a code"`, `"textbox" "Code from the e-mail"`, `"button" "Create a passkey"`, `"status" ""`,
		} {
			assert.Contains(t, named, want)
		}
	})
	t.Run("a wrong code, then the right one", func(t *testing.T) {
		v := visit(t, b, startSite(t), "ada")
		v.load(platform())
		v.askForCode()
		code := []byte(v.site.code(v.user))
		code[0] = '0' + (code[0]-'0'+1)%10
		v.sendCode(string(code))
		v.shows("The code is wrong or too old.")
		v.sendCode(v.site.code(v.user))
		v.shows("Your passkey is ready.")
		assert.Equal(t, []string{"init_otp 200", "otp_auth 400", "otp_auth 200", "create_authenticators_otp 200"}, v.site.requests().outcomes())
		v.requireEnrolled()
	})
	t.Run("closed while the API works", func(t *testing.T) {
		slow := &heldTransport{path: "/v1/submit/create-authenticators-otp", arrived: make(chan struct{}), release: make(chan struct{})}
		s := startSite(t, byzantine.WithHTTPClient(&http.Client{Transport: slow}))
		gone := make(chan struct{})
		s.onFinish = func(r *http.Request) { context.AfterFunc(r.Context(), func() { close(gone) }) }
		v := visit(t, b, s, "ada")
		v.load(platform())
		v.begin()
		await(t, slow.arrived, "the call to the API")
		v.close()
		await(t, gone, "the end of the browser's request")
		close(slow.release)

		all := s.enrolledBy(v.user)
		require.Len(t, all, 1)
		assert.Len(t, all[0].authenticatorIDs, 1)
		assert.Equal(t, "create_authenticators_otp 200", last(s.requests().outcomes()))
	})
}

// heldTransport holds back requests to one path until release is closed or the request's context ends.
type heldTransport struct {
	path             string
	arrived, release chan struct{}
}

func (h *heldTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Path == h.path {
		close(h.arrived)
		select {
		case <-h.release:
		case <-r.Context().Done():
			return nil, r.Context().Err()
		}
	}
	return http.DefaultTransport.RoundTrip(r)
}
