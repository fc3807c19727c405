package byzantinetest

import (
	"slices"

	"github.com/byzantine-finance/byzantine-go"
)

var roleHandlers = map[byzantine.OperationID]handler{
	byzantine.OpGetUpdateUsersRolePayloadPasskey: on(201, (*world).updateUsersRolePayload),
	byzantine.OpUpdateUsersRole:                  on(200, (*world).updateUsersRole),
}

// quorumThreshold is how many root users have to sign: any one of them.
const quorumThreshold = 1

func (w *world) updateUsersRolePayload(req *byzantine.GetUpdateUsersRolePayloadPasskeyRequest) (*payloadResponse, error) {
	a, err := w.proposalAccount(req.AccountID)
	if err != nil {
		return nil, err
	}
	if err := checkChoice("role", req.Role, assignableRoles); err != nil {
		return nil, err
	}
	for n, id := range req.UserIDs {
		if a.member(id) == nil {
			return nil, badRequest("userIds[%d]: not a user of the account", n)
		}
	}
	quorum := a.quorumAfter(req)
	if len(quorum) == 0 {
		return nil, badRequest("the account would have no root user left")
	}
	parameters := byzantine.UpdateRootQuorumParams{Threshold: quorumThreshold, UserIDs: quorum}
	return w.propose(&proposal{account: a, roles: req, quorum: quorum}, byzantine.ActivityUpdateRootQuorum, parameters)
}

// quorumAfter is the ids of who will be root users after a change of roles.
func (a *account) quorumAfter(change *byzantine.GetUpdateUsersRolePayloadPasskeyRequest) []string {
	var quorum []string
	for _, m := range a.members {
		role := m.role
		if slices.Contains(change.UserIDs, m.user.id) {
			role = change.Role
		}
		if role == byzantine.RoleRoot {
			quorum = append(quorum, m.user.id)
		}
	}
	return quorum
}

func (w *world) updateUsersRole(req *byzantine.UpdateUsersRoleRequest) (*byzantine.RootQuorum, error) {
	p, _, err := w.signedProposal(req.SignedPayload)
	switch {
	case err != nil:
		return nil, err
	case p.roles == nil:
		return nil, badRequest("signedBody: not the payload of a change of roles")
	case !slices.Equal(p.quorum, p.account.quorumAfter(p.roles)):
		return nil, badRequest("signedBody: the account's root users have changed since the payload was made")
	}
	w.proposals.remove(p.body)
	for _, id := range p.roles.UserIDs {
		p.account.member(id).role = p.roles.Role
	}
	return &byzantine.RootQuorum{AccountID: p.account.id, Threshold: quorumThreshold, RootUserIDs: p.quorum}, nil
}
