package demoapp_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/byzantinetest"
)

// order returns the fields of a form: the deposit of an amount into a vault, or the withdrawal from it.
func order(vault, amount string) []string { return []string{"vault", vault, "amount", amount} }

func TestActivationAndDeposit(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		ada := h.addCustomer("Ada")
		ada.signIn()
		refused(t, ada.post("/activate", "chain", "8453"), http.StatusConflict, "Please create a passkey first.")
		ada.enrol()
		assert.Contains(t, ada.page("/account"), "Activate on Base")
		refused(t, ada.post("/deposit", order(byzantinetest.VaultBaseUSDC, "1")...), http.StatusBadRequest, "This was rejected: the account is not activated on chain 8453.")

		b, response := ada.begin("/activate", "chain", "8453")
		assert.Equal(t, "Activate your account on Base", b.What)
		page := answer[nextPage](t, ada.postBody(b.Submit, response)).Location
		assert.Contains(t, ada.page(page), "Processing")
		completed := ada.next(page, "processing")
		assert.Equal(t, []string{"Submitted done", "Sent to the chain done", "Completed done"}, completed.steps())
		completed.Steps = nil
		assert.Equal(t, status{Status: "completed", State: "Completed", Meaning: "All done.", Final: true}, completed)
		assert.NotContains(t, ada.page("/account"), "Activate on Base")
		assert.Equal(t, 1, strings.Count(ada.page("/account"), "Activate on Ethereum"))

		b, _ = ada.begin("/deposit", order("0x"+strings.ToUpper(byzantinetest.VaultBaseUSDC[2:]), "250.5")...)
		assert.Equal(t, "Deposit 250.50 USDC into Dollar savings", b.What)
	})
}

func TestDeposit(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		ada := h.newSaver("Ada")
		page := ada.transact("/deposit", order(byzantinetest.VaultBaseUSDC, " 250.50 ")...)
		shown := ada.page(page)
		assert.Contains(t, shown, "Deposit of 250.50 USDC")
		assert.Contains(t, shown, "Dollar savings")
		assert.Contains(t, shown, `data-seen="processing" data-final="false"`)
		assert.Equal(t, "completed", ada.next(page, "processing").Status)
		assert.Contains(t, ada.page(page), `data-seen="completed" data-final="true"`)
		account := ada.page("/account")
		assert.Contains(t, account, `<dt>Wallet on Base</dt><dd class="sum">749.50</dd>`)
		assert.Contains(t, account, `<dt>Dollar savings</dt><dd class="sum">250.50</dd>`)
		assert.Contains(t, account, "250.50 USDC")
		assert.Contains(t, account, page)
	})
}

func TestQueuedWithdrawalAndItsCancellation(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		ada := h.newSaver("Ada")
		ada.next(ada.transact("/deposit", order(byzantinetest.VaultEthereumQueued, "600")...), "processing")
		b, response := ada.begin("/withdraw", order(byzantinetest.VaultEthereumQueued, "200")...)
		assert.Equal(t, "Withdraw 200.00 USDC from Dollar term savings", b.What)
		page := answer[nextPage](t, ada.postBody(b.Submit, response)).Location
		queued := ada.next(page, "")
		assert.Equal(t, "Queued", queued.State)
		assert.Equal(t, []string{"Submitted done", "Queued now", "Sent to the chain next", "Completed next"}, queued.steps())
		assert.True(t, queued.Cancellable)
		assert.False(t, queued.Final)
		assert.Contains(t, ada.page("/account"), "200.00 USDC")

		// The status does not change: the response repeats it after 45 seconds, and the script asks again.
		before := time.Now()
		assert.Equal(t, queued, ada.next(page, "withdrawal_initiated"))
		assert.Equal(t, 45*time.Second, time.Since(before))

		b, response = ada.begin(page + "/cancel")
		assert.Equal(t, "Cancel the withdrawal", b.What)
		page = answer[nextPage](t, ada.postBody(b.Submit, response)).Location
		cancelled := ada.next(page, "withdrawal_initiated")
		assert.Equal(t, []string{"Submitted done", "Queued done", "Cancelled failed"}, cancelled.steps())
		cancelled.Steps = nil
		assert.Equal(t, status{Status: "cancelled", State: "Cancelled", Meaning: "Nothing was moved.", Final: true}, cancelled)
		refused(t, ada.post(page+"/cancel"), http.StatusBadRequest, "not a queued withdrawal that is pending")
	})
}

