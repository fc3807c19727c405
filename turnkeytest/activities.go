package turnkeytest

import (
	cryptorand "crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/internal/fake"
	"github.com/byzantine-finance/byzantine-go/internal/wire"
	"github.com/byzantine-finance/byzantine-go/turnkey"
)

// activity is an activity as Turnkey's responses show it, and the statuses that it will have next.
type activity struct {
	turnkey.Activity
	next []turnkey.ActivityStatus
}

// Play makes the next new activity go through these statuses: it begins with the first and moves to the next each time that
// it is read. Without Play an activity is completed at once. Each call sets the statuses of one more activity.
func (t *Fake) Play(statuses ...turnkey.ActivityStatus) {
	if len(statuses) == 0 {
		panic("turnkeytest: Play: no status")
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.plays = append(t.plays, slices.Clone(statuses))
}

// Approve completes an activity that waits for somebody's approval, with a vote that is not signed. It panics if no
// activity with the id waits for an approval.
func (t *Fake) Approve(activityID string) {
	t.vote(activityID, turnkey.VoteApproved, turnkey.ActivityCompleted)
}

// Reject ends an activity that waits for somebody's approval, with a vote that is not signed. It panics if no activity
// with the id waits for an approval.
func (t *Fake) Reject(activityID string) {
	t.vote(activityID, turnkey.VoteRejected, turnkey.ActivityRejected)
}

// Authenticators returns the user's passkeys, which are those of completed activities.
func (t *Fake) Authenticators() []byzantine.AuthenticatorParam {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Clone(t.authenticators)
}

func (t *Fake) vote(activityID string, selection turnkey.VoteSelection, outcome turnkey.ActivityStatus) {
	t.mu.Lock()
	defer t.mu.Unlock()
	a := t.activity(activityID)
	if a == nil || !a.CanApprove {
		panic("turnkeytest: no activity with this id waits for an approval")
	}
	a.addVote(selection, turnkey.User{UserID: randomID(), UserName: "Approver"}, stamp{})
	a.next = nil
	t.enter(a, outcome)
}

// createAuthenticators creates the activity of a request. A request with the same bytes as an earlier one gets the
// activity of that one.
func (t *Fake) createAuthenticators(signed stamp) (*activity, *rejection) {
	var request turnkey.CreateAuthenticatorsRequest
	if err := t.decode(signed, &request, &request.OrganizationID); err != nil {
		return nil, err
	}
	digest := sha256.Sum256([]byte(signed.body))
	fingerprint := "sha256:" + hex.EncodeToString(digest[:])
	for _, a := range t.activities {
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
	a := &activity{next: statuses[1:], Activity: turnkey.Activity{
		ID:             randomID(),
		OrganizationID: t.organization.ID,
		Type:           request.Type,
		TimestampMs:    request.TimestampMs,
		Intent:         turnkey.Intent{CreateAuthenticatorsIntentV2: &request.Parameters},
		Fingerprint:    fingerprint,
		CreatedAt:      turnkey.Timestamp{Time: time.Now().UTC()},
	}}
	a.addVote(turnkey.VoteApproved, turnkey.User{UserID: t.organization.UserID, UserName: "Requester"}, signed)
	t.enter(a, statuses[0])
	t.activities = append(t.activities, a)
	return a, nil
}

// getActivity moves an activity to the next status that Play has set, if there is one, and returns it.
func (t *Fake) getActivity(signed stamp) (*activity, *rejection) {
	var request turnkey.GetActivityRequest
	if err := t.decode(signed, &request, &request.OrganizationID); err != nil {
		return nil, err
	}
	a := t.activity(request.ActivityID)
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

// activity returns the activity with an id, nil if there is none.
func (t *Fake) activity(id string) *activity {
	for _, a := range t.activities {
		if a.ID == id {
			return a
		}
	}
	return nil
}

// decode decodes the stamped body into request and checks its form. organizationID points to the request's organisation
// id, which must be the fake's.
func (t *Fake) decode(signed stamp, request any, organizationID *string) *rejection {
	if err := json.Unmarshal([]byte(signed.body), request); err != nil {
		return badRequest("cannot read the request: %v", err)
	}
	if err := wire.Check(request); err != nil {
		if field := (*wire.FieldError)(nil); errors.As(err, &field) {
			err = field.OnTheWire()
		}
		return badRequest("invalid request: %v", err)
	}
	if *organizationID != t.organization.ID {
		return &rejection{http.StatusNotFound, turnkey.CodeOrganizationNotFound, "there is no such organization"}
	}
	return nil
}

// checkPasskeys rejects a passkey that cannot be verified, and one whose credential id is in a completed activity, in
// one that is not over, or twice in this request.
func (t *Fake) checkPasskeys(params []byzantine.AuthenticatorParam) *rejection {
	taken := map[string]bool{}
	for _, a := range t.activities {
		if a.Status != turnkey.ActivityFailed && a.Status != turnkey.ActivityRejected {
			for _, param := range a.Intent.CreateAuthenticatorsIntentV2.Authenticators {
				taken[param.Attestation.CredentialID] = true
			}
		}
	}
	for i, param := range params {
		credential, err := fake.ReadPasskey(param)
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

// enter gives an activity a status, and sets the fields that depend on the status. A completed activity adds its
// passkeys to the user.
func (t *Fake) enter(a *activity, status turnkey.ActivityStatus) {
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
		a.Failure = newStatus(13, turnkey.CodeInternal, "the fake was told to fail this activity")
	case turnkey.ActivityRejected:
		a.Failure = newStatus(7, turnkey.CodeRequestNotAuthorized, "somebody has rejected this activity")
	}
}

// addVote adds a user's vote to an activity. signed is the stamped request of the vote. The request that creates an
// activity is a vote to approve it.
func (a *activity) addVote(selection turnkey.VoteSelection, user turnkey.User, signed stamp) {
	now := turnkey.Timestamp{Time: time.Now().UTC()}
	user.UserTags, user.CreatedAt, user.UpdatedAt = []string{}, a.CreatedAt, a.CreatedAt
	a.Votes = append(a.Votes, turnkey.Vote{
		ID: randomID(), UserID: user.UserID, User: user, ActivityID: a.ID, Selection: selection,
		Message: signed.body, PublicKey: signed.publicKey, Signature: signed.signature, Scheme: apiKeyScheme,
		CreatedAt: now,
	})
}

// nest returns a response in which most of the activity is inside its own result.
func (a *activity) nest() any {
	return map[string]any{"activity": map[string]any{
		"id": a.ID, "status": a.Status, "type": a.Type, "organizationId": a.OrganizationID, "timestampMs": a.TimestampMs,
		"result": map[string]any{"activity": a.Activity},
	}}
}

func randomID() string {
	var b [16]byte
	cryptorand.Read(b[:])
	return fake.UUID(b, 4)
}
