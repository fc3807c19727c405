package byzantinetest

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"github.com/byzantine-finance/byzantine-go/internal/fake"
)

// WithAllowedHosts lets the status page and the control API be asked for under these host names, without a port, in
// addition to loopback ones: "sandbox" in a network of containers, say. A page on the web could otherwise read them by a
// host name of its own that it points to this machine (DNS rebinding).
func WithAllowedHosts(hosts ...string) Option {
	return func(s *Sandbox) error {
		for _, host := range hosts {
			if host == "" || strings.ContainsAny(host, "/:*? ") {
				return fmt.Errorf("WithAllowedHosts: %q is not a host name without a port", host)
			}
			s.allowedHosts = append(s.allowedHosts, strings.ToLower(host))
		}
		return nil
	}
}

// guard rejects what a page on the web makes a browser send here, and what comes to StatusPath under a host name that is not
// allowed. It returns nil for all else.
func (s *Sandbox) guard(r *http.Request) *rejection {
	if strings.HasPrefix(r.URL.Path, StatusPath) && !s.isOwnHost(r.Host) {
		return reject(http.StatusForbidden, "this host name is neither a loopback one nor allowed: byzantine sandbox -allow-host NAME allows it, in Go WithAllowedHosts")
	}
	// Pages of other origins cannot read the control API, but a request costs time, and how long it takes tells something.
	if site := r.Header.Get("Sec-Fetch-Site"); strings.HasPrefix(r.URL.Path, ControlPath) && site != "" && site != "same-origin" && site != "none" {
		return reject(http.StatusForbidden, "a web page of another origin cannot send this")
	}
	if err := s.crossOrigin.Check(r); err != nil {
		return reject(http.StatusForbidden, "a web page of another origin cannot send this")
	}
	return nil
}

// isOwnHost says whether a Host header names this machine or is allowed.
func (s *Sandbox) isOwnHost(hostport string) bool {
	host, _, err := net.SplitHostPort(hostport)
	if err != nil {
		host = strings.Trim(hostport, "[]")
	}
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if ip, err := netip.ParseAddr(host); err == nil && ip.Unmap().IsLoopback() {
		return true
	}
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || slices.Contains(s.allowedHosts, host)
}

// rejectUnread responds with an error to a request that should not have come here, without reading its body.
func rejectUnread(w http.ResponseWriter, out fake.Response) {
	w.Header().Set("Content-Type", jsonType)
	w.Header().Set("Connection", "close") // the body that is on its way is not wanted
	w.WriteHeader(out.Status)
	w.Write(out.Body)
}

// shownHeaders are those that pages and the control API show.
var shownHeaders = []string{
	"Accept", "Content-Length", "Content-Type", "Date", "Host", "Retry-After", "User-Agent", "X-Pubkey", "X-Signature", "X-Timestamp",
}

// shownHeader returns the headers that can be shown. The signature, which is good for a minute and does not name the host
// that it is for, is cut.
func shownHeader(header http.Header) http.Header {
	const enough = 12
	shown := http.Header{}
	for _, name := range shownHeaders {
		for _, value := range header[http.CanonicalHeaderKey(name)] {
			if name == "X-Signature" && len(value) > enough {
				value = value[:enough] + "..."
			}
			shown[name] = append(shown[name], value)
		}
	}
	return shown
}
