package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// serverVariable is the environment variable that makes this program run as the server of another process of it.
const serverVariable = "BYZANTINE_BENCHMARKS_SERVER"

func isServer() bool { return os.Getenv(serverVariable) != "" }

// serverConfig is what the parent process sends to the server on standard input. The server ends when its input ends.
type serverConfig struct {
	Protocol     string        // "http", or over TLS "HTTP/1.1" or "HTTP/2"
	Certificate  []byte        // PEM, for TLS
	Key          []byte        // PEM, for TLS
	Work         time.Duration // how long each request takes
	Transactions int           // number of transactions in the list
}

// serverStart and serverEnd are what the server writes to standard output, at its start and at its end.
type (
	serverStart struct{ URL string }
	serverEnd   struct{ Connections int64 }
)

// server is the parent's handle on the server process, which is this program started again (see serverVariable).
type server struct {
	url     string
	process *exec.Cmd
	input   io.Closer
	output  *json.Decoder
}

func startServer(config serverConfig) (*server, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	command := exec.Command(program)
	command.Env = append(os.Environ(), serverVariable+"=1")
	command.Stderr = os.Stderr
	input, err := command.StdinPipe()
	if err != nil {
		return nil, err
	}
	output, err := command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := command.Start(); err != nil {
		return nil, err
	}
	s := &server{process: command, input: input, output: json.NewDecoder(output)}
	var started serverStart
	err = json.NewEncoder(input).Encode(config)
	if err == nil {
		err = s.output.Decode(&started)
	}
	if err != nil {
		_, closed := s.close()
		return nil, fmt.Errorf("the server did not start: %w", errors.Join(err, closed))
	}
	s.url = started.URL
	return s, nil
}

// close ends the server and returns how many connections it has accepted.
func (s *server) close() (connections int64, err error) {
	s.input.Close()
	var end serverEnd
	err = s.output.Decode(&end)
	return end.Connections, errors.Join(err, s.process.Wait())
}

// serve is the main function of the server process.
func serve(in io.Reader, out io.Writer) error {
	var config serverConfig
	input := json.NewDecoder(in)
	if err := input.Decode(&config); err != nil {
		return err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	var connections atomic.Int64
	handler := newAPI(config.Transactions)
	server := &http.Server{
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			time.Sleep(config.Work)
			handler.ServeHTTP(w, r)
		}),
		ConnState: func(_ net.Conn, state http.ConnState) {
			if state == http.StateNew {
				connections.Add(1)
			}
		},
		ErrorLog: log.New(io.Discard, "", 0), // clients close their connections without notice, which is not worth a message
	}
	url := "http://" + listener.Addr().String()
	if config.Protocol != "http" {
		certificate, err := tls.X509KeyPair(config.Certificate, config.Key)
		if err != nil {
			return err
		}
		server.TLSConfig = &tls.Config{Certificates: []tls.Certificate{certificate}}
		server.Protocols = new(http.Protocols)
		server.Protocols.SetHTTP1(true)
		server.Protocols.SetHTTP2(config.Protocol == "HTTP/2")
		url = "https://" + listener.Addr().String()
		go server.ServeTLS(listener, "", "")
	} else {
		go server.Serve(listener)
	}
	output := json.NewEncoder(out)
	if err := output.Encode(serverStart{url}); err != nil {
		return err
	}
	_, _ = io.Copy(io.Discard, in)
	return output.Encode(serverEnd{connections.Load()})
}

// newAPI returns the routes that the clients call. Their responses are prepared, because the server's work is not
// measured.
func newAPI(transactions int) http.Handler {
	mux := http.NewServeMux()
	response := func(pattern, text string) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set(bodyLengthHeader, strconv.FormatInt(r.ContentLength, 10))
			_, _ = io.WriteString(w, text)
		})
	}
	response("POST "+postPath, postResponse)
	response("PATCH "+documentPath, documentResponse)
	list := make([][]byte, transactions)
	for i := range list {
		list[i] = transactionJSON(i)
	}
	mux.HandleFunc("GET "+listPath, func(w http.ResponseWriter, r *http.Request) {
		limit, _ := strconv.Atoi(r.FormValue("limit"))
		offset, _ := strconv.Atoi(r.FormValue("offset"))
		w.Header().Set("Content-Type", "application/json")
		body := pageJSON(list, limit, offset)
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
		_, _ = w.Write(body)
	})
	return mux
}

// bodyLengthHeader is a response header with the length of the body that the client has sent.
const bodyLengthHeader = "X-Body-Length"

// trustedCertificate makes a certificate for 127.0.0.1, which this process trusts from then on.
var trustedCertificate = sync.OnceValues(func() (serverConfig, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return serverConfig{}, err
	}
	template := &x509.Certificate{
		SerialNumber:          big.NewInt(1),
		NotBefore:             time.Now().Add(-time.Hour),
		NotAfter:              time.Now().Add(24 * time.Hour),
		IPAddresses:           []net.IP{net.IPv4(127, 0, 0, 1)},
		IsCA:                  true,
		BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return serverConfig{}, err
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return serverConfig{}, err
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		return serverConfig{}, err
	}
	pool := x509.NewCertPool()
	pool.AddCert(certificate)
	// A client with net/http's default transport trusts the roots of the system. Because of x509usefallbackroots in
	// main.go it trusts these roots instead.
	x509.SetFallbackRoots(pool)
	return serverConfig{
		Certificate: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		Key:         pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER}),
	}, nil
})
