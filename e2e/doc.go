// Package e2e holds the tests in a real browser: Chromium, with a virtual authenticator of its developer tools, opens a
// page of a backend that is written with this SDK, and the backend calls the local sandbox of byzantinetest. The
// registration of a passkey is tested case by case on a small site of this package, everything else on the application
// of internal/demoapp.
//
//	cd e2e && go test ./...
//
// Every page of the application is checked with axe as well, which npm ci in the folder browser installs.
//
// The tests need Chromium or Chrome in the PATH (Debian: apt-get install chromium). Without it they are skipped, or
// fail if BYZANTINE_REQUIRE_PROGRAMS=1 is set, as .ci/run does. Each test writes a screenshot of its page into the
// folder screenshots, which is not committed.
//
// The package is a module of its own, so that users of the SDK do not download a browser driver.
package e2e