func TestOrdersThatMakeNoSense(t *testing.T) {
	h := newHouse(t)
	ada := h.newSaver("Ada")
	before := h.operations()
	for amount, words := range map[string]string{
		"": "such as 250", "-1": "such as 250", "1e3": "such as 250", "0x10": "such as 250", "NaN": "such as 250", "ten": "such as 250",
		"1.": "such as 250", ".5": "such as 250", strings.Repeat("9", 16): "such as 250",
		"0": "above zero", "0.00": "above zero", "1,000": "Is that 1000 or 1.0000?", "1.2345678": "at most six decimals",
		"1000.01": "This is more than you have", "1000,000001": "This is more than you have",
	} {
		for _, path := range []string{"/deposit", "/withdraw"} {
			refusedField(t, ada.post(path, order(byzantinetest.VaultBaseUSDC, amount)...), http.StatusBadRequest, "amount", words)
		}
	}
	refusedField(t, ada.post("/deposit", order(byzantinetest.VaultBaseUSDC, "1000.01")...), http.StatusBadRequest, "amount", "there are 1,000.00 USDC in your wallet on Base.")
	refusedField(t, ada.post("/withdraw", order(byzantinetest.VaultBaseUSDC, "1")...), http.StatusBadRequest, "amount", "there are 0.00 USDC in this vault.")
	for _, operation := range h.operations()[len(before):] {
		assert.Equal(t, "get_account_balances", operation, "nothing was drafted")
	}
	before = h.operations()
	refused(t, ada.post("/deposit", order(byzantinetest.VaultEthereumUSDC, "1")...), http.StatusNotFound, "There is nothing at this address.")
	refused(t, ada.post("/withdraw", "amount", "1"), http.StatusNotFound, "There is nothing at this address.")
	refused(t, ada.post("/activate", "chain", "Base"), http.StatusNotFound, "There is nothing at this address.")
	assert.Equal(t, before, h.operations(), "the API was not asked")
	refused(t, ada.post("/activate", "chain", "-1"), http.StatusBadRequest, "Please check what you have entered.")
	refused(t, ada.post("/activate", "chain", "10"), http.StatusBadRequest, "unknown chain 10")
	refused(t, ada.post("/transactions/x/cancel"), http.StatusNotFound, "There is nothing at this address.")
}

// A failure of the transaction at the API is shown on its page.
func TestDepositThatFails(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		ada := h.newSaver("Ada")
		page := ada.transact("/deposit", order(byzantinetest.VaultBaseUSDC, "1000")...)
		h.sandbox.FailTransaction(strings.TrimPrefix(page, "/transactions/"), byzantine.TransactionSimulationFailed)
		assert.Equal(t, "Failed", ada.next(page, "").State)
		failed := ada.next(page, "simulation_failed")
		assert.True(t, failed.Final, "and it answers at once")
		assert.Equal(t, []string{"Submitted done", "Failed failed"}, failed.steps())
		assert.Contains(t, ada.page(page), `<li class="failed"><span>Failed</span>`)
	})
}

// If the balances cannot be read, the order is accepted, because the API decides anyway.
func TestOrderWithoutBalances(t *testing.T) {
	h := newHouse(t)
	ada := h.newSaver("Ada")
	h.sandbox.Fail(byzantine.OpGetAccountBalances, 3, byzantinetest.Fault{Status: 500})
	b, _ := ada.begin("/deposit", order(byzantinetest.VaultBaseUSDC, "5000")...)
	assert.Equal(t, "Deposit 5,000.00 USDC into Dollar savings", b.What)
}

