package byzantinetest_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/byzantinetest"
)

func TestTopVaults(t *testing.T) {
	vaults, err := newServer(t).Client().GetTopVaults(t.Context(), nil)
	require.NoError(t, err)
	asynchronous := map[string]bool{}
	for _, v := range vaults {
		assert.True(t, v.IsActive)
		assert.Regexp(t, "^0x[0-9a-f]{40}$", v.VaultAddress)
		asynchronous[v.VaultAddress] = v.IsAsynchronous
	}
	assert.Equal(t, map[string]bool{
		byzantinetest.VaultBaseUSDC: false, byzantinetest.VaultBaseUSDCLegacy: false, byzantinetest.VaultBaseEURC: false,
		byzantinetest.VaultEthereumUSDC: false, byzantinetest.VaultEthereumQueued: true,
	}, asynchronous, "without the test vault")
}

func TestAssets(t *testing.T) {
	list, err := newServer(t).Client().GetAssets(t.Context(), nil)
	require.NoError(t, err)
	seen := map[string]bool{}
	for _, a := range list {
		assert.Regexp(t, "^0x[0-9a-f]{40}$", a.Address)
		assert.EqualValues(t, 6, a.Decimals)
		assert.InDelta(t, 1, a.ApproxPrice, 0.2)
		seen[a.Symbol+" on "+map[byzantine.ChainID]string{1: "Ethereum", 8453: "Base"}[a.ChainID]] = true
	}
	assert.Equal(t, map[string]bool{"USDC on Ethereum": true, "USDC on Base": true, "EURC on Ethereum": true, "EURC on Base": true}, seen)
}

func TestVaultAPY(t *testing.T) {
	server := stopped(t)
	client := server.Client()
	get := func(id string, period byzantine.APYPeriod) (*byzantine.VaultAPY, error) {
		return client.GetVaultAPY(t.Context(), &byzantine.GetVaultAPYRequest{VaultID: id, Period: period})
	}
	all, err := get(byzantinetest.VaultBaseUSDC, "")
	require.NoError(t, err)
	assert.Equal(t, &byzantine.VaultAPY{
		VaultID:  byzantinetest.VaultBaseUSDC,
		DailyAPY: new(0.062), WeeklyAPY: new(0.062), MonthlyAPY: new(0.062), YearlyAPY: new(0.062),
		DailyPeriodDays: new(int32(1)), WeeklyPeriodDays: new(int32(7)), MonthlyPeriodDays: new(int32(30)), YearlyPeriodDays: new(int32(90)),
		LatestSharePrice: byzantine.MustParseDecimal("1.015287671232876712"), // 1 + 0.062 * 90 / 365
		CalculatedAt:     server.Now(),
	}, all)
	same, err := get(strings.ToUpper(byzantinetest.VaultBaseUSDC), byzantine.APYAll)
	require.NoError(t, err)
	assert.Equal(t, all, same)

	for period, days := range map[byzantine.APYPeriod]func(*byzantine.VaultAPY) *int32{
		byzantine.APYDaily:   func(a *byzantine.VaultAPY) *int32 { return a.DailyPeriodDays },
		byzantine.APYWeekly:  func(a *byzantine.VaultAPY) *int32 { return a.WeeklyPeriodDays },
		byzantine.APYMonthly: func(a *byzantine.VaultAPY) *int32 { return a.MonthlyPeriodDays },
		byzantine.APYYearly:  func(a *byzantine.VaultAPY) *int32 { return a.YearlyPeriodDays },
	} {
		one, err := get(byzantinetest.VaultBaseUSDC, period)
		require.NoError(t, err)
		assert.NotNil(t, days(one), period)
		set := 0
		for _, apy := range []*float64{one.DailyAPY, one.WeeklyAPY, one.MonthlyAPY, one.YearlyAPY} {
			if apy != nil {
				set++
			}
		}
		assert.Equal(t, 1, set, period)
	}
	_, err = get(byzantinetest.VaultBaseUSDC, "hourly")
	refused(t, err, 400, "period")
	_, err = get("0x00", "")
	refused(t, err, 404, "vault not found")
}

