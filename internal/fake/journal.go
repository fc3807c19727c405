package fake

import (
	"net/http"
	"slices"
)

// The bounds of a journal, in bytes.
const (
	MaxJournal     = 16 << 20 // in all
	MaxJournalBody = 4 << 10  // of one request's or response's body
	maxJournalLine = 8 << 10  // of a request's path and query, and of its headers
)

// Journal holds the newest requests, as many as fit into MaxJournal. The zero value is empty.
type Journal[R any] struct {
	requests []R // the oldest first
	sizes    []int
	bytes    int
}

// Add adds a request of a size in bytes, see SizeOfRequest.
func (j *Journal[R]) Add(request R, size int) {
	j.requests, j.sizes = append(j.requests, request), append(j.sizes, size)
	j.bytes += size
	n := 0
	for ; j.bytes > MaxJournal; n++ {
		j.bytes -= j.sizes[n]
	}
	clear(j.requests[:n]) // so that they can be collected
	j.requests, j.sizes = j.requests[n:], j.sizes[n:]
}

// Requests returns the requests, the oldest first. The slice is the journal's own: copy it before the next Add.
func (j *Journal[R]) Requests() []R { return j.requests }

// SizeOfRequest is about what a request takes in a journal, without bodies.
func SizeOfRequest(uri string, header http.Header) int {
	size := 512 + len(uri)
	for name, values := range header {
		size += len(name)
		for _, value := range values {
			size += len(value)
		}
	}
	return size
}

// CutText returns a path and query as a journal keeps it.
func CutText(text string) string {
	if len(text) > maxJournalLine {
		return text[:maxJournalLine] + "..."
	}
	return text
}

// CutHeader returns a copy of the headers as a journal keeps them. What is beyond the limit is dropped, in no particular
// order.
func CutHeader(header http.Header) http.Header {
	kept, left := http.Header{}, maxJournalLine
	for name, values := range header {
		for _, value := range values {
			if left -= len(name) + len(value); left >= 0 {
				kept[name] = append(kept[name], value)
			}
		}
	}
	return kept
}

// CutBody returns a copy of what a journal keeps of a body.
func CutBody(body []byte) []byte { return slices.Clone(body[:min(len(body), MaxJournalBody)]) }
