//go:build linux

package lab

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"opensrs-doctor/probes/opensrs"
	"opensrs-doctor/probes/sandbox"
)

// The machine that a sandbox runs on, and a neighbour that is not to get further than to the API.
const (
	serverIP    = "10.9.0.2"
	neighbourIP = "10.9.0.1"
)

// neighbours are two machines on one cable.
func neighbours(t *testing.T) (server, neighbour *Node) {
	t.Helper()
	need(t)
	server, neighbour = NewNode(t, "server"), NewNode(t, "neighbour")
	server.link("eth0", neighbour, "eth0")
	server.IP("link set lo up", "addr add "+serverIP+"/24 dev eth0", "link set eth0 up")
	neighbour.IP("addr add "+neighbourIP+"/24 dev eth0", "link set eth0 up")
	server.settle()
	neighbour.settle()
	return server, neighbour
}

// service is the built program's sandbox on a machine of the lab.
type service struct {
	URL       string   `json:"url"`
	CAFile    string   `json:"ca_file"`
	Username  string   `json:"username"`
	KeyFile   string   `json:"api_key_file"`
	Sources   []string `json:"egress_sources"`
	StatusURL string   `json:"status_url"`
	Command   string   `json:"check_command"`

	tb      testing.TB
	process *exec.Cmd
	ended   chan struct{}
	log     string // the file that its standard output goes to
	notes   bytes.Buffer
}

