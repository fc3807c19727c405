package byzantine_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/internal/longtest"
)

// polledAPI responds to GetTransaction and records the time of each request.
type polledAPI struct {
	times   []time.Time
	respond func(poll int) (*http.Response, error) // poll counts from 1
}

func (p *polledAPI) client(t *testing.T) *byzantine.Client {
	return newTestClient(t, byzantine.SandboxURL, byzantine.WithMaxAttempts(1), over(roundTripper(func(r *http.Request) (*http.Response, error) {
		assert.Equal(t, "/v1/query/get-transaction?transactionId="+testTransactionID, r.URL.RequestURI())
		p.times = append(p.times, time.Now())
		return p.respond(len(p.times))
	})))
}

// statuses returns a polledAPI whose responses have these statuses in turn, and the last one from then on. For "" the
// response is a 404.
func statuses(all ...byzantine.TransactionStatus) *polledAPI {
	return &polledAPI{respond: func(poll int) (*http.Response, error) {
		status := all[min(poll, len(all))-1]
		if status == "" {
			return newResponse(http.StatusNotFound, nil, `{"error":"no such transaction"}`), nil
		}
		return newResponse(http.StatusOK, nil, `{"transactionId":"`+testTransactionID+`","status":"`+string(status)+`"}`), nil
	}}
}

func TestWaitForTransactionEndsWhenItIsCompleted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api := statuses("processing", "processing", "of_the_future", "processing", "completed")
		var seen []byzantine.TransactionStatus
		transaction, err := api.client(t).WaitForTransaction(t.Context(), testTransactionID,
			byzantine.WaitOnChange(func(tx *byzantine.Transaction) { seen = append(seen, tx.Status) }))
		require.NoError(t, err)
		assert.Equal(t, testTransactionID, transaction.TransactionID)
		assert.Equal(t, byzantine.TransactionCompleted, transaction.Status)
		assert.Equal(t, []byzantine.TransactionStatus{"processing", "of_the_future", "processing", "completed"}, seen)
		assert.Len(t, api.times, 5)
	})
}

func TestEveryOtherEndOfATransactionIsAnError(t *testing.T) {
	for _, status := range []byzantine.TransactionStatus{
		byzantine.TransactionSimulationFailed, byzantine.TransactionReverted, byzantine.TransactionRefunded, byzantine.TransactionCancelled,
	} {
		synctest.Test(t, func(t *testing.T) {
			transaction, err := statuses("processing", status).client(t).WaitForTransaction(t.Context(), testTransactionID)
			var failed *byzantine.TransactionFailedError
			require.ErrorAs(t, err, &failed)
			assert.Same(t, failed.Transaction, transaction)
			assert.Equal(t, status, transaction.Status)
			assert.EqualError(t, err, "byzantine: the transaction ended as "+string(status))
		})
	}
}

func TestUntil(t *testing.T) {
	waitingForFunds := byzantine.WaitUntil(func(tx *byzantine.Transaction) bool { return tx.Status == byzantine.TransactionWaitingForFunds })
	for _, c := range []struct {
		name  string
		api   *polledAPI
		until byzantine.WaitOption
		polls int
		error string
	}{
		{"satisfied before the end", statuses("processing", "waiting_for_funds", "completed"), waitingForFunds, 2, ""},
		{"passed unseen", statuses("processing", "completed"), waitingForFunds, 2, ""},
		{"passed to another end", statuses("processing", "refunded"), waitingForFunds, 2, "byzantine: the transaction ended as refunded"},
		{"satisfied by another end", statuses("processing", "cancelled"),
			byzantine.WaitUntil(func(tx *byzantine.Transaction) bool { return tx.Status == byzantine.TransactionCancelled }), 2, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				_, err := c.api.client(t).WaitForTransaction(t.Context(), testTransactionID, c.until)
				if c.error == "" {
					assert.NoError(t, err)
				} else {
					assert.EqualError(t, err, c.error)
				}
				assert.Len(t, c.api.times, c.polls)
			})
		})
	}
}

func TestPollsBecomeRarer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		api := statuses("processing")
		started := time.Now()
		_, err := api.client(t).WaitForTransaction(ctx, testTransactionID)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Greater(t, len(api.times), 200)
		assert.Equal(t, started, api.times[0], "the first poll is at once")
		ceiling := time.Second
		different := map[time.Duration]bool{}
		for i := range len(api.times) - 1 {
			pause := api.times[i+1].Sub(api.times[i])
			assert.GreaterOrEqual(t, pause, ceiling*3/4)
			assert.LessOrEqual(t, pause, ceiling)
			different[pause] = true
			ceiling = min(ceiling*3/2, 12*time.Second)
		}
		assert.Greater(t, len(different), 100, "with jitter")
	})
}

