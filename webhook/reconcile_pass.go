package webhook

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/byzantine-finance/byzantine-go/internal/errtext"
)

// pass is one pass of a Reconciler: one walk through the history.
//
// The API lists the newest events first, but the oldest must be handed over first, and only MaxHeldEvents may be held
// in memory. So time is cut into slices, from the oldest to the newest. A slice with fewer events is read as a whole,
// sorted and handed over. A slice with more is cut again, see cutter.
type pass struct {
	*Reconciler
	once   once
	claim  Claim
	lease  time.Duration
	began  time.Time // when the pass began, by this machine's clock
	saved  time.Time // when Save last began the lease, by this machine's clock
	top    time.Time // CreatedAt of the newest event that the API listed when the pass began; zero if none
	end    time.Time // the pass hands over events created up to here: top, or earlier because of Grace
	from   time.Time // the checkpoint that the pass began with; zero if there was none
	newest time.Time // CreatedAt of the newest event that was handed over, or from
	held   time.Time // CreatedAt of the oldest event that the checkpoint must not pass; zero if none
	reread reread
	report Report
}

func (p *pass) run(ctx context.Context) error {
	p.saved = time.Now()
	p.from = p.Start
	if p.claim.Value != "" {
		checkpoint, err := time.Parse(time.RFC3339Nano, p.claim.Value)
		if err != nil {
			return errors.New("the checkpoint in the store is not an RFC 3339 time")
		}
		p.from = checkpoint
	}
	p.newest = p.from
	if p.claim.Value == "" && !p.Start.IsZero() {
		// Save the checkpoint now: if the process restarts before the first event, its new Start may be later.
		if err := p.save(ctx); err != nil {
			return err
		}
	}
	p.report.Checkpoint = p.from
	after := time.Unix(0, 0)
	if !p.from.IsZero() {
		after = p.from.Add(-p.Overlap)
	}
	if err := p.walk(ctx, after); err != nil {
		return err
	}
	if p.reread.exceeds(p.report.Checkpoint.Add(-p.Overlap)) {
		p.Logger.LogAttrs(ctx, slog.LevelWarn, "webhook: reconciliation: the store holds fewer events than each pass reads again, so some are handled again",
			slog.Int("capacity", p.reread.limit), slog.Time("checkpoint", p.report.Checkpoint))
	}
	return nil
}

// walk hands over the events that were created after a time, slice by slice.
//
// The first slice has no end, so it shows which event is the newest. The pass ends at that event, because its CreatedAt
// is a time that the API's clock has reached. A bound taken from this machine's clock could be in the API's future.
// Then events that happen before that bound, but while callbacks run, would be missed.
func (p *pass) walk(ctx context.Context, after time.Time) error {
	s := slice{after: after}
	complete, err := p.read(ctx, &s)
	if err != nil {
		return err
	}
	p.setEnd(ctx, &s)
	if complete {
		return p.finish(ctx, s.upTo(p.end))
	}
	if !p.end.After(after) && !p.top.IsZero() { // a slow clock: nothing in these slices is older than Grace
		return p.save(ctx)
	}
	if p.top.IsZero() {
		return fmt.Errorf("createdAt of the %d newest events cannot be read", len(s.events))
	}
	cut := newCutter(&s, p.end)
	for s, more := cut.next(); more; s, more = cut.next() {
		complete, err := p.read(ctx, &s)
		switch {
		case err != nil:
			return err
		case complete:
			err = p.finish(ctx, s.events)
		case s.end.Sub(s.after) > minSlice:
			cut.tooMany(&s)
			continue
		default:
			err = p.stream(ctx, s)
		}
		if err != nil {
			return err
		}
		cut.handedOver(&s)
	}
	return nil
}

// setEnd sets top and end. s holds the newest events of the list. If the machine's clock is more than a minute behind
// the newest event, it logs a warning.
func (p *pass) setEnd(ctx context.Context, s *slice) {
	p.top = s.newest
	if p.end = p.Now().Add(-p.Grace); p.end.After(p.top) {
		p.end = p.top
	}
	if behind := p.top.Sub(p.Now()); behind > time.Minute {
		p.Logger.LogAttrs(ctx, slog.LevelWarn, "webhook: reconciliation: the clock of this machine is slow, so events are handed over late",
			slog.Duration("behind", behind))
	}
}

// mayPurge reports whether everything that the next pass can read again was renewed less than half of the retention
// ago. That is not so if this pass took longer, or if this machine's slow clock kept it from events that are newer by
// more than that.
func (p *pass) mayPurge() bool {
	enough := p.Store.Retention() / 2
	return time.Since(p.began) < enough && p.top.Sub(p.end) < enough
}

// finish hands over the events of a slice and saves the checkpoint.
func (p *pass) finish(ctx context.Context, events []listed) error {
	known, err := p.known(ctx, events)
	if err != nil {
		return err
	}
	for _, event := range events {
		if err := p.handOver(ctx, event, known[event.ID]); err != nil {
			return err
		}
	}
	return p.save(ctx)
}

