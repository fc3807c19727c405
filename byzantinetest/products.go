package byzantinetest

import (
	"math/big"
	"slices"
	"strings"
	"time"

	"github.com/byzantine-finance/byzantine-go"
)

// The vaults of every sandbox, by address.
const (
	VaultBaseUSDC       = "0xba5e0000000000000000000000000000000005dc" // on Base, in USDC
	VaultBaseUSDCLegacy = "0xba5e0000000000000000000000000000000105dc" // on Base, in USDC; VaultEthereumUSDC is its successor
	VaultBaseEURC       = "0xba5e000000000000000000000000000000000e0c" // on Base, in EURC
	VaultBaseUSDCTest   = "0xba5e0000000000000000000000000000000205dc" // a test vault on Base, in USDC
	VaultEthereumUSDC   = "0xe7400000000000000000000000000000000005dc" // on Ethereum, in USDC
	VaultEthereumQueued = "0xe7400000000000000000000000000000000305dc" // on Ethereum, in USDC; asynchronous: it queues withdrawals
)

// vault is a vault whose share price rises by the same amount every hour.
type vault struct {
	address      string
	chain        byzantine.ChainID
	currency     byzantine.CryptoCurrency
	asynchronous bool
	queues       bool   // withdrawals; whatever asynchronous says
	test         bool   // not among the top vaults, and its positions are shown on request only
	successor    string // address of the vault that a position can be upgraded to
	apy          *big.Rat
	deposits     int64     // of all customers of the API, at the beginning
	since        time.Time // when a share cost 1
}

// vaultAge is how old the vaults are when a sandbox begins: what history there is then.
const vaultAge = 90 * 24 * time.Hour

func newVaults(now time.Time) []*vault {
	vaults := []*vault{
		{address: VaultBaseUSDC, chain: byzantine.ChainBase, currency: byzantine.CryptoUSDC, apy: big.NewRat(62, 1000), deposits: 18_400_000},
		{address: VaultBaseUSDCLegacy, chain: byzantine.ChainBase, currency: byzantine.CryptoUSDC, apy: big.NewRat(48, 1000), deposits: 2_150_000, successor: VaultEthereumUSDC},
		{address: VaultBaseEURC, chain: byzantine.ChainBase, currency: byzantine.CryptoEURC, apy: big.NewRat(41, 1000), deposits: 6_700_000},
		{address: VaultBaseUSDCTest, chain: byzantine.ChainBase, currency: byzantine.CryptoUSDC, apy: big.NewRat(50, 1000), deposits: 1_000, test: true},
		{address: VaultEthereumUSDC, chain: byzantine.ChainEthereum, currency: byzantine.CryptoUSDC, apy: big.NewRat(55, 1000), deposits: 31_000_000},
		{address: VaultEthereumQueued, chain: byzantine.ChainEthereum, currency: byzantine.CryptoUSDC, apy: big.NewRat(87, 1000), deposits: 12_300_000, asynchronous: true, queues: true},
	}
	for _, v := range vaults {
		v.since = now.Add(-vaultAge)
	}
	return vaults
}

// vault returns nil if there is no vault with the address on the chain. Addresses differ in letter case, by checksum.
func (w *world) vault(chain byzantine.ChainID, address string) *vault {
	for _, v := range w.vaults {
		if v.chain == chain && strings.EqualFold(v.address, address) {
			return v
		}
	}
	return nil
}

// vaultAddresses lists the vaults of a chain, or of all if chain is 0, for errors.
func (w *world) vaultAddresses(chain byzantine.ChainID) string {
	var addresses []string
	for _, v := range w.vaults {
		if chain == 0 || v.chain == chain {
			addresses = append(addresses, v.address)
		}
	}
	return strings.Join(addresses, ", ")
}

const hoursPerYear = 365 * 24

// hours is how many whole hours the vault has existed: none if the clock was set back behind its beginning, so that a share
// costs at least 1.
func (v *vault) hours(now time.Time) int64 { return max(int64(now.Sub(v.since)/time.Hour), 0) }

// price of a share. It changes at full hours of the sandbox's life, so that a short test sees one price.
func (v *vault) price(now time.Time) *big.Rat { return v.priceAt(v.hours(now)) }

func (v *vault) priceAt(hour int64) *big.Rat {
	return round(plus(big.NewRat(1, 1), times(v.apy, big.NewRat(hour, hoursPerYear))), sharePlaces)
}

func number(r *big.Rat) float64 {
	f, _ := r.Float64()
	return f
}

// assets are the tokens of the vaults.
var assets = []byzantine.Asset{
	newAsset(byzantine.ChainBase, byzantine.CryptoUSDC, "USD Coin", "0xba5ec000000000000000000000000000000005dc"),
	newAsset(byzantine.ChainBase, byzantine.CryptoEURC, "Euro Coin", "0xba5ec00000000000000000000000000000000e0c"),
	newAsset(byzantine.ChainEthereum, byzantine.CryptoUSDC, "USD Coin", "0xe740c000000000000000000000000000000005dc"),
	newAsset(byzantine.ChainEthereum, byzantine.CryptoEURC, "Euro Coin", "0xe740c00000000000000000000000000000000e0c"),
}

