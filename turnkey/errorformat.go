package turnkey

import "encoding/json"

// report is the JSON form of an error that holds an [Activity], for encoding/json and slog.JSONHandler. It leaves out the
// users, votes and attestations of the activity, because they are personal data.
type report struct {
	Error      string         `json:"error"`
	ActivityID string         `json:"activityId,omitzero"`
	Type       ActivityType   `json:"type,omitzero"`
	Status     ActivityStatus `json:"status,omitzero"`
}

func marshalReport(err error, a *Activity) ([]byte, error) {
	r := report{Error: err.Error()}
	if a != nil {
		r.ActivityID, r.Type, r.Status = a.ID, a.Type, a.Status
	}
	return json.Marshal(r)
}

// MarshalJSON writes the error's text and the activity's id, type and status, and nothing else of the activity.
func (e *ConsensusError) MarshalJSON() ([]byte, error) { return marshalReport(e, e.Activity) }

// MarshalJSON writes the error's text and the activity's id, type and status, and nothing else of the activity.
func (e *FailedError) MarshalJSON() ([]byte, error) { return marshalReport(e, e.Activity) }

// MarshalJSON writes the error's text and the activity's id, type and status, and nothing else of the activity.
func (e *UnresolvedError) MarshalJSON() ([]byte, error) { return marshalReport(e, e.Activity) }
