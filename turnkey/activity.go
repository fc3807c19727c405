package turnkey

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/internal/errtext"
	"github.com/byzantine-finance/byzantine-go/internal/wire"
)

// ActivityType says what an activity does. Values that are not listed here pass through.
type ActivityType string

// ActivityTypeCreateAuthenticatorsV2 adds authenticators to a user.
const ActivityTypeCreateAuthenticatorsV2 ActivityType = "ACTIVITY_TYPE_CREATE_AUTHENTICATORS_V2"

// ActivityStatus says how far an activity is. Values that are not listed here pass through.
type ActivityStatus string

// The statuses.
const (
	ActivityCreated              ActivityStatus = "ACTIVITY_STATUS_CREATED" // progresses automatically
	ActivityPending              ActivityStatus = "ACTIVITY_STATUS_PENDING" // progresses automatically
	ActivityCompleted            ActivityStatus = "ACTIVITY_STATUS_COMPLETED"
	ActivityFailed               ActivityStatus = "ACTIVITY_STATUS_FAILED"
	ActivityRejected             ActivityStatus = "ACTIVITY_STATUS_REJECTED"
	ActivityConsensusNeeded      ActivityStatus = "ACTIVITY_STATUS_CONSENSUS_NEEDED"      // somebody has to approve it
	ActivityAuthenticatorsNeeded ActivityStatus = "ACTIVITY_STATUS_AUTHENTICATORS_NEEDED" // somebody has to approve it with a passkey
)

// Activity is a request to Turnkey together with its status and its result.
type Activity struct {
	ID             string         `json:"id"`
	OrganizationID string         `json:"organizationId"`
	Status         ActivityStatus `json:"status"`
	Type           ActivityType   `json:"type"`
	TimestampMs    string         `json:"timestampMs,omitzero"` // timestampMs of the request; not in every response
	Intent         Intent         `json:"intent"`
	Result         Result         `json:"result"`
	Votes          []Vote         `json:"votes"`
	AppProofs      []AppProof     `json:"appProofs,omitzero"`
	// Fingerprint identifies the activity in approvals: a hash of the request's body.
	Fingerprint string    `json:"fingerprint"`
	CanApprove  bool      `json:"canApprove"` // whether the user whose key stamped this request may approve it
	CanReject   bool      `json:"canReject"`
	CreatedAt   Timestamp `json:"createdAt"`
	UpdatedAt   Timestamp `json:"updatedAt"`
	Failure     *Status   `json:"failure,omitzero"` // why the activity failed; nil if it did not, or if Turnkey does not say why
}

// UnmarshalJSON reads an activity in both shapes that are documented: with its fields side by side, and with most of
// them in another activity inside its result.
func (a *Activity) UnmarshalJSON(data []byte) error { return errtext.In("turnkey", a.read(data)) }

func (a *Activity) read(data []byte) error {
	type flat Activity
	var outer flat
	var nested struct {
		Result struct {
			Activity flat `json:"activity"`
		} `json:"result"`
	}
	if err := json.Unmarshal(data, &outer); err != nil {
		return err
	}
	if err := json.Unmarshal(data, &nested); err != nil {
		return err
	}
	// A field that is missing or zero in the outer activity gets the value of the inner one.
	to, from := reflect.ValueOf(&outer).Elem(), reflect.ValueOf(nested.Result.Activity)
	for i := range to.NumField() {
		if to.Field(i).IsZero() {
			to.Field(i).Set(from.Field(i))
		}
	}
	*a = Activity(outer)
	return nil
}

// AuthenticatorIDs returns the ids of the authenticators that the activity has created, nil if it has none. They are
// Turnkey's own, not WebAuthn credential ids.
func (a *Activity) AuthenticatorIDs() []string {
	if a.Result.CreateAuthenticatorsResult == nil {
		return nil
	}
	return a.Result.CreateAuthenticatorsResult.AuthenticatorIDs
}

// describe returns the id and the status of the activity for an error, quoted because the texts come from Turnkey.
func (a *Activity) describe() string {
	if a == nil { // in an error that a user's test has made
		return "no activity"
	}
	return fmt.Sprintf("activity %.100q is %.100q", a.ID, a.Status)
}

// Intent is what an activity is to do. Which field is set depends on the activity's type. None is set for a type for
// which this package has no request.
type Intent struct {
	CreateAuthenticatorsIntentV2 *CreateAuthenticatorsIntentV2 `json:"createAuthenticatorsIntentV2,omitzero"`
}

// Result is what an activity has done. No field is set before the activity is completed.
type Result struct {
	CreateAuthenticatorsResult *CreateAuthenticatorsResult `json:"createAuthenticatorsResult,omitzero"`
}

// CreateAuthenticatorsResult has the ids of new authenticators.
type CreateAuthenticatorsResult struct {
	AuthenticatorIDs []string `json:"authenticatorIds"` // in the order of the request
}

