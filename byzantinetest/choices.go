package byzantinetest

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/byzantine-finance/byzantine-go"
)

// The words that the API takes. The client's types let others pass, so that it can keep up with the API; the API itself
// refuses them.
var (
	userDocumentTypes = []byzantine.DocumentType{
		byzantine.DocumentPassport, byzantine.DocumentNationalIDFront, byzantine.DocumentNationalIDBack,
		byzantine.DocumentProofOfAddress, byzantine.DocumentOther,
	}
	entityDocumentTypes = []byzantine.DocumentType{
		byzantine.DocumentProofOfAddress, byzantine.DocumentOther, byzantine.DocumentDirectorsRegistry,
		byzantine.DocumentGoodStandingCert, byzantine.DocumentIncorporationArticles, byzantine.DocumentIncorporationCert,
		byzantine.DocumentIncumbencyCert, byzantine.DocumentInformationStatement, byzantine.DocumentPartnershipAgreement,
		byzantine.DocumentPowerOfAttorney, byzantine.DocumentShareholderRegistry, byzantine.DocumentSourceOfFunds,
		byzantine.DocumentStateRegistry, byzantine.DocumentTrustAgreement,
	}
	employmentStatuses = []byzantine.EmploymentStatus{
		byzantine.Employed, byzantine.Homemaker, byzantine.Retired, byzantine.SelfEmployed, byzantine.Student, byzantine.Unemployed,
	}
	monthlyPayments = []byzantine.ExpectedMonthlyPayments{
		byzantine.MonthlyPayments0To4999, byzantine.MonthlyPayments5000To9999, byzantine.MonthlyPayments10000To49999,
		byzantine.MonthlyPayments50000Plus,
	}
	userFunds = []byzantine.UserSourceOfFunds{
		byzantine.UserFundsCompanyFunds, byzantine.UserFundsEcommerceReseller, byzantine.UserFundsGamblingProceeds,
		byzantine.UserFundsGifts, byzantine.UserFundsGovernmentBenefits, byzantine.UserFundsInheritance,
		byzantine.UserFundsInvestmentsLoans, byzantine.UserFundsPensionRetirement, byzantine.UserFundsSalary,
		byzantine.UserFundsSaleOfAssetsRealEstate, byzantine.UserFundsSavings, byzantine.UserFundsSomeoneElsesFunds,
	}
	businessTypes = []byzantine.BusinessType{
		byzantine.BusinessCooperative, byzantine.BusinessCorporation, byzantine.BusinessLLC, byzantine.BusinessOther,
		byzantine.BusinessPartnership, byzantine.BusinessSoleProp, byzantine.BusinessTrust,
	}
	entityFunds = []byzantine.EntitySourceOfFunds{
		byzantine.EntityFundsBusinessLoans, byzantine.EntityFundsGrants, byzantine.EntityFundsInterCompanyFunds,
		byzantine.EntityFundsInvestmentProceeds, byzantine.EntityFundsLegalSettlement, byzantine.EntityFundsOwnersCapital,
		byzantine.EntityFundsPensionRetirement, byzantine.EntityFundsSaleOfAssets, byzantine.EntityFundsSalesOfGoodsAndServices,
		byzantine.EntityFundsTaxRefund, byzantine.EntityFundsThirdPartyFunds, byzantine.EntityFundsTreasuryReserves,
	}
	annualRevenues = []byzantine.EstimatedAnnualRevenue{
		byzantine.AnnualRevenue0To99999, byzantine.AnnualRevenue100000To999999, byzantine.AnnualRevenue1000000To9999999,
		byzantine.AnnualRevenue10000000To49999999, byzantine.AnnualRevenue50000000To249999999, byzantine.AnnualRevenue250000000Plus,
	}
	highRiskActivities = []byzantine.HighRiskActivity{
		byzantine.HighRiskAdultEntertainment, byzantine.HighRiskGambling, byzantine.HighRiskHoldClientFunds,
		byzantine.HighRiskInvestmentServices, byzantine.HighRiskLendingBanking, byzantine.HighRiskMarijuanaOrRelatedServices,
		byzantine.HighRiskMoneyServices, byzantine.HighRiskNicotineOrTobacco, byzantine.HighRiskForeignExchangeOrOTC,
		byzantine.HighRiskPharmaceuticals, byzantine.HighRiskPreciousMetalsOrJewelry, byzantine.HighRiskSafeDepositBoxRentals,
		byzantine.HighRiskThirdPartyPaymentProcessing, byzantine.HighRiskWeaponsFirearmsAndExplosives, byzantine.HighRiskNoneOfTheAbove,
	}
	beneficiaryTypes = []byzantine.BeneficiaryType{byzantine.BeneficiaryUBO, byzantine.BeneficiaryRepresentative}
	// Nobody is made a beneficiary or self-custodial by a change of roles.
	assignableRoles = []byzantine.AccountUserRole{byzantine.RoleRoot, byzantine.RoleAdmin, byzantine.RoleView}
)

func checkChoice[T ~string](member string, value T, choices []T) error {
	if slices.Contains(choices, value) {
		return nil
	}
	var words []string
	for _, c := range choices {
		words = append(words, string(c))
	}
	return badRequest("%s: must be one of %s", member, strings.Join(words, ", "))
}

func checkUserDocuments(documents []byzantine.UserVerificationDocument) error {
	for i, d := range documents {
		if err := checkChoice(fmt.Sprintf("verificationDocuments[%d].documentType", i), d.DocumentType, userDocumentTypes); err != nil {
			return err
		}
	}
	return nil
}

func checkEntityDocuments(documents []byzantine.EntityVerificationDocument) error {
	for i, d := range documents {
		if err := checkChoice(fmt.Sprintf("entityDocuments[%d].documentType", i), d.DocumentType, entityDocumentTypes); err != nil {
			return err
		}
	}
	return nil
}

func checkAdditionalUserInfo(info *byzantine.AdditionalUserInfo) error {
	if info == nil {
		return nil
	}
	return cmp.Or(
		checkChoice("additionalUserInfo.employmentStatus", info.EmploymentStatus, employmentStatuses),
		checkChoice("additionalUserInfo.expectedMonthlyPaymentsUsd", info.ExpectedMonthlyPaymentsUSD, monthlyPayments),
		checkChoice("additionalUserInfo.sourceOfFunds", info.SourceOfFunds, userFunds),
	)
}

// checkEntityInfo looks at the parts of an entity's data that hold such words, in a new entity and in an update.
func checkEntityInfo(businessType *byzantine.BusinessType, money *byzantine.FinancialInfo, risk *byzantine.HighRiskInfo) error {
	if businessType != nil {
		if err := checkChoice("entityInfo.businessType", *businessType, businessTypes); err != nil {
			return err
		}
	}
	if money != nil {
		err := cmp.Or(
			checkChoice("entityInfo.financialInfo.sourceOfFunds", money.SourceOfFunds, entityFunds),
			checkChoice("entityInfo.financialInfo.estimatedAnnualRevenueUsd", money.EstimatedAnnualRevenueUSD, annualRevenues),
		)
		if err != nil {
			return err
		}
	}
	if risk != nil && risk.HighRiskActivities != nil {
		return checkChoice("entityInfo.highRiskInfo.highRiskActivities", *risk.HighRiskActivities, highRiskActivities)
	}
	return nil
}
