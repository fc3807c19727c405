package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/byzantine-finance/byzantine-go"
)

// crowdSize is the number of callers, and how many calls each of them makes in each turn, one after the other.
type crowdSize struct{ callers, calls int }

// crowd is one line of the second table: callers in parallel over TLS. In each round every client has a server process
// of its own, so that it begins without connections.
type crowd struct {
	crowdSize
	protocol           string
	limit, ours, stock crowdCost // stock is this module's client with net/http's default transport
}

// crowdCost has one value for each round.
type crowdCost struct {
	rates       []float64 // calls per second
	connections []float64 // connections that the server accepted
}

const (
	// serverWork is how long the server sleeps for each request.
	serverWork = 5 * time.Millisecond
	// turns is how many turns of each client count in a round. One turn before these does not.
	turns = 4
	// connectionsPerCaller is the budget of connections for each caller. It is more than one, because a caller that
	// finds no idle connection begins to open one, and may get one that another caller has finished with meanwhile.
	connectionsPerCaller = 2
	// crowdOfBudget is the number of callers of the line that has this budget.
	crowdOfBudget = 256
)

func newCrowds(sizes []crowdSize) []*crowd {
	var list []*crowd
	for _, protocol := range []string{"HTTP/1.1", "HTTP/2"} {
		for _, size := range sizes {
			list = append(list, &crowd{crowdSize: size, protocol: protocol})
		}
	}
	return list
}

func (c *crowd) name() string { return fmt.Sprintf("%s, callers: %d", c.protocol, c.callers) }

// requests returns how many requests each client sends in a round.
func (c *crowd) requests() int { return c.callers * c.calls * (1 + turns) }

func (c *crowd) budgets() []budget {
	if c.protocol != "HTTP/1.1" || c.callers != crowdOfBudget {
		return nil
	}
	return []budget{{
		name: fmt.Sprintf("connections %d", connectionsPerCaller*c.callers),
		used: func() float64 { return median(c.ours.connections) },
		most: float64(connectionsPerCaller * c.callers),
	}}
}

// round measures the limit and this module in turn. The client with net/http's default transport runs after them and
// alone: it opens and closes connections all the time, which would slow down the others.
func (c *crowd) round(ctx context.Context, b *bench) error {
	if err := c.measure(ctx, b, &c.limit, &c.ours); err != nil {
		return err
	}
	return c.measure(ctx, b, &c.stock)
}

// measure runs the clients of costs in turns and appends a value to each cost. The first turn does not count for the
// rate, because most of its time is spent on TLS handshakes.
func (c *crowd) measure(ctx context.Context, b *bench, costs ...*crowdCost) (err error) {
	var servers []*server
	defer func() {
		for i, server := range servers {
			connections, closed := server.close()
			err = errors.Join(err, closed)
			costs[i].connections = append(costs[i].connections, float64(connections))
		}
	}()
	calls := make([]func() error, len(costs))
	for i, cost := range costs {
		server, err := c.startServer()
		if err != nil {
			return err
		}
		servers = append(servers, server)
		if calls[i], err = c.connect(ctx, b, cost, server.url); err != nil {
			return err
		}
	}
	took := make([]time.Duration, len(costs))
	for turn := range 1 + turns {
		for n := range calls {
			i := (n + turn) % len(calls) // the order changes with each turn, because the first may have an advantage
			d, err := c.together(calls[i])
			if err != nil {
				return err
			}
			if turn > 0 {
				took[i] += d
			}
		}
	}
	for i, cost := range costs {
		cost.rates = append(cost.rates, float64(c.callers*c.calls*turns)/took[i].Seconds())
	}
	return nil
}

func (c *crowd) startServer() (*server, error) {
	config, err := trustedCertificate()
	if err != nil {
		return nil, err
	}
	config.Protocol, config.Work = c.protocol, serverWork
	return startServer(config)
}

// connect returns a function that makes one call to the server at url, with the client whose cost is asked for.
func (c *crowd) connect(ctx context.Context, b *bench, cost *crowdCost, url string) (func() error, error) {
	request := postRequest()
	if cost == &c.limit {
		client := newBare(b.raw, b.key.PublicKeyHex(), url, c.callers)
		return func() error { return client.post(ctx, request) }, nil
	}
	options := []byzantine.Option{byzantine.WithBaseURL(url)}
	if cost == &c.stock {
		transport := http.DefaultTransport.(*http.Transport).Clone()
		options = append(options, byzantine.WithHTTPClient(&http.Client{Transport: transport}))
	}
	client, err := byzantine.NewClient(b.key, options...)
	return func() error {
		_, err := client.CreateAuthenticatorsOTP(ctx, request)
		return err
	}, err
}

// together runs all callers in parallel, each with all its calls, and returns how long that takes.
func (c *crowd) together(call func() error) (time.Duration, error) {
	failures := make([]error, c.callers)
	var all sync.WaitGroup
	start := time.Now()
	for i := range failures {
		all.Go(func() {
			for range c.calls {
				if failures[i] = call(); failures[i] != nil {
					return
				}
			}
		})
	}
	all.Wait()
	return time.Since(start), errors.Join(failures...)
}
