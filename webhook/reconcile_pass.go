package webhook

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/byzantine-finance/byzantine-go"
)

// pass is one walk through the history.
//
// The API lists the newest events first, but the oldest are to be handed over first, in bounded memory. So time is cut
// into slices, from the oldest to the newest. A slice whose events fit is read, put in order and handed over. One with
// too many is cut shorter, one with few is followed by a longer one.
type pass struct {
	*Reconciler
	once   once
	claim  Claim
	lease  time.Duration
	saved  time.Time // when the lease was last begun, by this machine's clock
	newest time.Time // CreatedAt of the newest event that was handed over, or the checkpoint so far
	held   time.Time // CreatedAt of the oldest event that is not handled; zero if none
	report Report
}

func (p *pass) run(ctx context.Context) error {
	p.saved = time.Now()
	p.newest = p.Start
	if p.claim.Value != "" {
		checkpoint, err := time.Parse(time.RFC3339Nano, p.claim.Value)
		if err != nil {
			return errors.New("the checkpoint in the store is not an RFC 3339 time")
		}
		p.newest = checkpoint
	} else if !p.Start.IsZero() {
		// Or else a process that is restarted before the first event would begin at its own Start.
		if err := p.save(ctx); err != nil {
			return err
		}
	}
	p.report.Checkpoint = p.newest
	after := time.Unix(0, 0)
	if !p.newest.IsZero() {
		after = p.newest.Add(-p.Overlap)
	}
	return p.walk(ctx, after, p.Now().Add(-p.Grace))
}

// walk hands over the events of after < CreatedAt <= end, slice by slice.
func (p *pass) walk(ctx context.Context, after, end time.Time) error {
	width := end.Sub(after) // most passes need one slice
	for after.Before(end) {
		s := slice{after: after, end: after.Add(width)}
		if s.end.After(end) {
			s.end = end
		}
		complete, err := p.read(ctx, &s)
		switch {
		case err != nil:
			return err
		case complete:
			err = p.handOverAll(ctx, s.events)
		case s.end.Sub(s.after) > minSlice:
			// What was not read lies between after and the oldest that was.
			width = max(minSlice, s.oldest.Sub(after)/2)
			continue
		default:
			err = p.stream(ctx, s)
		}
		if err == nil {
			err = p.save(ctx)
		}
		if err != nil {
			return err
		}
		after = s.end
		if len(s.events) <= MaxHeldEvents/2 {
			width *= 2
		}
	}
	return nil
}

// slice is a stretch of time, after < CreatedAt <= end, and the events that were read from it.
type slice struct {
	after, end time.Time
	events     []byzantine.Event
	oldest     time.Time // of events
}

func (s *slice) request() *byzantine.ListEventsRequest {
	request := &byzantine.ListEventsRequest{CreatedBefore: s.end.Add(boundMargin), Limit: new(int64(pageSize))}
	if s.after.Unix() > 0 {
		request.CreatedAfter = s.after.Add(-boundMargin)
	}
	return request
}

func (s *slice) has(e *byzantine.Event) bool {
	return e.CreatedAt.After(s.after) && !e.CreatedAt.After(s.end)
}

// read fills the slice, oldest event first. It is not complete if there are too many.
func (p *pass) read(ctx context.Context, s *slice) (complete bool, err error) {
	for event, err := range p.Events.AllEvents(ctx, s.request()) {
		if err != nil {
			return false, err
		}
		if !s.has(&event) {
			continue
		}
		if len(s.events) == MaxHeldEvents {
			return false, nil
		}
		s.events = append(s.events, event)
		if s.oldest.IsZero() || event.CreatedAt.Before(s.oldest) {
			s.oldest = event.CreatedAt
		}
	}
	slices.SortStableFunc(s.events, func(a, b byzantine.Event) int { return a.CreatedAt.Compare(b.CreatedAt) })
	return true, nil
}

func (p *pass) handOverAll(ctx context.Context, events []byzantine.Event) error {
	for _, event := range events {
		if err := p.handOver(ctx, event); err != nil {
			return err
		}
	}
	return nil
}

// stream hands over a slice that is too short to be cut and too full to be held.
func (p *pass) stream(ctx context.Context, s slice) error {
	for event, err := range p.Events.AllEvents(ctx, s.request()) {
		if err != nil {
			return err
		}
		if !s.has(&event) {
			continue
		}
		if err := p.handOver(ctx, event); err != nil {
			return err
		}
	}
	return nil
}

// handOver has one event handled, unless it was. An error ends the pass.
func (p *pass) handOver(ctx context.Context, event byzantine.Event) error {
	if time.Since(p.saved) > p.lease/4 {
		if err := p.save(ctx); err != nil {
			return err
		}
	}
	err := p.once.handle(ctx, historyDelivery(event))
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
			return fmt.Errorf("%d callbacks failed, the last with: %v", MaxFailures, err)
		}
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

// hold keeps the checkpoint from passing an event that is not handled.
func (p *pass) hold(event byzantine.Event) {
	if p.held.IsZero() || event.CreatedAt.Before(p.held) {
		p.held = event.CreatedAt
	}
}

// save writes the checkpoint: the newest event that was handled, or the oldest that was not. The next pass begins earlier
// by the overlap, so it may as well stand on the event itself. It is a time that the API gave, so no clock of ours can
// carry it past events to come.
func (p *pass) save(ctx context.Context) error {
	checkpoint := p.newest
	if !p.held.IsZero() && p.held.Before(checkpoint) {
		checkpoint = p.held
	}
	var value string
	if !checkpoint.IsZero() {
		value = checkpoint.UTC().Format(time.RFC3339Nano)
	}
	if err := p.Store.Save(ctx, p.claim, p.lease, value); err != nil {
		return fmt.Errorf("the store cannot save the checkpoint: %w", err)
	}
	p.saved = time.Now()
	p.report.Checkpoint = checkpoint
	return nil
}
