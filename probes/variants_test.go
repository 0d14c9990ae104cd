package probes

import (
	"crypto/tls"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"testing"
	"time"

	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/probes/internal/authority"
)

// serverThat is a peer that accepts the greetings for which wants says so, and a world to which it is known.
func serverThat(t *testing.T, wants func(*tls.ClientHelloInfo) bool) (*world, target) {
	public := authority.Root(t, "Public Root")
	w := worldOf(t, Options{PublicRoots: authority.Chain(public), SystemRoots: authority.Chain(public)})
	w.now = func() time.Time { return authority.Today }
	config := authority.Shows(public.Issue(t, "api.example", nil))
	config.GetConfigForClient = func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
		if !wants(hello) {
			return nil, errors.New("not so")
		}
		return nil, nil
	}
	to := target{}
	to.addresses = append(to.addresses, serveTLS(t, config))
	return w, to
}

// Of the handshakes with one thing changed those work that the peer accepts, and it stays so when they are made again.
func TestHandshakes(t *testing.T) {
	w, to := serverThat(t, func(hello *tls.ClientHelloInfo) bool { return hello.ServerName == "" })
	x := begunExperiments(t, w)
	x.handshakes(to, "api.example")
	found := x.wait(t.Context())
	if len(found.variants) != len(handshakeVariants) || found.picks != nil {
		t.Fatalf("%+v, picked %+v", found.variants, found.picks)
	}
	for _, variant := range found.variants {
		if variant.NotMade != "" {
			continue
		}
		if variant.Works != (variant.Name == evidence.VariantNoSNI) || variant.Works != variant.Proven || variant.Fickle || (variant.Failure == nil) != variant.Works {
			t.Errorf("%+v", variant)
		}
	}
}

// What worked must work again, and the plain handshake must fail again: else the peer answers now and then.
func TestConfirm(t *testing.T) {
	always := func(*tls.ClientHelloInfo) bool { return true }
	never := func(*tls.ClientHelloInfo) bool { return false }
	withoutName := func(hello *tls.ClientHelloInfo) bool { return hello.ServerName == "" }
	for name, test := range map[string]struct {
		peer   func(*tls.ClientHelloInfo) bool
		works  map[string]bool // as they were the first time
		fickle map[string]bool
	}{
		"as before":             {withoutName, map[string]bool{evidence.VariantNoSNI: true}, nil},
		"the plain one works":   {always, map[string]bool{evidence.VariantNoSNI: true}, map[string]bool{evidence.VariantAsIs: true}},
		"the other one fails":   {never, map[string]bool{evidence.VariantNoSNI: true}, map[string]bool{evidence.VariantNoSNI: true}},
		"nothing worked":        {always, nil, nil},
		"the plain one did too": {never, map[string]bool{evidence.VariantAsIs: true, evidence.VariantNoSNI: true}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			w, to := serverThat(t, test.peer)
			x := begunExperiments(t, w)
			var found []evidence.Variant
			for _, variant := range handshakeVariants {
				found = append(found, evidence.Variant{Name: variant.name, Works: test.works[variant.name]})
			}
			x.found.variants = append(x.found.variants, found...)
			x.confirm(t.Context(), to, "api.example", found)
			for _, variant := range x.wait(t.Context()).variants {
				if variant.Fickle != test.fickle[variant.Name] {
					t.Errorf("%s: fickle %v", variant.Name, variant.Fickle)
				}
			}
		})
	}
}

// Of the endpoint's other addresses each has its own handshake.
func TestHandshakesElsewhere(t *testing.T) {
	w, to := serverThat(t, func(*tls.ClientHelloInfo) bool { return true })
	good, bad := to.addresses[0], serve(t, says("x"))
	to.addresses = append(to.addresses, bad)
	x := begunExperiments(t, w)
	x.handshakesElsewhere(to, good, "api.example")
	x.handshakesElsewhere(to, bad, "api.example")
	found := x.wait(t.Context()).elsewhere
	if len(found) != 2 {
		t.Fatalf("%+v", found)
	}
	for _, one := range found {
		if wanted := one.Address == good; one.Works != wanted || one.Proven != wanted || (one.Failure == nil) != wanted {
			t.Errorf("%+v", one)
		}
	}
}

// A peer that picks a suite of another library's is told by that suite; any other answer says nothing.
func TestPicks(t *testing.T) {
	hello := func(suite uint16) string {
		body := append([]byte{3, 3}, make([]byte, 32)...)
		body = append(body, 0)
		body = append(binary.BigEndian.AppendUint16(body, suite), 0)
		message := append([]byte{2, 0, 0, byte(len(body))}, body...)
		return string(append([]byte{22, 3, 3, 0, byte(len(message))}, message...))
	}
	for name, test := range map[string]struct{ answer, suite, kind string }{
		"DHE":       {hello(0x009f), "0x009F", evidence.SuiteDHE},
		"PSK":       {hello(0x00a8), "0x00A8", evidence.SuitePSK},
		"ours":      {hello(0x1301), "", ""},
		"an alert":  {"\x15\x03\x03\x00\x02\x02\x28", "", ""},
		"cut short": {hello(0x009f)[:44], "", ""},
		"words":     {"HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\n\r\n", "", ""},
		"nothing":   {"", "", ""},
	} {
		w := worldOf(t, Options{})
		at := serve(t, func(conn net.Conn) {
			head := make([]byte, 5)
			if _, err := io.ReadFull(conn, head); err == nil {
				io.CopyN(io.Discard, conn, int64(binary.BigEndian.Uint16(head[3:])))
			}
			io.WriteString(conn, test.answer)
		})
		got := w.picks(t.Context(), target{addresses: append(target{}.addresses, at)}, "api.example")
		if (got == nil) != (test.suite == "") || got != nil && (got.Suite != test.suite || got.Kind != test.kind) {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

// The offer that is sent is one that a TLS server understands: it knows the name, and has no suite in common.
func TestOtherHelloIsTLS(t *testing.T) {
	heardName := make(chan string, 1)
	config := authority.Shows(authority.Root(t, "api.example"))
	config.GetConfigForClient = func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
		heardName <- hello.ServerName
		return nil, nil
	}
	at := serveTLS(t, config)
	conn, err := worldOf(t, Options{}).connect(t.Context(), at)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.Write(otherHello("api.example"))
	alert := make([]byte, 7)
	if _, err := io.ReadFull(conn, alert); err != nil || alert[0] != 21 || alert[6] != 40 {
		t.Errorf("answered % x, %v; want the alert handshake failure", alert, err)
	}
	if got := <-heardName; got != "api.example" {
		t.Errorf("for %q", got)
	}
}