// The page shows what is signed before it asks for the passkey, because the authenticator does not show it.
func TestWhatIsSignedIsShown(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		ada := h.newSaver("Ada")
		b, _ := ada.begin("/deposit", order(byzantinetest.VaultBaseUSDC, "1 000,00")...)
		assert.Equal(t, []fact{{"Amount", "1,000.00 USDC"}, {"From", "Wallet on Base"}, {"Into", "Dollar savings"}}, b.Facts)
		ada.next(ada.transact("/deposit", order(byzantinetest.VaultEthereumQueued, "600")...), "processing")
		b, _ = ada.begin("/withdraw", order(byzantinetest.VaultEthereumQueued, "200")...)
		assert.Equal(t, []fact{{"Amount", "200.00 USDC"}, {"From", "Dollar term savings"}, {"Into", "Wallet on Ethereum"}}, b.Facts)
		page := ada.transact("/withdraw", order(byzantinetest.VaultEthereumQueued, "200")...)
		b, _ = ada.begin(page + "/cancel")
		assert.Equal(t, []fact{{"Withdrawal", "Withdrawal of 200.00 USDC"}, {"From", "Dollar term savings"}}, b.Facts)
		grace := h.addCustomer("Grace")
		grace.signIn()
		grace.enrol()
		b, _ = grace.begin("/activate", "chain", "8453")
		assert.Equal(t, []fact{{"Chain", "Base"}, {"Cost", "free of charge"}}, b.Facts)
	})
}

// A user cannot see or cancel the transaction of another account, or end its draft: it is treated like one that does
// not exist.
func TestTransactionsOfOthers(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		ada, mallory := h.newSaver("Ada"), h.newSaver("Mallory")
		ada.next(ada.transact("/deposit", order(byzantinetest.VaultEthereumQueued, "600")...), "processing")
		page := ada.transact("/withdraw", order(byzantinetest.VaultEthereumQueued, "200")...)
		b, response := ada.begin("/deposit", order(byzantinetest.VaultBaseUSDC, "1")...)

		w := mallory.get(page)
		assert.Equal(t, http.StatusNotFound, w.Code)
		assert.NotRegexp(t, `\b200\b`, w.Body.String())
		refused(t, mallory.get(page+"/status?seen="), http.StatusNotFound, "nothing")
		refused(t, mallory.post(page+"/cancel"), http.StatusNotFound, "nothing")
		refused(t, mallory.postBody(b.Submit, response), http.StatusConflict, "Please begin again.")
		mallory.begin("/deposit", order(byzantinetest.VaultBaseUSDC, "1")...)
		refused(t, mallory.postBody(b.Submit, response), http.StatusConflict, "Please begin again.")

		answer[nextPage](t, ada.postBody(b.Submit, response))
	})
}

func TestPasskeyOfAnotherAccountSigns(t *testing.T) {
	h := newHouse(t)
	ada, mallory := h.newSaver("Ada"), h.newSaver("Mallory")
	b, _ := ada.begin("/deposit", order(byzantinetest.VaultBaseUSDC, "1")...)
	_, response := mallory.begin("/deposit", order(byzantinetest.VaultBaseUSDC, "1")...)
	refused(t, ada.postBody(b.Submit, response), http.StatusForbidden, "This passkey is not one of your account's.")
	refused(t, ada.postBody(b.Submit, response), http.StatusConflict, "Please begin again.")
}

