package webhook

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"time"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/internal/call"
	"github.com/byzantine-finance/byzantine-go/internal/errtext"
)

// EventHistory is the event history that a [Reconciler] reads. *byzantine.Client implements it: AllEvents iterates over
// [byzantine.Client.ListEvents].
type EventHistory interface {
	AllEvents(ctx context.Context, req *byzantine.ListEventsRequest, opts ...byzantine.CallOption) iter.Seq2[byzantine.Event, error]
}

// Reconciler calls Handle for the events that no webhook delivered. It reads the API's event history (list_events) from
// a checkpoint on, the oldest event first, and calls Handle for each event that the Store does not record as handled.
// If it has the same Store as the [Handler], each event is handled once by one of the two. The package comment says
// what exactly is promised.
//
// Events, Store and Handle are required; the zero values of the other fields are the documented defaults. Set the
// fields before the first call; then a Reconciler is safe for concurrent use. Several replicas may each run a
// Reconciler with the same Name: only one makes a pass at a time. A Reconciler with another Name on the same records is
// an error, because each of the two would delete records that the other one still needs. Give it a store of its own (a
// prefix in Redis, a schema in PostgreSQL).
//
// A pass holds at most [MaxHeldEvents] events in memory, however long the downtime was. It hands events over in the
// order of CreatedAt, except that MaxHeldEvents or more events of the same millisecond come in no particular order. A
// pass ends at the newest event that the API listed when the pass began. Only times from the API decide how far a pass
// reads and where the checkpoint moves. The machine's clock is used for Grace alone: if it is slow, events are handed
// over later by as much as it is behind; if it is fast, they are handed over before Grace has passed.
//
// An event whose callback fails does not stop the events after it. But the checkpoint does not move past that event, so
// each pass reads it and all later events again until the callback succeeds. A callback that decides to drop an event
// must return nil. [MaxFailures] failures end a pass, because that many point to an outage and not to a single bad
// event.
//
// An event whose id or type cannot be read is logged in each pass that reads it, not passed to Handle, and never
// recorded as handled. The checkpoint moves past it, unless it is the id that cannot be read. An event whose CreatedAt
// cannot be read is handed over after the next older event in the list and does not move the checkpoint.
type Reconciler struct {
	Events EventHistory
	Store  Store
	Handle Func

	// Name is the name of the checkpoint in the Store, "events" if empty.
	Name string
	// Start is where the first pass begins if the Store has no checkpoint: the pass hands over the events created after
	// Start, and those created up to Overlap before it. Zero means the whole history.
	Start time.Time
	// Overlap is how far before the checkpoint a pass begins, 10 minutes if zero. An event that the API lists only
	// after newer ones is found if it is late by less than Overlap. The minimum is one second.
	Overlap time.Duration
	// Grace is how old an event must be before it is handed over, 1 minute if zero, none if negative. Until
	// then the event is left to its webhook.
	Grace time.Duration
	// Interval is the wait between the passes of Run, 1 minute if zero.
	Interval time.Duration
	// Timeout is how long a callback may take, 1 minute if zero. The lease of an event is 12 seconds longer.
	Timeout time.Duration
	// Logger gets a line for each event that fails or cannot be read, for each pass that called Handle or failed, and
	// for each warning. slog.Default if nil.
	Logger *slog.Logger
	// Now is the clock for Grace, time.Now if nil.
	Now func() time.Time
	// Tracer observes passes and the events that they hand over. Nil means no tracer.
	Tracer Tracer
}

const (
	// MaxHeldEvents is how many events a pass of a [Reconciler] holds in memory at most.
	MaxHeldEvents = 1000
	// MaxFailures is how many callbacks may fail in a pass: the last of these failures ends the pass with an error.
	MaxFailures = 100

	pageSize = 250 // the API's maximum
	// boundMargin widens the bounds of a query. The bounds are exclusive, and it is not documented how exactly the API
	// compares them. slice.has drops the events outside of the intended bounds.
	boundMargin = time.Millisecond
	// minSlice is the shortest span of time that a pass reads and sorts at once.
	minSlice = time.Millisecond
	// passLease plus twice the callback's timeout is the lease of the checkpoint: how long other replicas wait at most
	// if the replica that makes the pass dies.
	passLease = 2 * time.Minute

	// ownerKey is the key of the record whose value is the Name of the store's only Reconciler. checkpointKey and the
	// Name together are the key of its checkpoint. Events cannot have these keys, see canBeKey.
	ownerKey      = "reconciler"
	checkpointKey = "reconciler/"
)

// errOtherName ends Run, because two Names on one store are a mistake in how the Reconcilers are set up, which no later
// pass can mend.
var errOtherName = errors.New("the store's records belong to a Reconciler of another Name")

// Report is the result of one pass.
type Report struct {
	Handled    int       // events whose callback returned nil, which is recorded
	Known      int       // events that had been handled before
	Failed     int       // events whose callback returned an error, panicked, or did not return in time
	InProgress int       // events that another callback was handling at that moment
	Unreadable int       // events without a readable id or type, not passed to Handle
	Checkpoint time.Time // events created more than Overlap before it are handled, except for late and unreadable ones; zero if there is none
}

