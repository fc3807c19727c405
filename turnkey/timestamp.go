package turnkey

import (
	"encoding/json"
	"strconv"
	"time"
)

// Timestamp is a time in a response. Turnkey writes it as {"seconds": "1746736509", "nanos": "0"}, both decimal; a
// string in the form of RFC 3339 is read as well. Invalid or missing nanos are read as 0, and any other form as the zero
// time, so that an activity with it can still be read.
type Timestamp struct{ time.Time }

type secondsAndNanos struct {
	Seconds string `json:"seconds"` // since 1970
	Nanos   string `json:"nanos"`
}

// UnmarshalJSON reads a time; it never fails.
func (t *Timestamp) UnmarshalJSON(data []byte) error {
	*t = Timestamp{}
	var text string
	if json.Unmarshal(data, &text) == nil {
		if at, err := time.Parse(time.RFC3339Nano, text); err == nil {
			t.Time = at.UTC()
		}
		return nil
	}
	var parts secondsAndNanos
	if json.Unmarshal(data, &parts) != nil {
		return nil
	}
	seconds, err := strconv.ParseInt(parts.Seconds, 10, 64)
	if err != nil {
		return nil
	}
	nanos, err := strconv.ParseUint(parts.Nanos, 10, 30)
	if err != nil {
		nanos = 0
	}
	t.Time = time.Unix(seconds, int64(nanos)).UTC()
	return nil
}

// MarshalJSON writes a time as Turnkey does, and the zero time as null.
func (t Timestamp) MarshalJSON() ([]byte, error) {
	if t.IsZero() {
		return []byte("null"), nil
	}
	return json.Marshal(secondsAndNanos{strconv.FormatInt(t.Unix(), 10), strconv.Itoa(t.Nanosecond())})
}