func TestASignatureCountsOnce(t *testing.T) {
	h := newHouse(t)
	ada := h.newSaver("Ada")
	b, response := ada.begin("/deposit", order(byzantinetest.VaultBaseUSDC, "1")...)
	answer[nextPage](t, ada.postBody(b.Submit, response))
	refused(t, ada.postBody(b.Submit, response), http.StatusConflict, "Please begin again.")

	// Two tabs: beginning in the second ends what the first has begun.
	first, firstResponse := ada.begin("/deposit", order(byzantinetest.VaultBaseUSDC, "1")...)
	second, secondResponse := ada.begin("/deposit", order(byzantinetest.VaultBaseUSDC, "2")...)
	refused(t, ada.postBody(first.Submit, firstResponse), http.StatusConflict, "Please begin again.")
	answer[nextPage](t, ada.postBody(second.Submit, secondResponse))

	// Another device of the same user, with another session: only the API knows that the first draft has ended.
	phone := *ada
	phone.cookie = nil
	phone.signIn()
	first, firstResponse = ada.begin("/deposit", order(byzantinetest.VaultBaseUSDC, "1")...)
	second, secondResponse = phone.begin("/deposit", order(byzantinetest.VaultBaseUSDC, "2")...)
	refused(t, ada.postBody(first.Submit, firstResponse), http.StatusBadRequest, "This was rejected: no transaction of this id waits for a signature")
	answer[nextPage](t, phone.postBody(second.Submit, secondResponse))
}

func TestSignaturesThatComeTooLate(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		ada := h.newSaver("Ada")
		b, response := ada.begin("/deposit", order(byzantinetest.VaultBaseUSDC, "1")...)
		time.Sleep(11 * time.Minute)
		refused(t, ada.postBody(b.Submit, response), http.StatusConflict, "took too long")
		assert.NotContains(t, h.operations(), "sign_payload_passkey")

		// The API's clock is ahead, so at the API the payload expires before the draft in the session does.
		b, response = ada.begin("/deposit", order(byzantinetest.VaultBaseUSDC, "1")...)
		h.sandbox.Advance(16 * time.Minute)
		refused(t, ada.postBody(b.Submit, response), http.StatusBadRequest, "This was rejected: the payload has expired.")
	})
}

// If the user closes the tab after the passkey has signed, the transaction is submitted all the same.
func TestSubmissionOfAClosedTab(t *testing.T) {
	h := newHouse(t)
	ada := h.newSaver("Ada")
	b, response := ada.begin("/deposit", order(byzantinetest.VaultBaseUSDC, "25")...)
	ctx, closeTab := context.WithCancel(t.Context())
	closeTab()
	ada.send(httptest.NewRequestWithContext(ctx, http.MethodPost, b.Submit, strings.NewReader(string(response))))
	assert.Contains(t, ada.page("/account"), "Deposit of 25.00 USDC")
}

