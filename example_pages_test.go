package byzantine_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"github.com/byzantine-finance/byzantine-go"
)

// The two transactions that were updated last.
func ExampleClient_AllTransactions() {
	client, stop := playAPI(map[string][]string{
		"/v1/query/get-all-transactions": {`{"total":3,"limit":100,"offset":0,"transactions":[
			{"transactionId":"c","status":"processing","updatedAt":"2026-09-03T00:00:00Z"},
			{"transactionId":"b","status":"completed","updatedAt":"2026-09-02T00:00:00Z"},
			{"transactionId":"a","status":"completed","updatedAt":"2026-09-01T00:00:00Z"}]}`},
	})
	defer stop()
	const most = 2

	shown := 0
	for transaction, err := range client.AllTransactions(context.Background(), nil) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(transaction.TransactionID, transaction.Status)
		if shown++; shown == most {
			break // no further page is loaded
		}
	}
	// Output:
	// c processing
	// b completed
}

// A copy of all transactions is brought up to date now and then, and after each event about a transaction.
func ExampleClient_CopyTransactions() {
	client, stop := playAPI(map[string][]string{
		"/v1/query/get-all-transactions": {
			`{"total":2,"limit":100,"offset":0,"transactions":[
				{"transactionId":"b","status":"processing","updatedAt":"2026-09-02T00:00:00Z"},
				{"transactionId":"a","status":"waiting_for_funds","updatedAt":"2026-09-01T00:00:00Z"}]}`,
			`{"total":2,"limit":100,"offset":0,"transactions":[
				{"transactionId":"a","status":"cancelled","updatedAt":"2026-09-03T00:00:00Z"},
				{"transactionId":"b","status":"processing","updatedAt":"2026-09-02T00:00:00Z"}]}`,
		},
	})
	defer stop()
	table := map[string]byzantine.TransactionStatus{} // in a database: INSERT ... ON CONFLICT (id) DO UPDATE
	store := func(_ context.Context, t *byzantine.Transaction) error {
		table[t.TransactionID] = t.Status
		return nil
	}

	var since time.Time // kept beside the table; the zero time copies everything
	for range 2 {
		var err error
		if since, err = client.CopyTransactions(context.Background(), since, store); err != nil {
			log.Fatal(err) // nothing is lost: the next call begins at the same since
		}
		fmt.Println(table)
	}
	// Output:
	// map[a:waiting_for_funds b:processing]
	// map[a:cancelled b:processing]
}

func ExampleClient_TransactionsUpdatedSince() {
	client, stop := playAPI(map[string][]string{
		"/v1/query/get-all-transactions": {`{"total":3,"limit":100,"offset":0,"transactions":[
			{"transactionId":"a","status":"cancelled","updatedAt":"2026-09-03T00:00:00Z"},
			{"transactionId":"c","status":"processing","updatedAt":"2026-09-02T00:00:00Z"},
			{"transactionId":"b","status":"completed","updatedAt":"2026-09-01T00:00:00Z"}]}`},
	})
	defer stop()

	for transaction, err := range client.TransactionsUpdatedSince(context.Background(), time.Date(2026, 9, 2, 0, 0, 0, 0, time.UTC)) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(transaction.TransactionID, transaction.Status)
	}
	// Output:
	// a cancelled
	// c processing
}

func ExampleClient_WaitForVerification() {
	client, stop := playAPI(map[string][]string{
		"/v1/query/get-account-details": {`{"accountId":"` + exampleAccount + `","accountBeneficiary":{"userId":"` + exampleAccount + `"}}`},
		"/v1/query/get-user-details":    {`{"userId":"u","verificationStatus":"awaiting_information"}`},
	})
	defer stop()
	ctx, cancel := context.WithTimeout(context.Background(), 15*time.Minute)
	defer cancel()

	status, err := client.WaitForVerification(ctx, exampleAccount)
	switch {
	case err != nil:
		log.Fatal(err)
	case status == byzantine.VerificationActive:
		fmt.Println("the customer may transact")
	case status.NeedsAction():
		fmt.Println("please send what is missing:", status)
	default:
		fmt.Println("it has ended:", status)
	}
	// Output: please send what is missing: awaiting_information
}

func ExampleClient_AllEvents() {
	client, stop := playAPI(map[string][]string{
		"/v1/query/events": {
			`{"events":[{"id":"2","type":"transaction.completed","related":{"transactionId":"t"},"data":{"status":"completed"}}],"nextCursor":"more"}`,
			`{"events":[{"id":"1","type":"transaction.processing","related":{"transactionId":"t"},"data":{"status":"processing"}}]}`,
		},
	})
	defer stop()

	for event, err := range client.AllEvents(context.Background(), &byzantine.ListEventsRequest{AccountID: exampleAccount}) {
		if err != nil {
			log.Fatal(err)
		}
		data, err := event.TransactionData()
		if err != nil {
			continue // about something else
		}
		fmt.Println(event.Related.TransactionID, data.Status)
	}
	// Output:
	// t completed
	// t processing
}
