package main

import (
	"bytes"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"html/template"
	"io"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/byzantine-finance/byzantine-go"
)

//go:embed page.html
var pageText string

var pageTemplate = template.Must(template.New("page").Parse(pageText))

// row is a transaction in the copy, as the table and the page show it.
type row struct {
	Updated          time.Time
	ID, Type, Status string
	Amount           byzantine.Decimal
}

// sample is the sum of what all accounts had at a time, in one currency and of one kind, such as "in vaults".
type sample struct {
	at     time.Time
	amount byzantine.Decimal
}

// line is what the page shows of all samples with one name.
type line struct{ Name, Points, From, To, Lowest, Highest string }

func (s *store) rows(ctx context.Context) (rows []row, err error) {
	found, err := s.db.QueryContext(ctx, `SELECT updated_at, id, type, status, amount FROM transactions ORDER BY updated_at DESC, id`)
	if err != nil {
		return nil, err
	}
	defer found.Close()
	for found.Next() {
		var r row
		var updated int64
		if err := found.Scan(&updated, &r.ID, &r.Type, &r.Status, &r.Amount); err != nil {
			return nil, err
		}
		r.Updated = time.UnixMilli(updated).UTC()
		rows = append(rows, r)
	}
	return rows, found.Err()
}

func (s *store) lines(ctx context.Context) (lines []line, err error) {
	found, err := s.db.QueryContext(ctx, `SELECT name, at, amount FROM balances ORDER BY name, at`)
	if err != nil {
		return nil, err
	}
	defer found.Close()
	var names []string
	samples := map[string][]sample{}
	for found.Next() {
		var name string
		var at int64
		var p sample
		if err := found.Scan(&name, &at, &p.amount); err != nil {
			return nil, err
		}
		p.at = time.UnixMilli(at).UTC()
		if samples[name] == nil {
			names = append(names, name)
		}
		samples[name] = append(samples[name], p)
	}
	for _, name := range names {
		lines = append(lines, draw(name, samples[name]))
	}
	return lines, found.Err()
}

// draw returns a line of 800 by 200 pixels that covers the values from the lowest sample to the highest. Only pixels
// are floats, amounts are not.
func draw(name string, samples []sample) line {
	first, last := samples[0], samples[len(samples)-1]
	lowest, highest := first.amount, first.amount
	for _, p := range samples {
		if p.amount.Cmp(lowest) < 0 {
			lowest = p.amount
		}
		if p.amount.Cmp(highest) > 0 {
			highest = p.amount
		}
	}
	part := func(of, whole float64) float64 {
		if whole == 0 {
			return 0.5 // a single sample, or values that never change, are drawn in the middle
		}
		return of / whole
	}
	span, _ := highest.Sub(lowest).Rat().Float64()
	var points strings.Builder
	for _, p := range samples {
		above, _ := p.amount.Sub(lowest).Rat().Float64()
		fmt.Fprintf(&points, "%.1f,%.1f ", 800*part(float64(p.at.Sub(first.at)), float64(last.at.Sub(first.at))), 200-200*part(above, span))
	}
	return line{name, strings.TrimSpace(points.String()), first.at.Format(time.DateTime), last.at.Format(time.DateTime), lowest.String(), highest.String()}
}

// table prints the transactions in the copy.
func (s *store) table(ctx context.Context, out io.Writer) error {
	rows, err := s.rows(ctx)
	if err != nil {
		return err
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "UPDATED\tID\tTYPE\tSTATUS\tAMOUNT")
	for _, r := range rows {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", r.Updated.Format(time.DateTime), r.ID, r.Type, r.Status, r.Amount)
	}
	return table.Flush()
}

// page writes the HTML page to a temporary file in the same folder and renames that, so a reader never sees a part of
// it.
func (s *store) page(ctx context.Context, file string) error {
	rows, err := s.rows(ctx)
	if err != nil {
		return err
	}
	lines, err := s.lines(ctx)
	if err != nil {
		return err
	}
	var text bytes.Buffer
	if err := pageTemplate.Execute(&text, map[string]any{"Rows": rows, "Lines": lines}); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(file), ".projection-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // after the rename there is no such file
	_, err = f.Write(text.Bytes())
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), file)
}
