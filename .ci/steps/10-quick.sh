# What is quick: README's two commands, checks of the source, examples and benchmarks.

step readme 2 readme
readme() {
	go run ./examples/otp-passkey
	go test ./...
}

# The files that the module began with stay where they are: people have links to them.
step layout 1 layout
layout() {
	local name missing=0
	for name in go.mod go.sum client.go signer.go otp.go types.go errors.go client_test.go signer_test.go examples README.md; do
		[ -e "$name" ] || { echo "missing at the top level: $name"; missing=1; }
	done
	return $missing
}

# The exported API is recorded: a change of it has to be meant. (cd tools && go run ./apilist -write ../api/v0.2.txt)
step api 1 api
api() { (cd tools && go run ./apilist ../api/v0.2.txt); }

step format 1 format
format() {
	local unformatted
	unformatted=$(gofmt -l .)
	[ -z "$unformatted" ] || { echo "gofmt: $unformatted"; return 1; }
}

step lint 2 lint
lint() {
	(cd tools && go build -o "$tmp/staticcheck" honnef.co/go/tools/cmd/staticcheck)
	local module
	for module in $(modules); do (cd "$module" && go mod tidy -diff); done
	each "$(modules)" go vet ./...
	each "$(modules)" "$tmp/staticcheck" ./...
}

step dependencies 1 dependencies
dependencies() {
	local foreign count
	foreign=$(go list -deps -f '{{if not .Standard}}{{.ImportPath}}{{end}}' . | grep -v "^$(go list -m)" || true)
	[ -z "$foreign" ] || { echo "the root package imports: $foreign"; return 1; }
	count=$(go list -m all | wc -l)
	echo "go list -m all: $count modules"
	[ "$count" -le 30 ] || { echo "too many: what drew them in belongs in a nested module"; return 1; }
}

step examples 1 examples
examples() {
	local example
	for example in examples/*/; do
		case $example in
		examples/otp-passkey/ | examples/turnkey/) go run "./$example" ;;
		examples/projection/) (cd "$example" && go run .) ;; # a module of its own
		*) ;; # servers: their tests start them, use them and stop them
		esac
	done
}

step benchmarks 1 benchmarks
benchmarks() { each "$(modules)" go test -run '^$' -bench . -benchtime 1x ./...; }