// The price of a share moves by the hour, and the clock makes the hours.
func TestSharePriceFollowsTheClock(t *testing.T) {
	server := stopped(t)
	price := func() byzantine.Decimal {
		apy, err := server.Client().GetVaultAPY(t.Context(), &byzantine.GetVaultAPYRequest{VaultID: byzantinetest.VaultBaseUSDC})
		require.NoError(t, err)
		return apy.LatestSharePrice
	}
	before := price()
	server.Advance(time.Hour - time.Second)
	assert.Equal(t, before, price())
	server.Advance(time.Second)
	assert.Equal(t, byzantine.MustParseDecimal("1.015294748858447489"), price())
	server.Advance(275*24*time.Hour - time.Hour)
	assert.Equal(t, byzantine.MustParseDecimal("1.062"), price(), "a year after the beginning")
}

func TestVaultHistory(t *testing.T) {
	server := stopped(t)
	client := server.Client()
	get := func(change func(req *byzantine.GetVaultHistoryRequest)) *byzantine.VaultHistory {
		req := &byzantine.GetVaultHistoryRequest{VaultID: byzantinetest.VaultBaseUSDC}
		change(req)
		history, err := client.GetVaultHistory(t.Context(), req)
		require.NoError(t, err)
		return history
	}
	const hours = 90*24 + 1
	began := server.Now().Add(-90 * 24 * time.Hour)
	all := get(func(*byzantine.GetVaultHistoryRequest) {})
	assert.Equal(t, byzantinetest.VaultBaseUSDC, all.VaultID)
	assert.EqualValues(t, hours, all.TotalCount)
	require.Len(t, all.Data, 1000)
	assert.Equal(t, byzantine.VaultHistoryPoint{Timestamp: began, SharePrice: 1, TotalAssets: 18_400_000, HourlyAPY: 0.062}, all.Data[0])
	assert.True(t, slices.IsSortedFunc(all.Data, func(a, b byzantine.VaultHistoryPoint) int { return a.Timestamp.Compare(b.Timestamp) }))
	assert.Greater(t, all.Data[999].SharePrice, all.Data[0].SharePrice)

	newest := get(func(r *byzantine.GetVaultHistoryRequest) { r.Order, r.Limit = byzantine.OrderDescending, 2 })
	require.Len(t, newest.Data, 2)
	assert.Equal(t, server.Now(), newest.Data[0].Timestamp)
	assert.Equal(t, server.Now().Add(-time.Hour), newest.Data[1].Timestamp)

	rest := get(func(r *byzantine.GetVaultHistoryRequest) { r.Offset = 2000 })
	assert.Len(t, rest.Data, hours-2000)
	past := get(func(r *byzantine.GetVaultHistoryRequest) { r.Offset = hours })
	assert.Empty(t, past.Data)
	assert.NotNil(t, past.Data)
	assert.EqualValues(t, hours, past.TotalCount)
	path := strings.Replace(operation(t, "get_vault_history").Path, "{vault_id}", byzantinetest.VaultBaseUSDC, 1)
	var odd byzantine.VaultHistory
	require.NoError(t, client.Do(t.Context(), http.MethodGet, path+"?limit=0&offset=-5", nil, &odd))
	assert.Equal(t, all.Data[:1], odd.Data, "moved into their ranges")

	day := get(func(r *byzantine.GetVaultHistoryRequest) {
		r.StartDate, r.EndDate = began.Add(24*time.Hour), began.Add(48*time.Hour)
	})
	assert.EqualValues(t, 25, day.TotalCount, "both ends belong to it")
	assert.Equal(t, all.Data[24:49], day.Data)

	server.Advance(time.Hour)
	assert.EqualValues(t, hours+1, get(func(*byzantine.GetVaultHistoryRequest) {}).TotalCount)
	_, err := client.GetVaultHistory(t.Context(), &byzantine.GetVaultHistoryRequest{VaultID: "0x00"})
	refused(t, err, 404, "vault not found")
	for _, query := range []string{"?order=sideways", "?limit=abc", "?start_date=yesterday"} {
		status, text := send(t, server, http.MethodGet, path+query, "", nil)
		assert.Equal(t, http.StatusBadRequest, status, text)
	}
}
