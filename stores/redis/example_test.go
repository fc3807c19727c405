package redis_test

import (
	"context"
	"log"
	"net/http"

	goredis "github.com/redis/go-redis/v9"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/stores/redis"
	"github.com/byzantine-finance/byzantine-go/webhook"
)

// A replica of a receiver. The handler and the Reconciler have the same function and the same store.
func Example() {
	api, err := byzantine.NewClientFromEnv()
	if err != nil {
		log.Fatal(err)
	}
	client := goredis.NewClient(&goredis.Options{Addr: "redis:6379", ContextTimeoutEnabled: true})
	defer client.Close()
	store, err := redis.New(client)
	if err != nil {
		log.Fatal(err)
	}
	verifier, err := webhook.NewVerifier(nil, webhook.WithKeySource(webhook.SubscriptionKeys(api)))
	if err != nil {
		log.Fatal(err)
	}
	var functions webhook.Dispatcher
	reconciler := &webhook.Reconciler{Events: api, Store: store, Handle: functions.Handle}
	go func() { _ = reconciler.Run(context.Background()) }()
	http.Handle("/webhooks", &webhook.Handler{Verifier: verifier, Handle: functions.Handle, Store: store})
}
