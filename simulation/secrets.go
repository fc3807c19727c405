package simulation

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"sync"
)

// secrets knows what no error and no log may hold, and checks all of them.
type secrets struct {
	world *World

	mu    sync.Mutex
	known []secret
	texts []text
}

type secret struct {
	name  string
	forms []string
}

type text struct{ name, text string }

// add adds a secret. No text may hold it, not even one that was noted before.
func (s *secrets) add(name, value string) {
	if len(value) < 6 {
		panic("simulation: the secret is too short to be told from anything else: " + name)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	forms := []string{value, url.QueryEscape(value)}
	// The value can still be read in a body that is printed as bytes or as base64: look for its base64 at each of the three
	// alignments, and for what %v, %#v and %x make of a []byte.
	for shift := range 3 {
		encoded := base64.StdEncoding.EncodeToString([]byte(strings.Repeat(" ", shift) + value))
		forms = append(forms, encoded[(shift*8+5)/6:(len(value)+shift)*8/6])
	}
	decimal := fmt.Sprint([]byte(value))
	hexadecimal := strings.TrimPrefix(fmt.Sprintf("%#v", []byte(value)), "[]byte")
	forms = append(forms, strings.Trim(decimal, "[]"), strings.Trim(hexadecimal, "{}"), fmt.Sprintf("%x", value))
	s.known = append(s.known, secret{name, forms})
}

// text notes a text that a program printed, or an error in all forms in which it can be printed.
func (s *secrets) text(name string, v any) {
	var all []string
	switch v := v.(type) {
	case string:
		all = []string{v}
	case error:
		encoded, err := json.Marshal(v)
		if err != nil {
			encoded = []byte(err.Error())
		}
		all = []string{v.Error(), fmt.Sprintf("%+v", v), fmt.Sprintf("%#v", v), string(encoded)}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.texts = append(s.texts, text{name, strings.Join(all, "\n")})
}

// check looks for every secret in every text.
func (s *secrets) check() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, t := range s.texts {
		for _, secret := range s.known {
			for _, form := range secret.forms {
				if strings.Contains(t.text, form) {
					s.world.violate(Secrets, "%s holds %s: %.300s", t.name, secret.name, t.text)
					break
				}
			}
		}
	}
}
