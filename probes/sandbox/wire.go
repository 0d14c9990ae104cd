package sandbox

import (
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"time"
)

// What an API that is broken below HTTP does with a connection.

// resetHello answers a ClientHello with a TCP reset.
func resetHello(_ *plan, conn net.Conn) {
	readHello(conn)
	abort(conn)
}

// rejectHello answers a ClientHello with the fatal alert handshake_failure (RFC 8446, 6.2).
func rejectHello(_ *plan, conn net.Conn) {
	readHello(conn)
	conn.Write([]byte{21, 3, 3, 0, 2, 2, 40})
	linger(conn)
}

// speakPlain answers like a web server on which somebody forgot to switch TLS on.
func speakPlain(_ *plan, conn net.Conn) {
	readHello(conn)
	r := plainText(http.StatusBadRequest, "Bad request: this is a plain HTTP server")
	r.close = true
	r.write(conn, nil, time.Now())
	linger(conn)
}

// speakPortal answers like a captive portal: plain HTTP, whatever was asked.
func speakPortal(_ *plan, conn net.Conn) {
	readHello(conn)
	r := &reply{status: http.StatusFound, location: "http://portal.example/login", close: true}
	r.write(conn, nil, time.Now())
	linger(conn)
}

// staySilent takes everything and says nothing until the client leaves or the sandbox closes.
func staySilent(_ *plan, conn net.Conn) { io.Copy(io.Discard, conn) }

// resetNamed lets a handshake pass only if it does not name the service, as some filters do.
func resetNamed(_ *plan, conn net.Conn) net.Conn {
	hello := readHello(conn)
	if serverName(hello) != "" {
		abort(conn)
		return nil
	}
	return &replayConn{Conn: conn, first: bytes.NewReader(hello)}
}

// bigHello is from where on some middleboxes lose a ClientHello: it no longer fits into one packet.
const bigHello = 1400

// swallowBig lets a handshake pass only if its ClientHello is small, and is deaf to others.
func swallowBig(p *plan, conn net.Conn) net.Conn {
	hello := readHello(conn)
	if len(hello) > bigHello {
		staySilent(p, conn)
		return nil
	}
	return &replayConn{Conn: conn, first: bytes.NewReader(hello)}
}

// readHello reads one TLS record, which holds a whole ClientHello, or what comes of it.
func readHello(conn net.Conn) []byte {
	conn.SetReadDeadline(time.Now().Add(headTime))
	defer conn.SetReadDeadline(time.Time{})
	record := make([]byte, 5, 5+1<<14)
	n, err := io.ReadFull(conn, record)
	if err != nil || record[0] != 22 {
		return record[:n]
	}
	length := min(int(record[3])<<8|int(record[4]), 1<<14)
	n, _ = io.ReadFull(conn, record[5:5+length])
	return record[:5+n]
}

// abort closes with a reset instead of a goodbye.
func abort(conn net.Conn) {
	if owned, ok := conn.(*ownedConn); ok {
		if tcp, ok := owned.Conn.(*net.TCPConn); ok {
			tcp.SetLinger(0)
		}
	}
	conn.Close()
}

// linger ends our side and waits until the client has read it: to close with unread bytes would be a
// reset, which may overtake what was said.
func linger(conn net.Conn) {
	if owned, ok := conn.(*ownedConn); ok {
		if tcp, ok := owned.Conn.(*net.TCPConn); ok {
			tcp.CloseWrite()
		}
	}
	conn.SetReadDeadline(time.Now().Add(headTime))
	io.Copy(io.Discard, conn)
}

// serverName is the name in a ClientHello, "" where it has none.
func serverName(hello []byte) string {
	var name string
	seen := errors.New("seen")
	conn := tls.Server(&replayConn{Conn: deafConn{}, first: bytes.NewReader(hello)}, &tls.Config{
		GetConfigForClient: func(info *tls.ClientHelloInfo) (*tls.Config, error) {
			name = info.ServerName
			return nil, seen
		},
	})
	conn.Handshake() // always fails: with seen, or because there is no more to read
	return name
}

// deafConn has nothing to read and forgets what is written.
type deafConn struct{ net.Conn }

func (deafConn) Read([]byte) (int, error)         { return 0, io.EOF }
func (deafConn) Write(p []byte) (int, error)      { return len(p), nil }
func (deafConn) Close() error                     { return nil }
func (deafConn) SetDeadline(time.Time) error      { return nil }
func (deafConn) SetWriteDeadline(time.Time) error { return nil }

// replayConn reads again what was read to look at it.
type replayConn struct {
	net.Conn
	first *bytes.Reader
}

func (c *replayConn) Read(p []byte) (int, error) {
	if c.first.Len() > 0 {
		return c.first.Read(p)
	}
	return c.Conn.Read(p)
}

// filtered is a listener of the connections that the plan's filter lets pass.
func (p *plan) filtered(listener net.Listener) net.Listener {
	g := p.sandbox.group
	f := &filteredListener{Listener: listener, passed: make(chan net.Conn), done: g.ctx.Done()}
	g.run(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			g.run(func() {
				if conn := f.offer(p.filter(p, conn)); conn != nil {
					conn.Close()
				}
			})
		}
	})
	return f
}

type filteredListener struct {
	net.Listener
	passed chan net.Conn
	done   <-chan struct{}
}

// offer hands a connection on; it gives it back where nobody takes it any more.
func (f *filteredListener) offer(conn net.Conn) net.Conn {
	if conn == nil {
		return nil
	}
	select {
	case f.passed <- conn:
		return nil
	case <-f.done:
		return conn
	}
}

func (f *filteredListener) Accept() (net.Conn, error) {
	select {
	case conn := <-f.passed:
		return conn, nil
	case <-f.done:
		return nil, net.ErrClosed
	}
}
