# The root module's tests in the modes that users run it in, and builds for the systems that they run it on. Without the
# race detector, and with the brief form of tests that take long.

mode() { env "$@" go test ./...; }

step mode-386 1 mode GOARCH=386 CGO_ENABLED=0
step mode-fips 1 mode GODEBUG=fips140=on
step mode-fips-only 1 mode GODEBUG=fips140=only
step mode-jsonv2 1 mode GOEXPERIMENT=jsonv2
step mode-next-go 1 mode "GOTOOLCHAIN=go$(cat .ci/next-go)"
step mode-time-zone 1 mode TZ=Pacific/Auckland

# Nothing listens on the discard port. Only a client with a real host may want a proxy, so no test may notice.
dead=http://127.0.0.1:9
step mode-dead-proxy 1 mode HTTP_PROXY=$dead HTTPS_PROXY=$dead http_proxy=$dead https_proxy=$dead NO_PROXY= no_proxy=

step mode-read-only 1 read_only
read_only() {
	local checkout="$tmp/read only" run=()
	mkdir "$checkout" "$tmp/module cache" "$tmp/own"
	tar -c --exclude=./.git --exclude=node_modules . | tar -x -C "$checkout"
	# Modules come out of the cache that is there, into one that the other user can read.
	(cd "$checkout" && GOMODCACHE="$tmp/module cache" GOPROXY="file://$(go env GOMODCACHE)/cache/download,$(go env GOPROXY)" go mod download)
	chmod -R a-w,a+rX "$checkout" "$tmp/module cache"
	if [ "$(id -u)" = 0 ]; then
		chmod a+x "$tmp"
		chown nobody "$tmp/own"
		run=(setpriv --reuid=nobody --regid=nogroup --clear-groups)
	else
		echo "not root: as the same user"
	fi
	cd "$checkout"
	"${run[@]}" env HOME="$tmp/own" TMPDIR="$tmp/own" GOCACHE="$tmp/own/cache" GOMODCACHE="$tmp/module cache" GOPROXY=off go test ./...
}

platform() {
	export GOOS=${1%/*} GOARCH=${1#*/} CGO_ENABLED=0
	go vet ./...
	go build ./...
}

step platform-windows 1 platform windows/amd64
step platform-darwin 1 platform darwin/arm64
step platform-freebsd 1 platform freebsd/amd64
step platform-linux-arm 1 platform linux/arm
step platform-js 1 platform js/wasm
step platform-plan9 1 platform_plan9
# The tests, what they share and the simulation use what it does not have.
platform_plan9() { GOOS=plan9 GOARCH=amd64 CGO_ENABLED=0 go build $(GOOS=plan9 GOARCH=amd64 go list -e -f '{{if .GoFiles}}{{.ImportPath}}{{end}}' ./... | grep -v /simulation); }
