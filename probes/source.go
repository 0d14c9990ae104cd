package probes

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/miekg/dns"

	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/probes/netaddr"
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
	Server netaddr.HostPort
	Name   string // fully qualified
	Type   uint16 // dns.TypeA, TypeAAAA or TypeTXT
	Class  uint16 // dns.ClassINET or ClassCHAOS
}

// DefaultSources are the egress sources of a run that names none.
func DefaultSources() []Source {
	sources := make([]Source, 0, len(evidence.DefaultSources))
	for _, uri := range evidence.DefaultSources {
		source, err := ParseSource(uri)
		if err != nil {
			panic("a default egress source does not parse: " + uri)
		}
		if address := evidence.NameServers.Get()[source.DNS.Server.Host]; address != "" {
			source.DNS.Server.Host = address
		}
		sources = append(sources, source)
	}
	return sources
}

// DefaultControls are two well-known peers of different operators, by address: they tell "no internet"
// from "this service" also where no name resolves. Both have a public certificate for that address.
func DefaultControls() []netaddr.HostPort {
	return []netaddr.HostPort{{Host: "1.1.1.1", Port: 443}, {Host: "8.8.8.8", Port: 443}}
}

// ParseSource reads an egress source: https://…, http://…, or
// dns://SERVER[:PORT]/NAME?type=A|AAAA|TXT[;class=IN|CH] (RFC 4501). Errors do not repeat the URI,
// which may hold a password.
func ParseSource(text string) (Source, error) {
	u, err := url.Parse(strings.TrimSpace(text))
	if err != nil {
		return Source{}, errors.New("not a URL; give https://HOST/PATH, http://HOST/PATH or dns://SERVER/NAME?type=A")
	}
	if u.User != nil {
		return Source{}, errors.New("a source takes no user and no password")
	}
	switch strings.ToLower(u.Scheme) {
	case "http", "https":
		if u.Hostname() == "" {
			return Source{}, errors.New("the URL has no host")
		}
		if _, err := netaddr.PortOf(u); err != nil {
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
func (s Source) Peer() netaddr.HostPort {
	if s.Kind == "dns" {
		return s.DNS.Server
	}
	port, _ := netaddr.PortOf(s.URL) // ParseSource has refused a bad one
	return netaddr.HostPort{Host: s.URL.Hostname(), Port: port}
}

func parseDNSQuestion(u *url.URL) (DNSQuestion, error) {
	q := DNSQuestion{Type: dns.TypeA, Class: dns.ClassINET}
	port, err := netaddr.PortOf(u)
	if err != nil {
		return q, err
	}
	q.Server = netaddr.HostPort{Host: u.Hostname(), Port: port}
	if q.Server.Host == "" {
		return q, errors.New("name the server to ask: dns://SERVER/NAME?type=A")
	}
	name := strings.TrimPrefix(u.Path, "/")
	if name == "" {
		return q, errors.New("name what to ask for: dns://SERVER/NAME?type=A")
	}
	if _, ok := dns.IsDomainName(name); !ok {
		return q, errors.New("what follows the server is not a domain name")
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
			return q, fmt.Errorf("%q is not part of a dns: URI; it takes type and class", key)
		}
	}
	return q, nil
}
