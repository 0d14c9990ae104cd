package probes

import (
	"bufio"
	"context"
	"encoding/base64"
	"errors"
	"io"
	"math"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/net/http/httpproxy"

	"opensrs-doctor/probes/classify"
	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/probes/foreign"
	"opensrs-doctor/probes/netaddr"
)

// proxyServer is the proxy that the endpoint's connection goes through.
type proxyServer struct {
	url   *url.URL // http, https or socks5; may hold a login, so it is never printed
	from  string
	peer  netaddr.HostPort
	agent string
	scrub *foreign.Scrubber
}

// chooseProxy picks the proxy for the endpoint, and says where it is set: the one given, or what HTTPS_PROXY and NO_PROXY (in
// either case) say of it. Nil: none. Package cmd has refused what is not a URL of a proxy.
func chooseProxy(choice ProxyChoice, endpoint *url.URL) (server *url.URL, from string) {
	switch choice.Mode {
	case "none":
		return nil, ""
	case "url":
		return choice.URL, choice.From
	}
	server, err := httpproxy.FromEnvironment().ProxyFunc()(endpoint)
	if err != nil {
		return nil, ""
	}
	return server, "HTTPS_PROXY"
}

// safeURL is a proxy's URL without its login.
func safeURL(u *url.URL) string {
	host := u.Host
	if u.Port() == "" {
		if port, err := netaddr.PortOf(u); err == nil {
			host = netaddr.HostPort{Host: u.Hostname(), Port: port}.String()
		}
	}
	return strings.ToLower(u.Scheme) + "://" + host
}

// login is the user and password of the proxy, if any.
func (p *proxyServer) login() (user, password string, given bool) {
	if p.url.User == nil {
		return "", "", false
	}
	password, _ = p.url.User.Password()
	return p.url.User.Username(), password, true
}