func TestPollEvery(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api := statuses("processing", "processing", "processing", "completed")
		_, err := api.client(t).WaitForTransaction(t.Context(), testTransactionID, byzantine.WaitInterval(time.Second), byzantine.WaitInterval(time.Minute))
		require.NoError(t, err)
		for i := range 3 {
			assert.Equal(t, time.Minute, api.times[i+1].Sub(api.times[i]))
		}
	})
}

func TestATransactionMayBeUnknownAtFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, err := statuses("", "", "", "processing", "completed").client(t).WaitForTransaction(t.Context(), testTransactionID)
		require.NoError(t, err)
	})
	synctest.Test(t, func(t *testing.T) {
		started := time.Now()
		transaction, err := statuses("").client(t).WaitForTransaction(t.Context(), testTransactionID)
		require.ErrorIs(t, err, byzantine.ErrNotFound)
		assert.ErrorContains(t, err, "byzantine: waiting for the transaction, not seen yet: get_transaction: 404 Not Found: no such transaction")
		assert.Nil(t, transaction)
		assert.GreaterOrEqual(t, time.Since(started), 30*time.Second)
		assert.Less(t, time.Since(started), 43*time.Second)
	})
	synctest.Test(t, func(t *testing.T) {
		api := statuses("processing", "")
		transaction, err := api.client(t).WaitForTransaction(t.Context(), testTransactionID)
		require.ErrorIs(t, err, byzantine.ErrNotFound)
		assert.ErrorContains(t, err, "last seen as processing")
		assert.Equal(t, byzantine.TransactionProcessing, transaction.Status, "as it was last seen")
		assert.Len(t, api.times, 2, "one that was seen does not vanish for a moment")
	})
}

// failing returns a polledAPI that responds with "processing" first, with fail from the second poll to the one before
// until, and with "completed" after that.
func failing(until int, fail func() (*http.Response, error)) *polledAPI {
	good := statuses("processing", "completed")
	return &polledAPI{respond: func(poll int) (*http.Response, error) {
		if poll > 1 && poll < until {
			return fail()
		}
		return good.respond(poll)
	}}
}

func TestAPassingFailureDoesNotEndTheWait(t *testing.T) {
	for name, fail := range map[string]func() (*http.Response, error){
		"500":        func() (*http.Response, error) { return newResponse(500, nil, ""), nil },
		"502":        func() (*http.Response, error) { return newResponse(502, nil, "<html>"), nil },
		"429":        func() (*http.Response, error) { return newResponse(429, nil, ""), nil },
		"connection": func() (*http.Response, error) { return nil, errors.New("connection reset") },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				_, err := failing(12, fail).client(t).WaitForTransaction(t.Context(), testTransactionID)
				require.NoError(t, err)
			})
			synctest.Test(t, func(t *testing.T) {
				api := failing(1_000_000, fail)
				started := time.Now()
				transaction, err := api.client(t).WaitForTransaction(t.Context(), testTransactionID)
				require.ErrorContains(t, err, "byzantine: waiting for the transaction, last seen as processing: get_transaction: ")
				assert.Equal(t, byzantine.TransactionProcessing, transaction.Status)
				assert.GreaterOrEqual(t, time.Since(started), 5*time.Minute, "it is given five minutes")
				assert.Less(t, time.Since(started), 6*time.Minute)
			})
		})
	}
}

func TestFailuresInTurnsDoNotAddUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api := statuses("processing")
		good := api.respond
		api.respond = func(poll int) (*http.Response, error) {
			switch {
			case poll > 200:
				return newResponse(200, nil, `{"status":"completed"}`), nil
			case poll%2 == 0:
				return newResponse(500, nil, ""), nil
			}
			return good(poll)
		}
		_, err := api.client(t).WaitForTransaction(t.Context(), testTransactionID)
		assert.NoError(t, err)
	})
}

