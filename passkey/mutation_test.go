package passkey_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go/passkey"
)

var updateMutations = flag.Bool("update-mutations", false, "write testdata/mutations.txt again")

// mutation is a change of a genuine registration.
type mutation struct {
	name  string
	apply func(f *forgery)
}

// mutationsOfFields returns mutations of one JSON object of a response: of its text as a whole, and of each field in names,
// in all ways that readers could disagree about. The names of the mutations begin with object. fields returns the object
// of a forgery; edit makes putTogether change the object's text with a function.
func mutationsOfFields(object string, names []string, fields func(*forgery) map[string]any, edit func(*forgery, func(string) string)) (all []mutation) {
	for _, name := range names {
		add := func(how string, apply func(*forgery)) {
			all = append(all, mutation{object + "." + name + " " + how, apply})
		}
		add("removed", func(f *forgery) { delete(fields(f), name) })
		for _, value := range []string{`null`, `7`, `true`, `""`, `[]`, `{}`, `"%"`, `"AA==="`, `"A A"`, `"AB"`, `"\ud800"`, `"AA\n"`} {
			add("is "+value, func(f *forgery) {
				fields(f)[name] = "to be replaced"
				edit(f, func(text string) string { return strings.Replace(text, `"to be replaced"`, value, 1) })
			})
		}
		quoted, capital := `"`+name+`":`, `"`+strings.ToUpper(name[:1])+name[1:]+`":`
		escaped := fmt.Sprintf(`"\u%04x%s":`, name[0], name[1:])
		for how, prefix := range map[string]string{"again": quoted, "again, escaped": escaped, "again in another case": capital} {
			add(how, func(f *forgery) {
				edit(f, func(text string) string { return "{" + prefix + `"x",` + text[1:] })
			})
		}
		add("spelt in another case", func(f *forgery) {
			edit(f, func(text string) string { return strings.Replace(text, quoted, capital, 1) })
		})
		add("spelt with an escape", func(f *forgery) {
			edit(f, func(text string) string { return strings.Replace(text, quoted, escaped, 1) })
		})
	}
	for how, change := range map[string]func(string) string{
		"is cut short":          func(text string) string { return text[:len(text)-1] },
		"goes on":               func(text string) string { return text + "{}" },
		"is in a list":          func(text string) string { return "[" + text + "]" },
		"is not UTF-8":          func(text string) string { return "{\"x\":\"\xff\"," + text[1:] },
		"has a name not UTF-8":  func(text string) string { return "{\"\xff\":0," + text[1:] },
		"has two unknown names": func(text string) string { return `{"x":0,"x":0,` + text[1:] },
		"has an unknown name":   func(text string) string { return `{"x":{"x":0,"x":0},` + text[1:] },
		"begins with a mark":    func(text string) string { return "\ufeff" + text },
		"has blanks around":     func(text string) string { return " \n" + text + "\t" },
	} {
		all = append(all, mutation{object + " " + how, func(f *forgery) { edit(f, change) }})
	}
	return all
}

