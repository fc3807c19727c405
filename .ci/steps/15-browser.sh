# The npm package in the folder browser. Its tests in a real browser are in the step e2e.

step browser 1 browser
browser() {
	have node nodejs || return 0
	npm_packages
	cd browser
	npm test
}

# npm_packages installs what the tests need: a compiler for the types, and axe. Without the npm registry the tests do
# without them, except where CI is set.
npm_packages() {
	have npm npm || return 0
	(cd browser && npm ci --no-audit --no-fund) || [ -z "${CI:-}" ]
}
