package byzantinetest

import "github.com/byzantine-finance/byzantine-go"

var healthHandlers = map[string]handler{
	"health_check": func(*world, *credential, any) (response, error) {
		return response{200, byzantine.Health{Status: "ok"}}, nil
	},
}