// known returns which of the events were handled before, by their ids, if the store is a [BulkStore]. Otherwise it
// returns nil, and Begin is called for each event.
func (p *pass) known(ctx context.Context, events []listed) (map[string]bool, error) {
	bulk := bulkOf(p.Store)
	if bulk == nil || len(events) == 0 {
		return nil, nil
	}
	keys := make([]string, 0, len(events))
	for _, event := range events {
		if event.err == nil && canBeKey(event.ID) {
			keys = append(keys, event.ID)
		}
	}
	done, err := bulk.Handled(ctx, keys)
	if err != nil {
		return nil, err
	}
	known := make(map[string]bool, len(done))
	for _, key := range done {
		known[key] = true
	}
	return known, nil
}

// stream hands over the events of a slice that is too short to be cut and has too many events for memory, while it
// reads them: in the order of the API's list, not sorted.
func (p *pass) stream(ctx context.Context, s slice) error {
	for event, err := range p.eachListed(ctx, &s) {
		if err != nil {
			return err
		}
		if event.at.IsZero() {
			event.at = s.after
		}
		if err := p.handOver(ctx, event, false); err != nil {
			return err
		}
	}
	return p.save(ctx)
}

// handOver passes one event to the callback, unless known is true or the store has the event as handled, and counts the
// result in the report. An error that it returns ends the pass.
func (p *pass) handOver(ctx context.Context, event listed, known bool) error {
	if time.Since(p.saved) > p.lease/4 {
		if err := p.save(ctx); err != nil {
			return err
		}
	}
	p.reread.note(event.at)
	err := ErrHandled
	if !known {
		err = p.handle(ctx, event)
	}
	var failed *callbackError
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err == nil:
		p.report.Handled++
	case errors.As(err, &failed), errors.Is(err, errTimeout):
		p.report.Failed++
		p.hold(event)
		p.Logger.LogAttrs(ctx, slog.LevelError, "webhook: reconciliation: an event is not handled and holds the checkpoint",
			slog.String("event_id", event.ID), slog.String("type", string(event.Type)), slog.Any("error", err))
		if p.report.Failed == MaxFailures {
			return fmt.Errorf("%d callbacks failed, the last with: %v", MaxFailures, errtext.Bare(err))
		}
	case errors.Is(err, errNoEvent):
		p.report.Unreadable++
		if event.ID == "" {
			p.hold(event)
		}
		p.Logger.LogAttrs(ctx, slog.LevelError, "webhook: reconciliation: an event of the history cannot be read and is not handled",
			slog.String("event_id", event.ID), slog.Time("created_at", event.at), slog.Any("error", err))
	case errors.Is(err, ErrHandled):
		p.report.Known++
	case errors.Is(err, ErrInProgress):
		p.report.InProgress++
		p.hold(event)
	default:
		return err
	}
	if event.CreatedAt.After(p.newest) {
		p.newest = event.CreatedAt
	}
	return nil
}

func (p *pass) handle(ctx context.Context, event listed) error {
	ctx, end := traceDelivery(ctx, p.Tracer, SourceHistory)
	delivery, err := event.delivery()
	if err == nil {
		err = p.once.handle(ctx, delivery, time.Now().Add(p.Timeout))
	}
	end(delivery, TraceDeliveryEndData{Err: err})
	return err
}

// delivery returns the event as a Delivery, or an error that wraps errNoEvent if the event could not be read.
func (event listed) delivery() (*Delivery, error) {
	if event.err != nil {
		return nil, fmt.Errorf("%w: %w", errNoEvent, errtext.Bare(event.err))
	}
	return historyDelivery(event.Event)
}

// hold notes that an event is not handled, so that save does not move the checkpoint beyond the reach of the event.
func (p *pass) hold(event listed) {
	if p.held.IsZero() || event.at.Before(p.held) {
		p.held = event.at
	}
}

// save begins the lease again and writes the checkpoint: the time of the newest event that was handed over, or of the
// oldest that is held, whichever is earlier, but never an earlier time than the checkpoint before. The next pass begins
// Overlap before the checkpoint, so it reads a held event again. The checkpoint is a time from the API, so a wrong
// clock of this machine cannot move it past events that are still to come. If it could move back, an event in the
// Overlap that fails would move it back by up to Overlap in each pass, as far as before Start.
func (p *pass) save(ctx context.Context) error {
	checkpoint := p.newest
	if !p.held.IsZero() && p.held.Before(checkpoint) {
		checkpoint = p.held
	}
	if checkpoint.Before(p.from) {
		checkpoint = p.from
	}
	var value string
	if !checkpoint.IsZero() {
		value = checkpoint.UTC().Format(time.RFC3339Nano)
	}
	if err := p.Store.Save(ctx, p.claim, p.lease, value); err != nil {
		return fmt.Errorf("the store cannot save the checkpoint: %w", errtext.Bare(err))
	}
	p.saved = time.Now()
	p.report.Checkpoint = checkpoint
	return nil
}
