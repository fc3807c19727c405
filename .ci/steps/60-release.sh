# What a release needs: see docs/releasing.md.

# Each released module can be fetched by somebody outside, alone, at the version that the tree names.
step modules 3 modules_outside
modules_outside() {
	programs git:git
	(cd tools && go test ./release -skip "Binary|Build|Licence|Archives|Image")
	scripts/release -only version -only modules
}

# The command line is reproducible, and so is the image of the sandbox, which runs. A release builds for all platforms; here
# it is those that the image has.
step binaries 5 binaries
binaries() {
	programs git:git skopeo:skopeo
	(cd tools && go test ./release -run 'Binary|Build|Licence|Archives|Image')
	scripts/release -only binaries -platform linux/amd64 -platform linux/arm64
}

# The workflows are valid, and name every action by its commit, with the version beside it for people.
step workflows 1 workflows
workflows() {
	(cd tools && go build -o "$tmp/actionlint" github.com/rhysd/actionlint/cmd/actionlint)
	"$tmp/actionlint" -shellcheck= -pyflakes= .github/workflows/*.yml
	local unpinned
	unpinned=$(grep -rnE '^[^#]*\buses:' .github/workflows | grep -vE 'uses: (\./|[^@ ]+@[0-9a-f]{40} # v[0-9]+\.[0-9]+\.[0-9]+$)' || true)
	[ -z "$unpinned" ] || { echo "not named by commit and version: $unpinned"; return 1; }
}
