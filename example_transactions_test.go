package byzantine_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/byzantine-finance/byzantine-go"
)

const (
	exampleAccount = "5b0f9a3e-2f6c-4a53-9a35-0d8b6a1f7c22"
	exampleVault   = "0x1111111111111111111111111111111111111111"
)

// playAPI returns a client of a server that gives responses by path: one after the other, and the last one again and
// again.
func playAPI(responses map[string][]string) (client *byzantine.Client, stop func()) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next := responses[r.URL.Path]
		if len(next) > 1 {
			responses[r.URL.Path] = next[1:]
		}
		io.WriteString(w, next[0])
	}))
	key, err := byzantine.GenerateKey()
	if err != nil {
		log.Fatal(err)
	}
	client, err = byzantine.NewClient(key, byzantine.WithBaseURL(server.URL))
	if err != nil {
		log.Fatal(err)
	}
	return client, server.Close
}

// order is the body that the API asks a passkey to sign for a transaction of the account in these examples.
const order = `{"type":"ACTIVITY_TYPE_SIGN_RAW_PAYLOAD_V2","timestampMs":"1790000000000",
	"organizationId":"` + exampleAccount + `","parameters":{"signWith":"0x52908400098527886E0F7030069857D2E4169EE7",
	"payload":"00ff","encoding":"PAYLOAD_ENCODING_HEXADECIMAL","hashFunction":"HASH_FUNCTION_NO_OP"}}`

// askUserToSign plays the user's browser and passkey. Package passkey has the functions with which a backend asks them.
func askUserToSign(payload *byzantine.Payload) byzantine.SignedPayload {
	return byzantine.SignedPayload{
		SignedBody:    payload.BodyToSign,
		WebAuthnStamp: `{"credentialId":"...","authenticatorData":"...","clientDataJson":"...","signature":"..."}`,
		TransactionID: payload.TransactionID,
		ChainID:       payload.ChainID,
	}
}

// submittedAfterAll finds out whether a transaction was submitted by a call that ended in ErrOutcomeUnknown. An error means
// that this is still unknown. It is not for cancellations, which can have the id of a withdrawal that is there anyway.
func submittedAfterAll(ctx context.Context, client *byzantine.Client, transactionID string, pause time.Duration) (bool, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
	defer cancel()
	for range 10 {
		_, err := client.GetTransaction(ctx, transactionID)
		if err == nil {
			return true, nil // go on with WaitForTransaction
		}
		if !errors.Is(err, byzantine.ErrNotFound) {
			return false, err
		}
		time.Sleep(pause) // three seconds
	}
	return false, nil // ask for a new payload
}

// After an unknown outcome the API is asked whether the transaction is there, with a context of its own.
func ExampleClient_GetTransaction_outcomeUnknown() {
	client, stop := playAPI(map[string][]string{
		"/v1/query/get-transaction": {`{"transactionId":"7d1f0a52-44a5-4c52-8a3c-6a1f0e9b2c11","status":"processing"}`},
	})
	defer stop()
	ended, cancel := context.WithCancel(context.Background())
	cancel() // as the context of the failed call may have

	submitted, err := submittedAfterAll(ended, client, "7d1f0a52-44a5-4c52-8a3c-6a1f0e9b2c11", 0)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("submitted:", submitted)
	// Output: submitted: true
}

// A deposit in euro: the user signs, then sends the money by bank transfer.
func Example_deposit() {
	client, stop := playAPI(map[string][]string{
		"/v1/query/get-deposit-payload-passkey": {`{"transactionId":"7d1f0a52-44a5-4c52-8a3c-6a1f0e9b2c11","bodyToSign":` + order + `}`},
		"/v1/submit/sign-payload-passkey": {`{"transactionId":"7d1f0a52-44a5-4c52-8a3c-6a1f0e9b2c11","status":"waiting_for_funds","fiatDepositInstructions":
			{"currency":"eur","expectedDepositAmount":"1000.00","bankName":"Bank","bankAddress":"Paris","paymentRails":["sepa"],"bankBeneficiaryName":"ACME","iban":"FR7630006000011234567890189","bic":"AGRIFRPP"}}`},
		"/v1/query/get-transaction": {`{"status":"waiting_for_funds"}`, `{"status":"processing"}`, `{"status":"completed","destinationAmount":"1083.42"}`},
	})
	defer stop()
	ctx := context.Background()

	payload, err := client.GetDepositPayloadPasskey(ctx, &byzantine.GetDepositPayloadPasskeyRequest{
		ChainID:        byzantine.ChainBase,
		AccountID:      exampleAccount,
		VaultAddr:      exampleVault,
		Amount:         byzantine.MustParseDecimal("1000.00"),
		SourceCurrency: byzantine.CurrencyEUR,
	})
	if err != nil {
		log.Fatal(err)
	}
	signed := askUserToSign(payload)
	submitted, err := client.SignPayloadPasskey(ctx, &byzantine.SignPayloadPasskeyRequest{SignedPayload: signed})
	if err != nil {
		log.Fatal(err)
	}
	transfer := submitted.FiatDepositInstructions
	fmt.Println("send", transfer.ExpectedDepositAmount, transfer.Currency, "to", transfer.IBAN)

	// In real life this takes days: keep the transaction id and look again from time to time.
	transaction, err := client.WaitForTransaction(ctx, submitted.TransactionID,
		byzantine.WaitInterval(time.Millisecond),
		byzantine.WaitOnChange(func(t *byzantine.Transaction) { fmt.Println(t.Status) }))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("deposited", transaction.DestinationAmount)
	// Output:
	// send 1000.00 eur to FR7630006000011234567890189
	// waiting_for_funds
	// processing
	// completed
	// deposited 1083.42
}

