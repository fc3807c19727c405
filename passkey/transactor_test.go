package passkey_test

import (
	"encoding/json"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/byzantinetest"
	"github.com/byzantine-finance/byzantine-go/passkey"
	"github.com/byzantine-finance/byzantine-go/passkeytest"
)

// saver is a user with a passkey, and an account with money that may transact.
type saver struct {
	t          *testing.T
	sandbox    *byzantinetest.Sandbox
	transactor *passkey.Transactor
	device     *passkeytest.Authenticator
	passkey    passkey.Credential
	userID     string
	accountID  string
}

func newSaver(t *testing.T) *saver {
	t.Helper()
	sandbox, err := byzantinetest.New()
	require.NoError(t, err)
	t.Cleanup(sandbox.Close)
	s := &saver{t: t, sandbox: sandbox, device: passkeytest.NewAuthenticator()}
	s.transactor = s.process(byzantinetest.InProcess(sandbox))
	s.passkey = enrol(t, s.transactor.RelyingParty, s.device)
	user := sandbox.AddUser(byzantinetest.User{Authenticators: []byzantine.AuthenticatorParam{s.passkey.Authenticator}})
	account := sandbox.AddAccount(byzantinetest.Account{UserIDs: []string{user.ID}})
	s.userID, s.accountID = user.ID, account.ID
	for _, chain := range []byzantine.ChainID{byzantine.ChainBase, byzantine.ChainEthereum} {
		sandbox.Activate(s.accountID, chain)
		sandbox.Fund(s.accountID, chain, byzantine.CurrencyUSDC, byzantine.MustParseDecimal("1000"))
	}
	return s
}

// process returns a Transactor with a client of its own, as another process has, which sends requests over transport.
func (s *saver) process(transport http.RoundTripper) *passkey.Transactor {
	s.t.Helper()
	client, err := byzantine.NewClient(s.sandbox.Key(), byzantine.WithClock(s.sandbox.Now),
		byzantine.WithHTTPClient(&http.Client{Transport: transport}))
	require.NoError(s.t, err)
	return &passkey.Transactor{Client: client, RelyingParty: relyingParty()}
}

func (s *saver) depositPayload(chain byzantine.ChainID, vault string) *byzantine.Payload {
	s.t.Helper()
	payload, err := s.transactor.Client.GetDepositPayloadPasskey(s.t.Context(), &byzantine.GetDepositPayloadPasskeyRequest{
		ChainID: chain, AccountID: s.accountID, VaultAddr: vault, Amount: byzantine.MustParseDecimal("600"), SourceCurrency: byzantine.CurrencyUSDC,
	})
	require.NoError(s.t, err)
	return payload
}

// begin begins a draft of the payload and has the device sign it. It returns the session with the draft, as a store
// keeps it, and the browser's response.
func (s *saver) begin(payload *byzantine.Payload) (session, response []byte) {
	s.t.Helper()
	options, draft, err := s.transactor.Begin(s.userID, payload, []passkey.Credential{s.passkey})
	require.NoError(s.t, err)
	response, err = s.device.Get(options)
	require.NoError(s.t, err)
	session, err = json.Marshal(map[string]any{"email": "ada@example.com", "draft": draft})
	require.NoError(s.t, err)
	return session, response
}

// take returns the draft of a stored session.
func take(t *testing.T, session []byte) *passkey.Draft {
	t.Helper()
	var restored struct{ Draft *passkey.Draft }
	require.NoError(t, json.Unmarshal(session, &restored))
	return restored.Draft
}

// sign begins a draft of the payload, has the device sign it, and finishes it.
func (s *saver) sign(payload *byzantine.Payload) *byzantine.SubmittedTransaction {
	s.t.Helper()
	session, response := s.begin(payload)
	submitted, err := s.transactor.Finish(s.t.Context(), s.userID, take(s.t, session), response)
	require.NoError(s.t, err)
	return submitted
}

// requireNothingSubmitted requires that the sandbox got no sign_payload_passkey request.
func (s *saver) requireNothingSubmitted() {
	s.t.Helper()
	for _, request := range s.sandbox.Requests() {
		require.NotEqual(s.t, byzantine.OpSignPayloadPasskey, request.OperationID)
	}
}

func TestTransactorTakesADepositToItsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSaver(t)
		submitted := s.sign(s.depositPayload(byzantine.ChainBase, byzantinetest.VaultBaseUSDC))
		assert.Equal(t, byzantine.TransactionProcessing, submitted.Status)
		transaction, err := s.transactor.Client.WaitForTransaction(t.Context(), submitted.TransactionID)
		require.NoError(t, err)
		assert.Equal(t, byzantine.TransactionCompleted, transaction.Status)
	})
}

// What is submitted must be the bytes that were signed: with "<", escapes and JSON inside a string, which a store that
// decodes and encodes JSON would change.
func TestTransactorSubmitsTheBytesThatWereSigned(t *testing.T) {
	const body = `{"z":"<&>` + "\u2028" + `","type":"ACTIVITY_TYPE_SIGN_RAW_PAYLOAD_V2","a":"\u003c","parameters":{"payload":"{\"chainId\": 8453}"}}`
	var sent []byte
	api := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var request struct{ SignedBody json.RawMessage }
		assert.NoError(t, json.NewDecoder(r.Body).Decode(&request))
		assert.Equal(t, "chain_id=8453", r.URL.RawQuery)
		sent = request.SignedBody
		w.Write([]byte(`{"transactionId":"` + deposit().TransactionID + `","status":"processing"}`))
	})
	key, err := byzantine.GenerateKey()
	require.NoError(t, err)
	client, err := byzantine.NewClient(key, byzantine.WithHTTPClient(&http.Client{Transport: byzantinetest.InProcess(api)}))
	require.NoError(t, err)
	s := &saver{t: t, device: passkeytest.NewAuthenticator(), userID: "user-1"}
	s.transactor = &passkey.Transactor{Client: client, RelyingParty: relyingParty()}
	s.passkey = enrol(t, s.transactor.RelyingParty, s.device)

	s.sign(&byzantine.Payload{BodyToSign: []byte(body), TransactionID: deposit().TransactionID, ChainID: byzantine.ChainBase})
	assert.Equal(t, body, string(sent))
}

func TestDraftIsTheSameAfterAStore(t *testing.T) {
	_, draft, err := (&passkey.Transactor{RelyingParty: relyingParty()}).
		Begin("user-1", new(deposit()), []passkey.Credential{{ID: "AAAA"}})
	require.NoError(t, err)
	stored, err := json.Marshal(draft)
	require.NoError(t, err)
	restored := new(passkey.Draft)
	require.NoError(t, json.Unmarshal(stored, restored))
	assert.Equal(t, draft, restored)
	assert.Equal(t, "user-1", restored.UserID)
	assert.Equal(t, deposit().TransactionID, restored.Payload.TransactionID)
}

// A withdrawal that the vault queues (status 202) is submitted without an error, and so is its cancellation.
func TestTransactorWithAQueuedWithdrawal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSaver(t)
		client := s.transactor.Client
		deposited := s.sign(s.depositPayload(byzantine.ChainEthereum, byzantinetest.VaultEthereumQueued))
		_, err := client.WaitForTransaction(t.Context(), deposited.TransactionID)
		require.NoError(t, err)

		payload, err := client.GetWithdrawPayloadPasskey(t.Context(), &byzantine.GetWithdrawPayloadPasskeyRequest{
			ChainID: byzantine.ChainEthereum, AccountID: s.accountID, VaultAddr: byzantinetest.VaultEthereumQueued,
			Amount: byzantine.MustParseDecimal("200"), DestinationCurrency: byzantine.CurrencyUSDC,
		})
		require.NoError(t, err)
		withdrawal := s.sign(payload)
		assert.True(t, withdrawal.Queued())
		assert.Equal(t, byzantine.WithdrawalPending, withdrawal.WithdrawalRequest.Status)

		payload, err = client.GetCancelWithdrawalPayloadPasskey(t.Context(), &byzantine.GetCancelWithdrawalPayloadPasskeyRequest{
			ChainID: byzantine.ChainEthereum, TransactionID: withdrawal.TransactionID,
		})
		require.NoError(t, err)
		s.sign(payload)
		_, err = client.WaitForTransaction(t.Context(), withdrawal.TransactionID)
		var ended *byzantine.TransactionFailedError
		require.ErrorAs(t, err, &ended)
		assert.Equal(t, byzantine.TransactionCancelled, ended.Transaction.Status)
	})
}

