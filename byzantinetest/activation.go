package byzantinetest

import (
	"fmt"
	"strconv"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/internal/wire"
)

// Activate makes an account able to transact on chains, or on all if none is named, as if the activation payload of each
// had been signed and its transaction completed. It panics if there is no such account or chain.
func (s *Sandbox) Activate(accountID string, chains ...byzantine.ChainID) {
	s.lock()
	defer s.unlock()
	a := s.world.seededAccount("Activate", accountID)
	for i, chain := range chains {
		if err := checkChainIn(fmt.Sprintf("chains[%d]", i), chain); err != nil {
			panic(fmt.Sprintf("byzantinetest: Activate: %v", err))
		}
	}
	if len(chains) == 0 {
		chains = everyChain
	}
	for _, chain := range chains {
		a.activate(chain)
	}
}

// delegate is the contract that an activated wallet acts through, on every chain.
const delegate = "0xde1e6a7e00000000000000000000000000007702"

func (w *world) activationPayload(req *byzantine.GetActivateAccountPayloadPasskeyRequest) (*payloadResponse, error) {
	a, err := w.transactor(req.AccountID)
	if err != nil {
		return nil, err
	}
	if err := checkChain(req.ChainID); err != nil {
		return nil, err
	}
	// The order has a JSON text inside, as the API's has: whoever decodes and encodes it on the way changes it.
	authorization, err := wire.Marshal(struct {
		ChainID string `json:"chainId"`
		Address string `json:"address"`
		Nonce   string `json:"nonce"`
	}{hexQuantity(uint64(req.ChainID)), delegate, hexQuantity(a.nonces[req.ChainID])})
	if err != nil {
		return nil, err
	}
	tx := w.newTransaction(a, byzantine.TransactionTypeAuthorization, req.ChainID)
	parameters := signRawPayload{a.wallet, string(authorization), encodingEIP7702, hashFunctionNoOp}
	return w.draft(tx, byzantine.ActivitySignRawPayload, parameters)
}

// hexQuantity writes a number as an Ethereum node does.
func hexQuantity(n uint64) string { return "0x" + strconv.FormatUint(n, 16) }
