//go:build linux

package lab

import (
	"bufio"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// The proxy's address; CONNECT at 3128, SOCKS5 at 1080.
const proxyAddress = "192.0.2.80"

// Proxy is a proxy on the far side: whoever uses it appears as 192.0.2.80.
type Proxy struct {
	Closed bool     // nothing listens
	Dead   bool     // its packets vanish
	Login  string   // user:password that it wants
	Ports  []string // that CONNECT may reach; nil: all
	Status string   // of every CONNECT instead of a connection, "502 Bad Gateway"
	Socks  byte     // reply of every SOCKS request instead of a connection; 0: none
	Mute   bool     // takes the connection and never answers

	Used Seen // who came
}

func (w *World) serveProxy() {
	p := w.Proxy
	if p.Dead {
		w.drop(proxyAddress, "3128")
		w.drop(proxyAddress, "1080")
		return
	}
	if p.Closed {
		return
	}
	serve := func(port string, handle func(net.Conn)) {
		go accept(w.Far.Listen(net.JoinHostPort(proxyAddress, port)), func(conn net.Conn) {
			p.Used.Add(remote(conn))
			_ = conn.SetDeadline(time.Now().Add(time.Minute))
			if p.Mute {
				_, _ = io.Copy(io.Discard, conn)
				return
			}
			handle(conn)
		})
	}
	serve("3128", w.proxyHTTP)
	serve("1080", w.proxySOCKS)
}

// proxyHTTP serves one CONNECT, or one request with an absolute URL.
func (w *World) proxyHTTP(conn net.Conn) {
	p := w.Proxy
	reader := bufio.NewReader(conn)
	request, err := http.ReadRequest(reader)
	if err != nil {
		return
	}
	refuse := func(status, more string) {
		fmt.Fprintf(conn, "HTTP/1.1 %s\r\n%sContent-Length: 0\r\nConnection: close\r\n\r\n", status, more)
	}
	wanted := "Basic " + base64.StdEncoding.EncodeToString([]byte(p.Login))
	if p.Login != "" && request.Header.Get("Proxy-Authorization") != wanted {
		refuse("407 Proxy Authentication Required", "Proxy-Authenticate: Basic realm=\"lab\"\r\n")
		return
	}
	if request.Method != http.MethodConnect {
		w.forward(conn, request)
		return
	}
	host, port, err := net.SplitHostPort(request.Host)
	toAPI := port == "55443"
	switch {
	case err != nil:
		refuse("400 Bad Request", "")
	case p.Status != "" && toAPI:
		refuse(p.Status, "")
	case p.Ports != nil && !strings.Contains(" "+strings.Join(p.Ports, " ")+" ", " "+port+" "):
		refuse("403 Forbidden", "")
	default:
		upstream, err := w.proxyDial(host, port)
		if err != nil {
			refuse("502 Bad Gateway", "")
			return
		}
		fmt.Fprint(conn, "HTTP/1.1 200 Connection established\r\n\r\n")
		join(conn, reader, upstream)
	}
}

func (w *World) forward(conn net.Conn, request *http.Request) {
	host, port := request.URL.Hostname(), request.URL.Port()
	if port == "" {
		port = "80"
	}
	upstream, err := w.proxyDial(host, port)
	if err != nil {
		fmt.Fprint(conn, "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
		return
	}
	defer upstream.Close()
	request.Header.Del("Proxy-Authorization")
	request.Header.Del("Proxy-Connection")
	request.Close = true
	if request.Write(upstream) == nil {
		_, _ = io.Copy(conn, upstream)
	}
}

// proxySOCKS serves one request of RFC 1928, with the login of RFC 1929.
func (w *World) proxySOCKS(conn net.Conn) {
	p := w.Proxy
	read := func(n int) []byte {
		b := make([]byte, n)
		if _, err := io.ReadFull(conn, b); err != nil {
			return make([]byte, n)
		}
		return b
	}
	methods := string(read(int(read(2)[1])))
	if p.Login == "" {
		_, _ = conn.Write([]byte{5, 0})
	} else {
		if !strings.Contains(methods, "\x02") {
			_, _ = conn.Write([]byte{5, 0xff})
			return
		}
		_, _ = conn.Write([]byte{5, 2})
		user := string(read(int(read(2)[1])))
		password := string(read(int(read(1)[0])))
		if user+":"+password != p.Login {
			_, _ = conn.Write([]byte{1, 1})
			return
		}
		_, _ = conn.Write([]byte{1, 0})
	}
	var host string
	switch read(4)[3] {
	case 1:
		host = net.IP(read(4)).String()
	case 3:
		host = string(read(int(read(1)[0])))
	default:
		return
	}
	two := read(2)
	port := strconv.Itoa(int(two[0])<<8 | int(two[1]))
	reply := func(code byte) { _, _ = conn.Write([]byte{5, code, 0, 1, 0, 0, 0, 0, 0, 0}) }
	if p.Socks != 0 && port == "55443" {
		reply(p.Socks)
		return
	}
	upstream, err := w.proxyDial(host, port)
	if err != nil {
		reply(5)
		return
	}
	reply(0)
	join(conn, conn, upstream)
}

// proxyDial connects from the proxy's own address; names are those of the zone.
func (w *World) proxyDial(host, port string) (net.Conn, error) {
	if addresses := w.Zone[strings.ToLower(host)]; len(addresses) > 0 {
		host = addresses[0]
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	return w.Far.Dial(ctx, proxyAddress, net.JoinHostPort(host, port))
}

func join(conn net.Conn, from io.Reader, upstream net.Conn) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, _ = io.Copy(upstream, from)
		_ = upstream.(*net.TCPConn).CloseWrite()
	}()
	_, _ = io.Copy(conn, upstream)
	_ = conn.Close()
	_ = upstream.Close()
	<-done
}
