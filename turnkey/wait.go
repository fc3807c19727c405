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

// The waits before the polls of an activity: 1 s, 2 s, 4 s, then 5 s each, and longer if the response to a poll has a
// later Retry-After.
const (
	firstPoll = time.Second
	maxPoll   = 5 * time.Second
)

// follow polls an activity as long as its status is one that progresses automatically, and returns it when it has
// another status. If ctx ends, if a poll fails with an error that is not temporary, or if Turnkey asks to wait for more
// than call.MaxOutage, the error is an *UnresolvedError.
func (c *Client) follow(ctx context.Context, a *Activity) (*Activity, error) {
	var failure error // the error of the last poll, or nil
	for pause := firstPoll; a.Status == ActivityCreated || a.Status == ActivityPending; pause = min(2*pause, maxPoll) {
		wait := pause
		var rejected *byzantine.Error
		if errors.As(failure, &rejected) {
			wait = max(wait, call.RetryAfter(rejected.Header, time.Now()))
		}
		if wait > call.MaxOutage {
			return nil, &UnresolvedError{a, failure}
		}
		call.Sleep(ctx, wait) // if the context has ended, GetActivity returns the error
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

// passing reports whether the error of a poll is temporary, so that the next poll may succeed.
func passing(err error) bool {
	var response *byzantine.Error
	if errors.As(err, &response) {
		return call.Passing(response.StatusCode, nil)
	}
	var transport *byzantine.TransportError
	return errors.As(err, &transport) && call.Passing(0, err)
}

// outcome returns the result of an activity that no longer progresses automatically: the authenticator ids if it is
// completed, and otherwise an error.
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
