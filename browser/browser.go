// Package browser embeds the JavaScript module of the npm package @byzantine-finance/passkey-browser, which runs passkey
// ceremonies in a web page. A backend without a JavaScript build serves it as it is:
//
//	mux.HandleFunc("GET /passkey.js", func(w http.ResponseWriter, r *http.Request) {
//		http.ServeContent(w, r, "passkey.js", time.Time{}, strings.NewReader(browser.Module))
//	})
//
// README.md in this folder documents the module.
package browser

import _ "embed"

// Module is passkey.js, an ES module without dependencies. Its media type is text/javascript.
//
//go:embed passkey.js
var Module string
