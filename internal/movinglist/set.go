package movinglist

import (
	"crypto/sha256"
	"encoding/json"
)

// A Set records which records were seen, in about 40 bytes for each, however long their ids are.
type Set map[[16]byte]bool

func key(id string) [16]byte {
	sum := sha256.Sum256([]byte(id))
	return [16]byte(sum[:])
}

// Has reports whether a record with this id was added.
func (s Set) Has(id string) bool { return s[key(id)] }

// Add adds a record by its id and reports whether it was not there yet.
func (s Set) Add(id string) bool {
	k := key(id)
	known := s[k]
	s[k] = true
	return !known
}

// Identity returns the text by which a record is told from others: its id, or a text of all its fields if readable is
// false or the id is empty.
func Identity(id string, readable bool, record any) string {
	if readable && id != "" {
		return id
	}
	text, _ := json.Marshal(record) // what came as JSON can be written as JSON
	return "unreadable " + string(text)
}
