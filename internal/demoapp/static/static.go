// Package static holds the files that a browser loads besides the pages and the module of package browser.
package static

import "embed"

// Files are the stylesheet, the icon and the script.
//
//go:embed *.css *.js *.svg
var Files embed.FS