// VoteSelection says how somebody voted. Values that are not listed here pass through.
type VoteSelection string

// The selections.
const (
	VoteApproved VoteSelection = "VOTE_SELECTION_APPROVED"
	VoteRejected VoteSelection = "VOTE_SELECTION_REJECTED"
)

// Vote is a user's approval or rejection of an activity. The request for an activity counts as its sender's approval.
type Vote struct {
	ID         string        `json:"id"`
	UserID     string        `json:"userId"`
	User       User          `json:"user"`
	ActivityID string        `json:"activityId"`
	Selection  VoteSelection `json:"selection"`
	Message    string        `json:"message"` // the text that the voter signed
	PublicKey  string        `json:"publicKey"`
	Signature  string        `json:"signature"`
	Scheme     string        `json:"scheme"` // of the signature
	CreatedAt  Timestamp     `json:"createdAt"`
}

// User is somebody in the organisation. Their keys and authenticators, which Turnkey lists as well, are left out.
type User struct {
	UserID          string    `json:"userId"`
	UserName        string    `json:"userName"`
	UserEmail       string    `json:"userEmail,omitzero"`
	UserPhoneNumber string    `json:"userPhoneNumber,omitzero"`
	UserTags        []string  `json:"userTags"` // ids of tags
	CreatedAt       Timestamp `json:"createdAt"`
	UpdatedAt       Timestamp `json:"updatedAt"`
}

// AppProof is a signed statement of Turnkey's enclave on what it did. This package does not verify it.
type AppProof struct {
	Scheme       string `json:"scheme"`
	PublicKey    string `json:"publicKey"` // ephemeral
	ProofPayload string `json:"proofPayload"`
	Signature    string `json:"signature"`
}

// CreateAuthenticatorsRequest requests new authenticators. [Client.NewCreateAuthenticatorsRequest] returns one.
type CreateAuthenticatorsRequest struct {
	Type           ActivityType                 `json:"type"`        // ActivityTypeCreateAuthenticatorsV2
	TimestampMs    string                       `json:"timestampMs"` // Unix milliseconds, decimal; part of the identity
	OrganizationID string                       `json:"organizationId"`
	Parameters     CreateAuthenticatorsIntentV2 `json:"parameters"`
	// GenerateAppProofs requests AppProofs in the activity.
	GenerateAppProofs *bool `json:"generateAppProofs,omitzero"`
}

// Only one type is valid, because this package could not read the result of another one.
var _ = wire.Rule(func(r *CreateAuthenticatorsRequest) error {
	switch {
	case r.Type != ActivityTypeCreateAuthenticatorsV2:
		return &wire.FieldError{Field: "Type", Reason: "must be " + string(ActivityTypeCreateAuthenticatorsV2)}
	case strings.Trim(r.TimestampMs, "0123456789") != "":
		return &wire.FieldError{Field: "TimestampMs", Reason: "must be Unix milliseconds, decimal"}
	}
	return nil
})

// CreateAuthenticatorsIntentV2 has the passkeys to add and the user to whom they are added.
type CreateAuthenticatorsIntentV2 struct {
	// Authenticators are the passkeys, at least one. Package passkey makes them from what a browser sent.
	Authenticators []byzantine.AuthenticatorParam `json:"authenticators" check:"min=1"`
	UserID         string                         `json:"userId"`
}

// transports are the transports that Turnkey knows: all of Byzantine's except for byzantine.TransportUnknown.
var transports = []byzantine.AuthenticatorTransport{
	byzantine.TransportBLE, byzantine.TransportInternal, byzantine.TransportNFC, byzantine.TransportUSB, byzantine.TransportHybrid,
}

var _ = wire.Rule(func(p *CreateAuthenticatorsIntentV2) error {
	for i, authenticator := range p.Authenticators {
		for j, transport := range authenticator.Attestation.Transports {
			if !slices.Contains(transports, transport) {
				return &wire.FieldError{
					Field:  fmt.Sprintf("Authenticators[%d].Attestation.Transports[%d]", i, j),
					Reason: "Turnkey has no such value: leave it out, the list may be empty",
				}
			}
		}
	}
	return nil
})

// activityResponse is the response of create_authenticators and of get_activity.
type activityResponse struct{ Activity *Activity }

// UnmarshalJSON reads the activity. It is an error if there is none, or if it has no id or no status.
func (r *activityResponse) UnmarshalJSON(data []byte) error {
	var response struct {
		Activity Activity `json:"activity"`
	}
	if err := json.Unmarshal(data, &response); err != nil {
		return err
	}
	if response.Activity.ID == "" || response.Activity.Status == "" {
		return &wire.FieldError{Field: "Activity", JSONPath: "activity", Reason: "there is no activity in it, or one without id or status"}
	}
	r.Activity = &response.Activity
	return nil
}