// The user begins in two tabs. The payload of the second tab ends the draft of the first, even if the first is finished
// first.
func TestASecondBeginEndsTheFirstDraft(t *testing.T) {
	s := newSaver(t)
	first, firstResponse := s.begin(s.depositPayload(byzantine.ChainBase, byzantinetest.VaultBaseUSDC))
	second, secondResponse := s.begin(s.depositPayload(byzantine.ChainBase, byzantinetest.VaultBaseUSDC))
	require.NotEqual(t, take(t, first).Payload.TransactionID, take(t, second).Payload.TransactionID)

	_, err := s.transactor.Finish(t.Context(), s.userID, take(t, first), firstResponse)
	require.ErrorIs(t, err, byzantine.ErrBadRequest)
	assert.NotErrorIs(t, err, byzantine.ErrOutcomeUnknown)
	_, err = s.transactor.Finish(t.Context(), s.userID, take(t, second), secondResponse)
	require.NoError(t, err)
}

func TestADraftServesOnce(t *testing.T) {
	s := newSaver(t)
	session, response := s.begin(s.depositPayload(byzantine.ChainBase, byzantinetest.VaultBaseUSDC))
	_, err := s.transactor.Finish(t.Context(), s.userID, take(t, session), response)
	require.NoError(t, err)

	_, err = s.transactor.Finish(t.Context(), s.userID, nil, response)
	requireRejection(t, err, passkey.ErrState, "Draft")
	_, err = s.transactor.Finish(t.Context(), s.userID, take(t, session), response)
	requireRejection(t, err, passkey.ErrSubmitted, "Draft")
	other := s.process(byzantinetest.InProcess(s.sandbox))
	_, err = other.Finish(t.Context(), s.userID, take(t, session), response)
	assert.ErrorIs(t, err, byzantine.ErrBadRequest, "in another process: the API takes a payload once")
	_, otherResponse := s.begin(s.depositPayload(byzantine.ChainBase, byzantinetest.VaultBaseUSDC))
	_, err = s.transactor.Finish(t.Context(), s.userID, take(t, session), otherResponse)
	requireRejection(t, err, passkey.ErrChallenge, clientJSON+".challenge")
}

func TestADraftExpires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSaver(t)
		session, response := s.begin(s.depositPayload(byzantine.ChainBase, byzantinetest.VaultBaseUSDC))
		time.Sleep(11 * time.Minute)
		_, err := s.transactor.Finish(t.Context(), s.userID, take(t, session), response)
		requireRejection(t, err, passkey.ErrExpired, "SigningState.ExpiresAt")
		s.requireNothingSubmitted()
	})
}

func TestFinishRejectsDraftsBeforeAnythingIsSent(t *testing.T) {
	s := newSaver(t)
	session, response := s.begin(s.depositPayload(byzantine.ChainBase, byzantinetest.VaultBaseUSDC))
	for name, c := range map[string]struct {
		userID string
		change func(d *passkey.Draft)
		check  string
	}{
		"another user's":       {"user-2", func(*passkey.Draft) {}, "Draft.UserID"},
		"nobody's":             {s.userID, func(d *passkey.Draft) { d.UserID = "" }, "Draft.UserID"},
		"nobody's, for nobody": {"", func(d *passkey.Draft) { d.UserID = "" }, "Draft.UserID"},
		"of any passkey": {s.userID, func(d *passkey.Draft) { d.Allowed, d.AnyCredential = nil, true },
			"Draft.AnyCredential"},
		"without a payload": {s.userID, func(d *passkey.Draft) { d.Payload.BodyToSign = nil }, "SigningState"},
	} {
		t.Run(name, func(t *testing.T) {
			draft := take(t, session)
			c.change(draft)
			submitted, err := s.transactor.Finish(t.Context(), c.userID, draft, response)
			assert.Nil(t, submitted)
			requireRejection(t, err, passkey.ErrState, c.check)
		})
	}
	_, err := (&passkey.Transactor{RelyingParty: relyingParty()}).Finish(t.Context(), s.userID, take(t, session), response)
	requireRejection(t, err, passkey.ErrConfiguration, "Transactor.Client")
	s.requireNothingSubmitted()
}