// The response to the submission is lost. The application looks for the transaction at the API. No other transaction can be
// begun until its outcome is known.
func TestSubmissionWithUnknownOutcome(t *testing.T) {
	t.Run("it has arrived", func(t *testing.T) {
		inBubble(t, func(t *testing.T, h *house) {
			ada := h.newSaver("Ada")
			h.sandbox.Fail(byzantine.OpSignPayloadPasskey, 1, byzantinetest.Fault{Status: 502, TakesEffect: true})
			page := ada.transact("/deposit", order(byzantinetest.VaultBaseUSDC, "25")...)
			h.sandbox.Fail(byzantine.OpGetTransaction, 4, byzantinetest.Fault{Status: 404})
			assert.Contains(t, ada.page(page), "Looking for it")
			refused(t, ada.post("/deposit", order(byzantinetest.VaultBaseUSDC, "25")...), http.StatusConflict, "We do not know yet")
			assert.Equal(t, "Processing", ada.next(page, "").State)
			ada.begin("/deposit", order(byzantinetest.VaultBaseUSDC, "25")...)
		})
	})
	t.Run("it has not", func(t *testing.T) {
		inBubble(t, func(t *testing.T, h *house) {
			ada := h.newSaver("Ada")
			h.sandbox.Fail(byzantine.OpSignPayloadPasskey, 1, byzantinetest.Fault{Status: 502})
			page := ada.transact("/deposit", order(byzantinetest.VaultBaseUSDC, "25")...)
			assert.Contains(t, ada.page(page), "Looking for it")
			refused(t, ada.post("/deposit", order(byzantinetest.VaultBaseUSDC, "25")...), http.StatusConflict, "We do not know yet")
			lost := ada.next(page, "")
			assert.Equal(t, "Not submitted", lost.State)
			assert.True(t, lost.Final)
			assert.Contains(t, ada.page(page), "Not submitted")
			ada.transact("/deposit", order(byzantinetest.VaultBaseUSDC, "25")...)
		})
	})
	t.Run("it has, but the response cannot be read", func(t *testing.T) {
		inBubble(t, func(t *testing.T, h *house) {
			ada := h.newSaver("Ada")
			for _, body := range []string{`{}`, `{"transactionId":7}`} {
				h.sandbox.Fail(byzantine.OpSignPayloadPasskey, 1, byzantinetest.Fault{Status: 200, Body: body, TakesEffect: true})
				page := ada.transact("/deposit", order(byzantinetest.VaultBaseUSDC, "25")...)
				assert.Equal(t, "Processing", ada.next(page, "").State, body)
			}
		})
	})
	t.Run("and the API cannot tell", func(t *testing.T) {
		inBubble(t, func(t *testing.T, h *house) {
			ada := h.newSaver("Ada")
			h.sandbox.Fail(byzantine.OpSignPayloadPasskey, 1, byzantinetest.Fault{Status: 502})
			ada.transact("/deposit", order(byzantinetest.VaultBaseUSDC, "25")...)
			h.sandbox.Fail(byzantine.OpGetTransaction, 3, byzantinetest.Fault{Status: 503})
			refused(t, ada.post("/deposit", order(byzantinetest.VaultBaseUSDC, "25")...), http.StatusBadGateway, "That did not work.")
		})
	})
}

// If the page is closed while it waits for a status, the log has no error. If the API is down, the script gets one.
func TestStatusThatDoesNotCome(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		ada := h.newSaver("Ada")
		page := ada.transact("/deposit", order(byzantinetest.VaultBaseUSDC, "25")...)
		ctx, closeTab := context.WithTimeout(t.Context(), time.Second)
		defer closeTab()
		ada.send(httptest.NewRequestWithContext(ctx, http.MethodGet, page+"/status?seen=processing", nil))
		assert.NotContains(t, h.log.String(), "status=502")

		h.sandbox.Fail(byzantine.OpGetTransaction, 1000, byzantinetest.Fault{Status: 503})
		refused(t, ada.get(page+"/status?seen=processing"), http.StatusBadGateway, "That did not work.")
		assert.Contains(t, h.log.String(), "status=502")
	})
}

func TestAccountPageWithoutYields(t *testing.T) {
	h := newHouse(t)
	ada := h.newSaver("Ada")
	assert.Contains(t, ada.page("/account"), "<strong>6.2 %</strong> a year")
	h.sandbox.Fail(byzantine.OpGetVaultAPY, 2, byzantinetest.Fault{Status: 404})
	assert.NotContains(t, ada.page("/account"), "a year")
	h.sandbox.Fail(byzantine.OpGetAccountBalances, 3, byzantinetest.Fault{Status: 500})
	w := ada.get("/account")
	assert.Equal(t, http.StatusBadGateway, w.Code)
	assert.Contains(t, w.Body.String(), "Please try again.")
}

