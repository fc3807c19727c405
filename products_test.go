package byzantine_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
)

const (
	testVault   = "0x00000000000000000000000000000000000000aA"
	testAddress = "0xBb000000000000000000000000000000000000bB"
)

func TestProductRequests(t *testing.T) {
	testSent(t, []sentCase{
		{"yield", func(ctx context.Context, c *byzantine.Client) error {
			return only(c.GetVaultAPY(ctx, &byzantine.GetVaultAPYRequest{VaultID: "a/b c", Period: byzantine.APYMonthly}))
		}, "GET /v1/query/apy/a%2Fb%20c?period=monthly", ""},
		{"yield over all periods", func(ctx context.Context, c *byzantine.Client) error {
			return only(c.GetVaultAPY(ctx, &byzantine.GetVaultAPYRequest{VaultID: "v"}))
		}, "GET /v1/query/apy/v", ""},
		{"history, times in UTC", func(ctx context.Context, c *byzantine.Client) error {
			return only(c.GetVaultHistory(ctx, &byzantine.GetVaultHistoryRequest{
				VaultID:   "v",
				StartDate: time.Date(2026, 9, 1, 2, 0, 0, 0, time.FixedZone("", 7200)),
				EndDate:   time.Date(2026, 9, 2, 0, 0, 0, 5e8, time.UTC),
				Limit:     10, Offset: 20, Order: byzantine.OrderDescending,
			}))
		}, "GET /v1/query/history/v?start_date=2026-09-01T00%3A00%3A00Z&end_date=2026-09-02T00%3A00%3A00.5Z&limit=10&offset=20&order=desc", ""},
	})
}

func TestProductListsAreBareArrays(t *testing.T) {
	api := newFakeAPI(t)
	for _, list := range []struct {
		request string
		call    func() (any, error)
	}{
		{"GET /v1/query/top-vaults", func() (any, error) { return api.client.GetTopVaults(t.Context(), nil) }},
		{"GET /v1/query/top-vaults", func() (any, error) {
			return api.client.GetTopVaults(t.Context(), &byzantine.GetTopVaultsRequest{})
		}},
		{"GET /v1/query/assets", func() (any, error) { return api.client.GetAssets(t.Context(), nil) }},
	} {
		api.response = `[]`
		got, err := list.call()
		require.NoError(t, err)
		assert.Equal(t, list.request, api.request)
		assert.Empty(t, api.body)
		assert.Empty(t, got)

		api.response = `null`
		got, err = list.call()
		assert.ErrorContains(t, err, "the response is null")
		assert.Empty(t, got)
	}
}

func TestProductRequestsThatAreRejected(t *testing.T) {
	testRejected(t, []rejectedCase{
		{"no request", func(ctx context.Context, c *byzantine.Client) error {
			return only(c.GetVaultAPY(ctx, nil))
		}, "GetVaultAPYRequest.VaultID: missing"},
		{"dot segment", func(ctx context.Context, c *byzantine.Client) error {
			return only(c.GetVaultHistory(ctx, &byzantine.GetVaultHistoryRequest{VaultID: ".."}))
		}, "GetVaultHistoryRequest.VaultID: must not hold dot segments"},
		{"unknown order", func(ctx context.Context, c *byzantine.Client) error {
			return only(c.GetVaultHistory(ctx, &byzantine.GetVaultHistoryRequest{VaultID: "v", Order: "sideways"}))
		}, "GetVaultHistoryRequest.Order: must be one of asc, desc"},
	})
}

func TestProductResponses(t *testing.T) {
	t.Run("vaults", func(t *testing.T) {
		testResponses(t, func(ctx context.Context, c *byzantine.Client) ([]byzantine.Vault, error) {
			return c.GetTopVaults(ctx, nil)
		},
			`[{"vault_address":"`+testVault+`","chain_id":8453,"is_active":true,"is_asynchronous":true,
				"strategy_vault_address":"`+testAddress+`","fallback_adapter":"`+testAddress+`"}]`,
			`[{"vault_address":"`+testVault+`","chain_id":10,"is_active":false,"is_asynchronous":false}]`)
	})
	t.Run("yield", func(t *testing.T) {
		testResponses(t, func(ctx context.Context, c *byzantine.Client) (*byzantine.VaultAPY, error) {
			return c.GetVaultAPY(ctx, &byzantine.GetVaultAPYRequest{VaultID: "v"})
		},
			`{"vault_id":"v","daily_apy":0,"weekly_apy":4.25,"monthly_apy":-1.5,"yearly_apy":1e-7,
				"daily_period_days":1,"weekly_period_days":7,"monthly_period_days":0,"yearly_period_days":200,
				"latest_share_price":"1.000000000000000001","calculated_at":"2026-09-01T10:00:00.123456789Z"}`,
			`{"vault_id":"v","latest_share_price":"1","calculated_at":"2026-09-01T10:00:00Z"}`)
	})
	t.Run("history", func(t *testing.T) {
		testResponses(t, func(ctx context.Context, c *byzantine.Client) (*byzantine.VaultHistory, error) {
			return c.GetVaultHistory(ctx, &byzantine.GetVaultHistoryRequest{VaultID: "v"})
		},
			`{"vault_id":"v","total_count":3,"data":[{"timestamp":"2026-09-01T10:00:00Z","share_price":1.01,"total_assets":0,"hourly_apy":-0.25}]}`,
			`{"vault_id":"v","total_count":0,"data":[]}`)
	})
	t.Run("assets", func(t *testing.T) {
		asset := `[{"address":"` + testAddress + `","name":"USD Coin","symbol":"USDC","decimals":6,"image_url":"https://example.com/a.png",
			"approx_price":0.9998,"category":"stablecoin","chain_id":1}]`
		testResponses(t, func(ctx context.Context, c *byzantine.Client) ([]byzantine.Asset, error) {
			return c.GetAssets(ctx, nil)
		}, asset, asset)
	})
}