func TestAnotherUsersPasskeyIsRejected(t *testing.T) {
	s := newSaver(t)
	session, _ := s.begin(s.depositPayload(byzantine.ChainBase, byzantinetest.VaultBaseUSDC))
	stranger := passkeytest.NewAuthenticator()
	theirs := enrol(t, s.transactor.RelyingParty, stranger)
	options, _, err := s.transactor.Begin("stranger", &take(t, session).Payload, []passkey.Credential{theirs})
	require.NoError(t, err)
	response, err := stranger.Get(options)
	require.NoError(t, err)
	_, err = s.transactor.Finish(t.Context(), s.userID, take(t, session), response)
	requireRejection(t, err, passkey.ErrCredential, "credential.id")
	s.requireNothingSubmitted()
}

func TestBeginRejects(t *testing.T) {
	transactor := &passkey.Transactor{RelyingParty: relyingParty()}
	phone := passkey.Credential{ID: "AAAA"}
	for name, c := range map[string]struct {
		userID   string
		payload  *byzantine.Payload
		passkeys []passkey.Credential
		check    string
	}{
		"nobody":                 {"", new(deposit()), []passkey.Credential{phone}, "userID"},
		"nothing":                {"user-1", nil, []passkey.Credential{phone}, "Payload"},
		"an invitation":          {"user-1", &byzantine.Payload{BodyToSign: []byte("{}")}, []passkey.Credential{phone}, "Payload"},
		"no passkeys":            {"user-1", new(deposit()), nil, "passkeys"},
		"a passkey without id":   {"user-1", new(deposit()), []passkey.Credential{{}}, "allowed[0].ID"},
		"a payload with no body": {"user-1", &byzantine.Payload{TransactionID: "1"}, []passkey.Credential{phone}, "Payload.BodyToSign"},
	} {
		t.Run(name, func(t *testing.T) {
			options, draft, err := transactor.Begin(c.userID, c.payload, c.passkeys)
			assert.Nil(t, options)
			assert.Nil(t, draft)
			requireRejection(t, err, passkey.ErrConfiguration, c.check)
		})
	}
	_, _, err := new(passkey.Transactor).Begin("user-1", new(deposit()), []passkey.Credential{phone})
	requireRejection(t, err, passkey.ErrConfiguration, "RelyingParty")
}

// The response to the submission is lost. The transaction can be found by the id in the draft.
func TestFinishWithUnknownOutcome(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSaver(t)
		session, response := s.begin(s.depositPayload(byzantine.ChainBase, byzantinetest.VaultBaseUSDC))
		s.sandbox.Fail(byzantine.OpSignPayloadPasskey, 1, byzantinetest.Fault{Status: 502, TakesEffect: true})
		draft := take(t, session)
		_, err := s.transactor.Finish(t.Context(), s.userID, draft, response)
		require.ErrorIs(t, err, byzantine.ErrOutcomeUnknown)
		transaction, err := s.transactor.Client.WaitForTransaction(t.Context(), draft.Payload.TransactionID)
		require.NoError(t, err)
		assert.Equal(t, byzantine.TransactionCompleted, transaction.Status)
	})
}

// A response without a readable transaction id does not hide that the transaction is submitted, nor its id.
func TestFinishWithAnOddSuccess(t *testing.T) {
	for name, c := range map[string]struct {
		body string
		want error
	}{
		"no id":   {`{}`, nil},
		"null id": {`{"transactionId":null}`, nil},
		"odd id":  {`{"transactionId":7}`, byzantine.ErrTookEffect},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newSaver(t)
				session, response := s.begin(s.depositPayload(byzantine.ChainBase, byzantinetest.VaultBaseUSDC))
				s.sandbox.Fail(byzantine.OpSignPayloadPasskey, 1, byzantinetest.Fault{Status: 200, Body: c.body, TakesEffect: true})
				draft := take(t, session)
				submitted, err := s.transactor.Finish(t.Context(), s.userID, draft, response)
				require.ErrorIs(t, err, c.want)
				require.NotErrorIs(t, err, byzantine.ErrOutcomeUnknown)
				if c.want == nil {
					assert.Equal(t, draft.Payload.TransactionID, submitted.TransactionID)
				}
				transaction, err := s.transactor.Client.WaitForTransaction(t.Context(), draft.Payload.TransactionID)
				require.NoError(t, err)
				assert.Equal(t, byzantine.TransactionCompleted, transaction.Status)
			})
		})
	}
}
