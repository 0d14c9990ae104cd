package config

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"opensrs-doctor/cmd/opensrs-doctor/console"
	"opensrs-doctor/probes/netaddr"
	"opensrs-doctor/probes/service"
)

// hostLetters are the characters of a host's name; names in other scripts come in their xn-- form.
const hostLetters = "abcdefghijklmnopqrstuvwxyz0123456789-_"

// parseEndpoint reads https://HOST[:PORT][/PATH], or HOST[:PORT]. Its errors repeat nothing of a text that
// may hold a password.
func parseEndpoint(text string) (host string, port uint16, path string, err error) {
	if address, err := netip.ParseAddr(text); err == nil && address.Is6() {
		text = "[" + text + "]"
	}
	if !strings.Contains(text, "://") {
		text = "https://" + text
	}
	u, err := url.Parse(text)
	switch {
	case err != nil:
		return "", 0, "", errors.New("not a URL; give https://HOST:PORT")
	case u.User != nil:
		return "", 0, "", errors.New("the URL takes no user and no password; give --username and --api-key-file")
	case !strings.EqualFold(u.Scheme, "https"):
		return "", 0, "", errors.New("the API speaks https only; give https://HOST:PORT")
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return "", 0, "", errors.New("the URL takes no ? and no #; give https://HOST:PORT")
	}
	if host, err = checkHost(u.Hostname()); err != nil {
		return "", 0, "", err
	}
	port = service.OpenSRS.Port
	if strings.HasSuffix(u.Host, ":") || u.Port() != "" {
		if port, err = checkPort(u.Port()); err != nil {
			return "", 0, "", err
		}
	}
	if path = u.EscapedPath(); path == "" {
		path = "/"
	}
	return host, port, path, nil
}

// checkHost takes a name or an address, and gives it without a trailing dot.
func checkHost(host string) (string, error) {
	if address, err := netip.ParseAddr(host); err == nil {
		if address.Zone() != "" {
			return "", errors.New("an address with a zone is not supported")
		}
		return address.Unmap().String(), nil
	}
	host = strings.TrimSuffix(host, ".")
	if service.OpenSRS.EnvironmentOf(host) != "" {
		return strings.ToLower(host), nil
	}
	if host == "" {
		return "", errors.New("the host is missing; give https://HOST:PORT")
	}
	if len(host) > 253 {
		return "", errors.New("the host's name is longer than 253 characters")
	}
	for _, label := range strings.Split(host, ".") {
		if label == "" || len(label) > 63 || strings.Trim(strings.ToLower(label), hostLetters) != "" {
			return "", errors.New("the host is not a name; names have letters, digits, - and dots (others in their xn-- form)")
		}
	}
	if last := host[strings.LastIndexByte(host, '.')+1:]; strings.Trim(last, "0123456789") == "" {
		return "", errors.New("the host is not an IPv4 address, and a name does not end in a number")
	}
	return host, nil
}

func checkPort(text string) (uint16, error) {
	port, err := strconv.ParseUint(text, 10, 16)
	if err != nil || port == 0 {
		return 0, errors.New("the port is not between 1 and 65535")
	}
	return uint16(port), nil
}

func parseHostPort(text string) (peer netaddr.HostPort, err error) {
	host, port, err := net.SplitHostPort(text)
	if err != nil {
		return peer, fmt.Errorf("%s is not HOST:PORT, as in 192.0.2.1:443", console.Shown(text))
	}
	if peer.Host, err = checkHost(host); err == nil {
		peer.Port, err = checkPort(port)
	}
	return peer, err
}

func parseWebURL(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	switch {
	case err != nil, u.Host == "", u.Scheme != "https" && u.Scheme != "http":
		return nil, errors.New("not a URL; give https://HOST/PATH, or none")
	case u.User != nil:
		return nil, errors.New("the URL takes no user and no password")
	}
	_, err = checkHost(u.Hostname())
	return u, err
}

// parseProxy reads a proxy's URL. Its errors repeat nothing of a text that may hold a password.
func parseProxy(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	switch {
	case err != nil:
		return nil, errors.New("not a URL; give http://HOST:PORT, https://HOST:PORT or socks5://HOST:PORT, with the signs " +
			"/ ? # @ : % of a password as %2F %3F %23 %40 %3A %25")
	case !slices.Contains([]string{"http", "https", "socks5", "socks5h"}, u.Scheme), u.Host == "":
		return nil, errors.New("a proxy is http://HOST:PORT, https://HOST:PORT, socks5://HOST:PORT, env or none")
	case u.Path != "" && u.Path != "/", u.RawQuery != "", u.ForceQuery, strings.Contains(text, "#"):
		return nil, errors.New("nothing may follow the proxy's port; the signs / ? # of a password are written %2F %3F %23")
	}
	if _, err := checkHost(u.Hostname()); err != nil {
		return nil, errors.New("the proxy's host is neither a name nor an address")
	}
	if u.Port() != "" || strings.HasSuffix(u.Host, ":") {
		_, err = checkPort(u.Port())
	}
	return u, err
}
