package byzantinetest_test

import (
	"flag"
	"fmt"
	"os"
	"testing"

	"github.com/byzantine-finance/byzantine-go/byzantinetest"
)

// Every success of every sandbox in these tests is held against the API's document: fields, types, what is required, the
// values of enumerations.
func TestMain(m *testing.M) {
	flag.Parse()
	code := m.Run()
	seen := &byzantinetest.Nonconforming
	seen.Lock()
	defer seen.Unlock()
	for _, err := range seen.Found {
		fmt.Println("not what the API's document says:", err)
		code = 1
	}
	os.Exit(code)
}
