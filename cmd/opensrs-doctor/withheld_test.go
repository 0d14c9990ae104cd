//go:build unix

package main

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"opensrs-doctor/cmd/opensrs-doctor/console"
	"opensrs-doctor/probes/foreign/dressed"
	"opensrs-doctor/probes/observed"
	"opensrs-doctor/probes/opensrs"
	"opensrs-doctor/probes/sandbox"
	"opensrs-doctor/report/screen"
	"opensrs-doctor/report/signature"
)

// misplaced are requests in which a secret is where no secret belongs: "WORDS" stands for it.
var misplaced = map[string]string{
	"method":       "WORDS / HTTP/1.1\r\nHost: h\r\nSIGNED\r\n\r\nBODY",
	"path":         "POST /WORDS HTTP/1.1\r\nHost: h\r\nSIGNED\r\n\r\nBODY",
	"version":      "POST / HTTP/WORDS\r\nHost: h\r\nSIGNED\r\n\r\nBODY",
	"host":         "POST / HTTP/1.1\r\nHost: WORDS\r\nSIGNED\r\n\r\nBODY",
	"content type": "POST / HTTP/1.1\r\nHost: h\r\nContent-Type: WORDS\r\nSIGNED\r\n\r\nBODY",
	"header":       "POST / HTTP/1.1\r\nHost: h\r\nWORDS: x\r\nX-Signatur: WORDS\r\nX-WORDS-Username: WORDS\r\nSIGNED\r\n\r\nBODY",
	"no header":    "POST / HTTP/1.1\r\nHost: h\r\nWORDS\r\nSIGNED\r\n\r\nBODY",
	"two headers":  "POST / HTTP/1.1\r\nHost: h\r\nX-Signature: WORDS\r\nX-Username: WORDS\r\nSIGNED\r\n\r\nBODY",
	"length":       "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: WORDS\r\n\r\nBODY",
	"encoding":     "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: WORDS\r\n\r\nBODY",
	"label":        "POST / HTTP/1.1\r\nHost: h\r\nSIGNED\r\n\r\n<?xml version='1.0' encoding='WORDS'?><OPS_envelope/>",
	"tag":          "POST / HTTP/1.1\r\nHost: h\r\nSIGNED\r\n\r\n<OPS_envelope><WORDS></OPS_envelope>",
	"closed tag":   "POST / HTTP/1.1\r\nHost: h\r\nSIGNED\r\n\r\n<OPS_envelope></WORDS>",
	"attribute":    "POST / HTTP/1.1\r\nHost: h\r\nSIGNED\r\n\r\n<OPS_envelope WORDS=1>",
	"entity":       "POST / HTTP/1.1\r\nHost: h\r\nSIGNED\r\n\r\n<OPS_envelope>&WORDS;</OPS_envelope>",
	"protocol": "POST / HTTP/1.1\r\nHost: h\r\nSIGNED\r\n\r\n<OPS_envelope><header/><body><data_block><dt_assoc>" +
		"<item key='protocol'>WORDS</item><item key='action'>WORDS</item><item key='object'>WORDS</item><item key='attributes'><dt_assoc>" +
		"<item key='domain'>WORDS</item><item key='WORDS'>WORDS</item></dt_assoc></item></dt_assoc></data_block></body></OPS_envelope>",
	"nothing": "WORDS",
}

// TestSignatureWithheld: neither sign verify nor the sandbox's log, nor an error of any command, repeats the key or the
// signature, wherever a client has put it and however it is written.
func TestSignatureWithheld(t *testing.T) {
	t.Parallel()
	ways := dressed.Ways()
	for i, way := range sortedNames(ways) {
		secret := []string{plantedSignature, plantedKey[:32]}[i%2]
		t.Run(way, func(t *testing.T) {
			t.Parallel()
			withheld(t, secret, ways[way](secret))
		})
	}
}

// withheld looks for a secret, and for its dress, in what is said of requests in which that is misplaced.
func withheld(t *testing.T, secret, dress string) {
	var log bytes.Buffer
	words := signature.NewRequestLog(screen.Options{})
	inside, err := sandbox.Start(sandbox.Config{Username: plantedUser, Key: []byte(plantedKey), Log: func(o observed.Observation) {
		log.WriteString(words.Entry(o) + signature.NewRequestRecord(o).Line())
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { inside.Close() })
	address, _ := url.Parse(inside.URL)
	roots := x509.NewCertPool()
	roots.AddCert(inside.CA)
	ask := func(request string) {
		conn, err := tls.Dial("tcp", address.Host, &tls.Config{RootCAs: roots})
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		conn.SetDeadline(time.Now().Add(10 * time.Second))
		io.WriteString(conn, request)
		conn.CloseWrite()
		io.Copy(io.Discard, conn)
	}
	body := string(opensrs.GetBalanceBody())
	signed := fmt.Sprintf("X-Username: %s\r\nX-Signature: %s\r\nContent-Length: %d", plantedUser, plantedSignature, len(body))
	directory := t.TempDir()
	file := filepath.Join(directory, "request")
	for _, name := range sortedNames(misplaced) {
		request := strings.NewReplacer("WORDS", dress, "SIGNED", signed, "BODY", body).Replace(misplaced[name])
		head, sent, found := strings.Cut(request, "\r\n\r\n")
		if found && sent != body {
			request = strings.Replace(head, fmt.Sprint("Length: ", len(body)), fmt.Sprint("Length: ", len(sent)), 1) + "\r\n\r\n" + sent
		}
		if err := os.WriteFile(file, []byte(request), 0o600); err != nil {
			t.Fatal(err)
		}
		outputs := map[string]string{}
		for _, args := range [][]string{{"sign", "verify", "--request", file}, {"sign", "verify", "--request", file, "--format", "json"},
			{"sign", "verify", "--body", file, "--signature", dress}, {"sign", "verify", "--signature", dress, dress},
			{"explain", dress}, {"check", dress}, {dress}, {"check", "--" + dress},
			{"check", "--endpoint", dress, "--timeout", "1ms"}, {"check", "--sandbox=" + dress}, {"diff", dress, dress}} {
			var out, errors bytes.Buffer
			run(args, &console.Streams{Stdin: strings.NewReader(""), Stdout: &out, Stderr: &errors, Lookup: func(name string) (string, bool) {
				value, has := map[string]string{"OPENSRS_API_KEY": plantedKey, "OPENSRS_USERNAME": plantedUser, "HOME": directory}[name]
				return value, has
			}})
			outputs[strings.Join(args[:min(2, len(args))], " ")+" "+fmt.Sprint(len(outputs))] = out.String() + errors.String()
		}
		log.Reset()
		ask(request)
		outputs["the sandbox's log"] = log.String()
		for output, text := range outputs {
			if _, found := leak(map[string]string{output: text}, secret, dress); found != "" {
				t.Errorf("%s: a part of %.12s… is in %.40q: %s", name, secret, output, found)
			}
		}
	}
}
