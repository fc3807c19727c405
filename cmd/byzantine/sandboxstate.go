package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/byzantinetest"
)

// stateInterval is how often the state is compared with what was saved.
const stateInterval = 2 * time.Second

// stateFile is the file that stores the state of a sandbox.
type stateFile struct {
	name  string
	saved []byte // without the time on a running clock
}

// save writes the state if it has changed since it was saved.
func (f *stateFile) save(sandbox *byzantinetest.Sandbox) error {
	world := sandbox.World()
	timeless, err := withoutNow(world)
	if err != nil {
		return err
	}
	if bytes.Equal(timeless, f.saved) {
		return nil
	}
	if err := replaceFile(f.name, world); err != nil {
		return err
	}
	f.saved = timeless
	return nil
}

// keep saves the state while it changes, until the caller calls stop, which saves it a last time.
func (f *stateFile) keep(ctx context.Context, sandbox *byzantinetest.Sandbox, stderr io.Writer) (stop func() error) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		ticker := time.NewTicker(stateInterval)
		defer ticker.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
				if err := f.save(sandbox); err != nil {
					fmt.Fprintln(stderr, "byzantine: the state is not saved:", err)
				}
			}
		}
	}()
	return func() error {
		cancel()
		<-ended
		return f.save(sandbox)
	}
}

// withoutNow leaves out the time on a running clock, which differs in every document. It keeps the time on a frozen one.
func withoutNow(world []byte) ([]byte, error) {
	var document, clock map[string]json.RawMessage
	if err := json.Unmarshal(world, &document); err != nil {
		return nil, err
	}
	if err := json.Unmarshal(document["clock"], &clock); err != nil {
		return nil, err
	}
	if bytes.Equal(clock["frozen"], []byte("true")) {
		return world, nil
	}
	delete(clock, "now")
	var err error
	if document["clock"], err = json.Marshal(clock); err != nil {
		return nil, err
	}
	return json.Marshal(document)
}

// replaceFile writes a file that only its owner can read, in one step: a reader, or a machine that stops, finds the old or
// the new content.
func replaceFile(name string, content []byte) (err error) {
	f, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+"-*") // with mode 0600
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			os.Remove(f.Name())
		}
	}()
	_, err = f.Write(content)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), name)
}

// keyBeside returns the key in the file beside a state, which it makes if there is none: the clients of a sandbox that is
// started again keep their key.
func keyBeside(state string) (*byzantine.PrivateKey, error) {
	file := state + ".key"
	if _, err := os.Stat(file); err == nil {
		return byzantine.ReadKeyFile(file)
	}
	key, err := byzantine.GenerateKey()
	if err != nil {
		return nil, err
	}
	return key, writeKey(file, key)
}
