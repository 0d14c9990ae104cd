package probes

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"time"

	"opensrs-doctor/probes/evidence"
)

// otherSuites are the cipher suites that Go's TLS does not have, by the kind of each. A peer that picks one of them has
// nothing in common with this check, and may well have with a client that uses another library. The numbers are IANA's:
// https://www.iana.org/assignments/tls-parameters
var otherSuites = []struct {
	kind   string
	suites []uint16
}{
	{evidence.SuiteDHE, []uint16{0x009f, 0x009e, 0xccaa, 0x006b, 0x0067, 0x0039, 0x0033, 0x0016, 0xc09f, 0xc09e, 0x0088, 0x0045}},
	{evidence.SuiteDSS, []uint16{0x00a3, 0x00a2, 0x006a, 0x0040, 0x0038, 0x0032, 0x0013}},
	{evidence.SuiteCCM, []uint16{0xc09d, 0xc09c, 0xc0a1, 0xc0a0, 0xc0ad, 0xc0ac, 0xc0af, 0xc0ae}},
	{evidence.SuiteCamellia, []uint16{0xc077, 0xc076, 0xc073, 0xc072, 0x0084, 0x0041}},
	{evidence.SuiteARIA, []uint16{0xc061, 0xc060, 0xc05d, 0xc05c, 0xc051, 0xc050}},
	{evidence.SuitePSK, []uint16{0x00a9, 0x00a8, 0x008d, 0x008c}},
}

// picksTime is how long the answer to such an offer may take.
const picksTime = 2 * time.Second

// picks offers the suites of otherSuites, and no other, and reads what the peer picks. Nothing but the offer is sent. Nil:
// the peer picks none.
func (w *world) picks(ctx context.Context, t target, host string) *evidence.Pick {
	ctx, cancel := context.WithTimeout(ctx, picksTime)
	defer cancel()
	conn, err := w.connect(ctx, t.addresses[0])
	if err != nil {
		return nil
	}
	defer conn.Close()
	var stream net.Conn = conn
	if t.way.proxy != nil {
		if stream, _, err = w.throughProxy(ctx, conn, t); err != nil {
			return nil
		}
	}
	if deadline, ok := ctx.Deadline(); ok {
		_ = stream.SetDeadline(deadline)
	}
	if _, err := stream.Write(otherHello(host)); err != nil {
		return nil
	}
	// A record of a handshake, 5 bytes; the message's type and length, 4; the version, 2; 32 random ones; a session's name.
	head := make([]byte, 5+4+2+32+1)
	if _, err := io.ReadFull(stream, head); err != nil || head[0] != 22 || head[5] != 2 || head[43] > 32 {
		return nil
	}
	rest := make([]byte, int(head[43])+2)
	if _, err := io.ReadFull(stream, rest); err != nil {
		return nil
	}
	picked := binary.BigEndian.Uint16(rest[head[43]:])
	for _, other := range otherSuites {
		for _, suite := range other.suites {
			if suite == picked {
				return &evidence.Pick{Suite: fmt.Sprintf("0x%04X", suite), Kind: other.kind}
			}
		}
	}
	return nil
}

// otherHello is a ClientHello of TLS 1.2 with those suites (RFC 5246, 7.4.1.2).
func otherHello(host string) []byte {
	u16 := func(n int) []byte { return binary.BigEndian.AppendUint16(nil, uint16(n)) }
	vector := func(body []byte) []byte { return append(u16(len(body)), body...) }
	extension := func(number int, body []byte) []byte { return append(u16(number), vector(body)...) }
	var suites []byte
	for _, other := range otherSuites {
		for _, suite := range other.suites {
			suites = append(suites, u16(int(suite))...)
		}
	}
	var extensions []byte
	if net.ParseIP(host) == nil {
		extensions = append(extensions, extension(0, vector(append([]byte{0}, vector([]byte(host))...)))...)
	}
	extensions = append(extensions, extension(10, vector([]byte{0, 29, 0, 23, 0, 24, 1, 0, 1, 1}))...)                                        // groups
	extensions = append(extensions, extension(11, []byte{1, 0})...)                                                                           // points as they are
	extensions = append(extensions, extension(13, vector([]byte{4, 1, 5, 1, 6, 1, 8, 4, 8, 5, 8, 6, 4, 3, 5, 3, 2, 1, 2, 3, 4, 2, 2, 2}))...) // signatures
	extensions = append(extensions, extension(0xff01, []byte{0})...)                                                                          // no renegotiation
	hello := []byte{3, 3}
	random := make([]byte, 32)
	_, _ = rand.Read(random)
	hello = append(append(hello, random...), 0)
	hello = append(append(hello, vector(suites)...), 1, 0)
	hello = append(hello, vector(extensions)...)
	message := append([]byte{1, 0}, vector(hello)...)
	return append([]byte{22, 3, 1}, vector(message)...)
}
