package probes

import (
	"encoding/binary"
	"io"
	"net"
	"net/netip"

	"opensrs-doctor/probes/classify"
	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/probes/foreign"
	"opensrs-doctor/probes/lazy"
	"opensrs-doctor/probes/netaddr"
)

// socksReplies are the reply codes of RFC 1928, section 6.
var socksReplies = lazy.Value[[]foreign.Text]{Make: func() []foreign.Text {
	return []foreign.Text{foreign.Ours("succeeded"), foreign.Ours("general SOCKS server failure"),
		foreign.Ours("connection not allowed by ruleset"), foreign.Ours("network unreachable"),
		foreign.Ours("host unreachable"), foreign.Ours("connection refused"), foreign.Ours("TTL expired"),
		foreign.Ours("command not supported"), foreign.Ours("address type not supported")}
}}

// socks is SOCKS5 (RFC 1928) with the user name and password of RFC 1929. It is written here because
// the reply codes are the diagnosis, and libraries hand them on as words only.
func (p *proxyServer) socks(conn net.Conn, peer netaddr.HostPort) (net.Conn, *evidence.ProxyReply, error) {
	user, password, given := p.login()
	methods := []byte{5, 1, 0}
	if given {
		methods = []byte{5, 2, 0, 2}
	}
	if _, err := conn.Write(methods); err != nil {
		return nil, nil, err
	}
	var chosen [2]byte
	if _, err := io.ReadFull(conn, chosen[:]); err != nil {
		return nil, nil, err
	}
	failed := func(kind evidence.Kind, code int, text foreign.Text) (net.Conn, *evidence.ProxyReply, error) {
		reply := &evidence.ProxyReply{Protocol: "socks5", Code: code, Text: text}
		return nil, reply, &evidence.Failure{Op: evidence.OpThroughProxy, Kind: kind, Detail: text}
	}
	switch {
	case chosen[0] != 5:
		return nil, nil, &evidence.Failure{Op: evidence.OpThroughProxy, Kind: evidence.KindBadAnswer, Detail: foreign.Ours("the proxy does not speak SOCKS5")}
	case chosen[1] == 2 && given:
		if len(user) > 255 || len(password) > 255 {
			return failed(evidence.KindProxyAuth, 0xff, foreign.Ours("user name or password longer than SOCKS5 allows"))
		}
		login := append([]byte{1, byte(len(user))}, user...)
		login = append(append(login, byte(len(password))), password...)
		if _, err := conn.Write(login); err != nil {
			return nil, nil, err
		}
		if _, err := io.ReadFull(conn, chosen[:]); classify.IsTimeout(err) {
			return nil, nil, err
		} else if err != nil {
			return failed(evidence.KindProxyAuth, 0xff, foreign.Ours("the proxy hung up after the login"))
		}
		if chosen[1] != 0 {
			return failed(evidence.KindProxyAuth, int(chosen[1]), foreign.Ours("the proxy refused the login"))
		}
	case chosen[1] != 0:
		return failed(evidence.KindProxyAuth, int(chosen[1]), foreign.Ours("the proxy wants a login"))
	}
	if _, err := conn.Write(socksRequest(peer)); err != nil {
		return nil, nil, err
	}
	code, err := readSocksReply(conn)
	if err != nil {
		return nil, nil, err
	}
	text := foreign.Oursf("reply %d", code)
	if code < len(socksReplies.Get()) {
		text = socksReplies.Get()[code]
	}
	switch code {
	case 0:
		return conn, &evidence.ProxyReply{Protocol: "socks5", Text: text}, nil
	case 2, 7, 8:
		return failed(evidence.KindProxyDenied, code, text)
	}
	return failed(evidence.KindProxyUpstream, code, text)
}

func socksRequest(peer netaddr.HostPort) []byte {
	request := []byte{5, 1, 0}
	if address, err := netip.ParseAddr(peer.Host); err == nil {
		kind := byte(1)
		if address = address.Unmap(); !address.Is4() {
			kind = 4
		}
		request = append(append(request, kind), address.AsSlice()...)
	} else {
		name := peer.Host[:min(len(peer.Host), 255)]
		request = append(append(request, 3, byte(len(name))), name...)
	}
	return binary.BigEndian.AppendUint16(request, peer.Port)
}

// readSocksReply reads the reply to a request to its last byte, and gives its code.
func readSocksReply(conn net.Conn) (int, error) {
	var head [5]byte
	if _, err := io.ReadFull(conn, head[:]); err != nil {
		return 0, err
	}
	rest := 0
	switch head[3] {
	case 1:
		rest = 4 + 2 - 1
	case 3:
		rest = int(head[4]) + 2
	case 4:
		rest = 16 + 2 - 1
	default:
		if head[1] != 0 {
			return int(head[1]), nil
		}
		return 0, &evidence.Failure{Op: evidence.OpThroughProxy, Kind: evidence.KindBadAnswer, Detail: foreign.Ours("the proxy's reply is no SOCKS5")}
	}
	if _, err := io.CopyN(io.Discard, conn, int64(rest)); err != nil && head[1] == 0 {
		return 0, err
	}
	return int(head[1]), nil
}
