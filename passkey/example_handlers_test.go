package passkey_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/byzantinetest"
	"github.com/byzantine-finance/byzantine-go/passkey"
	"github.com/byzantine-finance/byzantine-go/passkeytest"
)

// enrolment is a user's browser, and the backend of Example_backend with a sandbox.
type enrolment struct {
	*backend
	sandbox         *byzantinetest.Sandbox
	s               *session
	kept, confirmed []string // ids of credentials
}

func newEnrolment(t *testing.T) *enrolment {
	sandbox, err := byzantinetest.New()
	require.NoError(t, err)
	t.Cleanup(sandbox.Close)
	client, err := byzantine.NewClient(sandbox.Key(), byzantine.WithClock(sandbox.Now),
		byzantine.WithHTTPClient(&http.Client{Transport: byzantinetest.InProcess(sandbox)}))
	require.NoError(t, err)
	user := sandbox.AddUser(byzantinetest.User{Email: "ada@example.com"})
	account := sandbox.AddAccount(byzantinetest.Account{UserIDs: []string{user.ID}})
	e := &enrolment{sandbox: sandbox, s: &session{AccountID: account.ID, UserID: user.ID, Email: user.Email}}
	e.backend = &backend{
		client:  client,
		rp:      relyingParty(),
		session: func(*http.Request) *session { return e.s },
		keep: func(_ string, c *passkey.Credential) error {
			e.kept = append(e.kept, c.ID)
			return nil
		},
		confirm: func(_, id string) error {
			e.confirmed = append(e.confirmed, id)
			return nil
		},
	}
	return e
}

func (e *enrolment) post(t *testing.T, handle http.HandlerFunc, contentType, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", strings.NewReader(body))
	r.Header.Set("Content-Type", contentType)
	w := httptest.NewRecorder()
	handle(w, r)
	return w
}

func (e *enrolment) sendsCode(t *testing.T) *httptest.ResponseRecorder {
	return e.post(t, e.sendCode, "", "")
}

func (e *enrolment) entersCode(t *testing.T) *httptest.ResponseRecorder {
	return e.post(t, e.checkCode, "application/x-www-form-urlencoded", "code="+e.sandbox.OTPCode(e.s.OTPID))
}

// The backend of the example keeps a credential before the call that registers it, confirms what was registered, and
// can find out later what became of the others.
func TestTheExamplesRegistration(t *testing.T) {
	for name, c := range map[string]struct {
		fault      *byzantinetest.Fault
		text       string
		confirmed  bool
		registered bool
	}{
		"a success":                    {confirmed: true, registered: true},
		"a success that is unreadable": {&byzantinetest.Fault{Status: 200, Body: `{}`, TakesEffect: true}, "", true, true},
		"a lost response":              {&byzantinetest.Fault{Status: 502, TakesEffect: true}, "look at your list of passkeys", false, true},
		"a lost request":               {&byzantinetest.Fault{Status: 502}, "look at your list of passkeys", false, false},
		"a rejection":                  {&byzantinetest.Fault{Status: 400}, "ask for a new code", false, false},
	} {
		t.Run(name, func(t *testing.T) {
			e := newEnrolment(t)
			require.Equal(t, http.StatusNoContent, e.sendsCode(t).Code)
			response, err := passkeytest.NewAuthenticator().Create(e.entersCode(t).Body.Bytes())
			require.NoError(t, err)
			if c.fault != nil {
				e.sandbox.Fail(byzantine.OpCreateAuthenticatorsOTP, 1, *c.fault)
			}
			w := e.post(t, e.finish, "application/json", string(response))
			assert.Contains(t, w.Body.String(), c.text)
			require.Len(t, e.kept, 1)
			assert.Equal(t, c.confirmed, len(e.confirmed) == 1)
			registered, err := e.registered(t.Context(), e.s.AccountID, e.s.UserID, e.kept[0])
			require.NoError(t, err)
			assert.Equal(t, c.registered, registered)
		})
	}
}

// After an unknown outcome, and after a success without its id, the user asks for a code again, and then it works.
func TestTheExamplesCodes(t *testing.T) {
	for name, fault := range map[string]byzantinetest.Fault{
		"unknown":     {Status: 502, TakesEffect: true},
		"took effect": {Status: 200, Body: `{}`, TakesEffect: true},
	} {
		t.Run(name, func(t *testing.T) {
			e := newEnrolment(t)
			e.sandbox.Fail(byzantine.OpInitOTP, 1, fault)
			assert.Contains(t, e.sendsCode(t).Body.String(), "ask for a code again")
			require.Equal(t, http.StatusNoContent, e.sendsCode(t).Code)
			e.sandbox.Fail(byzantine.OpOTPAuth, 1, fault)
			assert.Contains(t, e.entersCode(t).Body.String(), "ask for a new code")
			assert.Empty(t, e.s.OTPID)
			require.Equal(t, http.StatusNoContent, e.sendsCode(t).Code)
			assert.Equal(t, http.StatusOK, e.entersCode(t).Code)
		})
	}
}
