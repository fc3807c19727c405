package byzantine_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/internal/longtest"
	"github.com/byzantine-finance/byzantine-go/internal/wire"
)

// listPlace is a list in a response: the type of its elements, and the JSON text before and behind the list's elements.
type listPlace struct {
	element        reflect.Type
	before, behind string
}

func listPlaces(t reflect.Type, before, behind string) (places []listPlace) {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch {
	case t.Kind() == reflect.Slice && t.Elem().Kind() != reflect.Uint8:
		places = append(places, listPlace{t.Elem(), before + "[", "]" + behind})
		return append(places, listPlaces(t.Elem(), before+"[", "]"+behind)...)
	case t.Kind() == reflect.Struct && t != reflect.TypeFor[time.Time]() && !reflect.PointerTo(t).Implements(reflect.TypeFor[json.Marshaler]()):
		for _, f := range wire.Fields(t) {
			places = append(places, listPlaces(f.Type, before+`{"`+f.Name+`":`, "}"+behind)...)
		}
	}
	return places
}

// heapLimit returns how many bytes of heap reading a response of a size may take.
func heapLimit(size int) int64 { return max(64<<20, 8*int64(size)) }

// heapFor returns by how much the heap, with its garbage, grows at most while f runs. A value above limit is measured
// again after a collection, because a busy machine may be late with collecting garbage.
func heapFor(limit int64, f func()) int64 {
	defer debug.SetGCPercent(debug.SetGCPercent(20)) // only memory in use should count, so garbage is collected early
	runtime.GC()
	var before, now runtime.MemStats
	runtime.ReadMemStats(&before)
	done := make(chan struct{})
	highest := make(chan int64)
	go func() {
		var most int64
		for {
			if runtime.ReadMemStats(&now); int64(now.HeapAlloc)-int64(before.HeapAlloc) > limit {
				runtime.GC()
				runtime.ReadMemStats(&now)
			}
			most = max(most, int64(now.HeapAlloc)-int64(before.HeapAlloc))
			select {
			case <-done:
				highest <- most
				return
			case <-time.After(time.Millisecond):
			}
		}
	}()
	f()
	close(done)
	return <-highest
}

// However many elements the lists of a hostile response have, reading the response takes a bounded amount of heap.
func TestHostileListsAreBounded(t *testing.T) {
	sizes := []int{1 << 20, 4 << 20, 32 << 20}
	if !longtest.On() {
		sizes = sizes[:1]
	}
	var body []byte
	client, _ := replying(t, &body)
	seen := map[reflect.Type]bool{}
	for op := range byzantine.Operations() {
		if op.NewResponse() == nil {
			continue
		}
		for _, place := range listPlaces(reflect.TypeOf(op.NewResponse()).Elem(), "", "") {
			if seen[place.element] {
				continue
			}
			seen[place.element] = true
			for _, size := range sizes {
				elements := []string{"{}", filling(size, 90_000), odd(size, 90_000)}
				if !longtest.On() { // by default one kind of element for each list, in turn
					elements = elements[len(seen)%3:][:1]
				}
				for _, element := range elements {
					count := (size - len(place.before) - len(place.behind)) / (len(element) + 1)
					body = []byte(place.before + strings.Repeat(element+",", count-1) + element + place.behind)
					var err error
					heap := heapFor(heapLimit(size), func() { err = byzantine.SendEmpty(t.Context(), client, op, op.NewResponse()) })
					name := fmt.Sprintf("%s: %d MiB of %s%.10s...", op.ID, size>>20, place.before, element)
					assert.LessOrEqual(t, heap, heapLimit(size), name)
					if count > 100_001 {
						assert.ErrorContains(t, err, "too large", name)
					} else if err != nil {
						assert.NotContains(t, err.Error(), "too large", name)
					}
				}
			}
		}
	}
	assert.Greater(t, len(seen), 25)
}

// filling returns a JSON object of such a length that count of them fill size bytes.
func filling(size, count int) string {
	const frame = len(`{"":""}`) + 1
	return `{"` + strings.Repeat("x", max(1, size/count-frame)) + `":""}`
}

// odd returns a JSON text of such a length that count of them fill size bytes. Most lists have elements of another
// kind, so each of these is an unreadable element.
func odd(size, count int) string {
	return `"` + strings.Repeat("x", max(1, size/count-len(`"",`))) + `"`
}

// A hostile object with millions of fields takes a bounded amount of heap as well, also in Payload.Activity, which
// compares names.
func TestHostileObjectsAreBounded(t *testing.T) {
	sizes := []int{1 << 20, 4 << 20, 32 << 20}
	if !longtest.On() {
		sizes = sizes[:1]
	}
	var body []byte
	client, _ := replying(t, &body)
	for _, size := range sizes {
		fields := manyFields(size)
		for _, text := range []string{`{` + fields + `}`, `{"bodyToSign":{},` + fields + `}`, `{"bodyToSign":{` + fields + `}}`} {
			body = []byte(text)
			heap := heapFor(heapLimit(size), func() {
				var p byzantine.Payload
				if client.Do(t.Context(), "POST", "/v1/query/get-transfer-payload-passkey", nil, &p) == nil {
					_, err := p.Activity()
					assert.Error(t, err)
				}
			})
			assert.LessOrEqual(t, heap, heapLimit(size), "%d MiB of %.20s", size>>20, text)
		}
	}
}

