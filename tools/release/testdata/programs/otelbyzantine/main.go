// This program is a user of the module otelbyzantine: it has a client's calls observed by OpenTelemetry. It calls no
// API.
package main

import (
	"context"
	"errors"
	"log"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/otelbyzantine"
)

func main() {
	tracer, err := otelbyzantine.New()
	if err != nil {
		log.Fatal(err)
	}
	key, err := byzantine.GenerateKey()
	if err != nil {
		log.Fatal(err)
	}
	client, err := byzantine.NewClient(key, byzantine.WithBaseURL("http://127.0.0.1:9"), byzantine.WithTracer(tracer))
	if err != nil {
		log.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := client.Whoami(ctx); !errors.Is(err, context.Canceled) {
		log.Fatal("a call after the end of its context: ", err)
	}
}
