package main

import (
	"fmt"
	"io"
	"log"
	"strings"
	"unicode"

	"github.com/byzantine-finance/byzantine-go/byzantinetest"
)

// maxLogged is how many bytes of a request go into a line.
const maxLogged = 500

// requestLogger returns a function that writes a line for each request: time, status ("fault" if a fault cut the connection before a response),
// operation ("-" if no route matches), method, URI, and why it was rejected. For a signature that does not verify a second
// line has the text that it must cover, the length of the text and its hash.
func requestLogger(w io.Writer) func(byzantinetest.Request) {
	lines := log.New(w, "", 0) // which keeps lines whole
	return func(r byzantinetest.Request) {
		status, operation := fmt.Sprint(r.Status), r.OperationID
		if r.Status == 0 {
			status = "fault"
		}
		if operation == "" {
			operation = "-"
		}
		line := fmt.Sprintf("%s %s %s %s %s", r.Time.Format("15:04:05"), status, operation, r.Method, r.URI)
		if r.Verdict != "" {
			line += ": " + r.Verdict
		}
		line = printable(line)
		if r.ExpectedBytes > 0 {
			// The author of a signer in another language compares it with this text.
			line += fmt.Sprintf("\n  its signature has to cover %s (%d bytes, SHA-256 %s)",
				printable(fmt.Sprintf("%#q", r.SignedText())), r.ExpectedBytes, r.ExpectedSHA256)
		}
		lines.Println(line)
	}
}

// printable makes one line of any text, without characters that a terminal would act on.
func printable(s string) string {
	if len(s) > maxLogged {
		s = s[:maxLogged] + "..."
	}
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return unicode.ReplacementChar
	}, s)
}
