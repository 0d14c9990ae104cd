package probes

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"opensrs-doctor/probes/classify"
	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/probes/foreign"
	"opensrs-doctor/probes/lazy"
)

// suites are the default ones of crypto/tls and, behind them, those with RSA key exchange, which Go no
// longer offers and other clients still do: a server that has only these is healthy.
var suites = lazy.Value[[]uint16]{Make: func() []uint16 {
	var ids []uint16
	for _, suite := range tls.CipherSuites() {
		ids = append(ids, suite.ID)
	}
	return append(ids, tls.TLS_RSA_WITH_AES_128_GCM_SHA256, tls.TLS_RSA_WITH_AES_256_GCM_SHA384,
		tls.TLS_RSA_WITH_AES_128_CBC_SHA, tls.TLS_RSA_WITH_AES_256_CBC_SHA)
}}

// clientConfig completes every handshake: the certificate is judged afterwards, from the chain as it was
// presented, and nothing is sent before that.
func clientConfig(host string) *tls.Config {
	config := &tls.Config{InsecureSkipVerify: true, CipherSuites: suites.Get(), MinVersion: tls.VersionTLS12}
	if _, err := netip.ParseAddr(host); err != nil {
		config.ServerName = strings.TrimSuffix(host, ".")
	} else {
		config.ServerName = host // crypto/tls sends no server name for an address
	}
	return config
}

// secure makes a TLS connection of a TCP one and judges the peer's certificate. Whether that is good enough
// to speak to is the caller's decision. change, which may be nil, alters the configuration.
func (w *world) secure(ctx context.Context, conn net.Conn, host string, change func(*tls.Config)) (*tls.Conn, *evidence.Trust, []*x509.Certificate, error) {
	config := clientConfig(host)
	if change != nil {
		change(config)
	}
	stream := tls.Client(conn, config)
	if err := stream.HandshakeContext(ctx); err != nil {
		return nil, nil, nil, err
	}
	chain := stream.ConnectionState().PeerCertificates
	return stream, w.roots.Judge(chain, host, w.now()), chain, nil
}

// probeTLS does the handshake on the connection of the port probe. The stream is nil where it failed.
func (w *world) probeTLS(ctx context.Context, tap *tapConn, host string, v way) (*evidence.TLS, *tls.Conn) {
	facts := &evidence.TLS{}
	stream, trust, chain, err := w.secure(ctx, tap, host, func(config *tls.Config) {
		config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
			facts.AsksFor = true
			return &tls.Certificate{}, nil // which is none
		}
	})
	if err != nil {
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		facts.Failure = w.fail(evidence.OpHandshake, err)
		if facts.Failure.Kind == evidence.KindTimeout {
			facts.Unconfirmed = int(tap.unconfirmed.Load())
		}
		w.explainHandshake(facts, tap, v)
		return facts, nil
	}
	state := stream.ConnectionState()
	facts.Connected = true
	facts.Version = tls.VersionName(state.Version)
	facts.CipherSuite = tls.CipherSuiteName(state.CipherSuite)
	facts.Chain = w.roots.DescribeAll(chain)
	facts.Trust = trust
	if !trust.System {
		facts.Store = w.roots.NamedStore()
	}
	if !trust.Verified() {
		facts.Failure = &evidence.Failure{Op: evidence.OpVerify, Kind: evidence.KindUntrusted, Detail: foreign.Ours("the certificate did not verify")}
		if !trust.Flaw.Empty() {
			facts.Failure.Detail = foreign.Oursf("the certificate did not verify: %s", trust.Flaw)
		}
	}
	return facts, stream
}

// explainHandshake adds what a failed handshake showed: the alert's name, or the words of a peer that
// speaks no TLS.
func (w *world) explainHandshake(facts *evidence.TLS, tap *tapConn, v way) {
	said := tap.taken()
	if len(said) > 0 && (said[0] < 20 || said[0] > 23) { // no TLS record begins so, however it then ended
		facts.Failure.Kind = evidence.KindNotTLS
	}
	if version := chosenVersion(said); facts.Failure.Kind == evidence.KindUnclassified && !version.Empty() {
		facts.Failure.Kind, facts.Failure.Detail = evidence.KindVersion, foreign.Oursf("the peer chose %s", version)
	}
	switch facts.Failure.Kind {
	case evidence.KindTimeout, evidence.KindReset, evidence.KindHungUp:
		if len(said) > 0 && said[0] == handshakeRecord {
			facts.Answered = tap.heard()
		}
	case evidence.KindAlert:
		facts.Alert = strings.TrimPrefix(classify.Plain(facts.Failure.Err), "tls: ")
	case evidence.KindNotTLS:
		tap.more(200 * time.Millisecond)
		facts.Quote = w.words(v)(foreign.Decode(tap.taken(), ""), 80)
	}
}

// handshakeRecord is the first byte of a TLS record that belongs to the handshake (RFC 8446, 5.1).
const handshakeRecord = 22

// chosenVersion is the version older than TLS 1.2 that a ServerHello at the beginning of what a peer said settles on,
// none where there is none (RFC 5246, 7.4.1.3: record header, message type and length, version).
func chosenVersion(said []byte) foreign.Text {
	if len(said) < 11 || said[0] != handshakeRecord || said[5] != 2 || said[9] != 3 || said[10] >= 3 {
		return foreign.Text{}
	}
	return []foreign.Text{foreign.Ours("SSLv3"), foreign.Ours("TLS 1.0"), foreign.Ours("TLS 1.1")}[said[10]]
}

// tapConn keeps the first bytes that a peer said.
type tapConn struct {
	net.Conn
	mu    sync.Mutex
	bytes []byte
	total int // how many came
	// unconfirmed are the packets of ours that the other end's TCP had not confirmed when the connection was closed, which
	// the end of a handshake's time does.
	unconfirmed atomic.Int32
}

// Close notes what the other end has not confirmed: afterwards that can't be asked.
func (c *tapConn) Close() error {
	c.unconfirmed.CompareAndSwap(0, int32(unconfirmed(c.Conn)))
	return c.Conn.Close()
}

// NetConn gives the connection below.
func (c *tapConn) NetConn() net.Conn { return c.Conn }

func (c *tapConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.total += n
	if room := 512 - len(c.bytes); room > 0 {
		c.bytes = append(c.bytes, p[:min(n, room)]...)
	}
	return n, err
}

// more reads on for a moment: a banner may come in pieces.
func (c *tapConn) more(wait time.Duration) {
	c.SetReadDeadline(time.Now().Add(wait))
	buffer := make([]byte, 512)
	for len(c.taken()) < 512 {
		if _, err := c.Read(buffer); err != nil {
			return
		}
	}
}

// heard is how many bytes came.
func (c *tapConn) heard() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.total
}

func (c *tapConn) taken() []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]byte(nil), c.bytes...)
}