// manyFields returns the fields, without the braces, of a JSON object of size bytes. All names differ.
func manyFields(size int) string {
	var b strings.Builder
	for i := 0; b.Len() < size; i++ {
		fmt.Fprintf(&b, `"%x":0,`, i)
	}
	return b.String() + `"end":0`
}

// The work of reading a list grows in proportion to the number of elements, in the strict and in the lenient pass.
// Allocations are counted instead of time, because they do not depend on the machine.
func TestReadingListsTakesLinearWork(t *testing.T) {
	n := longtest.Count(100, 1000)
	tried := 0
	for op := range byzantine.Operations() {
		if op.NewResponse() == nil {
			continue
		}
		for _, place := range listPlaces(reflect.TypeOf(op.NewResponse()).Elem(), "", "") {
			for _, element := range []string{"{}", `"odd"`, "7", `{"id":7,"createdAt":7}`, toJSON(t, sample(place.element))} {
				work := func(count int) (allocations, bytes float64) {
					text := []byte(place.before + strings.Repeat(element+",", count-1) + element + place.behind)
					return allocated(func() { _ = wire.Read(text, op.NewResponse()) })
				}
				work(n) // so that the caches are filled
				name := fmt.Sprintf("%s: %s%s", op.ID, place.before, element)
				oneCount, oneBytes := work(n)
				fourCount, fourBytes := work(4 * n)
				tried++
				assert.LessOrEqual(t, fourCount, 5*oneCount+100, name)
				// A list grows in steps, so that four times the elements can take more than four times the memory. What
				// grows with the square would take 16 times as much.
				assert.LessOrEqual(t, fourBytes, 10*oneBytes, name)
			}
		}
	}
	assert.Greater(t, tried, 200)
}

// allocated returns how many allocations f makes and how many bytes they have.
func allocated(f func()) (allocations, bytes float64) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return float64(after.Mallocs - before.Mallocs), float64(after.TotalAlloc - before.TotalAlloc)
}

// A response of 25 MiB is read into one buffer and decoded from that: this takes little more than twice its length.
func TestALongListTakesLittleMoreThanItsLength(t *testing.T) {
	if longtest.Race {
		t.Skip("code allocates more with the race detector")
	}
	page := transactionPage()
	list := page[len(`{"transactions":[`):bytes.IndexByte(page, ']')]
	const pages = 385
	body := slices.Concat([]byte(`{"transactions":[`), bytes.Repeat(append(list, ','), pages-1), list, []byte(`],"total":1,"limit":1,"offset":0}`))
	client, err := byzantine.NewClient(rfc6979Key(t), over(roundTripper(func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: 200, Header: http.Header{}, ContentLength: int64(len(body)), Body: io.NopCloser(bytes.NewReader(body))}, nil
	})))
	require.NoError(t, err)
	_, taken := allocated(func() {
		got, err := client.GetAllTransactions(t.Context(), nil)
		require.NoError(t, err)
		require.Len(t, got.Transactions, 100*pages)
	})
	assert.Greater(t, len(body), 25_000_000)
	assert.LessOrEqual(t, taken, 60e6)
}

// Only elements of lists are counted, those of all lists of a response together.
func TestElementsAreCounted(t *testing.T) {
	var body []byte
	client, _ := replying(t, &body)
	list := func(n int) []byte {
		return []byte("[" + strings.Repeat("{},", n-1) + "{}]")
	}
	for _, c := range []struct {
		name     string
		body     []byte
		tooLarge bool
	}{
		{"just as many as there may be", list(100_000), false},
		{"one more", list(100_001), true},
		{"in two lists", []byte(`{"businessCustomers":` + string(list(50_000)) + `,"individualCustomers":` + string(list(50_001)) + `}`), true},
		{"commas in a text", []byte(`["` + strings.Repeat(`[,\",`, 100_000) + `"]`), false},
		{"fields", []byte(`{"a":0` + strings.Repeat(`,"a":0`, 200_000) + `}`), false},
		{"empty lists", []byte(`[` + strings.Repeat("[],", 99_999) + `[]]`), false},
		{"lists of one", []byte(`[` + strings.Repeat("[0],", 99_999) + `[0]]`), true},
	} {
		body = c.body
		var out any
		err := client.Do(t.Context(), "GET", "/v1/query/get-customers", nil, &out)
		if c.tooLarge {
			var e *byzantine.Error
			require.ErrorAs(t, err, &e, c.name)
			assert.Equal(t, "the response is too large: its lists hold more than 100000 elements", e.Message, c.name)
		} else {
			assert.NoError(t, err, c.name)
		}
	}
	assert.Equal(t, 100_000, bytes.Count(list(100_000), []byte("{}")))
}
