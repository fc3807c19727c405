package main

import (
	"bufio"
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go/byzantinetest"
)

// What the program prints suffices to sign in.
func TestRun(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	out, in := io.Pipe()
	ended := make(chan error, 1)
	go func() { ended <- run(ctx, "localhost:0", in, slog.New(slog.DiscardHandler)) }()
	line, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err)
	go io.Copy(io.Discard, out)
	found := regexp.MustCompile(`^Open +(http://localhost:\d+)\n$`).FindStringSubmatch(line)
	require.NotNil(t, found, line)
	origin := found[1]

	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	browser := &http.Client{Jar: jar}
	read := func(response *http.Response, err error) (path, page string) {
		require.NoError(t, err)
		defer response.Body.Close()
		text, err := io.ReadAll(response.Body)
		require.NoError(t, err)
		return response.Request.URL.Path, string(text)
	}
	_, page := read(browser.Get(origin))
	assert.Contains(t, page, `value="ada@example.com">Ada Lovelace`)
	path, page := read(browser.PostForm(origin+"/sign-in", url.Values{"email": {"ada@example.com"}}))
	assert.Equal(t, "/code", path)
	assert.Contains(t, page, `href="`+byzantinetest.StatusPath+`"`)
	_, mailbox := read(browser.Get(origin + byzantinetest.StatusPath))
	code := regexp.MustCompile(`class="code">(\d+)<`).FindStringSubmatch(mailbox)
	require.NotNil(t, code)
	path, page = read(browser.PostForm(origin+"/code", url.Values{"code": {code[1]}}))
	assert.Equal(t, "/account", path)
	assert.Contains(t, page, `<dt>Wallet on Base</dt><dd class="sum">10,000.00</dd>`)

	stop()
	assert.NoError(t, <-ended)
}

func TestRunRefuses(t *testing.T) {
	for addr, words := range map[string]string{
		"8080": "-addr: ", "0.0.0.0:8080": "localhost", "127.0.0.1:8080": "localhost", ":8080": "localhost", "localhost:x": "x",
	} {
		assert.ErrorContains(t, run(t.Context(), addr, io.Discard, slog.New(slog.DiscardHandler)), words, addr)
	}
}
