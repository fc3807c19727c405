package byzantine

import (
	"context"
	"fmt"
	"strings"

	"github.com/byzantine-finance/byzantine-go/internal/call"
	"github.com/byzantine-finance/byzantine-go/internal/options"
)

// PayloadMismatchError says that the API returned a payload that orders something else than the request, or whose
// content cannot be understood. It comes from the Get...PayloadPasskey methods, in place of a payload that must not be
// signed. The response was a success; the draft that it belongs to moves nothing. Its text quotes nothing of the
// payload but the activity type.
type PayloadMismatchError struct {
	Operation OperationID // [OpGetDepositPayloadPasskey], ...
	Field     string      // what does not match, by its path in the response: "bodyToSign.organizationId"
	Reason    string
}

func (e *PayloadMismatchError) Error() string {
	return fmt.Sprintf("byzantine: %s: the payload is not what was asked for: %s: %s", e.Operation, e.Field, e.Reason)
}

// expectation is what the payload that a request asks for must hold.
type expectation struct {
	chain     ChainID // the chain to submit the payload on; 0 if the request names none
	activity  ActivityType
	accountID string    // empty if the request names none
	users     []Invitee // of an invitation
}

// fetchPayload calls a route whose response is a payload, and compares the payload with the request. A difference is a
// *PayloadMismatchError.
func fetchPayload[Req any, P interface {
	*Req
	expects() expectation
}](ctx context.Context, c *Client, r route[Req, Payload], req P, opts []CallOption) (*Payload, error) {
	payload, err := r.call(ctx, c, req, opts)
	if err != nil {
		return nil, err
	}
	var set callSettings
	_ = options.Apply(&set, opts) // the call was made with them
	expected := req.expects()
	if set.foreignOrganization {
		expected.accountID = ""
	}
	if field, reason := expected.compare(payload); reason != "" {
		return nil, &PayloadMismatchError{Operation: r.op.ID, Field: field, Reason: reason}
	}
	payload.ChainID, payload.Operation = expected.chain, r.op.ID
	return payload, nil
}

// compare returns the first field of the payload that is not as expected, and why. reason is "" if there is none.
func (e expectation) compare(payload *Payload) (field, reason string) {
	activity, err := payload.Activity()
	switch {
	case err != nil:
		return "bodyToSign", strings.TrimPrefix(err.Error(), "byzantine: payload: ")
	case activity.Type != e.activity:
		return "bodyToSign.type", fmt.Sprintf("is %s, not %s", call.Printable(string(activity.Type)), e.activity)
	case e.accountID != "" && !strings.EqualFold(activity.OrganizationID, e.accountID):
		return "bodyToSign.organizationId", "is not the account id of the request (WithForeignOrganization takes it)"
	case activity.CreateUsers == nil:
		return "", ""
	}
	added, path := activity.CreateUsers.Users, "bodyToSign.parameters.users"
	if len(added) != len(e.users) {
		return path, fmt.Sprintf("%d users in place of %d", len(added), len(e.users))
	}
	asked := map[[2]string]int{}
	for _, user := range e.users {
		asked[identity(user.FirstName+" "+user.LastName, user.UserEmail)]++
	}
	for i, user := range added {
		path := fmt.Sprintf("%s[%d]", path, i)
		who := identity(user.UserName, user.UserEmail)
		switch asked[who]--; {
		case asked[who] < 0:
			return path, "is not one of the users of the request"
		case len(user.APIKeys) > 0:
			return path + ".apiKeys", "must be empty"
		case len(user.Authenticators) > 0:
			return path + ".authenticators", "must be empty"
		case len(user.OAuthProviders) > 0:
			return path + ".oauthProviders", "must be empty"
		case len(user.UserTags) > 0: // policies can give rights to a tag
			return path + ".userTags", "must be empty"
		case user.UserPhoneNumber != "":
			return path + ".userPhoneNumber", "must be empty"
		}
	}
	return "", ""
}

// identity returns a name and an e-mail address in a form that can be compared: without extra blanks in the name, and
// with the address in lower case.
func identity(name, email string) [2]string {
	return [2]string{strings.Join(strings.Fields(name), " "), strings.ToLower(strings.TrimSpace(email))}
}
