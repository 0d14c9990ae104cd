//go:build linux

package lab

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"testing"
	"time"
)

// runClient is this test binary being a small network client on the client's machine, so that the lab
// can be tried without the tool that it is made for:
//
//	get URL       the body of a page, its certificate verified against SSL_CERT_FILE
//	dial ADDRESS  "connected" or the error's words
//	tls ADDRESS NAME
//	resolve NAME  the addresses
//	cat FILE
func runClient(args []string) int {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	say := func(text any, err error) int {
		if err != nil {
			fmt.Println("error:", err)
			return 1
		}
		fmt.Println(text)
		return 0
	}
	switch args[0] {
	case "get":
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, args[1], nil)
		if err != nil {
			return say(nil, err)
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			return say(nil, err)
		}
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		return say(string(body), err)
	case "dial":
		conn, err := new(net.Dialer).DialContext(ctx, "tcp", args[1])
		if err == nil {
			conn.Close()
		}
		return say("connected", err)
	case "tls":
		dialer := tls.Dialer{Config: &tls.Config{ServerName: args[2]}}
		conn, err := dialer.DialContext(ctx, "tcp", args[1])
		if err == nil {
			conn.Close()
		}
		return say("shaken", err)
	case "resolve":
		addresses, err := (&net.Resolver{PreferGo: true}).LookupHost(ctx, args[1])
		return say(addresses, err)
	case "cat":
		content, err := os.ReadFile(args[1])
		return say(string(content), err)
	}
	return say(nil, fmt.Errorf("no such client: %v", args))
}

// be runs a client of runClient in the world and gives what it says.
func be(t *testing.T, w *World, args ...string) string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	w.Env[clientEnv] = "1"
	defer delete(w.Env, clientEnv)
	result := w.Exec(self, args...)
	return string(result.Stdout) + string(result.Stderr)
}