// authorize gives a request the login, where there is one.
func (p *proxyServer) authorize(request *http.Request) {
	if user, password, given := p.login(); given {
		request.Header.Set("Proxy-Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(user+":"+password)))
	}
}

// words is the gate for the free words of the proxy.
func (p *proxyServer) words() classify.Gate {
	if p.url.User != nil {
		return p.scrub.QuoteSent
	}
	return p.scrub.Quote
}

// secretsOf registers a proxy's password, and the login that it is sent in.
func secretsOf(u *url.URL, scrub *foreign.Scrubber) {
	if u == nil || u.User == nil {
		return
	}
	password, given := u.User.Password()
	if !given {
		password = u.User.Username() // a login of one word is a token
	}
	scrub.Add(password)
	scrub.Add(base64.StdEncoding.EncodeToString([]byte(u.User.Username() + ":" + password)))
}

// openProxy connects to the proxy itself, at one of the addresses given or at its name's, and speaks TLS
// to it where it is an https one.
func (w *world) openProxy(ctx context.Context, p *proxyServer, at []netip.AddrPort) (net.Conn, error) {
	var conn net.Conn
	var err error
	if len(at) == 0 {
		conn, err = w.reach(ctx, p.peer)
	} else {
		conn, err = w.connect(ctx, at[0])
	}
	if err != nil {
		return nil, err
	}
	if p.url.Scheme != "https" {
		return conn, nil
	}
	secured, err := w.secureProxy(ctx, conn, p.peer.Host)
	if err != nil {
		conn.Close()
		return nil, err
	}
	return secured, nil
}

// tunnel asks the proxy for a stream to a peer, by name: the proxy resolves it. The reply is a fact also
// where the answer is no. The error is a *Failure of kind proxy-denied, proxy-auth or proxy-upstream where
// the proxy said so.
func (p *proxyServer) tunnel(ctx context.Context, conn net.Conn, peer netaddr.HostPort) (net.Conn, *evidence.ProxyReply, error) {
	if deadline, ok := ctx.Deadline(); ok {
		conn.SetDeadline(deadline.Add(time.Second)) // the context ends first, as in exchange
	}
	stop := context.AfterFunc(ctx, func() { conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	var reply *evidence.ProxyReply
	var stream net.Conn
	var err error
	if strings.HasPrefix(p.url.Scheme, "socks5") {
		stream, reply, err = p.socks(conn, peer)
	} else {
		stream, reply, err = p.connectMethod(conn, peer)
	}
	if err == nil {
		conn.SetDeadline(time.Time{})
		return stream, reply, nil
	}
	if ctx.Err() != nil && reply == nil {
		err = ctx.Err()
	}
	return nil, reply, err
}

// connectMethod is HTTP CONNECT (RFC 9110, 9.3.6).
func (p *proxyServer) connectMethod(conn net.Conn, peer netaddr.HostPort) (net.Conn, *evidence.ProxyReply, error) {
	request := &http.Request{Method: http.MethodConnect, URL: &url.URL{Host: peer.String()},
		Header: http.Header{"User-Agent": {p.agent}}}
	p.authorize(request)
	if err := request.Write(conn); err != nil { // buffered: a head of this size is one packet
		return nil, nil, err
	}
	limited := &io.LimitedReader{R: conn, N: maxHead}
	reader := bufio.NewReader(limited)
	response, err := http.ReadResponse(reader, &http.Request{Method: http.MethodConnect})
	if err != nil {
		if isTransport(err) && limited.N > 0 {
			return nil, nil, err
		}
		return nil, nil, &evidence.Failure{Op: evidence.OpThroughProxy, Kind: evidence.KindNotHTTP,
			Detail: foreign.Ours("the proxy's reply is no HTTP"), Err: err}
	}
	text := p.words()(strings.TrimPrefix(response.Status, strconv.Itoa(response.StatusCode)), 80)
	reply := &evidence.ProxyReply{Protocol: "http", Code: response.StatusCode, Text: text}
	if response.StatusCode/100 == 2 {
		limited.N = math.MaxInt64 // from here on it is the tunnel's
		return &bufferedConn{Conn: conn, reader: reader}, reply, nil
	}
	kind := evidence.KindProxyDenied
	switch code := response.StatusCode; {
	case code == http.StatusProxyAuthRequired:
		kind = evidence.KindProxyAuth
		reply.Logins = p.loginsOf(response)
	case code >= 500 && code != http.StatusNotImplemented:
		kind = evidence.KindProxyUpstream
	}
	return nil, reply, &evidence.Failure{Op: evidence.OpThroughProxy, Kind: kind,
		Detail: foreign.Join(foreign.Oursf("%d", reply.Code), reply.Text)}
}

// loginsOf are the login schemes that a proxy offers (RFC 9110, 11.7.1), the first few of them.
func (p *proxyServer) loginsOf(response *http.Response) (schemes []foreign.Text) {
	for _, offer := range response.Header.Values("Proxy-Authenticate") {
		name, _, _ := strings.Cut(strings.TrimSpace(offer), " ")
		scheme := p.words()(strings.TrimSuffix(name, ","), 20)
		if !scheme.Empty() && len(schemes) < 5 && !slices.Contains(schemes, scheme) {
			schemes = append(schemes, scheme)
		}
	}
	return schemes
}

// bufferedConn reads first what a reader has already taken from the connection.
type bufferedConn struct {
	net.Conn
	reader *bufio.Reader
}

func (c *bufferedConn) Read(p []byte) (int, error) { return c.reader.Read(p) }

// NetConn gives the connection below.
func (c *bufferedConn) NetConn() net.Conn { return c.Conn }

// isTransport reports whether an error came from the connection rather than from what was said on it.
func isTransport(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, net.ErrClosed)
}

// secureProxy speaks TLS to an https proxy. Either set of roots may vouch for it: a proxy is often a
// company's own.
func (w *world) secureProxy(ctx context.Context, conn net.Conn, host string) (net.Conn, error) {
	stream, trust, _, err := w.secure(ctx, conn, host, nil)
	if err != nil {
		return nil, err
	}
	if !trust.Known() || !trust.NameOK || !trust.DatesOK {
		return nil, &evidence.Failure{Op: evidence.OpProxyHandshake, Kind: evidence.KindUntrusted,
			Detail: foreign.Ours("the proxy's certificate did not verify")}
	}
	return stream, nil
}
