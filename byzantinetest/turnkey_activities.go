package byzantinetest

import (
	cryptorand "crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"slices"
	"time"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/internal/wire"
	"github.com/byzantine-finance/byzantine-go/turnkey"
)

// turnkeyActivity is an activity as Turnkey answers it, and what is still to come.
type turnkeyActivity struct {
	turnkey.Activity
	next []turnkey.ActivityStatus
}

// Play lets the next new activity go through these statuses: it begins with the first and takes a step each time that
// somebody looks at it. Without it an activity is completed at once. Several calls are for as many activities.
func (t *Turnkey) Play(statuses ...turnkey.ActivityStatus) {
	if len(statuses) == 0 {
		panic("byzantinetest: Play: no status")
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.plays = append(t.plays, slices.Clone(statuses))
}

// Approve completes an activity that waits for somebody's approval, with a vote that is not signed. It panics on any
// other.
func (t *Turnkey) Approve(activityID string) {
	t.vote(activityID, turnkey.VoteApproved, turnkey.ActivityCompleted)
}

// Reject ends an activity that waits for somebody's approval, likewise.
func (t *Turnkey) Reject(activityID string) {
	t.vote(activityID, turnkey.VoteRejected, turnkey.ActivityRejected)
}

// Authenticators returns the passkeys of the user: those of completed activities.
func (t *Turnkey) Authenticators() []byzantine.AuthenticatorParam {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Clone(t.authenticators)
}

func (t *Turnkey) vote(activityID string, selection turnkey.VoteSelection, outcome turnkey.ActivityStatus) {
	t.mu.Lock()
	defer t.mu.Unlock()
	a := t.activities.get(activityID)
	if a == nil || !a.CanApprove {
		panic("byzantinetest: no activity with this id waits for an approval")
	}
	a.addVote(selection, turnkey.User{UserID: randomID(), UserName: "Approver"}, turnkeyStamp{})
	a.next = nil
	t.enter(a, outcome)
}

// createAuthenticators makes an activity of a request that is new. What makes it the same is its bytes.
func (t *Turnkey) createAuthenticators(stamp turnkeyStamp) (*turnkeyActivity, error) {
	var request turnkey.CreateAuthenticatorsRequest
	if err := t.decode(stamp, &request, &request.OrganizationID); err != nil {
		return nil, err
	}
	digest := sha256.Sum256([]byte(stamp.body))
	fingerprint := "sha256:" + hex.EncodeToString(digest[:])
	for _, a := range t.activities.all {
		if a.Fingerprint == fingerprint {
			return a, nil
		}
	}
	if request.Parameters.UserID != t.organization.UserID {
		return nil, notFound("there is no such user")
	}
	if err := t.checkPasskeys(request.Parameters.Authenticators); err != nil {
		return nil, err
	}
	statuses := []turnkey.ActivityStatus{turnkey.ActivityCompleted}
	if len(t.plays) > 0 {
		statuses, t.plays = t.plays[0], t.plays[1:]
	}
	a := &turnkeyActivity{next: statuses[1:], Activity: turnkey.Activity{
		ID:             randomID(),
		OrganizationID: t.organization.ID,
		Type:           request.Type,
		TimestampMs:    request.TimestampMs,
		Intent:         turnkey.Intent{CreateAuthenticatorsIntentV2: &request.Parameters},
		Fingerprint:    fingerprint,
		CreatedAt:      turnkey.Timestamp{Time: time.Now().UTC()},
	}}
	a.addVote(turnkey.VoteApproved, turnkey.User{UserID: t.organization.UserID, UserName: "Requester"}, stamp)
	t.enter(a, statuses[0])
	t.activities.add(a.ID, a)
	return a, nil
}

// getActivity shows an activity a step further.
func (t *Turnkey) getActivity(stamp turnkeyStamp) (*turnkeyActivity, error) {
	var request turnkey.GetActivityRequest
	if err := t.decode(stamp, &request, &request.OrganizationID); err != nil {
		return nil, err
	}
	a := t.activities.get(request.ActivityID)
	if a == nil {
		return nil, notFound("there is no such activity")
	}
	if len(a.next) > 0 {
		next := a.next[0]
		a.next = a.next[1:]
		t.enter(a, next)
	}
	return a, nil
}

// decode reads a request and checks its form and its organisation.
func (t *Turnkey) decode(stamp turnkeyStamp, request any, organizationID *string) error {
	if err := json.Unmarshal([]byte(stamp.body), request); err != nil {
		return badRequest("cannot read the request: %v", err)
	}
	if err := wire.Check(request); err != nil {
		return badRequest("invalid request: %v", err)
	}
	if *organizationID != t.organization.ID {
		return &turnkeyRefusal{http.StatusNotFound, turnkey.CodeOrganizationNotFound, "there is no such organization"}
	}
	return nil
}

// checkPasskeys refuses what no browser made, and what is registered or on its way to be.
func (t *Turnkey) checkPasskeys(params []byzantine.AuthenticatorParam) error {
	taken := map[string]bool{}
	for _, a := range t.activities.all {
		if a.Status != turnkey.ActivityFailed && a.Status != turnkey.ActivityRejected {
			for _, param := range a.Intent.CreateAuthenticatorsIntentV2.Authenticators {
				taken[param.Attestation.CredentialID] = true
			}
		}
	}
	for i, param := range params {
		credential, err := inspect(param)
		switch {
		case err != nil:
			return badRequest("authenticators[%d]: %v", i, err)
		case taken[credential.ID]:
			return badRequest("authenticators[%d]: the credential is already registered", i)
		}
		taken[credential.ID] = true
	}
	return nil
}

// enter takes an activity into a status, with what belongs to that.
func (t *Turnkey) enter(a *turnkeyActivity, status turnkey.ActivityStatus) {
	waiting := status == turnkey.ActivityConsensusNeeded || status == turnkey.ActivityAuthenticatorsNeeded
	a.Status, a.CanApprove, a.CanReject = status, waiting, waiting
	a.UpdatedAt = turnkey.Timestamp{Time: time.Now().UTC()}
	switch status {
	case turnkey.ActivityCompleted:
		params := a.Intent.CreateAuthenticatorsIntentV2.Authenticators
		result := &turnkey.CreateAuthenticatorsResult{}
		for range params {
			result.AuthenticatorIDs = append(result.AuthenticatorIDs, randomID())
		}
		a.Result.CreateAuthenticatorsResult = result
		t.authenticators = append(t.authenticators, params...)
	case turnkey.ActivityFailed:
		a.Failure = newTurnkeyStatus(13, turnkey.CodeInternal, "the fake was told to fail this activity")
	case turnkey.ActivityRejected:
		a.Failure = newTurnkeyStatus(7, turnkey.CodeRequestNotAuthorized, "somebody has rejected this activity")
	}
}

// addVote adds what somebody thinks of an activity. Asking for it is an approval.
func (a *turnkeyActivity) addVote(selection turnkey.VoteSelection, user turnkey.User, stamp turnkeyStamp) {
	now := turnkey.Timestamp{Time: time.Now().UTC()}
	user.UserTags, user.CreatedAt, user.UpdatedAt = []string{}, a.CreatedAt, a.CreatedAt
	a.Votes = append(a.Votes, turnkey.Vote{
		ID: randomID(), UserID: user.UserID, User: user, ActivityID: a.ID, Selection: selection,
		Message: stamp.body, PublicKey: stamp.publicKey, Signature: stamp.signature, Scheme: turnkeyScheme,
		CreatedAt: now,
	})
}

// nest is the answer with most of the activity inside its own result.
func (a *turnkeyActivity) nest() any {
	return map[string]any{"activity": map[string]any{
		"id": a.ID, "status": a.Status, "type": a.Type, "organizationId": a.OrganizationID, "timestampMs": a.TimestampMs,
		"result": map[string]any{"activity": a.Activity},
	}}
}

func randomID() string {
	var b [16]byte
	cryptorand.Read(b[:])
	return uuidOf(b, 4)
}
