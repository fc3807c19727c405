package main

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"
	"unicode/utf8"
)

// render returns all results as Markdown.
func render(p plan, m machine, pairs []*pair, crowds []*crowd, others *peers, skipped string) string {
	var out strings.Builder
	fmt.Fprintf(&out, "%s, %d rounds.\n%s\n", m, p.rounds, m.load())

	judge := judge{measured: p.slice > 0}
	work := table{{"work", "limit", "ours", "ratio", "p25-p75", "allocations", "bytes", "budget", "verdict"}}
	for _, p := range pairs {
		names, verdict := judge.line(p.name, p.budgets)
		work = append(work, append(p.cells(), names, verdict))
	}
	out.WriteString(work.String())

	parallel := table{{"TLS", "calls/s: limit", "ours", "net/http's default", "ratio", "p25-p75", "default's ratio",
		"connections: limit", "ours", "default", "requests", "budget", "verdict"}}
	for _, c := range crowds {
		names, verdict := judge.line(c.name(), c.budgets())
		parallel = append(parallel, append(c.cells(), names, verdict))
	}
	out.WriteString(parallel.String())

	if others == nil {
		fmt.Fprintf(&out, "\nOther libraries: skipped, %s.\n", skipped)
	} else {
		fmt.Fprintf(&out, "\nOther libraries in node %s, one signature of 1 KiB:\n", others.node)
		out.WriteString(others.table().String())
	}

	out.WriteString("\n" + judge.sum() + "\n")
	return out.String()
}

// judge compares the measured values with the budgets.
type judge struct {
	measured bool     // false with -quick: then no budget is checked
	budgets  int      // how many were compared so far
	exceeded []string // a text for each budget that is exceeded
}

// line returns the last two cells of a line: its budgets, and whether they are kept.
func (j *judge) line(name string, budgets []budget) (bounds, verdict string) {
	for i, b := range budgets {
		if i > 0 {
			bounds += ", "
		}
		bounds += b.name
		j.budgets++
		if !j.measured {
			continue
		}
		verdict = cmp.Or(verdict, "ok")
		if by := b.exceeded(); by != "" {
			verdict = "over"
			j.exceeded = append(j.exceeded, name+": "+by)
		}
	}
	return bounds, verdict
}

func (j *judge) sum() string {
	switch {
	case !j.measured:
		return "Every line ran once: nothing was measured."
	case len(j.exceeded) > 0:
		return "Over budget: " + strings.Join(j.exceeded, "; ") + "."
	}
	return fmt.Sprintf("All %d budgets are kept.", j.budgets)
}

func (p *pair) cells() []string {
	ratios := p.ratios()
	return []string{
		p.name,
		seconds(median(p.limitCost.seconds)), seconds(median(p.oursCost.seconds)),
		fmt.Sprintf("%.2f", quantile(ratios, 0.5)), spread(ratios),
		fmt.Sprintf("%.0f → %.0f", median(p.limitCost.allocations), median(p.oursCost.allocations)),
		size(median(p.limitCost.bytes)) + " → " + size(median(p.oursCost.bytes)),
	}
}

func (c *crowd) cells() []string {
	// The ratio of times is the inverse of the ratio of rates.
	ours, stock := ratios(c.limit.rates, c.ours.rates), ratios(c.limit.rates, c.stock.rates)
	whole := func(values []float64) string { return fmt.Sprintf("%.0f", median(values)) }
	return []string{
		c.name(),
		whole(c.limit.rates), whole(c.ours.rates), whole(c.stock.rates),
		fmt.Sprintf("%.2f", quantile(ours, 0.5)), spread(ours), fmt.Sprintf("%.2f", quantile(stock, 0.5)),
		whole(c.limit.connections), whole(c.ours.connections), whole(c.stock.connections), fmt.Sprint(c.requests()),
	}
}

