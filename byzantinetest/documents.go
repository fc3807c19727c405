package byzantinetest

import (
	"slices"

	"github.com/byzantine-finance/byzantine-go"
)

// file adds documents and returns them as the API's responses show them. One replaces an older one of its type, unless the
// type is other.
func (v *verification) file(documents []byzantine.VerificationDocument) []byzantine.VerificationDocument {
	for _, d := range documents {
		if d.DocumentType != byzantine.DocumentOther {
			v.documents = slices.DeleteFunc(slices.Clone(v.documents), func(old byzantine.VerificationDocument) bool {
				return old.DocumentType == d.DocumentType
			})
		}
		v.documents = append(v.documents, d)
	}
	return documents
}

func (v *verification) has(t byzantine.DocumentType) bool {
	return slices.ContainsFunc(v.documents, func(d byzantine.VerificationDocument) bool { return d.DocumentType == t })
}

// userDocuments gives documents of a person their ids. No response returns the content, so it is dropped.
func (w *world) userDocuments(documents []byzantine.UserVerificationDocument) []byzantine.VerificationDocument {
	var views []byzantine.VerificationDocument
	for _, d := range documents {
		views = append(views, byzantine.VerificationDocument{
			DocumentType: d.DocumentType, DocumentNumber: d.DocumentNumber, Description: d.Description,
			IssuingCountry: string(d.IssuingCountry), DocumentID: w.newID(),
		})
	}
	return views
}

// entityDocuments gives documents of an entity their ids, as userDocuments does.
func (w *world) entityDocuments(documents []byzantine.EntityVerificationDocument) []byzantine.VerificationDocument {
	var views []byzantine.VerificationDocument
	for _, d := range documents {
		views = append(views, byzantine.VerificationDocument{
			DocumentType: d.DocumentType, Description: d.Description,
			IssuingCountry: string(d.IssuingCountry), DocumentID: w.newID(),
		})
	}
	return views
}

// checkBackOfID rejects the back of a national id whose front is neither sent along nor known.
func (v *verification) checkBackOfID(sent []byzantine.UserVerificationDocument) error {
	is := func(t byzantine.DocumentType) func(byzantine.UserVerificationDocument) bool {
		return func(d byzantine.UserVerificationDocument) bool { return d.DocumentType == t }
	}
	if slices.ContainsFunc(sent, is(byzantine.DocumentNationalIDBack)) &&
		!slices.ContainsFunc(sent, is(byzantine.DocumentNationalIDFront)) && !v.has(byzantine.DocumentNationalIDFront) {
		return badRequest("verificationDocuments: national_id_back needs national_id_front")
	}
	return nil
}

// missing is what the verification of a person still needs.
func (u *user) missing() []string {
	var missing []string
	front, back := u.has(byzantine.DocumentNationalIDFront), u.has(byzantine.DocumentNationalIDBack)
	switch {
	case u.has(byzantine.DocumentPassport), front && back:
	case front:
		missing = append(missing, "national_id_back")
	default:
		missing = append(missing, "passport, or national_id_front and national_id_back")
	}
	if !u.has(byzantine.DocumentProofOfAddress) {
		missing = append(missing, "proof_of_address")
	}
	if livesInUS(u.info) && u.info.SocialSecurityNumber == "" {
		missing = append(missing, "socialSecurityNumber")
	}
	return missing
}

func livesInUS(info byzantine.UserInfo) bool {
	return info.ResidentialAddress != nil && info.ResidentialAddress.Country == "USA"
}

// missingDocuments is what the verification of an entity still needs of documents.
func (e *entity) missingDocuments() []string {
	var missing []string
	for _, t := range []byzantine.DocumentType{
		byzantine.DocumentIncorporationCert, byzantine.DocumentShareholderRegistry, byzantine.DocumentProofOfAddress,
	} {
		if !e.has(t) {
			missing = append(missing, string(t))
		}
	}
	return missing
}

// missingData is what the verification of an entity still needs to know.
func (e *entity) missingData() []string {
	var missing []string
	for _, need := range []struct {
		member string
		known  bool
	}{
		{"businessType", e.info.BusinessType != ""},
		{"companyNumber", e.info.CompanyNumber != ""},
		{"registeredAddress", e.info.RegisteredAddress != nil},
		{"activityInfo", e.info.ActivityInfo != nil},
		{"financialInfo", e.info.FinancialInfo != nil},
		{"highRiskInfo", e.info.HighRiskInfo != nil},
	} {
		if !need.known {
			missing = append(missing, need.member)
		}
	}
	return missing
}
