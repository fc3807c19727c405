// This program is a user of the Redis store alone. It needs no server.
package main

import (
	"context"
	"log"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/byzantine-finance/byzantine-go/stores/redis"
	"github.com/byzantine-finance/byzantine-go/webhook"
)

func main() {
	client := goredis.NewClient(&goredis.Options{Addr: "127.0.0.1:9", MaxRetries: -1})
	defer client.Close()
	store, err := redis.New(client)
	if err != nil {
		log.Fatal(err)
	}
	var _ webhook.Store = store
	if _, err := store.Begin(context.Background(), "event", time.Minute); err == nil {
		log.Fatal("a claim without a server")
	}
}