func newAsset(chain byzantine.ChainID, currency byzantine.CryptoCurrency, name, address string) byzantine.Asset {
	return byzantine.Asset{
		Address: address, Name: name, Symbol: strings.ToUpper(string(currency)), Decimals: coinPlaces,
		ImageURL:    "https://example.com/" + string(currency) + ".svg",
		ApproxPrice: number(dollars[byzantine.Currency(currency)]), Category: "stablecoin", ChainID: chain,
	}
}

func (v *vault) asset() byzantine.Asset {
	i := slices.IndexFunc(assets, func(a byzantine.Asset) bool {
		return a.ChainID == v.chain && strings.EqualFold(a.Symbol, string(v.currency))
	})
	return assets[i]
}

var productHandlers = map[byzantine.OperationID]handler{
	byzantine.OpGetTopVaults:    on(200, (*world).topVaults),
	byzantine.OpGetVaultAPY:     on(200, (*world).vaultAPY),
	byzantine.OpGetVaultHistory: on(200, (*world).vaultHistory),
	byzantine.OpGetAssets:       on(200, (*world).allAssets),
}

func (w *world) topVaults(*byzantine.GetTopVaultsRequest) (*[]byzantine.Vault, error) {
	var list []byzantine.Vault
	for _, v := range w.vaults {
		if !v.test {
			list = append(list, byzantine.Vault{VaultAddress: v.address, ChainID: v.chain, IsActive: true, IsAsynchronous: v.asynchronous})
		}
	}
	return &list, nil
}

// vaultByID finds a vault for the operations that name it in the path.
func (w *world) vaultByID(id string) (*vault, error) {
	for _, v := range w.vaults {
		if strings.EqualFold(v.address, id) {
			return v, nil
		}
	}
	return nil, notFound("vault not found")
}

var apyPeriods = []byzantine.APYPeriod{
	"", byzantine.APYDaily, byzantine.APYWeekly, byzantine.APYMonthly, byzantine.APYYearly, byzantine.APYAll,
}

func (w *world) vaultAPY(req *byzantine.GetVaultAPYRequest) (*byzantine.VaultAPY, error) {
	v, err := w.vaultByID(req.VaultID)
	if err != nil {
		return nil, err
	}
	now := w.clock.now()
	response := &byzantine.VaultAPY{
		VaultID: v.address, LatestSharePrice: decimal(v.price(now), sharePlaces),
		CalculatedAt: v.since.Add(time.Duration(v.hours(now)) * time.Hour).UTC(),
	}
	if !slices.Contains(apyPeriods, req.Period) {
		return nil, badRequest("period: unknown")
	}
	wanted := func(p byzantine.APYPeriod) bool {
		return req.Period == "" || req.Period == byzantine.APYAll || req.Period == p
	}
	apy, age := number(v.apy), int32(v.hours(now)/24)
	if wanted(byzantine.APYDaily) {
		response.DailyAPY, response.DailyPeriodDays = new(apy), new(min(1, age))
	}
	if wanted(byzantine.APYWeekly) {
		response.WeeklyAPY, response.WeeklyPeriodDays = new(apy), new(min(7, age))
	}
	if wanted(byzantine.APYMonthly) {
		response.MonthlyAPY, response.MonthlyPeriodDays = new(apy), new(min(30, age))
	}
	if wanted(byzantine.APYYearly) {
		response.YearlyAPY, response.YearlyPeriodDays = new(apy), new(min(365, age))
	}
	return response, nil
}

const maxHistoryLimit = 1000 // and the default

func (w *world) vaultHistory(req *vaultHistoryRequest) (*byzantine.VaultHistory, error) {
	v, err := w.vaultByID(req.VaultID)
	if err != nil {
		return nil, err
	}
	var all []byzantine.VaultHistoryPoint
	for hour := range v.hours(w.clock.now()) + 1 {
		at := v.since.Add(time.Duration(hour) * time.Hour).UTC()
		if (!req.StartDate.IsZero() && at.Before(req.StartDate)) || (!req.EndDate.IsZero() && at.After(req.EndDate)) {
			continue
		}
		price := number(v.priceAt(hour))
		all = append(all, byzantine.VaultHistoryPoint{
			Timestamp: at, SharePrice: price, TotalAssets: price * float64(v.deposits), HourlyAPY: number(v.apy),
		})
	}
	if req.Order == byzantine.OrderDescending {
		slices.Reverse(all)
	}
	limit, offset := req.bounded(maxHistoryLimit, maxHistoryLimit)
	return &byzantine.VaultHistory{VaultID: v.address, Data: pageWithin(all, limit, offset), TotalCount: int64(len(all))}, nil
}

func (*world) allAssets(*byzantine.GetAssetsRequest) (*[]byzantine.Asset, error) {
	return &assets, nil
}
