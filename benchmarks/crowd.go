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

// crowdSize is how many callers there are, and how many calls each makes, one after the other, in each turn.
type crowdSize struct{ callers, calls int }

// crowd is callers in parallel over TLS: one line of the second table. In each round every client has a server process
// of its own, so that it begins without connections.
type crowd struct {
	crowdSize
	protocol           string
	limit, ours, stock crowdCost // stock is this module's client with net/http's default transport
}

// crowdCost has a value for each round.
type crowdCost struct {
	rates       []float64 // calls in a second
	connections []float64 // connections that the server accepted
}

const (
	// serverWork is how long the server takes for each request, without using the processor.
	serverWork = 5 * time.Millisecond
	// turns is how often the clients take turns in a round.
	turns = 4
	// connectionsPerCaller is how many connections callers may open in all. It is more than one, because a caller who
	// finds none idle begins to open one, and may get another's meanwhile.
	connectionsPerCaller = 2
	// crowdOfBudget is the number of callers that the budget is for.
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

// requests is how many there are in all.
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

// round measures the limit and this module in turn. The other transport comes after them and alone: the connections
// that it opens and closes all the time would weigh on its neighbours.
func (c *crowd) round(ctx context.Context, b *bench) error {
	if err := c.measure(ctx, b, &c.limit, &c.ours); err != nil {
		return err
	}
	return c.measure(ctx, b, &c.stock)
}

// measure has clients take turns. The first turn does not count for the rate: most of its time goes into handshakes.
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
			i := (n + turn) % len(calls) // who comes first may be at an advantage
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

// connect returns how the client makes a call whose cost is asked for.
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

// together has all callers make their calls, and returns how long that takes.
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
