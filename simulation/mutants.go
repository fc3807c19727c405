package simulation

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
)

// Mutant is a fault that is put into the code to see whether the simulation finds it: a simulation that finds none proves
// nothing. Without the mutant no world of the same seeds violates an invariant.
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
		Name: "post-again-after-503", Invariant: Outcomes, File: "internal/call/retry.go",
		Find:    "case !x.request.Repeatable:\n",
		Replace: "case !x.request.Repeatable && a.err != nil:\n",
	},
	{
		Name: "303-leaves-nothing-open", Invariant: Outcomes, File: "internal/call/retry.go",
		Find:    " || status == http.StatusSeeOther",
		Replace: "",
	},
	{
		Name: "408-leaves-nothing-open", Invariant: Outcomes, File: "internal/call/retry.go",
		Find:    " || status == http.StatusRequestTimeout\n",
		Replace: "\n",
	},
	{
		Name: "5xx-leaves-nothing-open", Invariant: Outcomes, File: "internal/call/retry.go",
		Find:    "status >= 500 || status == http.StatusSeeOther",
		Replace: "status == http.StatusSeeOther",
	},
	{
		Name: "unreadable-success-is-a-failure", Invariant: Outcomes, File: "internal/call/exchange.go",
		Find:    "(x.open || mayHaveTakenEffect(r.StatusCode))",
		Replace: "(x.open || r.StatusCode >= 300 && mayHaveTakenEffect(r.StatusCode))",
	},
	{
		Name: "broken-response-is-a-failure", Invariant: Outcomes, File: "internal/call/exchange.go",
		Find:    "OutcomeUnknown: x.open && !x.request.Reads",
		Replace: "OutcomeUnknown: x.open && !x.request.Reads && a.err == nil",
	},
	{
		Name: "sent-is-forgotten", Invariant: Outcomes, File: "internal/call/transport.go",
		Find:    "\treturn g.got.Load() || !(g.trusted()",
		Replace: "\treturn g.second.Load() || !(g.trusted()",
	},
	{
		Name: "rejected-for-the-clock-counts-as-sent", Invariant: Outcomes, File: "internal/call/retry.go",
		Find:    "\t\tif !clockWrong {\n\t\t\tx.sent = x.sent || a.sent\n\t\t\tx.open = x.open || a.leavesOpen()\n\t\t}\n",
		Replace: "\t\tx.sent = x.sent || a.sent\n\t\tx.open = x.open || a.leavesOpen() || clockWrong\n",
	},
	{
		Name: "dial-counts-as-sent", Invariant: Outcomes, File: "internal/call/exchange.go",
		Find:    "a.sent = err == nil || g.sent(err)",
		Replace: "a.sent = true",
	},
	{
		Name: "double-click-submits-twice", Invariant: Outcomes, File: "passkey/submissions.go",
		Find:    "noted && !now.After(until)",
		Replace: "noted && now.After(until)",
	},
	{
		Name: "clock-correction-without-proof", Invariant: Recovery, File: "internal/call/clock.go",
		Find:    "case isSuccess(status) || (t.first != nil && t.first.response.StatusCode == http.StatusUnauthorized && passed(status)):",
		Replace: "case true:",
	},
	{
		Name: "clock-is-never-corrected", Invariant: Recovery, File: "internal/call/clock.go",
		Find:    "if t.resent || !x.findClock(status, ahead, dated) {",
		Replace: "if true {",
	},
	{
		Name: "clock-corrected-the-wrong-way", Invariant: Recovery, File: "internal/call/clock.go",
		Find:    "t.correction, t.known = -ahead, false",
		Replace: "t.correction, t.known = ahead, false",
	},
	{
		Name: "reconciler-ends-with-a-failed-pass", Invariant: Recovery, File: "webhook/reconcile.go",
		Find:    "\t\tcase errors.Is(err, errOtherName):\n",
		Replace: "\t\tcase err != nil && !errors.Is(err, ErrInProgress):\n",
	},
	{
		Name: "key-source-is-asked-once", Invariant: Recovery, File: "webhook/keys.go",
		Find:    "sourceInterval = 10 * time.Second",
		Replace: "sourceInterval = 1000 * time.Hour",
	},
	{
		Name: "101-is-read-to-its-end", Invariant: Bounds, File: "internal/call/exchange.go",
		Find:    "case response.StatusCode < 200: // a 101",
		Replace: "case response.StatusCode < 100: // a 101",
	},
	{
		Name: "attempt-without-a-timeout", Invariant: Bounds, File: "internal/call/exchange.go",
		Find:    "ctx, stop := context.WithTimeout(traced, timeout)",
		Replace: "ctx, stop := context.WithTimeout(traced, 100*timeout)",
	},
	{
		Name: "retry-after-is-cut-short", Invariant: Bounds, File: "internal/call/retry.go",
		Find:    "\t\tif wait > maxRetryAfter {\n",
		Replace: "\t\tif wait = min(wait, maxRetryAfter); wait < 0 {\n",
	},
	{
		Name: "poll-ignores-retry-after", Invariant: Bounds, File: "wait.go",
		Find:    "max(w.pause(ctx, poll), w.retryAfter())",
		Replace: "w.pause(ctx, poll)",
	},
	{
		Name: "handler-waits-for-its-callback", Invariant: Bounds, File: "webhook/once.go",
		Find:    "time.NewTimer(time.Until(deadline) + responseMargin)",
		Replace: "time.NewTimer(100 * o.timeout)",
	},
	{
		Name: "body-is-not-closed", Invariant: Bounds, File: "internal/call/exchange.go",
		Find:    "\tdefer response.Body.Close()\n",
		Replace: "\n",
	},
	{
		Name: "error-quotes-success-body", Invariant: Secrets, File: "decode.go",
		Find:    "return newResponseError(op, x.Rejected(message))",
		Replace: "return newResponseError(op, x.Rejected(message+\": \"+string(x.Response().Body)))",
	},
	{
		Name: "errors-hold-the-url", Invariant: Secrets, File: "internal/call/exchange.go",
		Find:    "\t\terr = wrapped.Err\n",
		Replace: "\t\treturn wrapped\n",
	},
	{
		Name: "log-holds-the-query", Invariant: Secrets, File: "internal/call/exchange.go",
		Find:    "slog.String(\"path\", x.request.Path)",
		Replace: "slog.String(\"path\", x.request.URL.RequestURI())",
	},
	{
		Name: "failed-transaction-in-full", Invariant: Secrets, File: "errorformat.go",
		Find:    "func (e TransactionFailedError) MarshalJSON() ([]byte, error) {\n",
		Replace: "func (e TransactionFailedError) MarshalJSON() ([]byte, error) {\n\tif e.Transaction != nil {\n\t\treturn json.Marshal(e.Transaction)\n\t}\n",
	},
	{
		Name: "checkpoint-before-handling", Invariant: Events, File: "webhook/reconcile_pass.go",
		Find:    "\tknown, err := p.known(ctx, events)\n",
		Replace: "\tif n := len(events); n > 0 {\n\t\tp.newest = events[n-1].at\n\t\t_ = p.save(ctx)\n\t}\n\tknown, err := p.known(ctx, events)\n",
	},
	{
		Name: "failed-event-does-not-hold-the-checkpoint", Invariant: Events, File: "webhook/reconcile_pass.go",
		Find:    "\tcase errors.As(err, &failed), errors.Is(err, errTimeout):\n\t\tp.report.Failed++\n\t\tp.hold(event)\n",
		Replace: "\tcase errors.As(err, &failed), errors.Is(err, errTimeout):\n\t\tp.report.Failed++\n",
	},
	{
		Name: "no-overlap", Invariant: Events, File: "webhook/reconcile_pass.go",
		Find:    "after = p.from.Add(-p.Overlap)",
		Replace: "after = p.from",
	},
	{
		Name: "machine-clock-moves-the-checkpoint", Invariant: Events, File: "webhook/reconcile_pass.go",
		Find:    "\t\tcheckpoint = p.held\n\t}\n",
		Replace: "\t\tcheckpoint = p.held\n\t} else {\n\t\tcheckpoint = p.Now().Add(-p.Grace)\n\t}\n",
	},
	{
		Name: "done-before-the-callback", Invariant: Events, File: "webhook/once.go",
		Find:    "\treturn o.record(context.WithoutCancel(ctx), claim,",
		Replace: "\t_ = o.store.Done(ctx, claim)\n\treturn o.record(context.WithoutCancel(ctx), claim,",
	},
	{
		Name: "done-is-not-recorded", Invariant: Events, File: "webhook/once.go",
		Find:    "\t\terr := o.store.Done(ctx, claim)\n",
		Replace: "\t\terr := o.store.Forget(ctx, claim)\n",
	},
	{
		Name: "lease-ends-with-the-timeout", Invariant: Events, File: "webhook/once.go",
		Find:    "claim, err := o.store.Begin(bounded, d.EventID, o.timeout+leaseMargin)",
		Replace: "claim, err := o.store.Begin(bounded, d.EventID, o.timeout/2)",
	},
	{
		Name: "envelope-of-june-is-not-read", Invariant: Events, File: "events.go",
		Find:    "if e.Type == \"\" && v.EventType != \"\" {",
		Replace: "if false {",
	},
	{
		Name: "time-without-a-zone-is-an-error", Invariant: Events, File: "events.go",
		Find:    "err := wire.ReadPart(text, &envelope)",
		Replace: "_, err := wire.ReadPart, json.Unmarshal(text, &envelope)",
	},
	{
		Name: "memory-forgets-what-is-done", Invariant: Events, File: "webhook/memory.go",
		Find:    "\tcase r.state == memoryDone:\n",
		Replace: "\tcase r.state == memoryDone && now.Sub(r.until) < time.Hour:\n",
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
		Name: "postgres-purge-of-all", Invariant: Events, File: "simulation/store_postgres.go",
		Find:    "row.touched.Before(now.Add(-s.retention)) &&",
		Replace: "row.done &&",
	},
	{
		Name: "redis-two-claims-at-once", Invariant: Events, File: "simulation/store_redis.go",
		Find:    "case exists && r.until > micros:",
		Replace: "case exists && r.until < 0:",
	},
	{
		Name: "rotation-asks-for-no-scope", Invariant: Keys, File: "rotation.go",
		Find:    "&CreateCredentialRequest{AccessScope: scope, Label: label}",
		Replace: "&CreateCredentialRequest{Label: label}",
	},
	{
		Name: "retire-does-not-wait", Invariant: Keys, File: "rotation.go",
		Find:    "if err := r.wait(ctx, oldPubkey); err != nil {",
		Replace: "if err := ctx.Err(); r != nil && err != nil {",
	},
	{
		Name: "what-is-left-is-not-looked-for", Invariant: Keys, File: "rotation.go",
		Find:    "if len(left) > 0 {",
		Replace: "if len(left) < 0 {",
	},
	{
		Name: "unreadable-creation-created-nothing", Invariant: Keys, File: "rotation.go",
		Find:    "if unreadable || errors.Is(err, ErrOutcomeUnknown) {",
		Replace: "if false && unreadable || errors.Is(err, ErrOutcomeUnknown) {",
	},
	{
		Name: "key-of-another-moment", Invariant: Keys, File: "client.go",
		Find:    "\t\tsignature.Apply(request.Header)\n",
		Replace: "\t\tsignature.PublicKey, _ = signerPublicKeyHex(s)\n\t\tsignature.Apply(request.Header)\n",
	},
	{
		Name: "retry-is-signed-with-an-earlier-time", Invariant: Signatures, File: "internal/call/exchange.go",
		Find:    "r.Authorize(ctx, request, r.Body, c.clock.now().Add(x.clock.correction))",
		Replace: "r.Authorize(ctx, request, r.Body, c.clock.now().Add(x.clock.correction-time.Duration(x.attempts-1)*10*time.Second))",
	},
	{
		Name: "signed-once", Invariant: Signatures, File: "internal/call/exchange.go",
		Find:    "\ta.unsigned = err != nil\n\treturn request, err\n",
		Replace: "\ta.unsigned, r.Authorize = err != nil, func(_ context.Context, again *http.Request, _ []byte, _ time.Time) error {\n\t\tagain.Header = request.Header.Clone()\n\t\treturn nil\n\t}\n\treturn request, err\n",
	},
	{
		Name: "transport-without-hooks-is-trusted", Invariant: Outcomes, File: "internal/call/transport.go",
		Find:    "return g.transport.kind == own || (g.transport",
		Replace: "return g.transport.kind != callers || (g.transport",
	},
	{
		Name: "families-are-not-asked", Invariant: Events, File: "webhook/dispatch.go",
		Find:    "fn != nil && strings.HasPrefix(eventType, family)",
		Replace: "fn != nil && strings.HasPrefix(eventType, family+\"?\")",
	},
	{
		Name: "loop-never-gives-up", Invariant: Bounds, File: "internal/movinglist/movinglist.go",
		Find:    "if r.useful > r.most || r.idle > 20+8*r.useful {",
		Replace: "if r.useful < 0 {",
	},
	{
		Name: "empty-pages-never-end", Invariant: Bounds, File: "iterators.go",
		Find:    "\t\t\tif withoutNews > maxPagesWithoutNews {",
		Replace: "\t\t\tif withoutNews < 0 {",
	},
	{
		Name: "sum-loses-a-carry", Invariant: Balances, File: "decimal_math.go",
		Find:    "sum, carry = sum-10, 1",
		Replace: "sum, carry = sum-10, 0",
	},
	{
		Name: "processing-counts-as-completed", Invariant: Balances, File: "wait.go",
		Find:    "satisfied = t.Status == TransactionCompleted ||",
		Replace: "satisfied = t.Status == TransactionCompleted || t.Status == TransactionProcessing ||",
	},
	{
		Name: "ended-attempts-stay", Invariant: Bounds, File: "rotation.go",
		Find:    "delete(r.using, key)\n",
		Replace: "\n",
	},
	{
		Name: "lease-of-a-pass-is-a-day", Invariant: Recovery, File: "webhook/reconcile.go",
		Find:    "passLease = 2 * time.Minute",
		Replace: "passLease = 24 * time.Hour",
	},
	{
		Name: "copy-moves-on-after-an-error", Invariant: Projection, File: "transactioncopy.go",
		Find:    "\t\tcase err != nil:\n\t\t\treturn since, err\n",
		Replace: "\t\tcase err != nil:\n\t\t\treturn next, err\n",
	},
	{
		Name: "copy-begins-too-late", Invariant: Projection, File: "transactioncopy.go",
		Find:    "from = since.Add(-copyOverlap)",
		Replace: "from = since.Add(copyOverlap)",
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
