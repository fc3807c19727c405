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

// AddUnreadable adds a record whose id could not be read. What could be read of it stands in for the id.
func (s Set) AddUnreadable(record any) bool {
	text, _ := json.Marshal(record) // what came as JSON can be written as JSON
	return s.Add("unreadable " + string(text))
}
