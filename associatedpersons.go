package byzantine

import (
	"context"
	"slices"

	"github.com/byzantine-finance/byzantine-go/internal/wire"
)

// BeneficiaryType is what makes a person an associated person of an entity. One person can be both. Values that are not
// listed here pass through.
type BeneficiaryType string

// The beneficiary types.
const (
	BeneficiaryUBO            BeneficiaryType = "ubo"            // owns more than 25 %; needs an ownership percentage
	BeneficiaryRepresentative BeneficiaryType = "representative" // acts for the entity; needs a title
)

// BeneficiaryDetails is what an associated person is to their entity.
type BeneficiaryDetails struct {
	// BeneficiaryType is one of the two types, or both.
	BeneficiaryType []BeneficiaryType `json:"beneficiaryType" check:"min=1"`
	// Title is the person's function in the entity. It is required for BeneficiaryRepresentative.
	Title string `json:"title,omitzero"`
	// OwnershipPercentage is from 0 to 100. It is required for BeneficiaryUBO.
	OwnershipPercentage *float64 `json:"ownershipPercentage,omitzero"`
}

var _ = wire.Rule(func(d *BeneficiaryDetails) error {
	switch {
	case slices.Contains(d.BeneficiaryType, BeneficiaryUBO) && d.OwnershipPercentage == nil:
		return missingFor(BeneficiaryUBO, "OwnershipPercentage")
	case slices.Contains(d.BeneficiaryType, BeneficiaryRepresentative) && d.Title == "":
		return missingFor(BeneficiaryRepresentative, "Title")
	}
	return nil
})

// BeneficiaryDetailsUpdate is a change to what an associated person is to their entity. A field that is nil stays as it
// is.
type BeneficiaryDetailsUpdate struct {
	BeneficiaryType []BeneficiaryType `json:"beneficiaryType,omitzero"`
	Title           *string           `json:"title,omitzero"`
	// OwnershipPercentage is from 0 to 100.
	OwnershipPercentage *float64 `json:"ownershipPercentage,omitzero"`
}

// AssociatedPersonParam is an owner or a representative of an entity, to be verified along with it. The back of a
// national id must come with its front.
type AssociatedPersonParam struct {
	UserInfo              UserInfo                   `json:"userInfo"`
	BeneficiaryDetails    BeneficiaryDetails         `json:"beneficiaryDetails"`
	VerificationDocuments []UserVerificationDocument `json:"verificationDocuments,omitzero"`
}

var _ = wire.Rule(func(p *AssociatedPersonParam) error { return checkFirstDocuments(p.VerificationDocuments) })

// AssociatedPersonUpdate is a change to an associated person; fields that are nil stay as they are.
type AssociatedPersonUpdate struct {
	UserInfo              *UserInfoUpdate            `json:"userInfo,omitzero"`
	BeneficiaryDetails    *BeneficiaryDetailsUpdate  `json:"beneficiaryDetails,omitzero"`
	VerificationDocuments []UserVerificationDocument `json:"verificationDocuments,omitzero"`
}

// AssociatedPerson is an owner or a representative of an entity.
type AssociatedPerson struct {
	// BeneficiaryID is the UUID by which the other operations name the person. It is not a user id.
	BeneficiaryID         string                 `json:"beneficiaryId" check:"must"`
	VerificationStatus    VerificationStatus     `json:"verificationStatus"`
	UserInfo              UserInfo               `json:"userInfo"`
	BeneficiaryDetails    BeneficiaryDetails     `json:"beneficiaryDetails"`
	VerificationDocuments []VerificationDocument `json:"verificationDocuments,omitzero"`
	// MissingDocuments is what the verification still needs, in words; nil if nothing.
	MissingDocuments []string `json:"missingDocuments,omitzero"`
}

// GetAssociatedPersonDetailsRequest names an associated person. [Client.GetAssociatedPersonDetails] fills it in from its argument.
type GetAssociatedPersonDetailsRequest struct {
	BeneficiaryID string `json:"-" query:"beneficiaryId" check:"uuid"`
}

// GetAssociatedPersonDetails returns an associated person with their data and documents.
//
// Operation get_associated_person_details. [ErrNotFound] if there is no such person, or not in an entity of yours.
func (c *Client) GetAssociatedPersonDetails(ctx context.Context, beneficiaryID string, opts ...CallOption) (*AssociatedPerson, error) {
	return getAssociatedPersonDetails.call(ctx, c, &GetAssociatedPersonDetailsRequest{BeneficiaryID: beneficiaryID}, opts)
}

// AddAssociatedPersonRequest adds a person to an entity.
type AddAssociatedPersonRequest struct {
	// AccountID is the UUID of the entity's account.
	AccountID        string                `json:"accountId" check:"uuid"`
	AssociatedPerson AssociatedPersonParam `json:"associatedPerson"`
}

// AddAssociatedPerson adds an owner or a representative to an entity and starts their verification. It takes up to 90
// seconds, which the default timeouts allow.
//
// Operation add_associated_person. [ErrNotFound] if there is no such account. After [ErrOutcomeUnknown] check with
// [Client.GetEntityDetails] whether the person is there.
func (c *Client) AddAssociatedPerson(ctx context.Context, req *AddAssociatedPersonRequest, opts ...CallOption) (*AssociatedPerson, error) {
	return addAssociatedPerson.call(ctx, c, req, opts)
}

// UpdateAssociatedPersonRequest adds to a person's data or changes them.
type UpdateAssociatedPersonRequest struct {
	BeneficiaryID    string                 `json:"beneficiaryId" check:"uuid"`
	AssociatedPerson AssociatedPersonUpdate `json:"associatedPerson"`
}

// UpdateAssociatedPersonResponse is what was changed, and how far the verification is.
type UpdateAssociatedPersonResponse struct {
	BeneficiaryID         string                    `json:"beneficiaryId" check:"must"` // UUID
	VerificationStatus    VerificationStatus        `json:"verificationStatus"`
	UserInfo              *UserInfoUpdate           `json:"userInfo,omitzero"`
	BeneficiaryDetails    *BeneficiaryDetailsUpdate `json:"beneficiaryDetails,omitzero"`
	VerificationDocuments []VerificationDocument    `json:"verificationDocuments,omitzero"`
	// MissingDocuments is what the verification still needs, in words; nil if nothing.
	MissingDocuments []string `json:"missingDocuments,omitzero"`
}

// UpdateAssociatedPerson sends more of a person's data and documents, all at once or bit by bit. The response repeats
// only what was sent. It takes up to 90 seconds, which the default timeouts allow.
//
// Operation update_associated_person. [ErrNotFound] if there is no such person. After [ErrOutcomeUnknown] read the
// person with [Client.GetAssociatedPersonDetails]; the same update can be sent again.
func (c *Client) UpdateAssociatedPerson(ctx context.Context, req *UpdateAssociatedPersonRequest, opts ...CallOption) (*UpdateAssociatedPersonResponse, error) {
	return updateAssociatedPerson.call(ctx, c, req, opts)
}
