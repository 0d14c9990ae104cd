package sandbox

import (
	"bufio"
	"bytes"
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/miekg/dns"

	"opensrs-doctor/probes/opensrs"
)

// observer is a plain client: it goes as far as it gets and says in a few words what it met.
type observer struct {
	t        *testing.T
	client   Client
	patience time.Duration // how long it bears silence
	change   func(*tls.Config)
	name     string // of the service, where it is not Name
	at       string // its address by the hosts file; "": it is not in there
}

// byAddress is the setting of a client that is another program: it knows the names of the sandbox's peers from nobody.
func byAddress(s *Sandbox) Client {
	c := s.Client()
	c.EgressSources, c.StatusURL, c.Resolvers, c.Proxy = s.EgressSources, s.StatusURL, s.Resolvers, s.Proxy
	return c
}

const longPatience = 20 * time.Second

func (o observer) observe() string {
	o.t.Helper()
	if o.client.Username == "" || len(o.client.Key) == 0 {
		return "no credentials"
	}
	if problems := opensrs.CheckKey(o.client.Key); len(problems) > 0 {
		return fmt.Sprint("key: ", problems[0])
	}
	endpoint, err := url.Parse(o.client.URL)
	if err != nil {
		o.t.Fatal(err)
	}
	conn, met := o.connect(endpoint)
	if met != "" {
		return met
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(o.patience))
	config := &tls.Config{InsecureSkipVerify: true, ServerName: endpoint.Hostname()}
	if o.change != nil {
		o.change(config)
	}
	stream := tls.Client(conn, config)
	if err := stream.Handshake(); err != nil {
		return "handshake: " + words(err)
	}
	return o.trust(stream.ConnectionState().PeerCertificates, endpoint.Hostname()) + o.call(stream)
}

// connect resolves and connects, through the proxy where there is one.
func (o observer) connect(endpoint *url.URL) (net.Conn, string) {
	target := endpoint.Host
	if o.client.Proxy != "" {
		proxy, err := url.Parse(o.client.Proxy)
		if err != nil {
			o.t.Fatal(err)
		}
		conn, err := net.Dial("tcp", proxy.Host)
		if err != nil {
			return nil, "proxy: " + words(err)
		}
		if status := connectThrough(o.t, conn, target); status != 200 {
			conn.Close()
			return nil, fmt.Sprint("proxy: ", status)
		}
		return conn, ""
	}
	before := ""
	if name := endpoint.Hostname(); name == Name || name == o.name {
		address, met := o.at, ""
		if address == "" {
			address, met = o.resolve()
		}
		if address == "" {
			return nil, met
		}
		before, target = met, net.JoinHostPort(address, endpoint.Port())
	}
	conn, err := net.Dial("tcp", target)
	if err != nil {
		return nil, before + "connect: " + words(err)
	}
	return conn, ""
}

func connectThrough(t *testing.T, conn net.Conn, target string) int {
	t.Helper()
	fmt.Fprintf(conn, "CONNECT %s HTTP/1.1\r\nHost: %s\r\n\r\n", target, target)
	response, err := http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: http.MethodConnect})
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode
}

func (o observer) resolve() (address, met string) {
	for i, server := range o.client.Resolvers {
		question := new(dns.Msg).SetQuestion(dns.Fqdn(cmp.Or(o.name, Name)), dns.TypeA)
		patience := o.patience
		if i < len(o.client.Resolvers)-1 {
			patience = 100 * time.Millisecond // the first of two is silent
		}
		reply, _, err := (&dns.Client{Timeout: patience}).Exchange(question, server)
		if err != nil {
			met += "dns: " + words(err)
			continue
		}
		if reply.Rcode != dns.RcodeSuccess {
			return "", "dns: " + dns.RcodeToString[reply.Rcode]
		}
		for _, record := range reply.Answer {
			if a, ok := record.(*dns.A); ok {
				return a.A.String(), met
			}
		}
		return "", "dns: no A"
	}
	return "", met
}

// trust says what is wrong with a chain, "" for nothing.
func (o observer) trust(chain []*x509.Certificate, host string) string {
	var wrong []string
	verify := func(roots []*x509.Certificate, at time.Time) error {
		pool, others := x509.NewCertPool(), x509.NewCertPool()
		for _, root := range roots {
			pool.AddCert(root)
		}
		for _, certificate := range chain[1:] {
			others.AddCert(certificate)
		}
		_, err := chain[0].Verify(x509.VerifyOptions{Roots: pool, Intermediates: others, CurrentTime: at})
		return err
	}
	leaf, now := chain[0], time.Now()
	during := leaf.NotBefore.Add(leaf.NotAfter.Sub(leaf.NotBefore) / 2)
	if verify(o.client.PublicRoots, during) != nil {
		wrong = append(wrong, "not public")
	}
	if verify(o.client.SystemRoots, during) != nil {
		wrong = append(wrong, "not in the store")
	}
	if leaf.VerifyHostname(host) != nil {
		wrong = append(wrong, "name")
	}
	switch {
	case now.Before(leaf.NotBefore):
		wrong = append(wrong, "not yet valid")
	case now.After(leaf.NotAfter):
		wrong = append(wrong, "expired")
	case leaf.NotAfter.Sub(now) < 14*day:
		wrong = append(wrong, "ends soon")
	}
	if len(wrong) == 0 {
		return ""
	}
	return strings.Join(wrong, ", ") + "; "
}

// call makes the test call and says how it was answered.
func (o observer) call(conn net.Conn) string {
	body := opensrs.GetBalanceBody()
	request, err := http.NewRequest(http.MethodPost, o.client.URL, bytes.NewReader(body))
	if err != nil {
		o.t.Fatal(err)
	}
	request.Header.Set("Content-Type", opensrs.ContentType)
	request.Header.Set(opensrs.HeaderUsername, o.client.Username)
	request.Header.Set(opensrs.HeaderSignature, opensrs.Sign(body, o.client.Key))
	request.Write(conn)
	response, err := http.ReadResponse(bufio.NewReader(conn), request)
	if err != nil {
		return "call: " + words(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Sprint("HTTP ", response.StatusCode)
	}
	body, err = io.ReadAll(response.Body)
	if err != nil {
		return "call: " + words(err)
	}
	reply, err := opensrs.ParseReply(body)
	if err != nil {
		return "call: " + err.Error()
	}
	return reply.Code + " " + string(opensrs.ClassOf(reply))
}

// words names an error by its type.
func words(err error) string {
	var header tls.RecordHeaderError
	var op *net.OpError
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return "refused"
	case errors.Is(err, syscall.ECONNRESET):
		return "reset"
	case errors.Is(err, os.ErrDeadlineExceeded):
		return "silence"
	case errors.As(err, &header):
		return "no TLS"
	case errors.As(err, &op) && op.Op == "remote error":
		return op.Err.Error()
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "hung up"
	}
	return err.Error()
}
