package movinglist

import (
	"crypto/sha256"
	"encoding/json"
)

// A Set holds which records were seen, in some 40 bytes for each, however long their ids are.
type Set map[[16]byte]bool

func key(id string) [16]byte {
	sum := sha256.Sum256([]byte(id))
	return [16]byte(sum[:])
}

// Has reports whether a record with an id was seen.
func (s Set) Has(id string) bool { return s[key(id)] }

// Add adds a record by its id and reports whether it is a new one.
func (s Set) Add(id string) bool {
	k := key(id)
	known := s[k]
	s[k] = true
	return !known
}

// Identity returns what tells a record from others: its id or, if it has none that could be read, everything that could
// be read of it.
func Identity(id string, readable bool, record any) string {
	if readable && id != "" {
		return id
	}
	text, _ := json.Marshal(record) // what came as JSON can be written as JSON
	return "unreadable " + string(text)
}
