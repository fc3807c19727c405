package simulation

import (
	"bytes"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"sync"
	"syscall"
	"time"
)

// conn is one end of a connection. Writes never block: net/http holds locks while it writes, and a goroutine that waits for
// a lock keeps virtual time from moving on.
type conn struct {
	net           *network
	local, remote address
	label         string     // for the trace
	random        *rand.Rand // of what goes wrong with the writes of this end
	peer          *conn
	owner         *process     // nil for the API and the sender of webhooks
	onWrite       func([]byte) // may be nil

	in inbox

	mu       sync.Mutex // guards what follows
	closed   bool
	broken   error     // of all writes to come
	stalled  bool      // nothing that is written arrives any more
	last     time.Time // when the last write arrives
	deadline time.Time // of writes
}

// keepAlive is how long a silent connection lives.
const keepAlive = 15 * time.Minute

type address string

func (a address) Network() string { return "tcp" }
func (a address) String() string  { return string(a) }

func (c *conn) LocalAddr() net.Addr  { return c.local }
func (c *conn) RemoteAddr() net.Addr { return c.remote }

// inbox is what has arrived at one end.
type inbox struct {
	mu      sync.Mutex
	changed *sync.Cond
	data    bytes.Buffer
	end     error // after data
	reset   error // before data
	expired bool  // the deadline of reads has passed
	timer   *time.Timer
}

func (b *inbox) update(f func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	f()
	b.changed.Broadcast()
}

func (c *conn) Read(p []byte) (int, error) {
	b := &c.in
	b.mu.Lock()
	defer b.mu.Unlock()
	for {
		switch {
		case b.reset != nil:
			return 0, c.failed("read", b.reset)
		case b.expired:
			return 0, c.failed("read", os.ErrDeadlineExceeded)
		case b.data.Len() > 0:
			return b.data.Read(p)
		case b.end == io.EOF:
			return 0, io.EOF
		case b.end != nil:
			return 0, c.failed("read", b.end)
		case len(p) == 0:
			return 0, nil
		}
		b.changed.Wait()
	}
}

func (c *conn) failed(op string, err error) error {
	return &net.OpError{Op: op, Net: "tcp", Source: c.local, Addr: c.remote, Err: err}
}

func (c *conn) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.closed:
		return 0, c.failed("write", net.ErrClosed)
	case c.broken != nil:
		return 0, c.failed("write", c.broken)
	case !c.deadline.IsZero() && !time.Now().Before(c.deadline):
		return 0, c.failed("write", os.ErrDeadlineExceeded)
	}
	if c.onWrite != nil {
		c.onWrite(p)
	}
	w := c.net.weather(c)
	if w.stall && !c.stalled {
		c.stalled = true
		c.net.note(c.label, "the connection goes silent")
		// The kernels of both hosts send again for longer than any timeout of a client, and then break the connection.
		c.arrive(keepAlive, func() { c.abort(syscall.ETIMEDOUT); c.peer.abort(syscall.ETIMEDOUT) })
	}
	if c.stalled {
		return len(p), nil
	}
	data := bytes.Clone(p)
	switch {
	case w.reset:
		c.net.note(c.label, "connection reset")
		c.arrive(w.delay, func() { c.abort(syscall.ECONNRESET); c.peer.abort(syscall.ECONNRESET) })
	case w.cut:
		c.net.note(c.label, "connection cut in the middle")
		c.arrive(w.delay, func() { c.peer.receive(data[:len(data)/2]); c.peer.finish(io.EOF); c.abort(syscall.ECONNRESET) })
	default:
		c.arrive(w.delay, func() { c.peer.receive(data) })
	}
	return len(p), nil
}

// arrive calls do after a delay, and after all that was written before has arrived at the other end. c.mu is held.
func (c *conn) arrive(delay time.Duration, do func()) {
	wait := max(delay, time.Until(c.last)+1)
	wait = c.net.instants.after(wait)
	c.last = time.Now().Add(wait)
	time.AfterFunc(wait, do)
}

func (c *conn) receive(data []byte) {
	c.in.update(func() {
		if c.in.end == nil {
			c.in.data.Write(data)
		}
	})
}

// finish makes reads of this end return err once they have read what has arrived.
func (c *conn) finish(err error) {
	c.in.update(func() {
		if c.in.end == nil {
			c.in.end = err
		}
	})
}

// abort makes all reads and writes of this end fail with err from now on.
func (c *conn) abort(err error) {
	c.mu.Lock()
	if c.broken == nil {
		c.broken = err
	}
	c.mu.Unlock()
	c.in.update(func() {
		if c.in.reset == nil {
			c.in.reset = err
		}
	})
}

func (c *conn) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return c.failed("close", net.ErrClosed)
	}
	c.closed = true
	c.net.forget(c)
	c.in.update(func() {
		if c.in.reset == nil {
			c.in.reset = net.ErrClosed
		}
		if c.in.timer != nil {
			c.in.timer.Stop()
		}
	})
	if c.stalled || c.broken != nil {
		return nil
	}
	peer := c.peer
	c.arrive(c.net.hop(c.random), func() {
		peer.finish(io.EOF)
		peer.mu.Lock()
		defer peer.mu.Unlock()
		if peer.broken == nil {
			peer.broken = syscall.EPIPE // the other end no longer reads
		}
	})
	return nil
}

func (c *conn) SetDeadline(t time.Time) error {
	_ = c.SetReadDeadline(t)
	return c.SetWriteDeadline(t)
}

func (c *conn) SetWriteDeadline(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.deadline = t
	return nil
}

func (c *conn) SetReadDeadline(t time.Time) error {
	b := &c.in
	b.update(func() {
		if b.timer != nil {
			b.timer.Stop()
			b.timer = nil
		}
		b.expired = !t.IsZero() && !time.Now().Before(t)
		if t.IsZero() || b.expired {
			return
		}
		var timer *time.Timer
		timer = time.AfterFunc(time.Until(t), func() {
			b.update(func() { b.expired = b.expired || b.timer == timer })
		})
		b.timer = timer
	})
	return nil
}
