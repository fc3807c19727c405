package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"

	"github.com/byzantine-finance/byzantine-go"
)

const (
	listPath = "/v1/query/get-all-transactions"
	pageSize = 100
)

// newest is when the first transaction of the list was updated. Each further one was updated a second before the
// previous.
var newest = time.Date(2026, 9, 3, 10, 11, 12, 0, time.UTC)

// transactionJSON returns the transaction with index i in the list as JSON, with the fields that most transactions
// have.
func transactionJSON(i int) []byte {
	id := func(kind int) string { return fmt.Sprintf("%08x-0b7a-4c53-9d1b-%012x", kind, i) }
	updated := newest.Add(-time.Duration(i) * time.Second)
	text, err := json.Marshal(byzantine.Transaction{
		TransactionID:       id(1),
		AccountID:           id(2),
		ChainID:             byzantine.ChainBase,
		VaultAddr:           "0x5fbdb2315678afecb367f032d93f642f64180aa3",
		IntermediaryAmount:  byzantine.MustParseDecimal("1250.50"),
		Type:                byzantine.TransactionTypeOnrampDeposit,
		Status:              byzantine.TransactionCompleted,
		TransactionHash:     fmt.Sprintf("0x%064x", i),
		BroadcastedAt:       new(updated.Add(-time.Minute)),
		CreatedAt:           updated.Add(-time.Hour),
		UpdatedAt:           updated,
		SourceCurrency:      byzantine.CurrencyUSD,
		DestinationCurrency: byzantine.CurrencyUSDC,
		SourceAmount:        byzantine.MustParseDecimal("1256.75"),
		DestinationAmount:   byzantine.MustParseDecimal("1250.50"),
		Account:             &byzantine.TransactionAccount{AccountName: "Ada Lovelace", OwnerUserID: id(3)},
	})
	if err != nil {
		panic(err) // the value differs only by i, so it can always be written
	}
	return text
}

// pageJSON returns the response that lists at most limit transactions from offset on.
func pageJSON(list [][]byte, limit, offset int) []byte {
	var page bytes.Buffer
	page.WriteString(`{"transactions":[`)
	from := min(max(offset, 0), len(list))
	page.Write(bytes.Join(list[from:min(from+limit, len(list))], []byte(",")))
	fmt.Fprintf(&page, `],"total":%d,"limit":%d,"offset":%d}`, len(list), limit, offset)
	return page.Bytes()
}

// plainPage is byzantine.TransactionPage with standard types, as a user would write it who needs only these fields.
type plainPage struct {
	Transactions []plainTransaction `json:"transactions"`
	Total        int64              `json:"total"`
	Limit        int64              `json:"limit"`
	Offset       int64              `json:"offset"`
}

type plainTransaction struct {
	TransactionID       string     `json:"transactionId"`
	AccountID           string     `json:"accountId"`
	ChainID             int64      `json:"chainId"`
	VaultAddr           *string    `json:"vaultAddr"`
	IntermediaryAmount  string     `json:"intermediaryAmount"`
	Type                string     `json:"type"`
	Status              string     `json:"status"`
	TransactionHash     *string    `json:"transactionHash"`
	BroadcastedAt       *time.Time `json:"broadcastedAt"`
	CreatedAt           time.Time  `json:"createdAt"`
	UpdatedAt           time.Time  `json:"updatedAt"`
	SourceCurrency      *string    `json:"sourceCurrency"`
	DestinationCurrency *string    `json:"destinationCurrency"`
	SourceAmount        *string    `json:"sourceAmount"`
	DestinationAmount   *string    `json:"destinationAmount"`
	Account             *struct {
		AccountName string  `json:"accountName"`
		OwnerUserID *string `json:"ownerUserId"`
	} `json:"account"`
}
