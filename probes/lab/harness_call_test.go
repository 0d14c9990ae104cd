//go:build linux

package lab

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"

	"opensrs-doctor/probes/opensrs"
)

// TestHarnessNames proves the faults of name resolution with Go's own resolver.
func TestHarnessNames(t *testing.T) {
	for name, says := range map[string]string{
		"dns.nxdomain/only-the-endpoint":              "no such host",
		"dns.servfail/one-resolver":                   "server misbehaving",
		"dns.resolver-unreachable/silent":             "error",
		"dns.resolver-unreachable/nothing-listens":    "error",
		"dns.sinkholed/private":                       "[10.9.9.9]",
		"dns.captive-portal/every-name-is-the-portal": "[" + SpareIP + "]",
		"dns.hosts-override/pinned-to-nobody":         "[" + NobodyIP + "]",
		"dns.no-ipv4/only-aaaa":                       "[2001:db8::10]",
		"dns.udp-blocked/resolver-over-tcp-only":      "error", // Go does not fall back without a cut answer
	} {
		t.Run(name, func(t *testing.T) {
			w := healthy(t)
			faultNamed(t, name).Break(w)
			w.Start()
			expect(t, be(t, w, "resolve", Host), says)
		})
	}
}

// TestHarnessCalls proves that the service checks signature and address as the real one does.
func TestHarnessCalls(t *testing.T) {
	for _, test := range []struct {
		name, says string
		apply      func(*World)
	}{
		{"accepted", "response_code\">200<", func(*World) {}},
		{"wrong-key", "response_code\">401<", outcomes["401"]},
		{"address-denied", "Access denied: invalid IP address", outcomes["denied"]},
		{"closed", "EOF", outcomes["closed"]},
		{"not-http", "malformed HTTP", outcomes["not-http"]},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := healthy(t)
			test.apply(w)
			w.Start()
			expect(t, callOnce(t, w), test.says)
			oneConnection(t, w, Result{})
		})
	}
}

// callOnce makes a correctly signed call from the client's machine and gives the body, or the error.
func callOnce(t *testing.T, w *World) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	conn, err := w.Client.Dial(ctx, "", HostIP+":55443")
	if err != nil {
		t.Fatal(err)
	}
	secure := tls.Client(conn, &tls.Config{ServerName: Host, InsecureSkipVerify: true})
	defer secure.Close()
	body := opensrs.GetBalanceBody()
	request, err := http.NewRequest(http.MethodPost, "https://"+Host+"/", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set(opensrs.HeaderUsername, w.Username)
	request.Header.Set(opensrs.HeaderSignature, opensrs.Sign(body, []byte(w.Key)))
	if err := request.Write(secure); err != nil {
		t.Fatal(err)
	}
	response, err := http.ReadResponse(bufio.NewReader(secure), request)
	if err != nil {
		return fmt.Sprint(err)
	}
	defer response.Body.Close()
	reply, err := io.ReadAll(response.Body)
	return fmt.Sprint(string(reply), err)
}
