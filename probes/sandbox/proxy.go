package sandbox

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strconv"
	"time"
)

// openProxy opens the proxy of a fault. It relays to what belongs to this sandbox and to nothing else.
func (p *plan) openProxy() error {
	listener, err := p.sandbox.group.listen(net.JoinHostPort(p.inside, "0"))
	if err != nil {
		return err
	}
	p.sandbox.group.serve(listener, p.relay)
	p.sandbox.Proxy = "http://" + seenFromHere(listener.Addr())
	return nil
}

// relay handles one connection to the proxy: CONNECT, or a plain request for an http URL.
func (p *plan) relay(conn net.Conn) {
	conn.SetReadDeadline(time.Now().Add(headTime))
	reader := bufio.NewReader(io.LimitReader(conn, maxHeader))
	request, err := http.ReadRequest(reader)
	if err != nil {
		return
	}
	tunnel := request.Method == http.MethodConnect
	if !tunnel && request.URL.Scheme != "http" {
		refuseProxy(conn, http.StatusBadRequest)
		return
	}
	if status := p.proxy(request.URL.Host); status != http.StatusOK {
		refuseProxy(conn, status)
		return
	}
	at, known := p.reachable[request.URL.Host]
	if !known {
		refuseProxy(conn, http.StatusForbidden)
		return
	}
	peer, err := net.Dial("tcp", at)
	if err != nil {
		refuseProxy(conn, http.StatusBadGateway)
		return
	}
	defer peer.Close()
	if !p.sandbox.group.own(peer) {
		return
	}
	defer p.sandbox.group.forget(peer)
	p.relayed.Store(peer.LocalAddr().String(), true)
	defer p.relayed.Delete(peer.LocalAddr().String())
	if tunnel {
		p.tunnel(conn, reader, peer)
		return
	}
	request.Close = true
	request.Header.Del("Proxy-Authorization") // for this proxy, and nobody else's business
	if request.Write(peer) == nil {
		io.Copy(conn, peer)
	}
}

// tunnel carries bytes both ways until either side ends.
func (p *plan) tunnel(conn net.Conn, reader *bufio.Reader, peer net.Conn) {
	conn.SetReadDeadline(time.Time{})
	io.WriteString(conn, "HTTP/1.1 200 Connection established\r\n\r\n")
	if n := reader.Buffered(); n > 0 {
		early, _ := reader.Peek(n) // of a client that did not wait for the answer
		peer.Write(early)
	}
	p.sandbox.group.run(func() {
		io.Copy(conn, peer)
		conn.Close()
	})
	io.Copy(peer, conn)
}

// refuseProxy answers with a status other than 200 and ends the connection.
func refuseProxy(conn net.Conn, status int) {
	login := ""
	if status == http.StatusProxyAuthRequired {
		login = "Proxy-Authenticate: Basic realm=\"sandbox\"\r\n"
	}
	io.WriteString(conn, "HTTP/1.1 "+strconv.Itoa(status)+" "+http.StatusText(status)+"\r\n"+login+
		"Content-Length: 0\r\nConnection: close\r\n\r\n")
	linger(conn)
}

// onlyFor is a proxy that answers so when asked for the API, and connects to all else.
func (p *plan) onlyFor(status int) func(string) int {
	return func(target string) int {
		if at, known := p.reachable[target]; known && at != p.apiAddress {
			return http.StatusOK
		}
		return status
	}
}

// forAll is a proxy that answers every request so.
func (p *plan) forAll(status int) func(string) int {
	return func(string) int { return status }
}
