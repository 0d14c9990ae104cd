//go:build linux

package lab

import (
	"context"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

// loginPages is a page that a network shows in the place of every other one that is asked for by plain HTTP, while it lets
// nothing else out but names.
func loginPages(status int, location, title string) func(*World) {
	return func(w *World) {
		shows := func(rw http.ResponseWriter, r *http.Request) {
			if location != "" {
				rw.Header().Set("Location", location)
			}
			rw.Header().Set("Content-Type", "text/html")
			rw.WriteHeader(status)
			_, _ = rw.Write([]byte("<!DOCTYPE html><html><head><title>" + title + "</title></head><body>…</body></html>"))
		}
		w.Sources = []*Peer{{Address: "192.0.2.12:80", Answer: shows}, {Address: "192.0.2.13:80", Answer: shows}}
		w.Status.Answer = shows
		w.Gateway.Filter("forward", `iifname "lan0" tcp dport != 80 drop`)
	}
}

// tunnel leads what is for some network into a device that nobody reads from.
func tunnel(prefix string) func(*World) {
	return func(w *World) {
		device := w.Client.tun("tun0")
		w.tb.Cleanup(func() { device.Close() })
		w.Client.IP("link set tun0 up", "addr add 10.8.0.2 peer 10.8.0.1 dev tun0", "route replace "+prefix+" dev tun0")
	}
}

// nsswitch is where glibc's programs look for names.
func nsswitch(text string) func(*World) {
	return func(w *World) {
		w.Mounts = map[string]string{"/etc/nsswitch.conf": w.file("nsswitch.conf", []byte(text))}
	}
}

// libcDiffers is what is told of it, and what getent, which is one of those programs, finds.
func libcDiffers(differs bool) func(*testing.T, *World, Result) {
	return func(t *testing.T, w *World, result Result) {
		oneConnection(t, w, result)
		if told := slices.Contains(result.Report.Causes(), "client.dns-differs"); told != differs {
			t.Errorf("client.dns-differs told: %t", told)
		}
		if found := w.Exec("/usr/bin/getent", "ahostsv4", Host); differs && found.Exit == 0 {
			t.Errorf("getent finds %s", found.Stdout)
		}
	}
}

// searchList is a list of domains below which libc looks for a name first, one of them with a wildcard.
func searchList(domain, ndots string) func(*World) {
	return func(w *World) {
		w.ResolvConf = "nameserver 192.0.2.53\nsearch nothing.example " + domain + "\noptions edns0 ndots:" + ndots + "\n"
		w.Zone[Host+".corp.example"] = []string{SpareIP}
	}
}

// libcElsewhere is for a host whose getent finds another address than the check.
func libcElsewhere(t *testing.T, w *World, result Result) {
	tells("client.dns-differs", Host+".corp.example", SpareIP, "ndots")(t, w, result)
	if found := w.Exec("/usr/bin/getent", "ahostsv4", Host); !strings.Contains(string(found.Stdout), SpareIP) {
		t.Errorf("getent finds %s", found.Stdout)
	}
}

// relayed lets the gateway take what is for the port, and pass it on.
func relayed(w *World) {
	w.Gateway.NFT("table ip fault {\n chain pre {\n type nat hook prerouting priority dstnat; iifname \"lan0\" tcp dport 55443 redirect to :15001\n }\n}\n")
	go accept(w.Gateway.Listen(GatewayIP+":15001"), func(conn net.Conn) {
		service, err := w.Gateway.Dial(context.Background(), "", HostIP+":55443")
		if err != nil {
			return
		}
		defer service.Close()
		go func() {
			_, _ = io.Copy(service, conn)
			_ = service.(*net.TCPConn).CloseWrite()
		}()
		_, _ = io.Copy(conn, service)
	})
}

// elsewhereFaults are those in which packets, names or pages end up in another place than they were meant for.
var elsewhereFaults = []Fault{
	{Cause: "network.login-required", Name: "redirects-to-a-login", Confidence: "likely", Says: []string{"http://login.example/start"},
		Break: loginPages(http.StatusFound, "http://login.example/start", "Found")},
	{Cause: "network.login-required", Name: "login-in-the-place-of-each-page", Confidence: "likely", Says: []string{"Welcome to the guest network"},
		Break: loginPages(http.StatusOK, "", "Welcome to the guest network")},
	{Cause: "network.login-required", Name: "line-suspended", Confidence: "certain", Says: []string{"Your line is suspended"},
		Break: loginPages(511, "", "Your line is suspended")},
	{Cause: "port.filtered", Name: "and-one-source-is-a-page-of-its-own", Break: func(w *World) {
		w.Sources[1].Answer = Page(http.StatusOK, "text/html", "<html><title>We have moved</title></html>")
		w.ISP.Filter("forward", "tcp dport 55443 drop")
	}},
	{Name: "a-source-shows-a-page", Break: func(w *World) {
		w.Sources[1].Answer = Page(http.StatusOK, "text/html", "<html><title>We have moved</title></html>")
	}},

	{Cause: "host.dead-tunnel", Name: "of-the-service", Confidence: "likely", Says: []string{"tun0", "eth0"}, Break: tunnel("198.51.100.0/24")},
	{Cause: "host.dead-tunnel", Name: "of-everything", Says: []string{"tun0"}, Never: []string{"cable"}, Break: tunnel("default")},
	{Cause: "host.dead-tunnel", Name: "of-half-the-world-each", Says: []string{"tun0"}, Break: func(w *World) {
		tunnel("0.0.0.0/1")(w)
		w.Client.IP("route replace 128.0.0.0/1 dev tun0")
	}},
	{Cause: "port.filtered", Name: "beside-a-tunnel-for-others", Never: []string{"tun0"}, Break: func(w *World) {
		tunnel("10.99.0.0/16")(w)
		w.ISP.Filter("forward", "tcp dport 55443 drop")
	}},

	{Name: "glibc-asks-no-name-server", Break: nsswitch("passwd: files\nhosts:  files # for now\n"), Check: libcDiffers(true)},
	{Name: "glibc-asks-a-daemon", Break: nsswitch("hosts: files resolve [!UNAVAIL=return]\n"), Check: libcDiffers(false)},
	{Name: "glibc-asks-dns", Break: nsswitch("# hosts: files\nhosts: files mdns4_minimal [NOTFOUND=return] dns\n"), Check: libcDiffers(false)},

	{Cause: "dns.blocked-page", Name: "first-resolver-says-the-filters-page", Confidence: "likely", Says: []string{"192.0.2.53", "192.0.2.54"}, Break: func(w *World) {
		w.Resolvers = []*Resolver{{Address: "192.0.2.53", Answer: pins(Host, "192.0.2.80")}, {Address: "192.0.2.54"}}
	}},
	{Cause: "dns.blocked-page", Name: "the-page-is-served-there", Break: func(w *World) {
		w.Resolvers = []*Resolver{{Address: "192.0.2.53", Answer: pins(Host, SpareIP)}, {Address: "192.0.2.54", Delay: 50 * time.Millisecond}}
		w.Far.Listen(SpareIP + ":55443")
	}, Or: []string{"tls.timeout"}},
	{Cause: "port.filtered", Name: "two-resolvers-say-the-same-and-it-is-filtered", Break: func(w *World) {
		w.Resolvers = []*Resolver{{Address: "192.0.2.53"}, {Address: "192.0.2.54"}}
		w.ISP.Filter("forward", "tcp dport 55443 drop")
	}},
	{Cause: "port.unreachable", Name: "first-resolver-has-an-address-that-a-router-knows-nobody-at", Break: func(w *World) {
		w.Resolvers = []*Resolver{{Address: "192.0.2.53", Answer: pins(Host, "192.0.2.80")}, {Address: "192.0.2.54"}}
		w.Edge.IP("route add unreachable 192.0.2.80")
	}},
	// by way of something that is nearer than the service
	{Cause: "port.answered-nearby", Name: "sidecar-that-closes", Confidence: "likely", Says: []string{"this host itself", "sidecar"}, Break: func(w *World) {
		w.Client.NFT("table ip fault {\n chain out {\n type nat hook output priority -100; meta l4proto tcp redirect to :15001\n }\n}\n")
		go accept(w.Client.Listen("0.0.0.0:15001"), func(conn net.Conn) { conn.Close() })
	}},
	{Cause: "port.answered-nearby", Name: "sidecar-of-the-port-that-is-silent", Confidence: "likely", Says: []string{"this host itself"}, Break: func(w *World) {
		w.Client.NFT("table ip fault {\n chain out {\n type nat hook output priority -100; tcp dport 55443 redirect to :15001\n }\n}\n")
		w.Client.Listen("0.0.0.0:15001")
	}},
	{Cause: "port.answered-nearby", Name: "gateway-takes-it-and-is-silent", Confidence: "likely", Says: []string{"1 hop", GatewayIP}, Break: func(w *World) {
		w.Gateway.NFT("table ip fault {\n chain pre {\n type nat hook prerouting priority dstnat; iifname \"lan0\" tcp dport 55443 redirect to :15001\n }\n}\n")
		w.Gateway.Listen(GatewayIP + ":15001")
	}},
	{Cause: "port.answered-nearby", Name: "second-router-takes-it-and-closes", Confidence: "likely", Says: []string{ISPIP, "4 hops"}, Break: func(w *World) {
		w.ISP.NFT("table ip fault {\n chain pre {\n type nat hook prerouting priority dstnat; iifname \"cust0\" tcp dport 55443 redirect to :15001\n }\n}\n")
		go accept(w.ISP.Listen("0.0.0.0:15001"), func(conn net.Conn) { conn.Close() })
	}},
	{Cause: "tls.reset", Name: "at-a-public-address-of-this-very-host", Break: func(w *World) {
		w.Client.IP("address add 203.0.113.99/32 dev lo")
		w.Zone[Host] = []string{"203.0.113.99"}
		go accept(w.Client.Listen("203.0.113.99:55443"), RawReset)
	}},
	{Name: "relayed-by-the-gateway", Check: calls(1), Break: func(w *World) { relayed(w) }},
	{Cause: "port.answered-nearby", Name: "relayed-by-the-gateway-and-reset-by-the-service", Confidence: "likely", Break: func(w *World) {
		relayed(w)
		w.API.Raw = RawReset
	}},
	{Cause: "host.local-firewall", Name: "gives-the-packets-another-address", Confidence: "certain", Says: []string{"dnat", NobodyIP}, Break: func(w *World) {
		w.Client.NFT("table ip fault {\n chain out {\n type nat hook output priority -100; tcp dport 55443 dnat to " + NobodyIP + ":55443\n }\n}\n")
	}},
	{Cause: "host.local-firewall", Name: "gives-the-packets-an-address-that-refuses", Or: []string{"port.refused"}, Break: func(w *World) {
		w.Client.NFT("table ip fault {\n chain out {\n type nat hook output priority -100; tcp dport 55443 dnat to " + SpareIP + ":9\n }\n}\n")
	}},
	{Cause: "host.reply-dropped", Name: "at-the-interface", Confidence: "likely", Says: []string{"netdev"}, Break: func(w *World) {
		w.Client.NFT("table netdev fault {\n chain in {\n type filter hook ingress device eth0 priority filter; tcp sport 55443 drop\n }\n}\n")
	}},
	{Cause: "host.reply-dropped", Name: "all-but-arp-at-the-interface", Or: []string{"host.offline"}, Break: func(w *World) {
		w.Client.NFT("table netdev fault {\n chain in {\n type filter hook ingress device eth0 priority filter; meta protocol ip drop\n }\n}\n")
	}},
	{Cause: "port.unreachable", Name: "no-route-but-to-the-name-servers", Or: []string{"host.offline"}, Says: []string{"no route"}, Break: func(w *World) {
		w.Client.IP("route del default", "route add 192.0.2.53/32 via "+GatewayIP)
	}},
	{Cause: "port.unreachable", Name: "route-by-a-gateway-that-is-gone", Confidence: "likely", Says: []string{"10.1.0.77", "198.51.100.0/24 via 10.1.0.77 dev eth0"}, Break: func(w *World) {
		w.Client.IP("route add 198.51.100.0/24 via 10.1.0.77")
	}},
	{Cause: "port.unreachable", Name: "route-by-a-gateway-that-is-gone-and-a-firewall", Says: []string{"10.1.0.77"}, Break: func(w *World) {
		w.Client.IP("route add " + HostIP + "/32 via 10.1.0.77")
		w.ISP.Filter("forward", "tcp dport 55443 drop")
	}},
	{Cause: "port.refused", Name: "and-the-host-spares-its-icmp-errors", Confidence: "likely", Never: []string{"on the path"}, Break: func(w *World) {
		w.API.Closed = true
		w.Far.Filter("input", "udp dport 33434-33499 ip ttl < 5 drop", "ip daddr "+HostIP+" tcp dport 443 drop")
	}},
	{Cause: "port.refused", Name: "at-localhost-which-only-the-hosts-file-has", Never: []string{"hosts file"}, Break: func(w *World) {
		w.EndpointIs, w.HostsFile = "https://localhost:55443/", "127.0.0.1 localhost\n"
	}},
	{Name: "second-resolver-has-an-old-address", Break: func(w *World) {
		w.Resolvers = []*Resolver{{Address: "192.0.2.53"}, {Address: "192.0.2.54", Answer: pins(Host, "192.0.2.80")}}
	}},
}
