package main

import (
	"fmt"
	"io"
	"os"
	"sync"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// output returns what a command writes to: the file itself, so that a program that reads it gets every byte, or a
// [display] if it is a terminal.
func output(f *os.File) io.Writer {
	if info, err := f.Stat(); err != nil || info.Mode()&os.ModeCharDevice == 0 {
		return f
	}
	return &display{w: f}
}

// display writes text with everything escaped, as JSON does it, that a terminal would obey instead of show: control
// characters other than tab and line feed, characters that change the direction of text, bytes that are not UTF-8. Texts
// of servers and pages come out here, and whoever writes them must not be able to move the cursor, to hide a line or to
// set the window's title. JSON stays the same JSON.
type display struct {
	mu   sync.Mutex
	w    io.Writer
	rest []byte // the beginning of a character whose end has not come yet
}

func (d *display) Write(p []byte) (n int, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	text := append(d.rest, p...)
	out := make([]byte, 0, len(text))
	for len(text) > 0 && (utf8.FullRune(text) || len(text) >= utf8.UTFMax) {
		r, size := utf8.DecodeRune(text)
		text = text[size:]
		switch {
		case r == '\n' || r == '\t' || unicode.IsGraphic(r) && (r != utf8.RuneError || size > 1):
			out = utf8.AppendRune(out, r)
		default:
			for _, unit := range utf16.Encode([]rune{r}) {
				out = fmt.Appendf(out, `\u%04x`, unit)
			}
		}
	}
	d.rest = append([]byte(nil), text...)
	if _, err := d.w.Write(out); err != nil {
		return 0, err
	}
	return len(p), nil
}
