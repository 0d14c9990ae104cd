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

	"golang.org/x/net/http/httpproxy"

	"opensrs-doctor/cmd/opensrs-doctor/console"
	"opensrs-doctor/probes"
	"opensrs-doctor/probes/service"
)

// thirdParties are all whom the run may ask besides the service itself.
func (s *Settings) thirdParties(r *Request) error {
	o := &r.Options
	o.NoThirdParties = s.Bool("no-third-parties")
	if !o.NoThirdParties && r.Sandbox == "" {
		o.EgressSources, o.Controls = probes.DefaultSources(), probes.DefaultControls()
		o.StatusURL, _ = url.Parse(service.OpenSRS.StatusURL)
	}
	if err := s.orNone("egress-source", func() { o.EgressSources = nil }, func(text string) error {
		source, err := probes.ParseSource(text)
		if same := func(s probes.Source) bool { return s.URI == source.URI }; err == nil && slices.ContainsFunc(o.EgressSources, same) {
			r.Notes = append(r.Notes, "an egress source is given twice, and is asked once: two answers of one source prove no more than one")
			return nil
		}
		o.EgressSources = append(o.EgressSources, source)
		return err
	}); err != nil {
		return err
	}
	if err := s.orNone("control", func() { o.Controls = nil }, func(text string) error {
		peer, err := parseHostPort(text)
		o.Controls = append(o.Controls, peer)
		return err
	}); err != nil {
		return err
	}
	if err := s.orNone("status-url", func() { o.StatusURL = nil }, func(text string) (err error) {
		o.StatusURL, err = parseWebURL(text)
		return err
	}); err != nil {
		return err
	}
	if err := s.orNone("port-witness", func() { o.Witness = nil }, func(text string) (err error) {
		o.Witness, err = portWitness(text, o.Port)
		return err
	}); err != nil {
		return err
	}
	return s.each("egress-ip", func(text string) error {
		address, err := netip.ParseAddr(text)
		if err != nil || address.Zone() != "" {
			return fmt.Errorf("%s is not an address; give one as in 203.0.113.10", console.Shown(text))
		}
		o.EgressIPs = append(o.EgressIPs, address.Unmap())
		return nil
	})
}

// portWitness is who answers on the service's own port: a URL without a port means that one.
func portWitness(text string, port uint16) (*probes.Source, error) {
	u, err := parseWebURL(text)
	if err != nil {
		return nil, err
	}
	if u.Port() == "" {
		u.Host += ":" + strconv.Itoa(int(port))
	}
	source, err := probes.ParseSource(u.String())
	return &source, err
}

// orNone reads a list that replaces a default, or the one word none.
func (s *Settings) orNone(name string, reset func(), read func(string) error) error {
	if !s.Given(name) {
		return nil
	}
	reset()
	if len(s.merged[name].values) == 1 && s.Text(name) == "none" {
		return nil
	}
	return s.each(name, func(text string) error {
		if text == "none" {
			return errors.New("none is given alone")
		}
		return read(text)
	})
}

// network is the way out of this host: resolvers, proxy, source address.
func (s *Settings) network(r *Request) error {
	o := &r.Options
	if err := s.resolvers(r); err != nil {
		return err
	}
	if err := s.proxy(r); err != nil {
		return err
	}
	if err := s.proxyOfTarget(r); err != nil {
		return err
	}
	return s.each("source-ip", func(text string) error {
		address, err := netip.ParseAddr(text)
		if err != nil || address.Zone() != "" || address.IsUnspecified() {
			return fmt.Errorf("%s is not the address of a host", console.Shown(text))
		}
		o.SourceIP = address.Unmap()
		if r.As != nil && r.As.NetDiffers {
			return nil // the target's network has addresses of its own
		}
		socket, err := net.ListenUDP("udp", &net.UDPAddr{IP: o.SourceIP.AsSlice()})
		if err != nil {
			return fmt.Errorf("%s is not an address of this host", o.SourceIP)
		}
		return socket.Close()
	})
}

// resolvers are the name servers that are asked instead of the system's.
func (s *Settings) resolvers(r *Request) error {
	o := &r.Options
	return s.each("resolver", func(text string) error {
		if address, err := netip.ParseAddr(strings.Trim(text, "[]")); err == nil {
			o.Resolvers = append(o.Resolvers, netip.AddrPortFrom(address.Unmap(), 53))
			return nil
		}
		resolver, err := netip.ParseAddrPort(text)
		if err != nil || resolver.Port() == 0 {
			return fmt.Errorf("%s is not the address of a name server; give it as in 192.0.2.53 or 192.0.2.53:53", console.Shown(text))
		}
		o.Resolvers = append(o.Resolvers, resolver)
		return nil
	})
}

func (s *Settings) proxy(r *Request) error {
	o := &r.Options
	o.Proxy.Mode = "env"
	if r.Sandbox != "" {
		return nil
	}
	switch text := s.Text("proxy"); {
	case !s.Given("proxy") || text == "env":
		if r.As != nil {
			return nil // the target's variables count, see proxyOfTarget
		}
		variables := httpproxy.FromEnvironment()
		for _, name := range []string{"ALL_PROXY", "all_proxy"} {
			if s.streams.Getenv(name) != "" && variables.HTTPSProxy == "" {
				r.Notes = append(r.Notes, name+" is set, and this check does not go by it; curl, and what is built on libcurl, leave by that proxy: try it with --proxy URL")
				break
			}
		}
		return checkProxyVariable(o.Host, o.Port, variables, "HTTPS_PROXY in the environment")
	case text == "none":
		o.Proxy.Mode = "none"
		return nil
	}
	from := s.merged["proxy"]
	o.Proxy = probes.ProxyChoice{Mode: "url", From: from.name}
	if from.from == "file" {
		o.Proxy.From = from.file
	}
	err := s.each("proxy", func(text string) (err error) {
		o.Proxy.URL, err = parseProxy(text)
		return err
	})
	if err != nil {
		return err
	}
	if _, given := o.Proxy.URL.User.Password(); given && from.from == "flag" {
		r.Notes = append(r.Notes, "others on this host can read the proxy's password on the command line; "+
			"set HTTPS_PROXY in the environment, or proxy in the config file")
	}
	return nil
}

// checkProxyVariable holds HTTPS_PROXY, where it would be used for the endpoint, to the rules of --proxy. Go's own reading
// of it goes without a proxy where it is malformed, and takes the login for the host where a password has a slash.
func checkProxyVariable(host string, port uint16, variables *httpproxy.Config, place string) error {
	given := strings.TrimSpace(variables.HTTPSProxy)
	if given == "" {
		return nil
	}
	variables.HTTPSProxy = "http://proxy.invalid" // asks NO_PROXY alone
	endpoint := &url.URL{Scheme: "https", Host: net.JoinHostPort(host, strconv.Itoa(int(port)))}
	if used, err := variables.ProxyFunc()(endpoint); used == nil && err == nil {
		return nil
	}
	if !strings.Contains(given, "://") {
		given = "http://" + given
	}
	if _, err := parseProxy(given); err != nil {
		return console.Usagef("%s: %s", place, err).WithHint("correct it, or give --proxy none")
	}
	return nil
}
