package turnkey

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/internal/call"
	"github.com/byzantine-finance/byzantine-go/internal/wire"
)

// BaseURL is Turnkey's API.
const BaseURL = "https://api.turnkey.com"

// Client calls Turnkey for one organisation. It is safe for concurrent use and keeps its connections.
type Client struct {
	organizationID string
	calls          *call.Caller
	authorize      call.Authorize
}

// NewClient returns a client that stamps its requests with signer: a *byzantine.PrivateKey, an HSM or KMS key through
// byzantine.NewSigner, or your own. The signer's public key must be that of an API key of a user of the organisation. A
// key of the parent organisation may read in a sub-organisation, but a write needs a key of the sub-organisation
// itself.
//
// The private key in Turnkey's key files is 64 hexadecimal digits, which byzantine.ParsePrivateKey reads; remove a
// ":p256" at their end.
//
// The options are those of the root package and mean the same: limits, attempts, transport, logging. WithDump is ignored,
// and four others differ in detail. WithBaseURL sets another host than [BaseURL]; Byzantine's own hosts do not work.
// WithAttemptTimeout is, unless set, 30 seconds for a poll of an activity and 3 minutes for a submission. WithClock is the
// clock that timestampMs is read from; a stamp has no time, so nothing corrects a wrong clock. WithMaxAttempts applies to
// each poll separately.
func NewClient(signer byzantine.Signer, organizationID string, opts ...byzantine.Option) (*Client, error) {
	if organizationID == "" {
		return nil, errors.New("turnkey: NewClient: no organisation id")
	}
	stamp, err := stampWith(signer)
	if err != nil {
		return nil, fmt.Errorf("turnkey: NewClient: %w", err)
	}
	calls, err := call.New(BaseURL, opts)
	if err != nil {
		return nil, fmt.Errorf("turnkey: NewClient: %w", err)
	}
	return &Client{organizationID, calls, stamp}, nil
}

// CreateAuthenticators adds passkeys to a user of the organisation and returns the ids that Turnkey gave them, in the
// order of the request. Package passkey makes the authenticators. A transport that Turnkey does not know, such as
// byzantine.TransportUnknown, is rejected with a *byzantine.FieldError. userID is Turnkey's id of the user.
//
// If the activity is not over yet, CreateAuthenticators polls it after 1 second, then after 2 and 4, and then every 5
// seconds, until ctx ends: give ctx a deadline. The error is a *[ConsensusError] if somebody has to approve the
// activity, a *[FailedError] if it failed or was rejected, and an *[UnresolvedError] if the call ended before the
// activity did. After byzantine.ErrOutcomeUnknown check the user's authenticators before you call it again, or use
// [Client.SubmitCreateAuthenticators], which may be called again.
//
// POST /public/v1/submit/create_authenticators, activity type [ActivityTypeCreateAuthenticatorsV2].
func (c *Client) CreateAuthenticators(ctx context.Context, userID string, authenticators []byzantine.AuthenticatorParam) ([]string, error) {
	return c.SubmitCreateAuthenticators(ctx, c.NewCreateAuthenticatorsRequest(userID, authenticators))
}

// NewCreateAuthenticatorsRequest returns the request that [Client.CreateAuthenticators] submits, with the current time
// as its TimestampMs.
func (c *Client) NewCreateAuthenticatorsRequest(userID string, authenticators []byzantine.AuthenticatorParam) *CreateAuthenticatorsRequest {
	return &CreateAuthenticatorsRequest{
		Type:           ActivityTypeCreateAuthenticatorsV2,
		TimestampMs:    strconv.FormatInt(c.calls.Now().UnixMilli(), 10),
		OrganizationID: c.organizationID,
		Parameters:     CreateAuthenticatorsIntentV2{Authenticators: authenticators, UserID: userID},
	}
}

// SubmitCreateAuthenticators is [Client.CreateAuthenticators] with a request that the caller stores. The same request is
// the same activity, however often it is submitted and by whichever process. Use it to retry safely
// after byzantine.ErrOutcomeUnknown or a crash: store the request first, as plain JSON. It is not documented for how long
// Turnkey accepts an old timestampMs.
func (c *Client) SubmitCreateAuthenticators(ctx context.Context, req *CreateAuthenticatorsRequest) ([]string, error) {
	if req == nil {
		req = new(CreateAuthenticatorsRequest)
	}
	if req.OrganizationID != "" && req.OrganizationID != c.organizationID {
		return nil, &byzantine.FieldError{
			Field: "CreateAuthenticatorsRequest.OrganizationID", JSONPath: "organizationId", Reason: "is not the client's",
		}
	}
	activity, err := c.call(ctx, call.Request{Operation: "create_authenticators", Path: "/public/v1/submit/create_authenticators"}, req)
	if err != nil {
		return nil, err
	}
	if activity, err = c.follow(ctx, activity); err != nil {
		return nil, err
	}
	return activity.outcome()
}

// GetActivityRequest names an activity. [Client.GetActivity] fills it in.
type GetActivityRequest struct {
	OrganizationID string `json:"organizationId"`
	ActivityID     string `json:"activityId"`
}

// GetActivity returns the current state of an activity of any type. An activity of another type than
// [ActivityTypeCreateAuthenticatorsV2] comes without its intent and result.
//
// POST /public/v1/query/get_activity. The operation changes nothing, so the errors are never
// byzantine.ErrOutcomeUnknown.
func (c *Client) GetActivity(ctx context.Context, activityID string) (*Activity, error) {
	return c.call(ctx, call.Request{Operation: "get_activity", Path: "/public/v1/query/get_activity", Reads: true},
		&GetActivityRequest{OrganizationID: c.organizationID, ActivityID: activityID})
}

// call makes a call whose response is an activity. The call may be retried: Turnkey uses the SHA-256 of the body as the
// activity's fingerprint, and responds to a body with a known fingerprint with the existing activity. The stamp covers
// only the body and does not expire.
func (c *Client) call(ctx context.Context, r call.Request, request any) (*Activity, error) {
	encoded, err := wire.Encode(r.Path, request)
	if err != nil {
		return nil, (*byzantine.FieldError)(wire.NameField(request, err))
	}
	if r.URL, err = c.calls.URL(encoded.PathAndQuery); err != nil {
		return nil, &byzantine.FieldError{Field: "pathAndQuery", Reason: err.Error()}
	}
	r.Method, r.Body = http.MethodPost, encoded.Body
	r.Repeatable, r.Authorize = true, c.authorize
	x := c.calls.Begin(ctx, r)
	activity, err := activityOf(x, &r)
	x.End(err)
	return activity, err
}

// activityOf sends the request of a call, with its retries, and returns the activity in the response.
func activityOf(x *call.Exchange, r *call.Request) (*Activity, error) {
	if failure := x.Run(); failure != nil {
		return nil, newError(r, failure)
	}
	var response activityResponse
	if _, problem := wire.ReadBody(x.Response().Body, &response, json.Unmarshal); problem != "" {
		return nil, newError(r, x.Rejected(problem))
	}
	return response.Activity, nil
}