func mutations(authData int) (all []mutation) {
	all = append(all, mutation{"nothing", func(*forgery) {}})
	all = append(all, mutationsOfFields("credential", []string{"id", "rawId", "type", "response"},
		func(f *forgery) map[string]any { return f.outer },
		func(f *forgery, edit func(string) string) { f.raw = edit })...)
	all = append(all, mutationsOfFields("response", []string{"clientDataJSON", "attestationObject", "transports"},
		func(f *forgery) map[string]any { return f.response },
		func(f *forgery, edit func(string) string) {
			f.raw = func(whole string) string {
				at := strings.Index(whole, `"response":{`) + len(`"response":`)
				end := at + strings.IndexByte(whole[at:], '}') + 1
				return whole[:at] + edit(whole[at:end]) + whole[end:]
			}
		})...)
	all = append(all, mutationsOfFields("clientData", []string{"type", "challenge", "origin", "crossOrigin", "topOrigin"},
		func(f *forgery) map[string]any { return f.clientData },
		func(f *forgery, edit func(string) string) { f.rawClient = edit })...)
	for _, name := range []string{"fmt", "attStmt", "authData"} {
		all = append(all,
			mutation{"object." + name + " removed", func(f *forgery) { delete(f.object, name) }},
			mutation{"object." + name + " spelt in another case", func(f *forgery) {
				f.rawObject = func(object []byte) []byte {
					return bytes.Replace(object, []byte(name), []byte(strings.ToUpper(name)), 1)
				}
			}},
			mutation{"object." + name + " again in another case", func(f *forgery) { f.object[strings.ToUpper(name)] = f.object[name] }},
			mutation{"object." + name + " again", func(f *forgery) {
				f.object["x"+name[1:]] = f.object[name]
				f.rawObject = func(object []byte) []byte {
					return bytes.Replace(object, []byte("x"+name[1:]), []byte(name), 1)
				}
			}},
		)
		for _, value := range []any{nil, 7, "text", []any{}, []any{1, 2}, map[string]any{}, map[string]any{"x": 1}, []byte{}, true} {
			all = append(all, mutation{fmt.Sprintf("object.%s is %T %v", name, value, value), func(f *forgery) {
				if name == "authData" {
					f.authData, f.object["x"] = nil, value
					delete(f.object, "authData")
					f.rawObject = func(object []byte) []byte {
						return bytes.Replace(object, []byte("\x61x"), []byte("\x68authData"), 1)
					}
					return
				}
				f.object[name] = value
			}})
		}
	}
	all = append(all,
		mutation{"object goes on", func(f *forgery) { f.rawObject = func(object []byte) []byte { return append(object, 0) } }},
		mutation{"object is cut short", func(f *forgery) { f.rawObject = func(object []byte) []byte { return object[:len(object)-1] } }},
		mutation{"object has an unknown name", func(f *forgery) { f.object["x"] = 1 }},
		mutation{"object is too large", func(f *forgery) { f.object["x"] = make([]byte, 16<<10) }},
	)
	for at := 0; at < authData; at++ {
		if at >= atID+80 && at%8 != 0 {
			continue // the coordinates of the key: every eighth byte is enough
		}
		all = append(all,
			mutation{fmt.Sprintf("authData, byte %d is another", at), func(f *forgery) { f.authData[at] ^= 0x41 }},
			mutation{fmt.Sprintf("authData ends at %d", at), func(f *forgery) { f.authData = f.authData[:at] }})
	}
	return append(all, mutation{"authData goes on", func(f *forgery) { f.authData = append(f.authData, 0) }})
}

// Every mutation of a real registration has the result that testdata/mutations.txt lists: the text of the error, or
// "passes" if the mutated registration means the same. If a change of the parser loses a check or exchanges it for
// another, the list differs.
func TestMutatedRegistrations(t *testing.T) {
	r := recordings(t)["chromium-platform-none"]
	genuine := takeApart(t, r.Response)
	rp := &passkey.RelyingParty{ID: r.RPID, Name: "Example", Origins: []string{r.Origin}, UserVerification: passkey.UserVerificationPreferred}
	state := &passkey.RegistrationState{
		UserID: "1", RelyingPartyID: r.RPID, Challenge: genuine.clientData["challenge"].(string), ExpiresAt: time.Now().Add(time.Hour),
	}
	var lines []string
	for _, m := range mutations(len(genuine.authData)) {
		f := takeApart(t, r.Response)
		m.apply(f)
		result := "passes"
		if _, err := rp.FinishRegistration(state, f.putTogether(t), "phone"); err != nil {
			var rejected *passkey.Error
			require.ErrorAs(t, err, &rejected, m.name)
			result = err.Error()
		}
		lines = append(lines, m.name+": "+result+"\n")
	}
	slices.Sort(lines)
	const file = "testdata/mutations.txt"
	got := strings.Join(lines, "")
	if *updateMutations {
		require.NoError(t, os.WriteFile(file, []byte(got), 0o600))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.Equal(t, string(want), got)
	assert.Contains(t, lines, "nothing: passes\n")
	assert.Greater(t, len(lines), 500)
}
