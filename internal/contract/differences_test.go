package contract_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/byzantine-finance/byzantine-go/internal/contract"
)

func TestDeliberateDifferenceExplainsNoOther(t *testing.T) {
	rule := contract.Deliberate{Where: "Person.* Book.title", Schema: "Person Book", Kind: contract.KindFormat, Document: "", SDK: "date*"}
	meant := contract.Difference{Where: "Person.born", Schema: "Person", Kind: contract.KindFormat, SDK: "date-time"}
	for _, test := range []struct {
		name    string
		change  func(d *contract.Difference)
		explain bool
	}{
		{"as meant", func(*contract.Difference) {}, true},
		{"second pattern", func(d *contract.Difference) { d.Where, d.Schema = "Book.title", "Book" }, true},
		{"another place", func(d *contract.Difference) { d.Where = "Book.born" }, false},
		{"another schema", func(d *contract.Difference) { d.Schema = "PersonView" }, false},
		{"another kind", func(d *contract.Difference) { d.Kind = contract.KindType }, false},
		{"another word of the document", func(d *contract.Difference) { d.Document = "uuid" }, false},
		{"another word of the SDK", func(d *contract.Difference) { d.SDK = "uuid" }, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			d := meant
			test.change(&d)
			left, _ := contract.Unexplained([]contract.Difference{d}, []contract.Deliberate{rule})
			assert.Equal(t, test.explain, len(left) == 0)
		})
	}
}

func TestStaleDeliberateDifferencesAreNamedOneByOne(t *testing.T) {
	found := []contract.Difference{{Where: "Person.born", Kind: contract.KindFormat, SDK: "date"}}
	list := []contract.Deliberate{{Where: "Person.born Person.died", Kind: contract.KindFormat, SDK: "date", Reason: "the form was observed"}}

	left, stale := contract.Unexplained(found, list)

	assert.Empty(t, left)
	assert.Equal(t, []contract.Deliberate{{Where: "Person.died", Kind: contract.KindFormat, SDK: "date", Reason: "the form was observed"}}, stale)
}

func TestEachDeliberateDifferenceHasAReason(t *testing.T) {
	for _, d := range contract.Differences {
		assert.NotEmpty(t, d.Reason, "%s: %s", d.Where, d.Kind)
	}
}
