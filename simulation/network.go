package simulation

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"sync"
	"syscall"
	"time"
)

// dialTimeout is how long a dial waits for a host that does not respond.
const dialTimeout = 10 * time.Second

// network connects hosts by name, in memory and in virtual time. Every hop takes a delay of its own in nanoseconds, drawn
// from a source that belongs to the connection, so that what one connection meets does not depend on the others.
type network struct {
	instants *instants
	faults   func() *networkFaults // the current ones; nil for none
	note     func(actor, what string)
	random   func(name string) *rand.Rand

	mu        sync.Mutex // guards what follows
	listeners map[string]*listener
	conns     map[*conn]struct{}
	dials     map[string]int // so far, by route
}

// networkFaults has the probability of each fault for one write, or for one dial.
type networkFaults struct {
	reject, silence             float64 // of a dial
	reset, cut, stall, sluggish float64 // of a write
}

// forecast says what will happen to one write.
type forecast struct {
	delay             time.Duration
	reset, cut, stall bool
}

// hop is the time from one host to another.
func (n *network) hop(r *rand.Rand) time.Duration {
	return time.Millisecond + time.Duration(r.Int64N(int64(40*time.Millisecond)))
}

// weather decides what happens to the next write of a connection.
func (n *network) weather(c *conn) forecast {
	f := forecast{delay: n.hop(c.random)}
	luck, slow, wait := c.random.Float64(), c.random.Float64(), c.random.Int64N(int64(40*time.Second))
	faults := n.faults()
	if faults == nil {
		return f
	}
	switch {
	case luck < faults.reset:
		f.reset = true
	case luck < faults.reset+faults.cut:
		f.cut = true
	case luck < faults.reset+faults.cut+faults.stall:
		f.stall = true
	}
	if slow < faults.sluggish {
		f.delay += time.Duration(wait)
	}
	return f
}

// dialer returns the DialContext of a program that runs as p, nil for the sender of webhooks. tap gets the bytes that are
// written to the connections; it may be nil.
func (n *network) dialer(from string, p *process, tap func([]byte)) func(ctx context.Context, network, hostPort string) (net.Conn, error) {
	return func(ctx context.Context, _, hostPort string) (net.Conn, error) {
		host, _, err := net.SplitHostPort(hostPort)
		if err != nil {
			return nil, err
		}
		return n.dial(ctx, from, host, p, tap)
	}
}

func (n *network) dial(ctx context.Context, from, host string, p *process, tap func([]byte)) (net.Conn, error) {
	route := from + " > " + host
	// net/http dials in a goroutine of its own, and may cancel the dial in this very instant if it is not needed any more.
	// Such a dial must not change the trace, so a dial is counted only after its first hop.
	if !n.instants.sleep(ctx, n.hop(n.random(fmt.Sprint(route, time.Now().UnixNano())))) {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Source: address(from), Addr: address(host), Err: ctx.Err()}
	}
	n.mu.Lock()
	n.dials[route]++
	label := fmt.Sprintf("%s (%d)", route, n.dials[route])
	n.mu.Unlock()
	random := n.random(label)
	rejected := func(err error) error {
		return &net.OpError{Op: "dial", Net: "tcp", Source: address(from), Addr: address(host), Err: err}
	}
	luck := random.Float64()
	faults := n.faults()
	if faults != nil && luck < faults.silence {
		n.note(label, "the dial gets no response")
		if n.instants.sleep(ctx, dialTimeout) {
			return nil, rejected(os.ErrDeadlineExceeded)
		}
		return nil, rejected(ctx.Err())
	}
	if p != nil && !p.alive() {
		return nil, rejected(errCrashed)
	}
	if faults != nil && luck < faults.silence+faults.reject {
		n.note(label, "the dial is rejected")
		return nil, rejected(syscall.ECONNREFUSED)
	}
	hop := n.hop(random) // the connection has random from now on
	c := n.connect(label, from, host, p, random)
	if c == nil {
		return nil, rejected(syscall.ECONNREFUSED)
	}
	c.onWrite = tap
	if !n.instants.sleep(ctx, hop) {
		_ = c.Close()
		return nil, rejected(ctx.Err())
	}
	return c, nil
}

// connect hands the far end of a new connection to the host's listener. It returns nil if there is none.
func (n *network) connect(label, from, host string, p *process, random *rand.Rand) *conn {
	n.mu.Lock()
	defer n.mu.Unlock()
	l := n.listeners[host]
	if l == nil {
		return nil
	}
	near := &conn{net: n, local: address(from), remote: address(host), label: label, owner: p, random: random}
	far := &conn{net: n, local: address(host), remote: address(from), label: label, owner: l.owner, random: n.random(label + " back")}
	for _, c := range []*conn{near, far} {
		c.in.changed = sync.NewCond(&c.in.mu)
		n.conns[c] = struct{}{}
	}
	near.peer, far.peer = far, near
	l.push(far)
	return near
}

func (n *network) forget(c *conn) {
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.conns, c)
}

// open returns the ends of connections that are not closed.
func (n *network) open() (ends []string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for c := range n.conns {
		ends = append(ends, fmt.Sprintf("%s at %s", c.label, c.local))
	}
	return ends
}

// abortAll breaks the connections that are left, so that the goroutines that wait for them end.
func (n *network) abortAll() {
	n.mu.Lock()
	defer n.mu.Unlock()
	for c := range n.conns {
		go c.abort(syscall.ECONNABORTED)
	}
}

// cutOff ends all connections and listeners of a process that has crashed. The hosts at the other ends learn of it a hop later.
func (n *network) cutOff(p *process) {
	n.mu.Lock()
	var mine []*conn
	for c := range n.conns {
		if c.owner == p {
			mine = append(mine, c)
		}
	}
	for host, l := range n.listeners {
		if l.owner == p {
			delete(n.listeners, host)
			defer l.Close()
		}
	}
	n.mu.Unlock()
	for _, c := range mine {
		c.abort(errCrashed)
		c.peer.mu.Lock()
		peer := c.peer
		c.peer.arrive(n.hop(c.random), func() { peer.abort(syscall.ECONNRESET) })
		c.peer.mu.Unlock()
	}
}

// listener accepts the connections to a host.
type listener struct {
	net   *network
	host  string
	owner *process

	mu      sync.Mutex
	changed *sync.Cond
	queue   []*conn
	closed  bool
}

// listen returns a new listener for the connections to a host.
func (n *network) listen(host string, owner *process) net.Listener {
	l := &listener{net: n, host: host, owner: owner}
	l.changed = sync.NewCond(&l.mu)
	n.mu.Lock()
	defer n.mu.Unlock()
	n.listeners[host] = l
	return l
}

func (l *listener) push(c *conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.queue = append(l.queue, c)
	l.changed.Broadcast()
}

func (l *listener) Accept() (net.Conn, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for len(l.queue) == 0 && !l.closed {
		l.changed.Wait()
	}
	if l.closed {
		return nil, net.ErrClosed
	}
	c := l.queue[0]
	l.queue = l.queue[1:]
	return c, nil
}

func (l *listener) Addr() net.Addr { return address(l.host) }

func (l *listener) Close() error {
	l.net.mu.Lock()
	if l.net.listeners[l.host] == l {
		delete(l.net.listeners, l.host)
	}
	l.net.mu.Unlock()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
	for _, c := range l.queue {
		go func() { _ = c.Close() }()
	}
	l.queue = nil
	l.changed.Broadcast()
	return nil
}