func (p *peers) table() table {
	t := table{{"library", "time", "ratio to the limit", "p25-p75"}}
	t = append(t, []string{"limit: Go's crypto/ecdsa, RFC 6979", seconds(median(p.limits)), "1.00", ""})
	for _, peer := range p.list {
		list := ratios(peer.seconds, p.limits)
		t = append(t, []string{
			peer.Name + " " + peer.Version, seconds(median(peer.seconds)),
			fmt.Sprintf("%.1f", quantile(list, 0.5)), spread(list),
		})
	}
	return t
}

func spread(sorted []float64) string {
	return fmt.Sprintf("%.2f-%.2f", quantile(sorted, 0.25), quantile(sorted, 0.75))
}

func seconds(s float64) string {
	switch {
	case s < 1e-3:
		return fmt.Sprintf("%.1f µs", s*1e6)
	case s < 1:
		return fmt.Sprintf("%.2f ms", s*1e3)
	}
	return fmt.Sprintf("%.2f s", s)
}

func size(bytes float64) string {
	switch {
	case bytes < 1e3:
		return fmt.Sprintf("%.0f B", bytes)
	case bytes < 1e6:
		return fmt.Sprintf("%.1f kB", bytes/1e3)
	}
	return fmt.Sprintf("%.2f MB", bytes/1e6)
}

// table is a list of rows of cells. The first row is the head.
type table [][]string

// String returns the table as Markdown, with a blank line before it and with columns that are aligned in a terminal as
// well. If there is only the head, it returns "".
func (t table) String() string {
	if len(t) < 2 {
		return ""
	}
	widths := make([]int, len(t[0]))
	for _, row := range t {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	out := new(strings.Builder)
	out.WriteString("\n")
	for n, row := range t {
		for i, cell := range row {
			out.WriteString("| " + cell + strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell)+1))
		}
		out.WriteString("|\n")
		if n > 0 {
			continue
		}
		for _, width := range widths {
			out.WriteString("| " + strings.Repeat("-", width) + " ")
		}
		out.WriteString("|\n")
	}
	return out.String()
}

// machine says where and when the program ran.
type machine struct {
	processor string
	started   time.Time
	loadThen  string
}

func describeMachine() machine {
	m := machine{processor: runtime.GOARCH, started: time.Now(), loadThen: loadAverage()}
	info, _ := os.ReadFile("/proc/cpuinfo") // exists on Linux only
	for line := range strings.Lines(string(info)) {
		if name, value, _ := strings.Cut(line, ":"); strings.TrimSpace(name) == "model name" {
			m.processor = strings.TrimSpace(value)
		}
	}
	return m
}

func (m machine) String() string {
	return fmt.Sprintf("%s, %s, %s, %d cores", runtime.Version(), runtime.GOOS, m.processor, runtime.NumCPU())
}

func (m machine) load() string {
	took := time.Since(m.started).Round(time.Second)
	if m.loadThen == "" {
		return fmt.Sprintf("It took %s.", took)
	}
	return fmt.Sprintf("It took %s. Load average (1 min) before it %s, at its end %s.", took, m.loadThen, loadAverage())
}

// loadAverage returns the load average of the last minute, "" if it is not known.
func loadAverage() string {
	text, _ := os.ReadFile("/proc/loadavg") // exists on Linux only
	first, _, _ := strings.Cut(string(text), " ")
	return first
}

// The tables are between these lines of a file.
const (
	beginMarker = "<!-- tables: go run ./benchmarks -write BENCHMARKS.md -->\n"
	endMarker   = "<!-- end of tables -->\n"
)

// writeInto replaces the text between the markers of a file by the report.
func writeInto(file, report string) error {
	before, after, err := aroundTables(file)
	if err != nil {
		return err
	}
	return os.WriteFile(file, []byte(before+beginMarker+"\n"+report+"\n"+endMarker+after), 0o644)
}

// aroundTables returns the text before the first marker of a file and after the second. It returns an error if one of
// them is missing.
func aroundTables(file string) (before, after string, err error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return "", "", err
	}
	before, rest, begins := strings.Cut(string(text), beginMarker)
	_, after, ends := strings.Cut(rest, endMarker)
	if !begins || !ends {
		return "", "", errors.New(file + " has no markers to write between")
	}
	return before, after, nil
}
