package byzantinetest

import (
	"slices"
	"strings"

	"github.com/byzantine-finance/byzantine-go"
)

// accountRoles are all roles that a user can have in an account.
var accountRoles = []byzantine.AccountUserRole{byzantine.RoleRoot, byzantine.RoleAdmin, byzantine.RoleView, byzantine.RoleSelfCustodial, byzantine.RoleBeneficiary}

// assignableRoles are those that a change of roles can give: a change cannot make a user a beneficiary or self-custodial.
var assignableRoles = []byzantine.AccountUserRole{byzantine.RoleRoot, byzantine.RoleAdmin, byzantine.RoleView}

// checkChoice rejects a value that is not one of choices. It is for fields whose schema allows other values too: a wider
// enumeration of the API's document, or any text in the control API.
func checkChoice[T ~string](field string, value T, choices []T) error {
	if slices.Contains(choices, value) {
		return nil
	}
	var words []string
	for _, c := range choices {
		words = append(words, string(c))
	}
	return badRequest("%s: must be one of %s", field, strings.Join(words, ", "))
}
