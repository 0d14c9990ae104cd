package sandbox

import (
	"crypto/tls"
	"errors"
	"net"
	"strings"
	"time"

	"opensrs-doctor/probes/observed"
)

// brokenBy classifies the error of a handshake, with the last bytes that were read. Alerts have no type of their
// own that is exported, so their standard names (RFC 8446, 6.2) are looked for in the text.
func brokenBy(err error, last []byte) observed.Broken {
	var (
		record  tls.RecordHeaderError
		timeout interface{ Timeout() bool }
	)
	if broken, is := plainAlert(last); is {
		return broken
	}
	switch why := err.Error(); {
	case errors.As(err, &record):
		return observed.BrokenNotTLS
	case strings.Contains(why, "unknown certificate"), strings.Contains(why, "bad certificate"):
		return observed.BrokenUntrusted // "unknown certificate authority" too
	case strings.Contains(why, "expired certificate"), strings.Contains(why, "certificate expired"):
		return observed.BrokenExpired
	case strings.Contains(why, "unsupported versions"), strings.Contains(why, "protocol version"):
		return observed.BrokenNoVersion
	case errors.As(err, &timeout) && timeout.Timeout():
		return observed.BrokenSilent
	case strings.HasSuffix(why, "EOF"), strings.Contains(why, "reset by peer"), strings.Contains(why, "broken pipe"):
		return observed.BrokenHungUp
	}
	return observed.BrokenOther
}

// plainAlert reads an alert that came unencrypted. OpenSSL sends one so when it does not like the certificate in
// TLS 1.3, and Go's TLS, which takes it for ciphertext, reports a bad record instead.
func plainAlert(last []byte) (observed.Broken, bool) {
	at := len(last) - 7
	if at < 0 || last[at] != 21 || last[at+1] != 3 || last[at+3] != 0 || last[at+4] != 2 || last[at+5] > 2 {
		return "", false
	}
	switch last[at+6] {
	case 42, 43, 46, 48: // bad, unsupported, unknown certificate; unknown authority
		return observed.BrokenUntrusted, true
	case 45:
		return observed.BrokenExpired, true
	case 70:
		return observed.BrokenNoVersion, true
	}
	return "", false
}

// mostFirst is how much of a connection's beginning is kept.
const mostFirst = 2 << 10

// tailConn remembers the last bytes that were read from it.
type tailConn struct {
	net.Conn
	first []byte // what came first, as long as it is little: a request without TLS
	last  []byte
}

func (c *tailConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.first = append(c.first, b[:min(n, mostFirst-len(c.first))]...)
	c.last = append(c.last, b[max(0, n-7):n]...)
	c.last = c.last[max(0, len(c.last)-7):]
	return n, err
}

// observe passes an observation on; they come one at a time, and requests are numbered.
func (s *Sandbox) observe(o observed.Observation) {
	s.observing.Lock()
	defer s.observing.Unlock()
	if o.Broken == "" {
		s.count++
		o.Number = s.count
	}
	if s.log != nil {
		o.At = time.Now()
		s.log(o)
	}
}
