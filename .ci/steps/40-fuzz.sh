# All fuzz targets share FUZZ_SECONDS, however many there are.

step fuzz 2 fuzz
fuzz() {
	local end=$((SECONDS + ${FUZZ_SECONDS:-110})) list="$tmp/targets" dir target left milliseconds
	for dir in $(grep -rl --include='*_test.go' --exclude-dir=node_modules '^func Fuzz' . | xargs -n1 dirname | sort -u); do
		(cd "$dir" && go test -c -fuzz=. -o "$tmp/fuzz-${dir//\//-}" .)
		grep -h '^func Fuzz' "$dir"/*_test.go | sed 's/^func \(Fuzz[A-Za-z0-9_]*\).*/\1/' | sed "s|^|$dir |" >>"$list"
	done
	left=$(wc -l <"$list")
	while read -r dir target; do
		milliseconds=$(((end - SECONDS) * 1000 / left))
		[ "$milliseconds" -ge 500 ] || milliseconds=500
		left=$((left - 1))
		fuzz_target "$dir" "$target" "${milliseconds}ms"
	done <"$list"
}

# The fuzzer of Go reports "context deadline exceeded" when its time ends at a bad moment: that is no finding.
fuzz_target() {
	local log="$tmp/fuzz.log" try
	for try in 1 2 3; do
		if (cd "$1" && "$tmp/fuzz-${1//\//-}" -test.run '^$' -test.fuzz "^$2\$" -test.fuzztime "$3" -test.fuzzcachedir "$tmp/fuzz-cache/$1") >"$log" 2>&1 </dev/null; then
			echo "$1 $2: $(grep -o 'execs: [0-9]*' "$log" | tail -n 1) in $3"
			return
		fi
		grep -q 'context deadline exceeded' "$log" && ! grep -q 'Failing input' "$log" || break
	done
	cat "$log"
	return 1
}
