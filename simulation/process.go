package simulation

import (
	"context"
	"errors"
)

// errCrashed is the error that the goroutines of a crashed process get from everything outside it, and that its users get.
var errCrashed = errors.New("simulation: the process has crashed")

// process is a running program. Go cannot kill goroutines, so a crash cuts the program off from the world instead: its
// connections break, its calls to the store fail, and nothing that it still does has an effect or is recorded.
type process struct {
	name  string
	world *World
	ctx   context.Context // until the crash
	crash context.CancelFunc
}

func (w *World) newProcess(name string) *process {
	p := &process{name: name, world: w}
	p.ctx, p.crash = context.WithCancel(context.Background())
	return p
}

func (p *process) alive() bool { return p.ctx.Err() == nil }

// kill is the crash.
func (p *process) kill() {
	p.crash()
	p.world.network.cutOff(p)
}

// call runs a request of a user's in the process. The user sees a broken connection when the process crashes.
func (p *process) call(f func(ctx context.Context) error) error {
	done := make(chan error, 1)
	go func() { done <- f(p.ctx) }()
	select {
	case err := <-done:
		if p.alive() {
			return err
		}
	case <-p.ctx.Done():
	}
	return errCrashed
}