// serve starts the sandbox on a machine, and returns when it is ready.
func serve(t *testing.T, on *Node, args ...string) *service {
	t.Helper()
	dir := t.TempDir()
	ready := filepath.Join(dir, "ready")
	s := &service{tb: t, ended: make(chan struct{}), log: filepath.Join(dir, "log")}
	out, err := os.Create(s.log)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	s.process = exec.Command(binary, append([]string{"sandbox", "--ready-file", ready}, args...)...)
	s.process.Env = []string{"HOME=" + dir, "TMPDIR=" + dir, "PATH=" + os.Getenv("PATH")}
	s.process.Stdout, s.process.Stderr = out, &s.notes
	if err := on.Command(nil, s.process)(); err != nil {
		t.Fatal(err)
	}
	go func() { s.process.Wait(); close(s.ended) }()
	t.Cleanup(s.stop)
	late := time.After(20 * time.Second)
	for {
		if document, err := os.ReadFile(ready); err == nil {
			if err := json.Unmarshal(document, s); err != nil {
				t.Fatal(err)
			}
			return s
		}
		select {
		case <-s.ended:
			t.Fatalf("the sandbox ended: %s", s.notes.String())
		case <-late:
			t.Fatal("the sandbox does not get ready")
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// stop ends the sandbox; a second stop does nothing.
func (s *service) stop() {
	s.process.Process.Signal(syscall.SIGTERM)
	<-s.ended
}

// peak is the most memory that was resident at a time, in KiB.
func (s *service) peak() int64 {
	s.tb.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.process.Process.Pid))
	if err != nil {
		s.tb.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(status), "VmHWM:")
	kilobytes, err := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
	if err != nil {
		s.tb.Fatal(err)
	}
	return kilobytes
}

// said is what the sandbox has logged so far.
func (s *service) said() string {
	s.tb.Helper()
	text, err := os.ReadFile(s.log)
	if err != nil {
		s.tb.Fatal(err)
	}
	return string(text)
}

// sockets are those on which a machine takes connections, or packets from whoever sends them, as "tcp 127.0.0.1:80".
func (n *Node) sockets() []string {
	n.tb.Helper()
	var found []string
	err := n.Do(func() error {
		for _, protocol := range []string{"tcp", "tcp6", "udp", "udp6"} {
			table, err := os.ReadFile("/proc/thread-self/net/" + protocol)
			if err != nil && strings.HasSuffix(protocol, "6") {
				continue // a kernel without IPv6
			} else if err != nil {
				return err
			}
			for _, line := range strings.Split(string(table), "\n")[1:] {
				// Of TCP the state LISTEN, of UDP the one of sockets without a peer (net/tcp_states.h).
				if fields := strings.Fields(line); len(fields) > 3 && (fields[3] == "0A" || protocol[:3] == "udp" && fields[3] == "07") {
					found = append(found, protocol+" "+kernelAddress(fields[1]))
				}
			}
		}
		return nil
	})
	if err != nil {
		n.tb.Fatal(err)
	}
	return found
}

// kernelAddress reads an address as /proc/net has it: words in the machine's byte order, here little-endian.
func kernelAddress(text string) string {
	words, port, _ := strings.Cut(text, ":")
	raw, _ := hex.DecodeString(words)
	for at := 0; at+4 <= len(raw); at += 4 {
		slices.Reverse(raw[at : at+4])
	}
	address, _ := netip.AddrFromSlice(raw)
	number, _ := strconv.ParseUint(port, 16, 16)
	return netip.AddrPortFrom(address, uint16(number)).String()
}

// TestSandboxOpensOnePort: beyond loopback there is the API's port and nothing else, whatever the sandbox shows; a
// neighbour reaches that one only, and a note says so.
func TestSandboxOpensOnePort(t *testing.T) {
	t.Parallel()
	server, neighbour := neighbours(t)
	type setting struct{ listen, fault string }
	settings := []setting{{serverIP, ""}, {"127.0.0.1", ""}, {"127.0.0.2", ""}}
	for _, fault := range append(sandbox.ServerFaults(), "") {
		settings = append(settings, setting{"0.0.0.0", fault})
	}
	for _, fault := range []string{"port.refused", "proxy.unreachable", "dns.resolver-unreachable", "dns.slow-resolver", "egress.proxied"} {
		settings = append(settings, setting{serverIP, fault})
	}
	for _, set := range settings {
		t.Run(set.listen+" "+set.fault, func(t *testing.T) {
			args := []string{"--listen", set.listen + ":8443"}
			if set.fault != "" {
				args = append(args, "--fault", set.fault)
			}
			s := serve(t, server, args...)
			exposed := ""
			if !netip.MustParseAddr(set.listen).IsLoopback() && set.fault != "port.refused" && set.fault != "dns.sinkholed" {
				exposed = "tcp " + set.listen + ":8443"
			}
			var open []string
			for _, socket := range server.sockets() {
				protocol, at, _ := strings.Cut(socket, " ")
				address := netip.MustParseAddrPort(at)
				if !address.Addr().IsLoopback() {
					open = append(open, socket)
				}
				if protocol == "tcp" {
					conn, err := neighbour.Dial(t.Context(), "", fmt.Sprintf("%s:%d", serverIP, address.Port()))
					if err == nil {
						conn.Close()
					}
					if (err == nil) != (socket == exposed) {
						t.Errorf("%s from a neighbour: %v", socket, err)
					}
				}
			}
			if strings.Join(open, " ") != exposed {
				t.Errorf("open to others: %q, want %q", open, exposed)
			}
			s.stop()
			note := "note: the API's port, 8443 on "
			if told := strings.Contains(s.notes.String(), note); told != (exposed != "") || strings.Count(s.notes.String(), note) > 1 {
				t.Errorf("standard error: %q", s.notes.String())
			}
		})
	}
}

// TestSandboxServesItsMachine: wherever the API listens, what the sandbox says of itself holds on its own machine: the
// check that fits finds the fault and nothing else. A neighbour counts as itself.
func TestSandboxServesItsMachine(t *testing.T) {
	t.Parallel()
	server, neighbour := neighbours(t)
	for _, listen := range []string{serverIP, "0.0.0.0"} {
		for _, fault := range []string{"", "port.refused", "rules.not-allowed", "rules.pool-partly-allowed", "dns.nxdomain",
			"proxy.denied", "egress.proxied", "egress.unstable", "tls.incomplete-chain"} {
			t.Run(listen+" "+fault, func(t *testing.T) {
				args := []string{"--listen", listen + ":0"}
				if fault != "" {
					args = append(args, "--fault", fault)
				}
				s := serve(t, server, args...)
				var out bytes.Buffer
				check := exec.Command("sh", "-c", s.Command+" -f json")
				check.Env, check.Stdout = s.process.Env, &out
				if err := server.Command(nil, check)(); err != nil {
					t.Fatal(err)
				}
				check.Wait()
				var report Report
				if err := json.Unmarshal(out.Bytes(), &report); err != nil {
					t.Fatalf("%v: %s", err, out.String())
				}
				if found := report.Causes(); fault == "" && len(found) > 0 || fault != "" && (len(found) == 0 || found[0] != fault) {
					t.Errorf("causes: %v", found)
				}
				logged := func() bool { return strings.Contains(s.said(), " from "+sandbox.CallerAddress+": GET_BALANCE, 200") }
				for deadline := time.Now().Add(10 * time.Second); fault == "" && !logged() && time.Now().Before(deadline); {
					time.Sleep(10 * time.Millisecond) // the log is written behind the answer
				}
				if fault == "" && !logged() {
					t.Errorf("the log:\n%s", s.said())
				}
			})
		}
	}
	serve(t, server, "--listen", serverIP+":8443")
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	conn, err := neighbour.Dial(ctx, "", serverIP+":8443")
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if answer := askTLS(t, conn, "GET /ip HTTP/1.0\r\n\r\n"); !strings.HasSuffix(answer, "\r\n\r\n"+neighbourIP+"\n") {
		t.Errorf("a neighbour asks who it is: %s", answer)
	}

}

// askTLS sends text over TLS, and gives all that comes until the other side is done.
func askTLS(t *testing.T, conn net.Conn, text string) string {
	t.Helper()
	stream := tls.Client(conn, &tls.Config{InsecureSkipVerify: true})
	stream.SetDeadline(time.Now().Add(20 * time.Second))
	if _, err := io.WriteString(stream, text); err != nil {
		t.Fatal(err)
	}
	answer, err := io.ReadAll(stream)
	if err != nil {
		t.Fatalf("%v after %q", err, answer)
	}
	return string(answer)
}

// TestSandboxUnderAttack: hundreds of connections from one machine, each with one wrong signature of 64 kB after the
// other, hold up nobody who signs right, here or elsewhere; each of them is in the log, and few have had a search.
func TestSandboxUnderAttack(t *testing.T) {
	t.Parallel()
	server, neighbour := neighbours(t)
	const goodIP, attackers = "10.9.0.3", 300
	neighbour.IP("addr add " + goodIP + "/24 dev eth0")
	s := serve(t, server, "--listen", serverIP+":8443", "--log-format", "json")
	key, err := os.ReadFile(s.KeyFile)
	if err != nil {
		t.Fatal(err)
	}
	call := func(body []byte, signature string) string {
		return fmt.Sprintf("POST / HTTP/1.1\r\nHost: x\r\nContent-Type: text/xml\r\nX-Username: %s\r\nX-Signature: %s\r\nContent-Length: %d\r\n\r\n%s",
			s.Username, signature, len(body), body)
	}
	wrong := call(bytes.Repeat([]byte("<a>&amp;</a>\r\n"), 64<<10/14), strings.Repeat("0", 32))
	good := call(opensrs.GetBalanceBody(), opensrs.Sign(opensrs.GetBalanceBody(), bytes.TrimSpace(key)))
	dial := func(from *Node, local string) (*tls.Conn, *bufio.Reader, error) {
		conn, err := from.Dial(t.Context(), local, serverIP+":8443")
		if err != nil {
			return nil, nil, err
		}
		t.Cleanup(func() { conn.Close() })
		conn.SetDeadline(time.Now().Add(50 * time.Second)) // a guard, no measure
		stream := tls.Client(conn, &tls.Config{InsecureSkipVerify: true})
		return stream, bufio.NewReader(stream), stream.Handshake()
	}
	ask := func(conn *tls.Conn, in *bufio.Reader, text string) (string, error) {
		if _, err := io.WriteString(conn, text); err != nil {
			return "", err
		}
		answer, err := http.ReadResponse(in, nil)
		if err != nil {
			return "", err
		}
		body, err := io.ReadAll(answer.Body)
		return answer.Status + string(body), err
	}

	var (
		done      = make(chan struct{}) // the good ones have all they want
		attack    sync.WaitGroup
		answered  atomic.Int64 // of the wrong ones
		attacking = make(chan struct{}, attackers)
		begun     = time.Now()
	)
	for range attackers {
		attack.Go(func() {
			conn, in, err := dial(neighbour, neighbourIP)
			for err == nil {
				if _, err = ask(conn, in, wrong); err == nil {
					answered.Add(1)
				}
				attacking <- struct{}{}
				select {
				case <-done:
					return
				default:
				}
			}
		})
	}
	<-attacking
	go func() {
		for range attacking { // nobody has to wait for this
		}
	}()
	for from, node := range map[string]*Node{goodIP: neighbour, serverIP: server} {
		conn, in, err := dial(node, from)
		if err != nil {
			t.Fatalf("from %s: %v", from, err)
		}
		for nth := range 20 {
			answer, err := ask(conn, in, good)
			if err != nil || !strings.HasPrefix(answer, "200 OK") || !strings.Contains(answer, `<item key="response_code">200</item>`) {
				t.Fatalf("call %d from %s: %v, %s", nth, from, err, answer)
			}
		}
	}
	close(done)
	attack.Wait()
	most := int64(time.Since(begun)/time.Second) + 1 // searches: one a second
	memory := s.peak()
	s.stop()

	var wrongs, searched, named, lost int64
	for line := range strings.Lines(s.said()) {
		var entry struct {
			NotShown int64 `json:"not_shown"`
			Caller   string
			Status   int
			Mistakes []struct{ ID, Summary string }
		}
		if err := json.Unmarshal([]byte(line), &entry); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		lost += entry.NotShown
		if entry.Caller != neighbourIP || entry.Status == 0 {
			continue
		}
		wrongs++
		for _, one := range entry.Mistakes {
			switch {
			case one.ID == "wrong-key":
				searched++
			case one.ID == "signature-unexplained" && strings.Contains(one.Summary, "opensrs-doctor sign verify"):
				named++
			}
		}
	}
	if searched < 1 || searched > most || searched+named != wrongs {
		t.Errorf("of %d wrong signatures in the log %d had a search, at most %d may, and %d name the command", wrongs, searched, most, named)
	}
	if wrongs+lost < answered.Load() {
		t.Errorf("%d wrong signatures were answered, %d are in the log and %d are counted there", answered.Load(), wrongs, lost)
	}
	if memory > 128<<10 {
		t.Errorf("%d MiB were resident", memory>>10)
	}
	t.Logf("%d wrong signatures, %d searches, %d entries that came too fast to be written, %d MiB", answered.Load(), searched, lost, memory>>10)
}
