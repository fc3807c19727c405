package main

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"github.com/byzantine-finance/byzantine-go"
)

//go:embed peers/package.json peers/bench.mjs
var peerFiles embed.FS

// peers are JavaScript libraries that sign the same message in a process of node, in the same rounds as this module.
type peers struct {
	folder  string
	process *exec.Cmd
	input   io.WriteCloser
	output  *bufio.Reader

	node string
	list []*peer
	// limit signs the message in this process, with the standard library.
	limit  func() error
	slice  time.Duration
	limits []float64 // seconds, one for each round
}

// peer is one library.
type peer struct {
	Name, Version string
	DER           string // a signature that the library has made, in hexadecimal
	seconds       []float64
}

// startPeers installs the libraries in a temporary folder. If node, npm or the registry is missing, p is nil and
// skipped says why.
func startPeers(ctx context.Context, key *byzantine.PrivateKey, slice time.Duration) (p *peers, skipped string, err error) {
	for _, program := range []string{"node", "npm"} {
		if _, err := exec.LookPath(program); err != nil {
			return nil, program + " is not installed", nil
		}
	}
	folder, err := os.MkdirTemp("", "byzantine-benchmarks-")
	if err != nil {
		return nil, "", err
	}
	p = &peers{folder: folder, slice: slice}
	defer func() {
		if err != nil || skipped != "" {
			p.close()
			p = nil
		}
	}()
	files, err := fs.Sub(peerFiles, "peers")
	if err != nil {
		return p, "", err
	}
	if err := os.CopyFS(folder, files); err != nil {
		return p, "", err
	}
	install := exec.CommandContext(ctx, "npm", "install", "--ignore-scripts", "--no-audit", "--no-fund", "--no-package-lock", "--loglevel=error")
	install.Dir = folder
	install.Stderr = os.Stderr
	if err := install.Run(); err != nil {
		return p, "npm install failed", nil
	}
	return p, "", p.start(ctx, key)
}

// start runs node and verifies a signature of each library.
func (p *peers) start(ctx context.Context, key *byzantine.PrivateKey) error {
	p.process = exec.CommandContext(ctx, "node", "bench.mjs", "--driven")
	p.process.Dir = p.folder
	p.process.Stderr = os.Stderr
	var err error
	if p.input, err = p.process.StdinPipe(); err != nil {
		return err
	}
	output, err := p.process.StdoutPipe()
	if err != nil {
		return err
	}
	p.output = bufio.NewReader(output)
	if err := p.process.Start(); err != nil {
		return err
	}
	head := strconv.FormatInt(time.Now().Unix(), 10) + "POST" + postPath
	body := strings.Repeat("x", 1<<10)
	var started struct {
		Node  string
		Peers []*peer
	}
	err = p.ask(map[string]any{
		"privateKey":   strings.TrimPrefix(key.SecretHex(), "0x"),
		"publicKey":    strings.TrimPrefix(key.PublicKeyHex(), "0x"),
		"head":         head,
		"body":         body,
		"milliseconds": p.slice.Milliseconds(),
	}, &started)
	if err != nil {
		return err
	}
	raw, err := rawKey(key)
	if err != nil {
		return err
	}
	digest := sha256.Sum256([]byte(head + body))
	for _, peer := range started.Peers {
		der, err := hex.DecodeString(peer.DER)
		if err != nil || !ecdsa.VerifyASN1(&raw.PublicKey, digest[:], der) {
			return fmt.Errorf("%s: the signature does not verify", peer.Name)
		}
	}
	text := []byte(body)
	p.node, p.list = started.Node, started.Peers
	p.limit = func() error {
		_, err := signRaw(raw, head, text)
		return err
	}
	return nil
}

// ask sends question to node as a line of JSON and decodes the line that it returns.
func (p *peers) ask(question, response any) error {
	if err := json.NewEncoder(p.input).Encode(question); err != nil {
		return fmt.Errorf("node: %w", err)
	}
	line, err := p.output.ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(line, response)
	}
	if err != nil {
		return fmt.Errorf("node: %w", err)
	}
	return nil
}

// round measures the limit in this process and then each library in node.
func (p *peers) round() error {
	limit := pair{limit: p.limit, ours: p.limit, repeat: 1}
	if err := limit.round(p.slice); err != nil {
		return err
	}
	p.limits = append(p.limits, limit.limitCost.seconds...)
	var response struct{ Medians []float64 }
	if err := p.ask("round", &response); err != nil {
		return err
	}
	if len(response.Medians) != len(p.list) {
		return errors.New("node: not a time for each library")
	}
	for i, peer := range p.list {
		peer.seconds = append(peer.seconds, response.Medians[i]/1e9)
	}
	return nil
}

func (p *peers) close() {
	if p.input != nil {
		p.input.Close()
	}
	if p.process != nil && p.process.Process != nil {
		_ = p.process.Wait()
	}
	_ = os.RemoveAll(p.folder)
}
