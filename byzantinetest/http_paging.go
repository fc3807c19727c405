package byzantinetest

import (
	"time"

	"github.com/byzantine-finance/byzantine-go"
)

// The requests of lists, as the sandbox reads them. Package byzantine has a plain number for a limit and does not send 0, but
// other clients may, and the API then sends another page than without a limit.

// listRequests make the requests of this package's own.
var listRequests = map[byzantine.OperationID]func() any{
	byzantine.OpGetAllTransactions:    func() any { return new(pageRequest) },
	byzantine.OpGetAllInvitations:     func() any { return new(pageRequest) },
	byzantine.OpGetVaultHistory:       func() any { return new(vaultHistoryRequest) },
	byzantine.OpListWebhookDeliveries: func() any { return new(listDeliveriesRequest) },
	byzantine.OpListEvents:            func() any { return new(listEventsRequest) },
}

// newRequest makes the request of an operation, nil if it takes nothing.
func newRequest(op byzantine.Operation) any {
	if own := listRequests[op.ID]; own != nil {
		return own()
	}
	return op.NewRequest()
}

type paging struct {
	Limit  *int64 `json:"-" query:"limit,omitzero"`
	Offset *int64 `json:"-" query:"offset,omitzero"`
}

type pageRequest struct {
	paging
	Order byzantine.SortOrder `json:"-" query:"order,omitzero"`
}

type vaultHistoryRequest struct {
	VaultID   string    `json:"-" path:"vault_id"`
	StartDate time.Time `json:"-" query:"start_date,omitzero"`
	EndDate   time.Time `json:"-" query:"end_date,omitzero"`
	pageRequest
}

type listDeliveriesRequest struct {
	paging
	IncludeAttempts *bool                           `json:"-" query:"includeAttempts,omitzero"`
	SubscriptionID  string                          `json:"-" query:"subscriptionId,omitzero" check:"uuid"`
	EventID         string                          `json:"-" query:"eventId,omitzero" check:"uuid"`
	EventType       byzantine.EventType             `json:"-" query:"eventType,omitzero"`
	Status          byzantine.WebhookDeliveryStatus `json:"-" query:"status,omitzero"`
	SourceType      string                          `json:"-" query:"sourceType,omitzero"`
	SourceID        string                          `json:"-" query:"sourceId,omitzero"`
	AccountID       string                          `json:"-" query:"accountId,omitzero" check:"uuid"`
}

type listEventsRequest struct {
	AccountID     string              `json:"-" query:"accountId,omitzero" check:"uuid"`
	UserID        string              `json:"-" query:"userId,omitzero" check:"uuid"`
	TransactionID string              `json:"-" query:"transactionId,omitzero" check:"uuid"`
	EventType     byzantine.EventType `json:"-" query:"eventType,omitzero"`
	CreatedAfter  time.Time           `json:"-" query:"createdAfter,omitzero"`
	CreatedBefore time.Time           `json:"-" query:"createdBefore,omitzero"`
	Cursor        string              `json:"-" query:"cursor,omitzero"`
	Limit         *int64              `json:"-" query:"limit,omitzero" check:"min=1,max=250"`
}

const (
	defaultPageLimit = 20
	maxPageLimit     = 100
)

// bounded moves limit and offset into their ranges, as the API does, and returns what is applied.
func (p paging) bounded(defaultLimit, maxLimit int64) (limit, offset int64) {
	limit = defaultLimit
	if p.Limit != nil {
		limit = min(max(*p.Limit, 1), maxLimit)
	}
	if p.Offset != nil {
		offset = max(*p.Offset, 0)
	}
	return limit, offset
}

// pageWithin cuts a page out of a list. The page is never nil.
func pageWithin[T any](list []T, limit, offset int64) []T {
	start := min(offset, int64(len(list)))
	end := min(start+limit, int64(len(list)))
	return append([]T{}, list[start:end]...)
}
