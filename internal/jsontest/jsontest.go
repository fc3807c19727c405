// Package jsontest makes JSON texts for tests whose bytes do not survive a decoding and encoding.
package jsontest

import (
	"math/rand/v2"
	"strings"
)

// Delicate are objects that some encoder or other changes: control characters, those that are escaped in HTML and in
// JavaScript, escapes that need not be, names that stand twice, the order of names, numbers beyond a float64.
var Delicate = []string{
	"{\"a\":\"\u2028\u2029\"}",
	"{\"\u2028\":{\"\u2029\":[\"\u2028\"]}}",
	"{\"a\":\"\x7f\u0080\u009b\u202e\ufeff\ufffd\uffff\U0001f600\"}",
	`{"a":"<script>&amp;</script>","<&>":1}`,
	`{"a":"\u003c\u003E\u0026\u2028\u2029\/\u0041\ud83d\ude00\b\f\n\r\t\"\\\u0000\u001f"}`,
	`{"a":"\ud800","b":"\udfff\ud800"}`,
	`{"z":1,"a":2,"z":3,"A":4,"":5}`,
	`{"a":1e400,"b":-1E+400,"c":1.50,"d":-0,"e":-0.0e-0,"f":12345678901234567890123,"g":1E2,"h":0.1000}`,
	`{"a":[],"b":{},"c":[[],{}],"d":null,"e":true,"f":false,"g":""}`,
	"{\"a\":\"\xff\xc3(\xe2\x80\"}",
}

// Random returns a compact JSON text.
func Random(r *rand.Rand) string {
	var b strings.Builder
	if r.IntN(10) == 0 {
		value(&b, r, 0)
	} else {
		object(&b, r, 0)
	}
	return b.String()
}

// Spaced puts white space between the tokens of a compact text.
func Spaced(r *rand.Rand, compact string) string {
	var b strings.Builder
	inString, escaped := false, false
	for _, c := range []byte(compact) {
		structural := !inString && strings.IndexByte("{}[]:,", c) >= 0
		if structural {
			space(&b, r)
		}
		b.WriteByte(c)
		if structural {
			space(&b, r)
		}
		if c == '"' && !escaped {
			inString = !inString
		}
		escaped = c == '\\' && !escaped
	}
	return b.String()
}

func space(b *strings.Builder, r *rand.Rand) {
	for range r.IntN(3) {
		b.WriteByte(" \t\r\n"[r.IntN(4)])
	}
}

const maxDepth = 4

func value(b *strings.Builder, r *rand.Rand, depth int) {
	kinds := 4
	if depth < maxDepth {
		kinds = 6
	}
	switch r.IntN(kinds) {
	case 0:
		b.WriteString([]string{"null", "true", "false"}[r.IntN(3)])
	case 1:
		b.WriteString([]string{"0", "-0", "1e400", "-1E-400", "1.50", "0.10e+01", "12345678901234567890", "9007199254740993"}[r.IntN(8)])
	case 2, 3:
		text(b, r)
	case 4:
		b.WriteByte('[')
		for i := range r.IntN(4) {
			if i > 0 {
				b.WriteByte(',')
			}
			value(b, r, depth+1)
		}
		b.WriteByte(']')
	default:
		object(b, r, depth+1)
	}
}

func object(b *strings.Builder, r *rand.Rand, depth int) {
	b.WriteByte('{')
	for i := range r.IntN(5) {
		if i > 0 {
			b.WriteByte(',')
		}
		text(b, r)
		b.WriteByte(':')
		value(b, r, depth+1)
	}
	b.WriteByte('}')
}

// pieces are what strings are made of; each is valid between quotes.
var pieces = []string{
	"a", "A", "é", " ", "<", ">", "&", "'", "/", "\u2028", "\u2029", "\x7f", "\u0085", "\u009b", "\u202e", "\ufeff", "\ufffd", "\U0001f600", "\xff",
	`\u2028`, `\u2029`, `\u003c`, `\u003E`, `\u0026`, `\u0041`, `\u00e9`, `\ud83d\ude00`, `\ud800`, `\/`, `\"`, `\\`, `\b`, `\f`, `\n`, `\r`, `\t`, `\u0000`, `\u001F`,
}

func text(b *strings.Builder, r *rand.Rand) {
	b.WriteByte('"')
	for range r.IntN(6) {
		b.WriteString(pieces[r.IntN(len(pieces))])
	}
	b.WriteByte('"')
}