// A withdrawal that the vault queues, and that the user cancels while it waits.
func Example_withdrawal() {
	const withdrawal = "0c6d1e5b-8a7f-4b1d-9c3e-2f4a5b6c7d88"
	client, stop := playAPI(map[string][]string{
		"/v1/query/get-withdraw-payload-passkey":          {`{"transactionId":"` + withdrawal + `","bodyToSign":` + order + `}`},
		"/v1/query/get-cancel-withdrawal-payload-passkey": {`{"transactionId":"` + withdrawal + `","bodyToSign":` + order + `}`},
		"/v1/submit/sign-payload-passkey": {
			`{"transactionId":"` + withdrawal + `","status":"withdrawal_initiated","withdrawalRequest":{"requestId":"4a6b8c0d-1e2f-4a3b-8c4d-5e6f7a8b9c00","status":"pending"}}`,
			`{"transactionId":"` + withdrawal + `","status":"processing"}`,
		},
		"/v1/query/get-transaction": {`{"status":"processing"}`, `{"status":"cancelled"}`},
	})
	defer stop()
	ctx := context.Background()

	payload, err := client.GetWithdrawPayloadPasskey(ctx, &byzantine.GetWithdrawPayloadPasskeyRequest{
		ChainID:             byzantine.ChainBase,
		AccountID:           exampleAccount,
		VaultAddr:           exampleVault,
		Amount:              byzantine.MustParseDecimal("250"),
		DestinationCurrency: byzantine.CurrencyUSDC,
	})
	if err != nil {
		log.Fatal(err)
	}
	submitted, err := client.SignPayloadPasskey(ctx, &byzantine.SignPayloadPasskeyRequest{SignedPayload: askUserToSign(payload)})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("queued:", submitted.Queued(), submitted.WithdrawalRequest.Status)

	// The user does not want to wait.
	payload, err = client.GetCancelWithdrawalPayloadPasskey(ctx, &byzantine.GetCancelWithdrawalPayloadPasskeyRequest{
		ChainID:       byzantine.ChainBase,
		TransactionID: submitted.TransactionID,
	})
	if err != nil {
		log.Fatal(err)
	}
	if _, err = client.SignPayloadPasskey(ctx, &byzantine.SignPayloadPasskeyRequest{SignedPayload: askUserToSign(payload)}); err != nil {
		log.Fatal(err)
	}
	_, err = client.WaitForTransaction(ctx, submitted.TransactionID, byzantine.WaitInterval(time.Millisecond))
	var failed *byzantine.TransactionFailedError
	if errors.As(err, &failed) {
		fmt.Println("ended as", failed.Transaction.Status)
	}
	// Output:
	// queued: true pending
	// ended as cancelled
}

// What a user is about to sign, in words.
func ExamplePayload_Activity() {
	payload := byzantine.Payload{BodyToSign: []byte(`{"type":"ACTIVITY_TYPE_UPDATE_ROOT_QUORUM","timestampMs":"1790000000000",
		"organizationId":"5b0f9a3e-2f6c-4a53-9a35-0d8b6a1f7c22","parameters":{"threshold":1,"userIds":["ada","grace"]}}`)}
	activity, err := payload.Activity()
	if err != nil {
		log.Fatal(err)
	}
	if quorum := activity.UpdateRootQuorum; quorum != nil {
		fmt.Printf("any %d of %v will be able to sign\n", quorum.Threshold, quorum.UserIDs)
	}
	// Output: any 1 of [ada grace] will be able to sign
}
