package byzantinetest

import (
	"bytes"
	"encoding/json"
	"time"

	"github.com/byzantine-finance/byzantine-go"
)

// proposal is an invitation or a change of roles that waits for a signature. One of the two requests is set.
type proposal struct {
	body       string // what is to be signed
	expires    time.Time
	account    *account
	invitation *byzantine.GetInviteUsersPayloadPasskeyRequest
	roles      *byzantine.GetUpdateUsersRolePayloadPasskeyRequest
	quorum     []string // the ids of the root users after the change of roles, as they stand in the payload
}

func (p *proposal) expiry() time.Time { return p.expires }

// proposalAccount finds the account of a proposal. Without a wallet of the key provider's there is no one to sign.
func (w *world) proposalAccount(id string) (*account, error) {
	a, err := w.ownAccount(id)
	if err == nil && a.selfCustodial {
		err = badRequest("the account is self-custodial: it has no root users")
	}
	if err != nil {
		return nil, err
	}
	return a, nil
}

// propose makes the payload of a proposal.
func (w *world) propose(p *proposal, activity byzantine.ActivityType, parameters any) (*payloadResponse, error) {
	body, err := w.newActivity(activity, p.account.id, parameters)
	if err != nil {
		return nil, err
	}
	p.body, p.expires = string(body), w.clock.now().Add(payloadLifetime)
	w.proposals.add(w.clock.now(), p.body, p)
	return &payloadResponse{BodyToSign: body}, nil
}

// signedProposal finds the proposal that was signed, and the signer. The caller removes it when it is carried out.
func (w *world) signedProposal(signed byzantine.SignedPayload) (*proposal, *user, error) {
	var body bytes.Buffer
	if err := json.Compact(&body, signed.SignedBody); err != nil {
		return nil, nil, badRequest("signedBody: not JSON")
	}
	p := w.proposals.get(body.String())
	switch {
	case p == nil:
		return nil, nil, badRequest("signedBody: not a payload of this API that is still to be signed")
	case !w.clock.now().Before(p.expires):
		return nil, nil, badRequest("signedBody: the payload has expired")
	}
	signer, err := w.verifyStamp(p.account, body.Bytes(), signed.WebAuthnStamp)
	return p, signer, err
}
