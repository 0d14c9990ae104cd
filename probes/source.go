package probes

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"github.com/miekg/dns"
)

// Source is one place that tells from which address this host appears to come.
type Source struct {
	URI  string // as given
	Kind string // "http", "https" or "dns"
	URL  *url.URL
	DNS  DNSQuestion
}

// DNSQuestion is the question of a dns: URI (RFC 4501): what to ask of which server.
type DNSQuestion struct {
	Server HostPort
	Name   string // fully qualified
	Type   uint16 // dns.TypeA, TypeAAAA or TypeTXT
	Class  uint16 // dns.ClassINET or ClassCHAOS
}

// DefaultStatusURL is the Statuspage summary of the service (support article 201000063062).
const DefaultStatusURL = "https://status.opensrs.com/api/v2/summary.json"

// defaultSources are four operators over HTTPS and three over DNS, so that neither one operator's
// trouble nor one intercepted protocol hides the address.
var defaultSources = []string{
	"https://icanhazip.com",
	"https://checkip.amazonaws.com",
	"https://api.ipify.org",
	"https://ifconfig.me/ip",
	"dns://resolver1.opendns.com/myip.opendns.com?type=A",
	"dns://ns1.google.com/o-o.myaddr.l.google.com?type=TXT",
	"dns://1.1.1.1/whoami.cloudflare?type=TXT;class=CH",
}

// DefaultSources are the egress sources of a run that names none.
func DefaultSources() []Source {
	sources := make([]Source, 0, len(defaultSources))
	for _, uri := range defaultSources {
		source, err := ParseSource(uri)
		if err != nil {
			panic("a default egress source does not parse: " + uri)
		}
		sources = append(sources, source)
	}
	return sources
}

// DefaultControls are two well-known peers of different operators, by address: they tell "no internet"
// from "this service" also where no name resolves. Both have a public certificate for that address.
func DefaultControls() []HostPort {
	return []HostPort{{"1.1.1.1", 443}, {"8.8.8.8", 443}}
}

// ParseSource reads an egress source: https://…, http://…, or
// dns://SERVER[:PORT]/NAME?type=A|AAAA|TXT[;class=IN|CH] (RFC 4501). Errors do not repeat the URI,
// which may hold a password.
func ParseSource(text string) (Source, error) {
	u, err := url.Parse(strings.TrimSpace(text))
	if err != nil {
		return Source{}, errors.New("it is no URL; give https://HOST/PATH, http://HOST/PATH or dns://SERVER/NAME?type=A")
	}
	if u.User != nil {
		return Source{}, errors.New("a source takes no user and no password")
	}
	switch strings.ToLower(u.Scheme) {
	case "http", "https":
		if u.Hostname() == "" {
			return Source{}, errors.New("the URL has no host")
		}
		if _, err := portOf(u); err != nil {
			return Source{}, err
		}
		return Source{URI: text, Kind: strings.ToLower(u.Scheme), URL: u}, nil
	case "dns":
		question, err := parseDNSQuestion(u)
		return Source{URI: text, Kind: "dns", URL: u, DNS: question}, err
	}
	return Source{}, errors.New("a source begins with https://, http:// or dns://")
}

// Peer is where the source is asked: its server, and the port of its scheme where it names none.
func (s Source) Peer() HostPort {
	if s.Kind == "dns" {
		return s.DNS.Server
	}
	port, _ := portOf(s.URL) // ParseSource has refused a bad one
	return HostPort{s.URL.Hostname(), port}
}

func parseDNSQuestion(u *url.URL) (DNSQuestion, error) {
	q := DNSQuestion{Type: dns.TypeA, Class: dns.ClassINET}
	port, err := portOf(u)
	if err != nil {
		return q, err
	}
	q.Server = HostPort{u.Hostname(), port}
	if q.Server.Host == "" {
		return q, errors.New("name the server to ask: dns://SERVER/NAME?type=A")
	}
	name := strings.TrimPrefix(u.Path, "/")
	if name == "" {
		return q, errors.New("name what to ask for: dns://SERVER/NAME?type=A")
	}
	if _, ok := dns.IsDomainName(name); !ok {
		return q, errors.New("what stands behind the server is no domain name")
	}
	q.Name = dns.Fqdn(name)
	for _, part := range strings.FieldsFunc(u.RawQuery, func(r rune) bool { return r == ';' || r == '&' }) {
		key, value, _ := strings.Cut(part, "=")
		switch strings.ToLower(key) {
		case "type":
			switch strings.ToUpper(value) {
			case "A", "AAAA", "TXT":
				q.Type = dns.StringToType[strings.ToUpper(value)]
			default:
				return q, errors.New("type is A, AAAA or TXT")
			}
		case "class":
			switch strings.ToUpper(value) {
			case "IN":
				q.Class = dns.ClassINET
			case "CH":
				q.Class = dns.ClassCHAOS
			default:
				return q, errors.New("class is IN or CH")
			}
		default:
			return q, fmt.Errorf("%q is no part of a dns: URI; it takes type and class", key)
		}
	}
	return q, nil
}

// portOf is the port of a URL, or the usual one of its scheme.
func portOf(u *url.URL) (uint16, error) {
	if text := u.Port(); text != "" {
		port, err := strconv.ParseUint(text, 10, 16)
		if err != nil || port == 0 {
			return 0, errors.New("the port is not between 1 and 65535")
		}
		return uint16(port), nil
	}
	switch strings.ToLower(u.Scheme) {
	case "https":
		return 443, nil
	case "http":
		return 80, nil
	case "dns":
		return 53, nil
	case "socks5", "socks5h":
		return 1080, nil
	}
	return 0, errors.New("the URL has no port")
}

// String is HOST:PORT, with brackets around an IPv6 address.
func (p HostPort) String() string {
	if address, err := netip.ParseAddr(p.Host); err == nil {
		return netip.AddrPortFrom(address, p.Port).String()
	}
	return p.Host + ":" + strconv.Itoa(int(p.Port))
}
