package turnkey

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/internal/call"
	"github.com/byzantine-finance/byzantine-go/internal/errtext"
)

// How an activity is polled: after 1 s, 2 s, 4 s, then every 5 s, and later if a response to a poll asks for it.
const (
	firstPoll = time.Second
	maxPoll   = 5 * time.Second
)

// follow polls an activity as long as it progresses automatically.
func (c *Client) follow(ctx context.Context, a *Activity) (*Activity, error) {
	var failure error // of the last poll
	for pause := firstPoll; a.Status == ActivityCreated || a.Status == ActivityPending; pause = min(2*pause, maxPoll) {
		wait := pause
		var rejected *byzantine.Error
		if errors.As(failure, &rejected) {
			wait = max(wait, call.RetryAfter(rejected.Header, time.Now()))
		}
		call.Sleep(ctx, wait) // GetActivity puts the end of the context into words
		now, err := c.GetActivity(ctx, a.ID)
		switch {
		case err == nil:
			a = now
		case ctx.Err() != nil && failure != nil:
			return nil, &UnresolvedError{a, fmt.Errorf("%w; the last poll failed: %w", err, errtext.Bare(failure))}
		case ctx.Err() != nil, !passing(err):
			return nil, &UnresolvedError{a, err}
		}
		failure = err
	}
	return a, nil
}

// passing reports whether a failed poll says nothing about the next one.
func passing(err error) bool {
	var response *byzantine.Error
	if errors.As(err, &response) {
		return call.Passing(response.StatusCode, nil)
	}
	var transport *byzantine.TransportError
	return errors.As(err, &transport) && call.Passing(0, err)
}

// outcome is the result of an activity that no longer progresses automatically.
func (a *Activity) outcome() (authenticatorIDs []string, err error) {
	switch a.Status {
	case ActivityCompleted:
		if ids := a.AuthenticatorIDs(); len(ids) > 0 {
			return ids, nil
		}
		return nil, &UnresolvedError{a, errors.New("the response has no authenticator ids")}
	case ActivityConsensusNeeded, ActivityAuthenticatorsNeeded:
		return nil, &ConsensusError{a}
	case ActivityFailed, ActivityRejected:
		return nil, &FailedError{a}
	}
	return nil, &UnresolvedError{a, errors.New("its status is not one that this package knows")}
}