func TestOtherFailuresEndTheWaitAtOnce(t *testing.T) {
	for want, fail := range map[string]func() (*http.Response, error){
		"401 Unauthorized": func() (*http.Response, error) { return newResponse(401, nil, ""), nil },
		"400 Bad Request":  func() (*http.Response, error) { return newResponse(400, nil, ""), nil },
		"not JSON":         func() (*http.Response, error) { return newResponse(200, nil, "<html>"), nil },
		"no such host":     func() (*http.Response, error) { return nil, &net.DNSError{Err: "no such host", IsNotFound: true} },
	} {
		synctest.Test(t, func(t *testing.T) {
			api := failing(1_000_000, fail)
			_, err := api.client(t).WaitForTransaction(t.Context(), testTransactionID)
			require.ErrorContains(t, err, want)
			assert.Len(t, api.times, 2)
		})
	}
	synctest.Test(t, func(t *testing.T) {
		api := statuses("processing")
		_, err := api.client(t).WaitForTransaction(t.Context(), "1")
		require.ErrorIs(t, err, byzantine.ErrInvalidRequest)
		assert.Empty(t, api.times)
	})
}

func TestTheEndOfTheContextEndsTheWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		started := time.Now()
		transaction, err := statuses("", "waiting_for_funds").client(t).WaitForTransaction(ctx, testTransactionID)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		assert.EqualError(t, err, "byzantine: waiting for the transaction, last seen as waiting_for_funds: context deadline exceeded")
		assert.Equal(t, byzantine.TransactionWaitingForFunds, transaction.Status)
		assert.Equal(t, 20*time.Second, time.Since(started))
	})
	t.Run("with its cause", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			shutdown := errors.New("shutdown")
			ctx, cancel := context.WithCancelCause(t.Context())
			time.AfterFunc(10*time.Second, func() { cancel(shutdown) })
			_, err := statuses("processing").client(t).WaitForTransaction(ctx, testTransactionID)
			require.ErrorIs(t, err, context.Canceled)
			require.ErrorIs(t, err, shutdown)
			assert.EqualError(t, err, "byzantine: waiting for the transaction, last seen as processing: context canceled: shutdown")
		})
	})
	t.Run("during a poll", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			defer cancel()
			api := &polledAPI{respond: func(int) (*http.Response, error) {
				<-ctx.Done()
				return nil, ctx.Err()
			}}
			_, err := api.client(t).WaitForTransaction(ctx, testTransactionID)
			require.ErrorIs(t, err, context.DeadlineExceeded)
			assert.EqualError(t, err, "byzantine: waiting for the transaction, not seen yet: context deadline exceeded")
		})
	})
	t.Run("while the API fails", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			defer cancel()
			_, err := failing(1_000_000, func() (*http.Response, error) { return newResponse(500, nil, "oops"), nil }).client(t).WaitForTransaction(ctx, testTransactionID)
			require.ErrorIs(t, err, context.DeadlineExceeded)
			require.ErrorIs(t, err, byzantine.ErrServer)
			assert.ErrorContains(t, err, "last seen as processing: context deadline exceeded; the last poll failed: get_transaction: 500")
		})
	})
	t.Run("before the transaction is visible", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			defer cancel()
			api := &polledAPI{respond: func(int) (*http.Response, error) { return newResponse(404, nil, "no such transaction"), nil }}
			_, err := api.client(t).WaitForTransaction(ctx, testTransactionID)
			require.ErrorIs(t, err, context.DeadlineExceeded)
			assert.NotErrorIs(t, err, byzantine.ErrNotFound, "a 404 of the first seconds does not mean that nothing was submitted")
			assert.ErrorContains(t, err, "the last poll failed: get_transaction: 404")
		})
	})
	t.Run("over from the start", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			api := statuses("completed")
			transaction, err := api.client(t).WaitForTransaction(ctx, testTransactionID)
			require.ErrorIs(t, err, context.Canceled)
			assert.Nil(t, transaction)
			assert.Empty(t, api.times)
		})
	})
}

func TestAnOddStatusDoesNotReachATerminal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		api := &polledAPI{respond: func(int) (*http.Response, error) { return newResponse(200, nil, `{"status":"a\u001b[31m\nb"}`), nil }}
		_, err := api.client(t).WaitForTransaction(ctx, testTransactionID)
		assert.ErrorContains(t, err, "last seen as a[31m b: ")
	})
}

