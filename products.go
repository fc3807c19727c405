package byzantine

import (
	"context"
	"time"
)

// Vault is a vault that the integrator's customers can deposit into.
type Vault struct {
	VaultAddress string  `json:"vault_address" check:"must"`
	ChainID      ChainID `json:"chain_id"`
	IsActive     bool    `json:"is_active"`
	// IsAsynchronous does not predict whether a withdrawal is queued: that was seen on other vaults as well.
	IsAsynchronous       bool   `json:"is_asynchronous"`
	StrategyVaultAddress string `json:"strategy_vault_address,omitzero"`
	// FallbackAdapter is an address whose purpose the API does not document. It may be empty.
	FallbackAdapter string `json:"fallback_adapter,omitzero"`
}

// GetTopVaultsRequest has no fields.
type GetTopVaultsRequest struct{}

// GetTopVaults returns the vaults. The list is not paged.
//
// Operation get_top_vaults.
func (c *Client) GetTopVaults(ctx context.Context, req *GetTopVaultsRequest, opts ...CallOption) ([]Vault, error) {
	return bareList(getTopVaults.call(ctx, c, req, opts))
}

// APYPeriod is the time over which a yield is computed. Values that are not listed here pass through.
type APYPeriod string

// The periods.
const (
	APYDaily   APYPeriod = "daily"
	APYWeekly  APYPeriod = "weekly"
	APYMonthly APYPeriod = "monthly"
	APYYearly  APYPeriod = "yearly"
	APYAll     APYPeriod = "all"
)

// GetVaultAPYRequest asks for the yield of a vault. An empty Period is the API's default, which is not documented.
type GetVaultAPYRequest struct {
	VaultID string    `json:"-" path:"vault_id"`
	Period  APYPeriod `json:"-" query:"period,omitzero"`
}

// VaultAPY is the yield of a vault over several periods. A yield that the API does not give is nil. Whether the numbers
// are fractions or percentages is not documented.
type VaultAPY struct {
	VaultID    string   `json:"vault_id" check:"must"`
	DailyAPY   *float64 `json:"daily_apy,omitzero"`
	WeeklyAPY  *float64 `json:"weekly_apy,omitzero"`
	MonthlyAPY *float64 `json:"monthly_apy,omitzero"`
	YearlyAPY  *float64 `json:"yearly_apy,omitzero"`
	// The days of data that each yield rests on.
	DailyPeriodDays   *int32 `json:"daily_period_days,omitzero"`
	WeeklyPeriodDays  *int32 `json:"weekly_period_days,omitzero"`
	MonthlyPeriodDays *int32 `json:"monthly_period_days,omitzero"`
	YearlyPeriodDays  *int32 `json:"yearly_period_days,omitzero"`
	// LatestSharePrice is what one share is worth, in the vault's asset (USDC or EURC).
	LatestSharePrice Decimal   `json:"latest_share_price"`
	CalculatedAt     time.Time `json:"calculated_at"`
}

// GetVaultAPY returns the yield of a vault.
//
// Operation get_vault_apy. [ErrNotFound] if there is no such vault.
func (c *Client) GetVaultAPY(ctx context.Context, req *GetVaultAPYRequest, opts ...CallOption) (*VaultAPY, error) {
	return getVaultAPY.call(ctx, c, req, opts)
}

// GetVaultHistoryRequest asks for the history of a vault.
type GetVaultHistoryRequest struct {
	// VaultID names the vault. Its form is not documented.
	VaultID string `json:"-" path:"vault_id"`
	// StartDate and EndDate bound the history. A zero time is no bound. Whether a point at exactly this time belongs to
	// the history is not documented.
	StartDate time.Time `json:"-" query:"start_date,omitzero"`
	EndDate   time.Time `json:"-" query:"end_date,omitzero"`
	// Limit is the size of the page: 1000 if it is 0.
	Limit int64 `json:"-" query:"limit,omitzero" check:"min=0"`
	// Offset is how many points of the history come before the page.
	Offset int64 `json:"-" query:"offset,omitzero" check:"min=0"`
	// Order is the order by time: OrderAscending if it is empty.
	Order SortOrder `json:"-" query:"order,omitzero"`
}

// VaultHistory is a page of a vault's history.
type VaultHistory struct {
	VaultID    string              `json:"vault_id" check:"must"`
	Data       []VaultHistoryPoint `json:"data" check:"must"`
	TotalCount int64               `json:"total_count" check:"must"` // of all pages
}

// VaultHistoryPoint is a vault at one time. The numbers are statistics whose units are not documented: do not calculate
// amounts of money with them.
type VaultHistoryPoint struct {
	Timestamp   time.Time `json:"timestamp"`
	SharePrice  float64   `json:"share_price"`
	TotalAssets float64   `json:"total_assets"`
	HourlyAPY   float64   `json:"hourly_apy"`
}

// GetVaultHistory returns a page of the history of a vault.
//
// Operation get_vault_history. [ErrNotFound] if there is no such vault.
func (c *Client) GetVaultHistory(ctx context.Context, req *GetVaultHistoryRequest, opts ...CallOption) (*VaultHistory, error) {
	return getVaultHistory.call(ctx, c, req, opts)
}

// Asset is a token that vaults work with.
type Asset struct {
	Address     string  `json:"address" check:"must"`
	Name        string  `json:"name"`
	Symbol      string  `json:"symbol"`
	Decimals    int32   `json:"decimals"`
	ImageURL    string  `json:"image_url"`
	ApproxPrice float64 `json:"approx_price"` // for display only; its currency is not documented
	Category    string  `json:"category"`
	ChainID     ChainID `json:"chain_id"`
}

// GetAssetsRequest has no fields.
type GetAssetsRequest struct{}

// GetAssets returns the assets. The list is not paged.
//
// Operation get_assets.
func (c *Client) GetAssets(ctx context.Context, req *GetAssetsRequest, opts ...CallOption) ([]Asset, error) {
	return bareList(getAssets.call(ctx, c, req, opts))
}