// Run makes passes until the context ends, and returns the error of the context. Between two passes it waits for
// Interval. A pass that fails is logged and does not end Run. Run returns at once if a field is invalid, if the store's
// retention is too short, or if the store's records belong to a Reconciler of another Name.
func (r *Reconciler) Run(ctx context.Context) error {
	set, err := r.withDefaults()
	if err != nil {
		return err
	}
	for {
		report, err := set.pass(ctx)
		attrs := []slog.Attr{
			slog.Int("handled", report.Handled), slog.Int("known", report.Known), slog.Int("failed", report.Failed),
			slog.Int("in_progress", report.InProgress), slog.Int("unreadable", report.Unreadable),
			slog.Time("checkpoint", report.Checkpoint),
		}
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.Is(err, errOtherName):
			return err
		case errors.Is(err, ErrInProgress):
			set.Logger.LogAttrs(ctx, slog.LevelDebug, "webhook: another replica reconciles")
		case err != nil:
			set.Logger.LogAttrs(ctx, slog.LevelError, "webhook: reconciliation failed", append(attrs, slog.Any("error", err))...)
		case report.Handled+report.Failed > 0:
			set.Logger.LogAttrs(ctx, slog.LevelInfo, "webhook: reconciled", attrs...)
		}
		if !call.Sleep(ctx, set.Interval) {
			return ctx.Err()
		}
	}
}

// Pass reads the history once, up to the newest event that is older than Grace. The error is nil if the pass reached
// that event, even if fewer than [MaxFailures] callbacks failed. It is [ErrInProgress] if another replica is making a
// pass, [ErrLeaseLost] if another replica has taken over this one, and that of Purge if the Store is a [Purger] that
// failed. An invalid field, a store whose retention is too short, and a store whose records belong to a Reconciler of
// another Name are errors too.
func (r *Reconciler) Pass(ctx context.Context) (Report, error) {
	set, err := r.withDefaults()
	if err != nil {
		return Report{}, err
	}
	return set.pass(ctx)
}

// pass makes a pass and reports it to the tracer.
func (r *Reconciler) pass(ctx context.Context) (Report, error) {
	t, ok := r.Tracer.(PassTracer)
	if !ok {
		return r.untracedPass(ctx)
	}
	started := time.Now()
	ctx = t.TracePassStart(ctx)
	report, err := r.untracedPass(ctx)
	end := TracePassEndData{Report: report, Err: err, Duration: time.Since(started)}
	if !report.Checkpoint.IsZero() {
		end.CheckpointAge = r.Now().Sub(report.Checkpoint)
	}
	t.TracePassEnd(ctx, end)
	return report, err
}

func (r *Reconciler) untracedPass(ctx context.Context) (Report, error) {
	if err := r.own(ctx); err != nil {
		return Report{}, fmt.Errorf("webhook: reconcile: %w", errtext.Bare(err))
	}
	lease := 2*r.Timeout + passLease // save renews it after a quarter, so a callback always ends within it
	claim, err := r.Store.Begin(ctx, checkpointKey+r.Name, lease)
	if err != nil {
		return Report{}, fmt.Errorf("webhook: reconcile: %w", errtext.Bare(err))
	}
	// Release the claim, so that the next pass, on any replica, need not wait for the end of the lease.
	defer r.forget(ctx, claim)
	p := &pass{
		Reconciler: r,
		once:       once{store: r.Store, fn: tracedFunc(r.Tracer, r.Handle), timeout: r.Timeout, logger: r.Logger},
		claim:      claim,
		lease:      lease,
		began:      time.Now(),
	}
	p.reread.limit = capacityOf(r.Store)
	err = p.run(ctx)
	if purger := purgerOf(r.Store); purger != nil && err == nil && p.mayPurge() {
		err = purger.Purge(ctx)
	}
	if err != nil {
		return p.report, fmt.Errorf("webhook: reconcile: %w", errtext.Bare(err))
	}
	return p.report, nil
}

// own records this Reconciler's Name as the owner of the store's records, or fails if another Name owns them.
func (r *Reconciler) own(ctx context.Context) error {
	claim, err := r.Store.Begin(ctx, ownerKey, recordTimeout)
	if err != nil {
		return err
	}
	defer r.forget(ctx, claim)
	switch claim.Value {
	case r.Name:
		return nil
	case "":
		return r.Store.Save(ctx, claim, recordTimeout, r.Name)
	}
	return fmt.Errorf("the Name is %q: %w, %q", r.Name, errOtherName, claim.Value)
}

// forget releases a claim on the checkpoint or on the owner's record. If that fails, the claim ends with its lease.
func (r *Reconciler) forget(ctx context.Context, claim Claim) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordTimeout)
	defer cancel()
	_ = r.Store.Forget(ctx, claim)
}

func (r *Reconciler) withDefaults() (*Reconciler, error) {
	if r.Events == nil || r.Store == nil || r.Handle == nil {
		return nil, errors.New("webhook: Reconciler: Events, Store and Handle must be set")
	}
	set := *r
	set.Store = withTracer(r.Store, r.Tracer)
	set.Name = cmp.Or(r.Name, "events")
	set.Overlap = cmp.Or(r.Overlap, 10*time.Minute)
	set.Grace = max(0, cmp.Or(r.Grace, time.Minute))
	set.Interval = cmp.Or(r.Interval, time.Minute)
	set.Timeout = cmp.Or(r.Timeout, time.Minute)
	set.Logger = cmp.Or(r.Logger, slog.Default())
	if set.Now == nil {
		set.Now = time.Now
	}
	if set.Overlap < time.Second || set.Interval < 0 || set.Timeout < 0 {
		return nil, errors.New("webhook: Reconciler: Overlap must be at least one second, Interval and Timeout positive")
	}
	// A handled event must be read again before its record expires. Reads of the same event are at most this far apart, as
	// long as passes reach their end.
	if kept, needed := set.Store.Retention(), set.Overlap+set.Grace+set.Interval; kept <= needed {
		return nil, fmt.Errorf("webhook: Reconciler: the Store's retention, %v, must be longer than Overlap, Grace and Interval together, %v", kept, needed)
	}
	return &set, nil
}
