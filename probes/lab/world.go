//go:build linux

package lab

import (
	"cmp"
	"fmt"
	"maps"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// The lab's names and addresses that faults speak of.
const (
	Host       = "api.opensrs.example" // the endpoint
	HostIP     = "198.51.100.10"
	SpareIP    = "198.51.100.11" // another address of the hosting network, nothing listens there
	NobodyIP   = "198.51.100.99" // an address that no machine has
	ClientIP   = "10.1.0.2"
	ClientIP2  = "10.1.0.3" // leaves by PublicIP2
	GatewayIP  = "10.1.0.1"
	PublicIP   = "203.0.113.10" // the gateway's, which the client appears as
	PublicIP2  = "203.0.113.77" // the gateway's second one
	ISPIP      = "203.0.113.1"
	EdgeIP     = "203.0.113.130"
	Username   = "labreseller"
	defaultKey = "5d41402abc4b2a76b9719d911017c592ae2b1c8f03d64e75902fa6b8c1d3e4f5" +
		"7c9a0b2d4e6f8091a3b5c7d9e1f20314253647586978a9b0"
)

// World is one small internet with a client in it. Its fields are the healthy state; a fault changes
// them, and Start then makes the services be so.
type World struct {
	Client, Gateway, ISP, Edge, Far *Node

	API       *API
	Web       *Peer // port 443 of the API's host
	Zone      Zone
	Resolvers []*Resolver // in the order of resolv.conf
	Sources   []*Peer
	Controls  []*Peer
	Status    *Peer
	Proxy     *Proxy
	Skew      time.Duration // of every clock and certificate on the far side

	// The way between gateway and ISP: see delay.go.
	Delay time.Duration // that it adds to a round trip
	Loss  float64       // share of packets that vanish, in each direction, 0 to 1
	Seed  uint64        // of the random source that chooses them
	Lost  atomic.Int32  // packets that vanished so far

	// The client's machine.
	Command     string            // "check" where ""
	ResolvConf  string            // instead of what Resolvers give, where not ""
	Etc         func(dir string)  // makes the whole of /etc but the hosts file, and with it resolv.conf or not; nil: the machine's
	Target      *Target           // that the check is made as; nil: none
	User        uint32            // that runs the command; 0: root
	Group       string            // the control group that the command runs in; "": the test's
	Descriptors int               // that the command may have open; 0: as many as the test
	Running     atomic.Int32      // the command's process
	HostsFile   string            // more lines for /etc/hosts
	Mounts      map[string]string // directories of the test over the machine's own
	SystemStore []byte            // PEM: the system's root certificates; default the public root
	PublicRoots []byte            // PEM: what --public-roots is; default the public root
	CAFile      []byte            // PEM: --ca-file, in the place of --public-roots; nil: not given
	Env         map[string]string

	// The command.
	Environment string   // "": --endpoint is given
	EndpointIs  string   // the URL; default https://api.opensrs.example:55443/
	Rules       []string // --rule
	Username    string   // "": no --username
	Key         string   // "": no --api-key-file
	NoSources   bool     // --egress-source none
	Named       bool     // the sources are given by Flags
	NoControls  bool
	Flags       []string // more

	tb  testing.TB
	dir string
}

// NewWorld lays the cables. Services follow with Start.
func NewWorld(tb testing.TB) *World {
	tb.Helper()
	w := &World{tb: tb, dir: tb.TempDir()}
	w.Client, w.Gateway, w.ISP = NewNode(tb, "client"), NewNode(tb, "gateway"), NewNode(tb, "isp")
	w.Edge, w.Far = NewNode(tb, "edge"), NewNode(tb, "far")
	w.cables()
	w.API = &API{Addresses: []string{HostIP}, Port: 55443}
	w.Web = &Peer{Address: HostIP + ":443", Secure: true, Answer: Page(404, "text/plain", "nothing here\n")}
	w.Zone = Zone{
		Host:              {HostIP},
		"www.example.com": {"192.0.2.31"}, "example.com": {"192.0.2.31"},
		"opensrs.com": {"192.0.2.31"}, "www.opensrs.com": {"192.0.2.31"},
		"proxy.example": {proxyAddress},
	}
	w.Resolvers = []*Resolver{{Address: "192.0.2.53"}}
	w.Sources = []*Peer{{Address: "192.0.2.11:443", Secure: true}, {Address: "192.0.2.12:80"}}
	w.Controls = []*Peer{
		{Address: "192.0.2.21:443", Secure: true, Answer: Page(200, "text/plain", "hello\n")},
		{Address: "192.0.2.22:443", Secure: true, Answer: Page(200, "text/plain", "hello\n")},
	}
	w.Status = &Peer{Address: "192.0.2.31:80", Answer: Page(http.StatusOK, "application/json", statusGood)}
	w.Proxy = &Proxy{}
	w.SystemStore, w.PublicRoots = publicRoot().PEM(), publicRoot().PEM()
	w.Env = map[string]string{}
	w.EndpointIs = "https://" + Host + ":55443/"
	w.Username, w.Key = Username, defaultKey
	return w
}

func (w *World) cables() {
	w.Client.link("eth0", w.Gateway, "lan0")
	w.Gateway.link("wan0", w.ISP, "cust0")
	w.ISP.link("up0", w.Edge, "down0")
	w.Edge.link("dc0", w.Far, "eth0")
	loopback := "link set lo up"
	w.Client.IP(loopback, "link set eth0 up",
		"addr add "+ClientIP+"/24 dev eth0", "addr add "+ClientIP2+"/24 dev eth0",
		"route add default via "+GatewayIP)
	w.Gateway.IP(loopback, "link set lan0 up", "link set wan0 up",
		"addr add "+GatewayIP+"/24 dev lan0",
		"addr add "+PublicIP+"/25 dev wan0", "addr add "+PublicIP2+"/25 dev wan0",
		"route add default via "+ISPIP)
	w.Gateway.NFT(`table ip nat {
		chain out {
			type nat hook postrouting priority srcnat;
			oifname "wan0" ip saddr ` + ClientIP2 + ` snat to ` + PublicIP2 + `
			oifname "wan0" ip saddr 10.1.0.0/24 snat to ` + PublicIP + `
		}
	}`)
	w.ISP.IP(loopback, "link set cust0 up", "link set up0 up",
		"addr add "+ISPIP+"/25 dev cust0", "addr add 203.0.113.129/30 dev up0",
		"route add 198.51.100.0/24 via "+EdgeIP, "route add 192.0.2.0/24 via "+EdgeIP)
	w.Edge.IP(loopback, "link set down0 up", "link set dc0 up",
		"addr add "+EdgeIP+"/30 dev down0", "addr add 198.51.100.1/24 dev dc0",
		"route add default via 203.0.113.129", "route add 192.0.2.0/24 via "+HostIP)
	far := []string{loopback, "link set eth0 up",
		"addr add " + HostIP + "/24 dev eth0", "addr add " + SpareIP + "/24 dev eth0",
		"addr add 198.51.100.12/24 dev eth0", "route add default via 198.51.100.1"}
	for _, last := range []int{11, 12, 13, 21, 22, 31, 53, 54, 80} {
		far = append(far, fmt.Sprintf("addr add 192.0.2.%d/32 dev lo", last))
	}
	w.Far.IP(far...)
}

// SNAT puts rules before the gateway's own ones: how packets get their public address.
func (w *World) SNAT(rules ...string) {
	w.tb.Helper()
	w.Gateway.NFT("table ip pool {\n chain out {\n type nat hook postrouting priority srcnat - 5;\n" +
		strings.Join(rules, "\n") + "\n }\n}\n")
}

// drop lets packets for a service vanish when they arrive.
func (w *World) drop(host, port string) {
	w.Far.Filter("input", fmt.Sprintf("ip daddr %s meta l4proto { tcp, udp } th dport %s drop", host, port))
}

// Names are those that the API's certificate is right for.
func (w *World) Names() []string {
	return []string{Host, "rr-n1-tor.opensrs.net", "horizon.opensrs.net", HostIP, SpareIP}
}

// Start starts the services as the world now says.
func (w *World) Start() {
	w.tb.Helper()
	w.lengthen()
	w.serveAPI()
	peers := slices.Concat(w.Sources, w.Controls, []*Peer{w.Web, w.Status})
	for _, peer := range peers {
		if peer != nil {
			w.servePeer(peer)
		}
	}
	for _, resolver := range w.Resolvers {
		w.serveDNS(resolver)
	}
	w.serveProxy()
	for _, node := range []*Node{w.Client, w.Gateway, w.ISP, w.Edge, w.Far} {
		node.settle()
	}
}

// Args are the arguments of the command.
func (w *World) Args() []string {
	args := []string{cmp.Or(w.Command, "check"), "--format", "json"}
	if w.CAFile != nil {
		args = append(args, "--ca-file", w.file("ca.pem", w.CAFile))
	} else {
		args = append(args, "--public-roots", w.file("public.pem", w.PublicRoots))
	}
	switch {
	case w.Environment != "":
		args = append(args, "--env", w.Environment)
	default:
		args = append(args, "--endpoint", w.EndpointIs)
	}
	for _, source := range w.Sources {
		if !w.Named {
			args = append(args, "--egress-source", source.URL())
		}
	}
	if w.NoSources {
		args = append(args, "--egress-source", "none")
	}
	for _, control := range w.Controls {
		args = append(args, "--control", control.Address)
	}
	if w.NoControls {
		args = append(args, "--control", "none")
	}
	if w.Status == nil {
		args = append(args, "--status-url", "none")
	} else {
		args = append(args, "--status-url", w.Status.URL()+"api/v2/summary.json")
	}
	for _, rule := range w.Rules {
		args = append(args, "--rule", rule)
	}
	if w.Username != "" {
		args = append(args, "--username", w.Username)
	}
	if w.Key != "" {
		args = append(args, "--api-key-file", w.file("key", []byte(w.Key)))
	}
	return append(args, w.Flags...)
}

// Environ is the whole environment of the command; nothing of the machine's own shines through.
func (w *World) Environ() []string {
	empty := filepath.Join(w.dir, "empty")
	_ = os.MkdirAll(empty, 0o755)
	env := map[string]string{
		"PATH": "/usr/bin:/bin", "HOME": empty, "XDG_CONFIG_HOME": empty,
		// Go falls back to the machine's directories where the file holds no certificate.
		"SSL_CERT_FILE": w.file("system.pem", w.SystemStore), "SSL_CERT_DIR": empty,
	}
	for name, value := range w.Env {
		env[name] = value
	}
	var environ []string
	for name, value := range env {
		environ = append(environ, name+"="+value)
	}
	slices.Sort(environ)
	return environ
}

// Files are the client's files that cover the machine's own.
func (w *World) Files() map[string]string {
	conf := w.ResolvConf
	if conf == "" {
		for _, resolver := range w.Resolvers {
			conf += "nameserver " + resolver.Address + "\n"
		}
	}
	hosts := "127.0.0.1 localhost\n" + w.HostsFile
	if w.Etc != nil {
		dir := filepath.Join(w.dir, "etc")
		if err := os.MkdirAll(dir, 0o755); err != nil {
			w.tb.Fatal(err)
		}
		w.file("etc/hosts", []byte(hosts))
		w.Etc(dir)
		return map[string]string{"/etc": dir}
	}
	files := map[string]string{
		"/etc/resolv.conf": w.file("resolv.conf", []byte(conf)),
		"/etc/hosts":       w.file("hosts", []byte(hosts)),
	}
	maps.Copy(files, w.Mounts)
	return files
}

func (w *World) file(name string, content []byte) string {
	path := filepath.Join(w.dir, name)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		w.tb.Fatal(err)
	}
	return path
}

// UseProxy puts a proxy of this scheme into the client's environment.
func (w *World) UseProxy(scheme, login string) {
	port := "3128"
	if scheme == "socks5" {
		port = "1080"
	}
	if login != "" {
		login += "@"
	}
	w.Env["HTTPS_PROXY"] = scheme + "://" + login + net.JoinHostPort(proxyAddress, port)
}

// OnlyProxy lets the gateway pass nothing but packets to the proxy, and to the resolvers where alsoDNS.
func (w *World) OnlyProxy(alsoDNS ...string) {
	w.tb.Helper()
	allowed := strings.Join(append([]string{proxyAddress}, alsoDNS...), ", ")
	w.Gateway.Filter("forward", `iifname "lan0" ip daddr != { `+allowed+` } drop`)
}
