// Package static holds the files that a browser loads besides the pages. byzantine-passkey.js is the one to copy.
package static

import "embed"

// Files are the stylesheet, the icon and the JavaScript modules.
//
//go:embed *.css *.js *.svg
var Files embed.FS