// A vault's page says how much can be moved, and shows the share price as a line, in a sentence and in a table.
func TestVaultPage(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		ada := h.addCustomer("Ada")
		ada.signIn()
		assert.Contains(t, ada.page("/vaults/dollar-savings"), "Create a passkey first")
		ada.enrol()
		assert.Contains(t, ada.page("/vaults/dollar-savings"), "Activate on Base")
		h.sandbox.Activate(ada.accountID, byzantine.ChainBase)
		page := ada.page("/vaults/dollar-savings")
		assert.Contains(t, page, `data-max="1000" data-for="deposit-amount"`)
		assert.Contains(t, page, "Available: 1,000.00 USDC in your wallet on Base")
		assert.Contains(t, page, "There is nothing of yours in this vault yet.")
		assert.Regexp(t, `<svg role="img" aria-label="The price of a share rises from 1\.\d+ to 1\.\d+\. The lowest value`, page)
		assert.Equal(t, 31+1, strings.Count(page, "<tr>"), "the same in a table")

		ada.next(ada.transact("/deposit", order(byzantinetest.VaultBaseUSDC, "250.1250")...), "processing")
		assert.Contains(t, ada.page("/vaults/dollar-savings"), `data-max="250.1250" data-for="withdraw-amount"`)
		b, _ := ada.begin("/withdraw", order(byzantinetest.VaultBaseUSDC, "250.1250")...)
		assert.Equal(t, "Withdraw 250.125 USDC from Dollar savings", b.What)

		h.sandbox.Fail(byzantine.OpGetVaultHistory, 3, byzantinetest.Fault{Status: 500})
		assert.NotContains(t, ada.page("/vaults/dollar-savings"), "<svg")
		assert.Equal(t, http.StatusNotFound, ada.get("/vaults/gold").Code)
	})
}

// The account's page shows how the amount in vaults has changed since the user first opened the page.
func TestSavedOverTime(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		ada := h.newSaver("Ada")
		assert.NotContains(t, ada.page("/account"), "<svg")
		time.Sleep(time.Minute)
		assert.NotContains(t, ada.page("/account"), "<svg", "nothing has changed")
		ada.next(ada.transact("/deposit", order(byzantinetest.VaultBaseUSDC, "500")...), "processing")
		time.Sleep(time.Minute)
		page := ada.page("/account")
		assert.Contains(t, page, "Saved in USDC rises from 0.00 to 500.00. The lowest value is 0.00, the highest 500.00.")
		assert.NotContains(t, page, "Saved in EURC")
		mallory := h.newSaver("Mallory")
		assert.NotContains(t, mallory.page("/account"), "<svg", "another account's are another's")
	})
}

// While a transaction is being submitted its outcome is unknown: another tab must not begin one, which would end it or
// have the user pay twice.
func TestAnotherTabWaitsForASubmission(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		p := h.newSaver("Ada")
		b, response := p.begin("/deposit", "vault", vaults[0].Address, "amount", "100")
		h.sandbox.Fail(byzantine.OpSignPayloadPasskey, 1, byzantinetest.Fault{Delay: 20 * time.Second})
		first := make(chan int)
		go func() { first <- p.postBody(b.Submit, response).Code }()
		time.Sleep(5 * time.Second)
		w := p.post("/deposit", "vault", vaults[0].Address, "amount", "100")
		assert.Equal(t, http.StatusConflict, w.Code, w.Body.String())
		assert.Equal(t, http.StatusOK, <-first)
		w = p.post("/deposit", "vault", vaults[0].Address, "amount", "100")
		assert.Equal(t, http.StatusOK, w.Code, w.Body.String())
	})
}

// A submission that has certainly failed leaves nothing to wait for.
func TestAFailedSubmissionIsNoReasonToWait(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		p := h.newSaver("Ada")
		b, response := p.begin("/deposit", "vault", vaults[0].Address, "amount", "100")
		h.sandbox.Fail(byzantine.OpSignPayloadPasskey, 1, byzantinetest.Fault{Status: http.StatusBadRequest})
		assert.NotEqual(t, http.StatusOK, p.postBody(b.Submit, response).Code)
		w := p.post("/deposit", "vault", vaults[0].Address, "amount", "100")
		assert.Equal(t, http.StatusOK, w.Code, w.Body.String())
	})
}
