package byzantinetest_test

import (
	"encoding/json"
	"net/http"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/byzantinetest"
	"github.com/byzantine-finance/byzantine-go/internal/wire"
)

// What the sandbox says of a request names fields as they stand on the wire, to clients in any language. Each field
// of each operation gets values of a wrong form and of a wrong kind, strictly and leniently.
func TestErrorsNameFieldsAsOnTheWire(t *testing.T) {
	for name, opts := range map[string][]byzantinetest.Option{"strict": nil, "lenient": {byzantinetest.WithLenientRequests()}} {
		t.Run(name, func(t *testing.T) {
			server := newServer(t, opts...)
			named := 0
			for op := range byzantine.Operations() {
				request := op.NewRequest()
				if request == nil {
					continue
				}
				fields := wire.Fields(reflect.TypeOf(request).Elem())
				var goNames []*regexp.Regexp // each finds the name that a field has in Go, where that is not its name on the wire
				for _, f := range fields {
					if f.GoName != f.Name {
						goNames = append(goNames, regexp.MustCompile(`(^|[^A-Za-z])`+f.GoName+`[:.\[]`))
					}
					if strings.ToLower(f.GoName[1:]) != f.GoName[1:] && f.GoName != "URL" { // no word of English
						goNames = append(goNames, regexp.MustCompile(`\b`+f.GoName+`\b`))
					}
				}
				for _, f := range fields {
					for _, value := range []string{`"x"`, `{}`, `[{}]`, `-1`, `null`} {
						path, query, body := op.Path, "", ""
						switch f.In {
						case wire.Path:
							path = strings.Replace(path, "{"+f.Name+"}", "x", 1)
						case wire.Query:
							query = "?" + f.Name + "=" + strings.NewReplacer("{", "x", "}", "x", "[", "x", "]", "x", `"`, "").Replace(value)
						case wire.Body:
							body = `{"` + f.Name + `":` + value + `}`
						}
						if op.Method != http.MethodGet && body == "" && op.Method != http.MethodDelete {
							body = "{}"
						}
						status, text := send(t, server, op.Method, path+query, body, nil)
						if status != 400 {
							continue
						}
						if strings.Contains(text, f.Name) {
							named++
						}
						for _, goName := range goNames {
							assert.NotRegexp(t, goName, text, "%s %s", op.ID, body+query)
						}
						assert.NotContains(t, text, "Go struct")
						assert.NotContains(t, text, "byzantine.", "%s %s", op.ID, body+query)
					}
				}
			}
			assert.Greater(t, named, 200)
		})
	}
}

func TestErrorTextsOfTheSandbox(t *testing.T) {
	server := newServer(t)
	for _, test := range []struct {
		operation, body, want string
	}{
		{"init_otp", `{}`, "accountId"},
		{"init_otp", `{"accountId":"x","userId":"x"}`, "accountId: must be a UUID"},
		{"create_individual_account", `{"userInfo":{"email":1}}`, "userInfo"},
		{"update_individual_account", `{"accountId":"11111111-2222-4333-8444-555555555555","verificationDocuments":[{"documentType":"other","issuingCountry":"FRA","document":"data:"}]}`, "verificationDocuments[0].document"},
	} {
		status := 0
		var text string
		op := operation(t, test.operation)
		status, text = send(t, server, op.Method, op.Path, test.body, nil)
		var answer struct {
			Error string `json:"error"`
		}
		if json.Unmarshal([]byte(text), &answer) == nil && answer.Error != "" {
			text = answer.Error
		}
		assert.Equal(t, 400, status, text)
		assert.Contains(t, text, test.want)
	}
}
