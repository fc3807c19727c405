package byzantine

import (
	"fmt"
	"slices"

	"github.com/byzantine-finance/byzantine-go/internal/wire"
)

// DocumentType is the kind of a verification document, of a person or of an entity: the two lists share
// [DocumentProofOfAddress] and [DocumentOther]. Values that are not listed here pass through.
type DocumentType string

// The documents of persons.
const (
	DocumentPassport        DocumentType = "passport"          // needs a document number
	DocumentNationalIDFront DocumentType = "national_id_front" // needs a document number
	DocumentNationalIDBack  DocumentType = "national_id_back"  // needs a document number, and the front beside it
)

// The documents of persons and entities.
const (
	DocumentProofOfAddress DocumentType = "proof_of_address" // at most three months old
	DocumentOther          DocumentType = "other"            // needs a description
)

// The documents of entities.
const (
	DocumentDirectorsRegistry     DocumentType = "directors_registry"
	DocumentGoodStandingCert      DocumentType = "good_standing_cert"
	DocumentIncorporationArticles DocumentType = "incorporation_articles"
	DocumentIncorporationCert     DocumentType = "incorporation_cert"
	DocumentIncumbencyCert        DocumentType = "incumbency_cert"
	DocumentInformationStatement  DocumentType = "information_statement"
	DocumentPartnershipAgreement  DocumentType = "partnership_agreement"
	DocumentPowerOfAttorney       DocumentType = "power_of_attorney"
	DocumentShareholderRegistry   DocumentType = "shareholder_registry"
	DocumentSourceOfFunds         DocumentType = "source_of_funds"
	DocumentStateRegistry         DocumentType = "state_registry"
	DocumentTrustAgreement        DocumentType = "trust_agreement"
)

// UserVerificationDocument is a document of a person.
type UserVerificationDocument struct {
	DocumentType DocumentType `json:"documentType"`
	// DocumentNumber is required for a passport and for both sides of a national id.
	DocumentNumber string `json:"documentNumber,omitzero"`
	// Description is required for DocumentOther.
	Description    string      `json:"description,omitzero"`
	IssuingCountry CountryCode `json:"issuingCountry"`
	Document       DataURI     `json:"document"`
}

var _ = wire.Rule(func(d *UserVerificationDocument) error {
	switch d.DocumentType {
	case DocumentPassport, DocumentNationalIDFront, DocumentNationalIDBack:
		if d.DocumentNumber == "" {
			return missingFor(d.DocumentType, "DocumentNumber")
		}
	case DocumentOther:
		if d.Description == "" {
			return missingFor(d.DocumentType, "Description")
		}
	}
	return nil
})

// EntityVerificationDocument is a document of an entity.
type EntityVerificationDocument struct {
	DocumentType DocumentType `json:"documentType"`
	// Description is required for DocumentOther.
	Description    string      `json:"description,omitzero"`
	IssuingCountry CountryCode `json:"issuingCountry"`
	Document       DataURI     `json:"document"`
}

var _ = wire.Rule(func(d *EntityVerificationDocument) error {
	if d.DocumentType == DocumentOther && d.Description == "" {
		return missingFor(d.DocumentType, "Description")
	}
	return nil
})

// VerificationDocument is a document in the API's responses: without its content, which the API never returns.
type VerificationDocument struct {
	DocumentType   DocumentType `json:"documentType"`
	DocumentNumber string       `json:"documentNumber,omitzero"`
	Description    string       `json:"description,omitzero"`
	IssuingCountry string       `json:"issuingCountry"`
	DocumentID     string       `json:"documentId" check:"must"`
	// Warnings says in words what was found with the document.
	Warnings []string `json:"warnings,omitzero"`
	// Errors says in words why the document was rejected.
	Errors []string `json:"errors,omitzero"`
}

// checkFirstDocuments rejects the back of a national id without its front among the documents that come with a new
// person. An update may hold the back alone: the front may be there already.
func checkFirstDocuments(documents []UserVerificationDocument) error {
	is := func(t DocumentType) func(UserVerificationDocument) bool {
		return func(d UserVerificationDocument) bool { return d.DocumentType == t }
	}
	back := slices.IndexFunc(documents, is(DocumentNationalIDBack))
	if back < 0 || slices.ContainsFunc(documents, is(DocumentNationalIDFront)) {
		return nil
	}
	return &wire.FieldError{
		Field:  fmt.Sprintf("VerificationDocuments[%d]", back),
		Reason: "national_id_back needs national_id_front beside it",
	}
}

// missingFor returns the error of a missing field that is required because another field has the value.
func missingFor[T ~string](value T, field string) error {
	return &wire.FieldError{Field: field, Reason: fmt.Sprintf("missing: %s needs it", value)}
}