func TestTransactionFailedErrorIsNoRecordOfAPerson(t *testing.T) {
	err := &byzantine.TransactionFailedError{Transaction: &byzantine.Transaction{
		TransactionID: "410f0dcb-4119-44d5-9388-e52337cd4d1b", Status: byzantine.TransactionReverted,
		DestinationAddress: "0x00000000000000000000000000000000000a11ce",
		Account:            &byzantine.TransactionAccount{AccountName: "Ada Lovelace"},
	}}
	text, failure := json.Marshal(struct{ Err error }{err})
	require.NoError(t, failure)
	assert.JSONEq(t, `{"Err":{"error":"byzantine: the transaction ended as reverted",
		"transactionId":"410f0dcb-4119-44d5-9388-e52337cd4d1b","status":"reverted"}}`, string(text))
	for _, format := range []string{"%v", "%+v", "%#v", "%s"} {
		printed := fmt.Sprintf(format, err)
		assert.NotContains(t, printed, "Ada", format)
		assert.NotContains(t, printed, "a11ce", format)
	}
	assert.NotEmpty(t, (&byzantine.TransactionFailedError{}).Error(), "as users build it in their tests")
}

func TestTheNextPollWaitsAsLongAsTheServerAsks(t *testing.T) {
	for asked, want := range map[string]time.Duration{
		"7":   7 * time.Second,
		"45":  45 * time.Second, // more than a single call waits
		"299": 299 * time.Second,
	} {
		synctest.Test(t, func(t *testing.T) {
			api := statuses("processing", "completed")
			good := api.respond
			api.respond = func(poll int) (*http.Response, error) {
				if poll == 1 {
					return newResponse(503, http.Header{"Retry-After": {asked}}, ""), nil
				}
				return good(poll - 1)
			}
			_, err := api.client(t).WaitForTransaction(t.Context(), testTransactionID)
			require.NoError(t, err)
			assert.Equal(t, want, api.times[1].Sub(api.times[0]))
		})
	}
}

// If a server asks to wait for longer than an outage may take, the wait ends with an error at once: an earlier poll
// would not be what the server asked for.
func TestAWaitThatIsTooLongIsNotWaited(t *testing.T) {
	for _, status := range []int{429, 503, 404} {
		for _, asked := range []string{"300", "3600", "9223372036", "99999999999999999999", "Fri, 31 Dec 9999 23:59:59 GMT"} {
			for name, before := range map[string]int{"the first poll": 0, "a later one": 2} {
				t.Run(fmt.Sprint(status, " ", asked, " at ", name), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						api := statuses("processing")
						api.respond = func(poll int) (*http.Response, error) {
							after := asked
							if poll <= before {
								after = "1"
							}
							return newResponse(status, http.Header{"Retry-After": {after}}, ""), nil
						}
						began := time.Now()
						_, err := api.client(t).WaitForTransaction(t.Context(), testTransactionID)
						var rejected *byzantine.Error
						require.ErrorAs(t, err, &rejected)
						assert.Len(t, api.times, before+1)
						assert.Less(t, time.Since(began), 30*time.Second)
					})
				})
			}
		}
	}
}

// verifiedAPI responds to the requests of WaitForVerification. For the status "" the response is a 404.
type verifiedAPI struct {
	account  string // the response of get-account-details
	statuses []byzantine.VerificationStatus
	paths    []string
	times    []time.Time
	fail     func(poll int) (*http.Response, error) // called before each response; if it returns nil, nil the response is one of statuses
}

const (
	personsAccount  = `{"accountId":"` + testAccountID + `","accountBeneficiary":{"userId":"` + testUserID + `"}}`
	entitysAccount  = `{"accountId":"` + testAccountID + `","entityInfo":{"entityId":"` + testEntityID + `"},"accountBeneficiary":null}`
	namelessAccount = `{"accountId":"` + testAccountID + `"}`
)

func (v *verifiedAPI) client(t *testing.T) *byzantine.Client {
	return newTestClient(t, byzantine.SandboxURL, byzantine.WithMaxAttempts(1), over(roundTripper(func(r *http.Request) (*http.Response, error) {
		v.paths = append(v.paths, r.URL.Path)
		v.times = append(v.times, time.Now())
		if v.fail != nil {
			if response, err := v.fail(len(v.times)); response != nil || err != nil {
				return response, err
			}
		}
		if r.URL.Path == "/v1/query/get-account-details" {
			return newResponse(http.StatusOK, nil, v.account), nil
		}
		status := v.statuses[0]
		if len(v.statuses) > 1 {
			v.statuses = v.statuses[1:]
		}
		if status == "" {
			return newResponse(http.StatusNotFound, nil, `{"error":"no such customer"}`), nil
		}
		return newResponse(http.StatusOK, nil, `{"userId":"`+testUserID+`","entityId":"`+testEntityID+`","verificationStatus":"`+string(status)+`"}`), nil
	})))
}

