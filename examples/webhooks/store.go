package main

import (
	"context"
	"errors"
	"net/url"

	"github.com/jackc/pgx/v5/pgxpool"
	goredis "github.com/redis/go-redis/v9"

	"github.com/byzantine-finance/byzantine-go/stores/postgres"
	"github.com/byzantine-finance/byzantine-go/stores/redis"
	"github.com/byzantine-finance/byzantine-go/webhook"
)

// openStore opens the store that the flag -store names. Its errors do not repeat the URL, which may have a password.
func openStore(ctx context.Context, text string) (store webhook.Store, closeStore func(), err error) {
	if text == "memory" {
		return new(webhook.MemoryStore), func() {}, nil
	}
	u, err := url.Parse(text)
	if err != nil {
		return nil, nil, errors.New("-store: not a URL")
	}
	switch u.Scheme {
	case "redis", "rediss", "unix":
		options, err := goredis.ParseURL(text)
		if err != nil {
			return nil, nil, errors.New("-store: not the URL of a Redis server")
		}
		options.ContextTimeoutEnabled = true
		client := goredis.NewClient(options)
		store, err := redis.New(client)
		return store, func() { _ = client.Close() }, err
	case "postgres", "postgresql":
		pool, err := pgxpool.New(ctx, text)
		if err != nil {
			return nil, nil, errors.New("-store: not the URL of a PostgreSQL database")
		}
		store, err := postgres.New(pool)
		if err == nil {
			err = store.CreateSchema(ctx)
		}
		if err != nil {
			pool.Close()
			return nil, nil, err
		}
		return store, pool.Close, nil
	}
	return nil, nil, errors.New("-store: must be memory, or begin with redis:// or postgres://")
}
