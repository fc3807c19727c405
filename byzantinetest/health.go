package byzantinetest

import "github.com/byzantine-finance/byzantine-go"

var healthHandlers = map[byzantine.OperationID]handler{
	byzantine.OpHealthCheck: func(*world, *credential, any) (response, error) {
		return response{200, byzantine.Health{Status: "ok"}}, nil
	},
}
