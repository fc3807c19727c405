package byzantine

import "context"

// Health is the state of the API.
type Health struct {
	Status string `json:"status"` // a word such as "ok"
}

// HealthCheck asks whether the API is up. It is the only call that is not signed, so it says nothing about your key:
// for that there is [Client.Whoami].
//
// Operation health_check.
func (c *Client) HealthCheck(ctx context.Context, opts ...CallOption) (*Health, error) {
	return healthCheck.call(ctx, c, nil, opts)
}
