//go:build unix

package main

import (
	"bytes"
	"encoding/base64"
	"errors"
	"io"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"opensrs-doctor/cmd/opensrs-doctor/console"
	"opensrs-doctor/probes/foreign"
	"opensrs-doctor/probes/sandbox"
	"opensrs-doctor/report"
)

// ticketOf runs ticket, lets other people's programs unpack the bundle too, and looks for secrets in all that was
// written.
func ticketOf(t *testing.T, c invocation, signatures func() []string, args ...string) (outcome, map[string][]byte) {
	t.Helper()
	directory := t.TempDir()
	path := filepath.Join(directory, "ticket.zip")
	got := c.run(t, slices.Concat([]string{"ticket", "--output", path, "-f", "json", "-f", "human=" + filepath.Join(directory, "human")}, args)...)
	files, err := unpacked(path)
	if err != nil {
		t.Fatalf("exit status %d: %v\n%s", got.status, err, got.stderr)
	}
	texts := got.stdout + got.stderr
	elsewhere := unzipped(t, program(t, "unzip"), "-q", path, "-d")
	for name, content := range files {
		texts += string(content) + elsewhere[name]
		if elsewhere[name] != string(content) {
			t.Errorf("%s reads differently elsewhere: %.200q", name, elsewhere[name])
		}
	}
	revealsNothing(t, texts, signatures()...)
	if strings.Contains(texts, sandbox.Balance+`"`) || strings.Contains(texts, " "+sandbox.Balance) {
		t.Error("the balance was written")
	}
	if left, _ := os.ReadDir(directory); len(left) != 2 {
		t.Errorf("%d files are left, want the bundle and the text", len(left))
	}
	return got, files
}

// unzipped lets another program unpack a zip; its last argument is the directory to unpack to.
func unzipped(t *testing.T, program string, args ...string) map[string]string {
	t.Helper()
	directory := filepath.Join(t.TempDir(), "unpacked")
	if words, err := exec.Command(program, append(args, directory)...).CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", program, err, words)
	}
	files := map[string]string{}
	all, err := filepath.Glob(filepath.Join(directory, "*", "*"))
	if err != nil || len(all) < len(ticketNames) {
		t.Fatalf("%s: %v, %v", program, all, err)
	}
	for _, path := range all {
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatalf("%s: %v", program, err)
		}
		files[filepath.Base(path)] = string(content)
	}
	return files
}

// TestTicketForeignReader: the bundle opens with Python's reader, which shares nothing with Go's, nor with Info-ZIP's.
func TestTicketForeignReader(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "ticket.zip")
	got := invocation{}.run(t, "ticket", "--sandbox", "--output", path, "--timeout", "4s")
	if got.status != console.ExitOK {
		t.Fatalf("exit status %d: %s", got.status, got.stderr)
	}
	files, err := unpacked(path)
	if err != nil {
		t.Fatal(err)
	}
	elsewhere := unzipped(t, program(t, "python3"), "-m", "zipfile", "-e", path)
	for name, content := range files {
		if elsewhere[name] != string(content) {
			t.Errorf("%s reads differently: %.200q", name, elsewhere[name])
		}
	}
}

// TestTicketOfFaults: whatever is broken, the bundle is whole, names the cause and holds no secret; the deeper
// facts change no verdict. Nobody's certificate or name is in an anonymous one.
func TestTicketOfFaults(t *testing.T) {
	t.Parallel()
	atOnce(t, append(sandbox.Faults(), "healthy"), func(t *testing.T, fault string) {
		c := invocation{environment: credentialsIn()}
		got, files := ticketOf(t, c, noSignatures, "--sandbox="+fault, "--timeout", "4s")
		cause := "none"
		if fault != "healthy" {
			if cause = fault; got.report(t).cause() != fault {
				t.Errorf("cause %s", got.report(t).cause())
			}
		}
		if string(files["report.json"]) != got.stdout {
			t.Error("the report of the bundle is another one")
		}
		if readme := string(files["README.txt"]); !strings.Contains(readme, "Cause    "+cause) {
			t.Errorf("the letter names no cause: %s", readme)
		}
	})
}

// TestTicketEchoed: what a hostile server echoes is in no file of the bundle.
func TestTicketEchoed(t *testing.T) {
	t.Parallel()
	atOnce(t, []string{"text", "text-accepted", "title", "location", "headers", "line"}, func(t *testing.T, name string) {
		w := newLAN(t)
		server := w.serve(t, w.good(), func(conn net.Conn, asked string) {
			said := strings.NewReplacer("ASKED", asked, "KEY", plantedKey, "SIG", headerOf(asked, "X-Signature")).Replace(echoes[name])
			conn.Write([]byte(said))
		})
		got, _ := ticketOf(t, invocation{environment: credentialsIn()}, server.signatures, w.flags(server.url)...)
		got.report(t)
	})
}

