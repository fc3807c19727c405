# The root module's tests in the modes that users run it in, and builds for the systems that they run it on. Without the
# race detector, and with the brief form of tests that take long. All modes together may take 6 minutes.

# These differ in the environment only, so the same test programs run in each of them: linking them takes about as long as
# running them. That also keeps go test from showing a result of another mode: its cache does not know of TZ, for instance.
step mode-fips 1 environment GODEBUG=fips140=on
step mode-fips-only 1 environment GODEBUG=fips140=only
step mode-time-zone 1 environment TZ=Pacific/Auckland

# Nothing listens on the discard port. Only a client with a real host may want a proxy, so no test may notice.
dead=http://127.0.0.1:9
step mode-dead-proxy 1 environment HTTP_PROXY=$dead HTTPS_PROXY=$dead http_proxy=$dead https_proxy=$dead NO_PROXY= no_proxy=

# environment VARIABLE=VALUE...: runs the test programs where these are set.
environment() {
	test_programs
	run_programs "$PWD" env "$@"
}

# test_programs builds the test programs of the root module, unless a step before this one has. The file list names them
# with the folders of their packages.
test_programs() {
	local programs="$tmp/test programs"
	[ ! -e "$programs/list" ] || return 0
	rm -rf "$programs"
	mkdir "$programs"
	cat >"$programs/keep" <<-'END'
		#!/usr/bin/env bash
		# go test has this run a test program in its package's folder. It is kept instead.
		kept=$(mktemp "$(dirname "$0")/XXXXXXXX") && mv -f "$1" "$kept" || exit
		printf '%s\t%s\n' "$kept" "${PWD#"$ROOT"}" >>"$(dirname "$0")/list.part"
	END
	chmod +x "$programs/keep"
	# Quoted for go test, which takes the value apart at blanks.
	ROOT=$PWD go test -vet=off -count=1 -exec "'$programs/keep'" ./... >/dev/null
	# Those that take long first.
	awk -F '\t' '{ long = $2 ~ /^(|\/webhook|\/byzantinetest|\/simulation|\/passkey|\/internal\/contract)$/; print !long "\t" $0 }' "$programs/list.part" |
		sort | cut -f 2- >"$programs/list"
}

# run_programs ROOT COMMAND...: runs the test programs by a command, in the folders that they have below ROOT, as many at a
# time as there are processors.
run_programs() {
	local root=$1 program folder output count failed=0
	shift
	output=$(mktemp -d "$tmp/output.XXXXXX")
	count=$(getconf _NPROCESSORS_ONLN)
	# Each leaves a file: its output, and whether it passed as the last line.
	one() {
		local began=$SECONDS result=FAIL name
		name="$output/$(basename "$1")"
		(cd "$root$2" && "${@:3}" "$1" -test.paniconexit0 -test.timeout=10m) >"$name" 2>&1 && result=ok
		[ $result = ok ] || cat "$name"
		printf '%-4s %s (%d s)\n' $result ".$2" $((SECONDS - began))
		[ $result = ok ] || touch "$output/failed"
	}
	while IFS=$'\t' read -r program folder; do
		while [ "$(jobs -pr | wc -l)" -ge "$count" ]; do sleep .05; done
		one "$program" "$folder" "$@" </dev/null &
	done <"$tmp/test programs/list"
	wait
	[ ! -e "$output/failed" ]
}

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
	run+=(env HOME="$tmp/own" TMPDIR="$tmp/own" GOCACHE="$tmp/own/cache" GOMODCACHE="$tmp/module cache" GOPROXY=off)
	# The user builds everything there, from nothing, and the tests that build programs do so as well. The test programs are
	# those of the other modes: what they are to find out is whether a test wants to write where it may not, or does not get
	# along with the blank.
	(cd "$checkout" && "${run[@]}" go build ./...)
	test_programs
	run_programs "$checkout" "${run[@]}"
}

# Without vet: the step lint has it, and the steps platform-* have it for other systems. With -short, because everything is
# compiled once more for each of them.
mode() { env "$@" go test -vet=off -short ./...; }

# These are built for themselves.
step mode-386 1 mode GOARCH=386 CGO_ENABLED=0
step mode-jsonv2 1 mode GOEXPERIMENT=jsonv2
step mode-next-go 1 mode "GOTOOLCHAIN=go$(cat .ci/next-go)"

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
