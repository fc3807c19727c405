package byzantinetest

import (
	"cmp"
	"net/netip"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// WithAnyWebhookURL lets webhook URLs be http and name any host, addresses and bare names included: for containers that
// reach each other in a test network. Without this option the API's rules hold, except for loopback hosts.
func WithAnyWebhookURL() Option {
	return func(s *Sandbox) error { s.world.anyWebhookURL = true; return nil }
}

// endpoint is a subscription's URL as it was checked: the subscription's endpointSafetyMetadata.
type endpoint struct {
	NormalizedURL string    `json:"normalizedUrl"` // what two subscriptions cannot share
	Host          string    `json:"host"`
	Port          uint16    `json:"port"`
	ResolvedIPs   []string  `json:"resolvedIps"`
	ValidatedAt   time.Time `json:"validatedAt"`
}

// checkEndpoint holds a URL against the API's rules: https to a public host name, without user information and fragment.
// A loopback host is allowed here, with http as well. Its errors do not repeat the URL, which may hold a secret.
func (w *world) checkEndpoint(raw string) (*endpoint, error) {
	u, err := url.Parse(raw)
	switch {
	case err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http"):
		return nil, badRequest("url: not an https URL")
	case u.User != nil:
		return nil, badRequest("url: must not have user information")
	case strings.Contains(raw, "#"):
		return nil, badRequest("url: must not have a fragment")
	}
	e := &endpoint{Host: strings.ToLower(u.Hostname()), ResolvedIPs: []string{}, ValidatedAt: w.clock.now().UTC()}
	port, err := strconv.ParseUint(cmp.Or(u.Port(), defaultPorts[u.Scheme]), 10, 16)
	if err != nil || port == 0 {
		return nil, badRequest("url: not a port")
	}
	e.Port = uint16(port)
	ip, err := netip.ParseAddr(e.Host)
	isIP := err == nil
	switch loopback := e.Host == "localhost" || isIP && ip.Unmap().IsLoopback(); {
	case loopback, w.anyWebhookURL:
	case u.Scheme != "https":
		return nil, badRequest("url: must be https%s", anyURL)
	case isIP:
		return nil, badRequest("url: must name a host, not an IP address%s", anyURL)
	case !isPublicName(e.Host):
		return nil, badRequest("url: not a public host name%s", anyURL)
	}
	if isIP {
		e.ResolvedIPs = []string{ip.String()}
	}
	e.NormalizedURL = normalized(u, e)
	return e, nil
}

// anyURL names the way out, which the API does not have.
const anyURL = ": a sandbox with -any-webhook-url, in Go WithAnyWebhookURL, accepts it"

var defaultPorts = map[string]string{"https": "443", "http": "80"}

// normalized is the URL in the form in which equal ones look the same.
func normalized(u *url.URL, e *endpoint) string {
	n := url.URL{Scheme: u.Scheme, Host: e.Host, Path: u.Path, RawPath: u.RawPath, RawQuery: u.RawQuery}
	if strings.Contains(e.Host, ":") {
		n.Host = "[" + e.Host + "]"
	}
	if port := strconv.Itoa(int(e.Port)); port != defaultPorts[u.Scheme] {
		n.Host += ":" + port
	}
	if n.Path == "" {
		n.Path = "/"
	}
	return n.String()
}

// publicName is a DNS name of at least two labels whose last one is not a number: some resolvers read 127.1 as an
// address.
var publicName = regexp.MustCompile(`^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?$`)

// internalDomains never lead to the public Internet (RFC 6761, RFC 6762, RFC 8375) or by custom lead into a company.
var internalDomains = []string{".localhost", ".local", ".internal", ".intranet", ".lan", ".home.arpa", ".corp", ".invalid", ".test"}

func isPublicName(host string) bool {
	if len(host) > 253 || !publicName.MatchString(host) {
		return false
	}
	for _, domain := range internalDomains {
		if strings.HasSuffix(host, domain) {
			return false
		}
	}
	return true
}
