package netaddr

import (
	"errors"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
)

// HostPort is a peer by name or address.
type HostPort struct {
	Host string
	Port uint16
}

// PortOf is the port of a URL, or the usual one of its scheme.
func PortOf(u *url.URL) (uint16, error) {
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
	if strings.Contains(p.Host, ":") {
		return "[" + p.Host + "]:" + strconv.Itoa(int(p.Port))
	}
	return p.Host + ":" + strconv.Itoa(int(p.Port))
}

// HostOf is the host of HOST:PORT, without brackets; false where the text has no port.
func HostOf(text string) (string, bool) {
	colon := strings.LastIndexByte(text, ':')
	if colon < 0 {
		return "", false
	}
	host := text[:colon]
	if inner, found := strings.CutPrefix(host, "["); found && strings.HasSuffix(inner, "]") {
		return inner[:len(inner)-1], true
	}
	return host, !strings.Contains(host, ":")
}
