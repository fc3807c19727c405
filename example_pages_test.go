package byzantine_test

import (
	"context"
	"fmt"
	"log"

	"github.com/byzantine-finance/byzantine-go"
)

// The latest transactions until the first that is known already.
func ExampleClient_AllTransactions() {
	client, stop := playAPI(map[string][]string{
		"/v1/query/get-all-transactions": {`{"total":3,"limit":100,"offset":0,"transactions":[
			{"transactionId":"c","status":"processing","updatedAt":"2026-09-03T00:00:00Z"},
			{"transactionId":"b","status":"completed","updatedAt":"2026-09-02T00:00:00Z"},
			{"transactionId":"a","status":"completed","updatedAt":"2026-09-01T00:00:00Z"}]}`},
	})
	defer stop()
	known := map[string]bool{"a": true}

	for transaction, err := range client.AllTransactions(context.Background(), nil) {
		if err != nil {
			log.Fatal(err)
		}
		if known[transaction.TransactionID] {
			break // no further page is loaded
		}
		fmt.Println(transaction.TransactionID, transaction.Status)
	}
	// Output:
	// c processing
	// b completed
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
		fmt.Println(*event.Related.TransactionID, data.Status)
	}
	// Output:
	// t completed
	// t processing
}
