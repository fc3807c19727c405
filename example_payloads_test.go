package byzantine_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/byzantine-finance/byzantine-go"
)

// A host that responds to a deposit with a change of roles gets no signature: there is no payload to sign.
func ExamplePayloadMismatchError() {
	client, stop := playAPI(map[string][]string{
		"/v1/query/get-deposit-payload-passkey": {`{"transactionId":"7d1f0a52-44a5-4c52-8a3c-6a1f0e9b2c11","bodyToSign":
			{"type":"ACTIVITY_TYPE_UPDATE_ROOT_QUORUM","organizationId":"` + exampleAccount + `","parameters":{"threshold":1,"userIds":["eve"]}}}`},
	})
	defer stop()
	_, err := client.GetDepositPayloadPasskey(context.Background(), &byzantine.GetDepositPayloadPasskeyRequest{
		ChainID: byzantine.ChainBase, AccountID: exampleAccount, VaultAddr: "0x52908400098527886E0F7030069857D2E4169EE7",
		Amount: byzantine.MustParseDecimal("1000.00"), SourceCurrency: byzantine.CurrencyEUR,
	})
	var mismatch *byzantine.PayloadMismatchError
	if errors.As(err, &mismatch) {
		fmt.Println(mismatch.Field, mismatch.Reason)
	}
	// Output: bodyToSign.type is ACTIVITY_TYPE_UPDATE_ROOT_QUORUM, not ACTIVITY_TYPE_SIGN_RAW_PAYLOAD_V2
}

// An account whose organisation at the key provider does not have the account's id.
func ExampleWithForeignOrganization() {
	client, stop := playAPI(map[string][]string{
		"/v1/query/get-activate-account-payload-passkey": {`{"transactionId":"7d1f0a52-44a5-4c52-8a3c-6a1f0e9b2c11","bodyToSign":
			{"type":"ACTIVITY_TYPE_SIGN_RAW_PAYLOAD_V2","organizationId":"9b2c11aa-0000-4000-8000-000000000001","parameters":{"payload":"00ff"}}}`},
	})
	defer stop()
	payload, err := client.GetActivateAccountPayloadPasskey(context.Background(), &byzantine.GetActivateAccountPayloadPasskeyRequest{
		ChainID: byzantine.ChainBase, AccountID: exampleAccount,
	}, byzantine.WithForeignOrganization())
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(payload.Operation)
	// Output: get_authorization_payload_passkey
}
