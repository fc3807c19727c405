package simulation

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
)

// Mutant is a fault that is put into the code to see whether the simulation finds it: a simulation that finds none proves
// nothing. The same seeds violate nothing without it.
type Mutant struct {
	Name      string
	Invariant Invariant // the one that must be violated
	File      string    // path in this repository
	Find      string    // occurs once in the file
	Replace   string
}

// Mutants are all mutants.
var Mutants = []Mutant{
	{
		Name: "post-again-after-reset", Invariant: Outcomes, File: "internal/call/retry.go",
		Find:    "case !x.request.Repeatable:\n",
		Replace: "case !x.request.Repeatable && a.err == nil:\n",
	},
	{
		Name: "redis-begin-without-renewal", Invariant: Events, File: "simulation/store_redis.go",
		Find:    "left <= s.retention-s.retention/10",
		Replace: "left < 0",
	},
	{
		Name: "postgres-begin-without-renewal", Invariant: Events, File: "simulation/store_postgres.go",
		Find:    "now.Sub(row.touched) > s.retention/10",
		Replace: "now.Before(row.touched)",
	},
	{
		Name: "checkpoint-before-handling", Invariant: Events, File: "webhook/reconcile_pass.go",
		Find:    "\tknown, err := p.known(ctx, events)\n",
		Replace: "\tif n := len(events); n > 0 {\n\t\tp.newest = events[n-1].at\n\t\t_ = p.save(ctx)\n\t}\n\tknown, err := p.known(ctx, events)\n",
	},
	{
		Name: "clock-correction-without-proof", Invariant: Recovery, File: "internal/call/clock.go",
		Find:    "case isSuccess(status) || (t.first != nil && t.first.response.StatusCode == http.StatusUnauthorized && passed(status)):",
		Replace: "case true:",
	},
	{
		Name: "error-quotes-success-body", Invariant: Secrets, File: "decode.go",
		Find:    "return newResponseError(op, x.Rejected(message))",
		Replace: "return newResponseError(op, x.Rejected(message+\": \"+string(x.Response().Body)))",
	},
}

// Apply returns the mutated file of a repository.
func (m Mutant) Apply(root string) ([]byte, error) {
	source, err := os.ReadFile(filepath.Join(root, m.File))
	if err != nil {
		return nil, err
	}
	if n := bytes.Count(source, []byte(m.Find)); n != 1 {
		return nil, fmt.Errorf("mutant %s: %q occurs %d times in %s, not once", m.Name, m.Find, n, m.File)
	}
	return bytes.Replace(source, []byte(m.Find), []byte(m.Replace), 1), nil
}