func TestWaitForVerification(t *testing.T) {
	for name, tt := range map[string]struct {
		account, path string
		statuses      []byzantine.VerificationStatus
		atMost        time.Duration // the maximum time between two polls
	}{
		"a person":               {personsAccount, "/v1/query/get-user-details", []byzantine.VerificationStatus{"not_started", "under_review", "of_the_future", "under_review", "active"}, 30 * time.Second},
		"an entity":              {entitysAccount, "/v1/query/get-entity-details", []byzantine.VerificationStatus{"under_review", "under_review", "rejected"}, 5 * time.Minute},
		"rejected for good":      {personsAccount, "/v1/query/get-user-details", []byzantine.VerificationStatus{"rejected"}, 30 * time.Second},
		"deactivated":            {personsAccount, "/v1/query/get-user-details", []byzantine.VerificationStatus{"inactive"}, 30 * time.Second},
		"data are missing":       {personsAccount, "/v1/query/get-user-details", []byzantine.VerificationStatus{"under_review", "awaiting_information"}, 30 * time.Second},
		"a person's are missing": {entitysAccount, "/v1/query/get-entity-details", []byzantine.VerificationStatus{"awaiting_associated_person_information"}, 5 * time.Minute},
		"again":                  {personsAccount, "/v1/query/get-user-details", []byzantine.VerificationStatus{"resubmission_requested"}, 30 * time.Second},
		"not visible yet":        {personsAccount, "/v1/query/get-user-details", []byzantine.VerificationStatus{"", "", "active"}, 30 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				api := &verifiedAPI{account: tt.account, statuses: tt.statuses}
				status, err := api.client(t).WaitForVerification(t.Context(), testAccountID)
				require.NoError(t, err)
				assert.Equal(t, tt.statuses[len(tt.statuses)-1], status)
				require.Len(t, api.paths, 1+len(tt.statuses))
				assert.Equal(t, "/v1/query/get-account-details", api.paths[0], "once")
				for _, path := range api.paths[1:] {
					assert.Equal(t, tt.path, path)
				}
			})
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), time.Duration(longtest.Count(5, 49))*time.Hour)
				defer cancel()
				api := &verifiedAPI{account: tt.account, statuses: []byzantine.VerificationStatus{"under_review"}}
				status, err := api.client(t).WaitForVerification(ctx, testAccountID)
				require.ErrorIs(t, err, context.DeadlineExceeded)
				assert.ErrorContains(t, err, "waiting for the verification, last seen as under_review")
				assert.Equal(t, byzantine.VerificationUnderReview, status)
				last := api.times[len(api.times)-1].Sub(api.times[len(api.times)-2])
				assert.LessOrEqual(t, last, tt.atMost)
				assert.Greater(t, last, tt.atMost/2)
			})
		})
	}
}

// An unreadable element of a list in the response does not end the wait, because it does not concern the status.
func TestWaitForVerificationDespiteOddElements(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := newTestClient(t, byzantine.SandboxURL, over(roundTripper(func(r *http.Request) (*http.Response, error) {
			if r.URL.Path == "/v1/query/get-account-details" {
				return newResponse(http.StatusOK, nil, `{"accountId":"`+testAccountID+`","entityInfo":{"entityId":"`+testEntityID+`"},"bankAccounts":[{"id":7}],"users":[{"userId":5}]}`), nil
			}
			return newResponse(http.StatusOK, nil, `{"entityId":"`+testEntityID+`","verificationStatus":"active","teamMembers":[{"userId":5}]}`), nil
		})))
		_, err := client.GetEntityDetails(t.Context(), testEntityID)
		var partial *byzantine.PartialError
		require.ErrorAs(t, err, &partial)
		status, err := client.WaitForVerification(t.Context(), testAccountID)
		require.NoError(t, err)
		assert.Equal(t, byzantine.VerificationActive, status)
	})
}

// A status of not_started ends the wait only after half a minute, because a customer who was just made has it too.
func TestWaitForAVerificationThatDoesNotBegin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api := &verifiedAPI{account: personsAccount, statuses: []byzantine.VerificationStatus{"not_started"}}
		started := time.Now()
		status, err := api.client(t).WaitForVerification(t.Context(), testAccountID)
		require.NoError(t, err)
		assert.Equal(t, byzantine.VerificationNotStarted, status)
		assert.GreaterOrEqual(t, time.Since(started), 30*time.Second)
		assert.Less(t, time.Since(started), time.Minute)
	})
}

