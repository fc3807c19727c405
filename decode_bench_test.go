package byzantine_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/internal/wire"
)

// transactionPage returns a response that lists 100 transactions with the fields that most of them have, four amounts
// included.
func transactionPage() []byte {
	var list []string
	for i := range 100 {
		list = append(list, fmt.Sprintf(`{"transactionId":"%08x-0b7a-4c53-9d1b-00000000000a","accountId":"11111111-2222-4333-8444-555555555555","chainId":8453,`+
			`"vaultAddr":"%s","intermediaryAmount":"1250.%02d","type":"onramp_deposit","status":"completed","transactionHash":"0x%064x",`+
			`"broadcastedAt":"2026-09-01T10:11:12Z","createdAt":"2026-09-01T10:10:12Z","updatedAt":"2026-09-01T10:12:12Z","sourceCurrency":"usd","destinationCurrency":"usdc",`+
			`"sourceAmount":"1256.750000","destinationAmount":"1250.50","account":{"accountName":"Ada Lovelace","ownerUserId":"%s"}}`, i, testVault, i, i, testUserID))
	}
	return []byte(`{"transactions":[` + strings.Join(list, ",") + `],"total":100,"limit":100,"offset":0}`)
}

func BenchmarkDecode100Transactions(b *testing.B) {
	page := transactionPage()
	b.SetBytes(int64(len(page)))
	b.ReportAllocs()
	for b.Loop() {
		var list byzantine.TransactionPage
		if err := wire.Read(page, &list); err != nil || len(list.Transactions) != 100 {
			b.Fatal(len(list.Transactions), err)
		}
	}
}