// TestTicketOfProxies: a proxy's login is in no file of the bundle.
func TestTicketOfProxies(t *testing.T) {
	t.Parallel()
	w := newLAN(t)
	at := listenFor(t, func(conn net.Conn) {
		asked := readRequest(conn)
		conn.Write([]byte("HTTP/1.1 403 " + plantedLong + " " + headerOf(asked, "Proxy-Authorization") + "\r\n\r\n"))
	})
	address := "http://" + url.UserPassword(plantedLogin, plantedLong).String() + "@" + at
	c := invocation{environment: append(credentialsIn(), "HTTPS_PROXY="+address, "no_proxy=intern.example")}
	got, files := ticketOf(t, c, noSignatures, append(w.flags("https://api.opensrs.test:55443/"), "--timeout", "3s")...)
	if got.status != console.ExitFail || !strings.Contains(string(files["README.txt"]), "from HTTPS_PROXY, with a login") ||
		!strings.Contains(string(files["README.txt"]), "HTTPS_PROXY, no_proxy") {
		t.Errorf("exit status %d, %s", got.status, files["README.txt"])
	}
	got.report(t)
}

// TestTicketCompared: an earlier report may hold this run's secrets, as a file that was written by hand or by another
// program may: none is in the bundle, however it is dressed.
func TestTicketCompared(t *testing.T) {
	t.Parallel()
	w := newLAN(t)
	at := listenFor(t, func(conn net.Conn) {
		readRequest(conn)
		conn.Write([]byte("HTTP/1.1 403 Forbidden\r\n\r\n"))
	})
	address := "http://" + url.UserPassword(plantedLogin, plantedLong).String() + "@" + at
	c := invocation{environment: append(credentialsIn(), "HTTPS_PROXY="+address)}
	flags := append(w.flags("https://api.opensrs.test:55443/"), "--timeout", "3s")
	made := c.run(t, append([]string{"check", "-f", "json"}, flags...)...)
	earlier, err := report.Read(strings.NewReader(made.stdout))
	if err != nil {
		t.Fatal(err)
	}
	earlier.Host.Hostname = "key " + plantedKey
	earlier.Host.Resolvers = []string{base64.StdEncoding.EncodeToString([]byte(plantedKey)), strings.ToUpper(plantedKey)}
	earlier.Target.Username = "login " + plantedLong
	earlier.Tool.Version = plantedSignature
	earlier.Target.Addresses = []string{url.QueryEscape(plantedLong), plantedKey[:40] + " " + plantedKey[40:]}
	earlier.Diagnoses = append(earlier.Diagnoses, report.Diagnosis{Cause: "call.other", Severity: report.Fail,
		Confidence: report.Certain, Probe: "call", Summary: "The key " + plantedKey + " signs as " + plantedSignature})
	path := filepath.Join(t.TempDir(), "earlier.json")
	var document bytes.Buffer
	if err := errors.Join(report.WriteJSON(&document, earlier), os.WriteFile(path, document.Bytes(), 0o600)); err != nil {
		t.Fatal(err)
	}
	_, files := ticketOf(t, c, noSignatures, append(flags, "--compare", path)...)
	changes := string(files["changes.txt"])
	if strings.Count(changes, foreign.Redacted) < 6 || !strings.Contains(changes, "call.other") {
		t.Errorf("changes.txt is\n%s", changes)
	}
	dressed := base64.StdEncoding.EncodeToString([]byte(plantedKey))[8:24]
	if strings.Contains(changes, dressed) {
		t.Errorf("the key is in base 64 in\n%s", changes)
	}
}

// TestInterruptedTicket sends SIGINT while the signed call waits: the bundle has what was known, and the status
// says so.
func TestInterruptedTicket(t *testing.T) {
	t.Parallel()
	w := newLAN(t)
	asked := make(chan struct{}, 1)
	server := w.serve(t, w.good(), func(conn net.Conn, _ string) {
		asked <- struct{}{}
		io.Copy(io.Discard, conn)
	})
	c := invocation{environment: credentialsIn(), started: func(process *os.Process) {
		<-asked
		process.Signal(syscall.SIGINT)
	}}
	got, files := ticketOf(t, c, server.signatures, w.flags(server.url)...)
	report := got.report(t)
	if got.status != console.ExitInternal || report.Probes[4].Status != "pass" || report.Probes[5].Status != "skip" {
		t.Errorf("exit status %d, %+v", got.status, report.Probes)
	}
	if !strings.Contains(string(files["README.txt"]), "incomplete. The run was interrupted") ||
		!strings.Contains(string(files["chain.pem"]), "BEGIN CERTIFICATE") {
		t.Errorf("%s%s", files["README.txt"], files["chain.pem"])
	}
}

// TestTicketTakenMeanwhile: what comes to the path while the check runs stays, and the status tells.
func TestTicketTakenMeanwhile(t *testing.T) {
	t.Parallel()
	w := newLAN(t)
	path := filepath.Join(t.TempDir(), "ticket.zip")
	server := w.serve(t, w.good(), func(conn net.Conn, _ string) {
		os.WriteFile(path, []byte("another's"), 0o600)
		conn.Write([]byte(okReply(envelope("200", "Command successful"))))
	})
	got := invocation{environment: credentialsIn()}.run(t, append([]string{"ticket", "--output", path}, w.flags(server.url)...)...)
	content, _ := os.ReadFile(path)
	if got.status != console.ExitInternal || string(content) != "another's" || !strings.Contains(got.stdout, "call") {
		t.Errorf("exit status %d, %q\n%s%s", got.status, content, got.stdout, got.stderr)
	}
}
