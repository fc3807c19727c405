package browser_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/byzantine-finance/byzantine-go/browser"
)

// A backend serves the module beside its pages, which import it: import { createPasskey } from "/passkey.js".
func Example() {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /passkey.js", func(w http.ResponseWriter, r *http.Request) {
		http.ServeContent(w, r, "passkey.js", time.Time{}, strings.NewReader(browser.Module))
	})

	response := httptest.NewRecorder()
	mux.ServeHTTP(response, httptest.NewRequest(http.MethodGet, "/passkey.js", nil))
	fmt.Println(response.Code, response.Header().Get("Content-Type"))
	fmt.Println(strings.Contains(response.Body.String(), "export async function createPasskey("))
	// Output:
	// 200 text/javascript; charset=utf-8
	// true
}