func TestWaitForVerificationEndsOnErrorsThatStay(t *testing.T) {
	for name, tt := range map[string]struct {
		account string
		fail    func(int) (*http.Response, error)
		want    string
		least   time.Duration
		atOnce  bool
	}{
		"401":            {personsAccount, func(int) (*http.Response, error) { return newResponse(401, nil, `{"error":"no"}`), nil }, "401", 0, true},
		"400":            {personsAccount, func(int) (*http.Response, error) { return newResponse(400, nil, `{"error":"no"}`), nil }, "400", 0, true},
		"404 that stays": {personsAccount, func(int) (*http.Response, error) { return newResponse(404, nil, `{"error":"no"}`), nil }, "404", 30 * time.Second, false},
		"404 after it was seen": {personsAccount, func(poll int) (*http.Response, error) {
			if poll < 3 {
				return nil, nil
			}
			return newResponse(404, nil, `{"error":"no"}`), nil
		}, "last seen as under_review", 0, true},
		"an outage": {personsAccount, func(int) (*http.Response, error) { return newResponse(503, nil, `{"error":"no"}`), nil }, "503", 5 * time.Minute, false},
		"nobody":    {namelessAccount, nil, "the account names no customer", 0, true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				api := &verifiedAPI{account: tt.account, statuses: []byzantine.VerificationStatus{"under_review"}, fail: tt.fail}
				started := time.Now()
				_, err := api.client(t).WaitForVerification(t.Context(), testAccountID)
				require.ErrorContains(t, err, tt.want)
				assert.ErrorContains(t, err, "byzantine: waiting for the verification, ")
				assert.GreaterOrEqual(t, time.Since(started), tt.least)
				if tt.atOnce {
					assert.Less(t, time.Since(started), 5*time.Second)
				}
			})
		})
	}
	_, err := newTestClient(t, byzantine.SandboxURL).WaitForVerification(t.Context(), "1")
	assert.ErrorIs(t, err, byzantine.ErrInvalidRequest)
}

func TestWaitOptionsAreChecked(t *testing.T) {
	client := newTestClient(t, byzantine.SandboxURL, over(roundTripper(func(*http.Request) (*http.Response, error) { panic("sent") })))
	for want, opt := range map[string]byzantine.WaitOption{
		"WaitInterval: must be positive":               byzantine.WaitInterval(0),
		"WaitUntil: nil function":                      byzantine.WaitUntil(nil),
		"WaitOnChange: nil function":                   byzantine.WaitOnChange(nil),
		"WaitOption: option 2 is nil":                  nil,
		"WaitUntil: is for WaitForTransaction only":    byzantine.WaitUntil(func(*byzantine.Transaction) bool { return true }),
		"WaitOnChange: is for WaitForTransaction only": byzantine.WaitOnChange(func(*byzantine.Transaction) {}),
	} {
		opts := []byzantine.WaitOption{byzantine.WaitInterval(time.Minute), opt}
		_, err := client.WaitForVerification(t.Context(), testAccountID, opts...)
		assert.EqualError(t, err, "byzantine: "+want)
		assert.ErrorIs(t, err, byzantine.ErrInvalidRequest)
		if !strings.Contains(want, "only") {
			_, err = client.WaitForTransaction(t.Context(), testTransactionID, opts...)
			assert.EqualError(t, err, "byzantine: "+want)
		}
	}
}

func TestVerificationStatuses(t *testing.T) {
	for status, want := range map[byzantine.VerificationStatus][2]bool{
		byzantine.VerificationNotStarted: {true, false}, byzantine.VerificationInit: {true, false}, byzantine.VerificationUnderReview: {false, false},
		byzantine.VerificationAwaitingAssociatedPersonInformation: {true, false}, byzantine.VerificationAwaitingInformation: {true, false},
		byzantine.VerificationResubmissionRequested: {true, false}, byzantine.VerificationActive: {false, true},
		byzantine.VerificationRejected: {false, true}, byzantine.VerificationInactive: {false, true}, "of_the_future": {false, false}, "": {false, false},
	} {
		assert.Equal(t, want, [2]bool{status.NeedsAction(), status.Terminal()}, "%q", status)
	}
}
