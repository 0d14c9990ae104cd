//go:build unix

package main

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/tls"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode"

	"github.com/miekg/dns"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"opensrs-doctor/cmd/opensrs-doctor/config"
	"opensrs-doctor/cmd/opensrs-doctor/console"
	"opensrs-doctor/probes/sandbox"
)

// theBinary is the program as make build makes it, built once for all tests that look at it from outside. It stands
// beside the transcripts' own, in a directory that goes with them.
var theBinary = sync.OnceValues(func() (string, error) {
	beside, err := exec.LookPath("opensrs-doctor")
	if err != nil {
		return "", err
	}
	path := filepath.Join(filepath.Dir(beside), "built-opensrs-doctor")
	build := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", path, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if words, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, words)
	}
	return path, nil
})

// Bounds of one run with the worst of peers: a guard against hanging, and the budget of memory.
const (
	longestRun  = 13 * time.Second
	mostMemory  = 64 << 20 // above what a healthy run takes
	atOnceLimit = 10
)

// invocation is how the program is run: nothing of the environment but what stands here.
type invocation struct {
	environment []string
	started     func(*os.Process) // called once it runs; nil: nothing
}

// outcome is what a run of the program left behind.
type outcome struct {
	status         int
	stdout, stderr string
	took           time.Duration
	memory         int64 // bytes: the most that was resident at once; 0 where the system does not tell
}

func (v invocation) run(t *testing.T, args ...string) outcome {
	t.Helper()
	path, err := theBinary()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	command := exec.CommandContext(ctx, path, args...)
	command.Env = append([]string{"HOME=" + t.TempDir(), "PATH=" + os.Getenv("PATH")}, v.environment...)
	var stdout, stderr bytes.Buffer
	command.Stdout, command.Stderr = &stdout, &stderr
	begun := time.Now()
	memory, err := startMeasured(command)
	if err != nil {
		t.Fatal(err)
	}
	if v.started != nil {
		v.started(command.Process)
	}
	most := memory()
	err = command.Wait()
	got := outcome{command.ProcessState.ExitCode(), stdout.String(), stderr.String(), time.Since(begun), most}
	var exited *exec.ExitError
	if err != nil && !errors.As(err, &exited) {
		t.Fatal(err)
	}
	return got
}

// shape is the JSON Schema of a report.
var shape = sync.OnceValues(func() (*jsonschema.Schema, error) {
	return jsonschema.NewCompiler().Compile(filepath.Join("..", "..", "report", "schema.json"))
})

// saidReport is what the tests read of a report.
type saidReport struct {
	Schema  string
	Verdict string
	Target  struct {
		KeyFingerprint *string `json:"key_fingerprint"`
	}
	Host      struct{ Proxy map[string]any }
	Diagnoses []struct{ Cause, Severity, Summary string }
	Probes    []struct {
		Name, Status string
		Facts        struct {
			Code string `json:"response_code"`
		}
	}
}

func (r saidReport) cause() string {
	if len(r.Diagnoses) == 0 {
		return ""
	}
	return r.Diagnoses[0].Cause
}

// report is the one JSON document on standard output: valid, and without anything that a terminal would obey.
func (o outcome) report(t *testing.T) (r saidReport) {
	t.Helper()
	schema, err := shape()
	if err != nil {
		t.Fatal(err)
	}
	document, err := jsonschema.UnmarshalJSON(strings.NewReader(o.stdout))
	if err != nil {
		t.Fatalf("exit status %d, no JSON: %v\n%.500s\n%.2000s", o.status, err, o.stdout, o.stderr)
	}
	if err := schema.Validate(document); err != nil {
		t.Errorf("not by the schema: %v", err)
	}
	printableOnly(t, document)
	if err := json.Unmarshal([]byte(o.stdout), &r); err != nil {
		t.Fatal(err)
	}
	if r.Schema != "opensrs-doctor/report/v1" {
		t.Errorf("schema %q", r.Schema)
	}
	return r
}

// printableOnly looks through every text of a document; only a certificate's PEM has line ends.
func printableOnly(t *testing.T, value any) {
	t.Helper()
	switch value := value.(type) {
	case map[string]any:
		for _, inner := range value {
			printableOnly(t, inner)
		}
	case []any:
		for _, inner := range value {
			printableOnly(t, inner)
		}
	case string:
		if strings.HasPrefix(value, "-----BEGIN CERTIFICATE-----") {
			return
		}
		for _, c := range value {
			if unicode.IsControl(c) || unicode.Is(unicode.Cf, c) || c == '\u2028' || c == '\u2029' {
				t.Errorf("a text holds %U: %.100q", c, value)
				return
			}
		}
		if len(value) > 4096 {
			t.Errorf("a text of %d bytes: %.100q", len(value), value)
		}
	}
}

// atOnce runs subtests side by side: they wait for their peers most of the time, so that the number of processors,
// which bounds t.Parallel, is no measure.
func atOnce(t *testing.T, all []string, test func(t *testing.T, name string)) {
	t.Helper()
	if _, err := theBinary(); err != nil {
		t.Fatal(err)
	}
	var running sync.WaitGroup
	slots := make(chan struct{}, atOnceLimit)
	for _, name := range all {
		slots <- struct{}{}
		running.Go(func() {
			defer func() { <-slots }()
			t.Run(name, func(t *testing.T) { test(t, name) })
		})
	}
	running.Wait()
}

func sortedNames[V any](table map[string]V) []string { return slices.Sorted(maps.Keys(table)) }

func inDays(days int) time.Time { return time.Now().Add(time.Duration(days) * 24 * time.Hour) }

// lan is a little network on loopback: one authority, which stands for the public ones and for this host's own.
type lan struct {
	ca             *sandbox.Authority
	public, system string // paths of the two sets of roots
}

func newLAN(t *testing.T) *lan {
	t.Helper()
	w := &lan{ca: sandbox.NewAuthority("Example Public Root")}
	w.public, w.system = filepath.Join(t.TempDir(), "public.pem"), filepath.Join(t.TempDir(), "system.pem")
	for _, path := range []string{w.public, w.system} {
		if err := os.WriteFile(path, w.ca.PEM(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return w
}

// trustLocally adds an authority to this host's own store.
func (w *lan) trustLocally(t *testing.T, authority *sandbox.Authority) {
	t.Helper()
	if err := os.WriteFile(w.system, append(w.ca.PEM(), authority.PEM()...), 0o600); err != nil {
		t.Fatal(err)
	}
}

func (w *lan) template() sandbox.Template {
	return sandbox.Template{CommonName: "peer", Names: []string{"127.0.0.1", "127.0.0.2", "api.opensrs.test"}}
}

func (w *lan) good() tls.Certificate { return w.ca.Issue(w.template()) }

// flags are those of a check of that endpoint that contacts nobody else but what more names.
func (w *lan) flags(endpoint string, more ...string) []string {
	flags := []string{"--endpoint", endpoint, "--public-roots", w.public, "--system-roots", w.system}
	for _, party := range []string{"--egress-source", "--control", "--status-url"} {
		if !slices.Contains(more, party) {
			flags = append(flags, party, "none")
		}
	}
	if !slices.Contains(more, "--egress-source") {
		flags = append(flags, "--egress-ip", "203.0.113.10")
	}
	if !slices.Contains(more, "--resolver") {
		flags = append(flags, "--resolver", "127.0.0.1:9")
	}
	return append(flags, more...)
}

// listenFor serves connections on a free port of loopback until the test ends, and gives the address.
func listenFor(t testing.TB, handle func(net.Conn)) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var open []net.Conn
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			mu.Lock()
			open = append(open, conn)
			mu.Unlock()
			serving.Go(func() {
				defer conn.Close()
				handle(conn)
			})
		}
	})
	t.Cleanup(func() {
		listener.Close()
		mu.Lock()
		for _, conn := range open {
			conn.Close()
		}
		mu.Unlock()
		serving.Wait()
	})
	return listener.Addr().String()
}

// tlsPeer is an API of ours. It keeps what it was told after the handshake, on all its connections.
type tlsPeer struct {
	url   string
	mu    sync.Mutex
	asked []string
	came  int
}

// serve opens an API with that certificate; answer says what it says to a request.
func (w *lan) serve(t *testing.T, certificate tls.Certificate, answer func(conn net.Conn, asked string)) *tlsPeer {
	t.Helper()
	peer := &tlsPeer{}
	config := &tls.Config{Certificates: []tls.Certificate{certificate}}
	at := listenFor(t, func(conn net.Conn) {
		peer.mu.Lock()
		peer.came++
		peer.mu.Unlock()
		stream := tls.Server(conn, config)
		if stream.Handshake() != nil {
			return
		}
		asked := readRequest(stream)
		peer.mu.Lock()
		peer.asked = append(peer.asked, asked)
		peer.mu.Unlock()
		if asked != "" {
			answer(stream, asked)
		}
		stream.CloseWrite()
		io.Copy(io.Discard, stream) // unread bytes would make the close a reset
	})
	peer.url = "https://" + at + "/"
	return peer
}

func (p *tlsPeer) said() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return strings.Join(p.asked, "")
}

func (p *tlsPeer) connections() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.came
}

// signatures are those of all requests that came.
func (p *tlsPeer) signatures() (found []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, asked := range p.asked {
		if signature := headerOf(asked, "X-Signature"); signature != "" {
			found = append(found, signature)
		}
	}
	return found
}

// readRequest reads one HTTP request, head and body, or whatever came instead of one.
func readRequest(from io.Reader) string {
	var said bytes.Buffer
	reader := bufio.NewReader(io.TeeReader(from, &said))
	length := 0
	for {
		line, err := reader.ReadString('\n')
		if err != nil {
			return said.String()
		}
		if line = strings.TrimRight(line, "\r\n"); line == "" {
			io.CopyN(io.Discard, reader, int64(length))
			return said.String()
		}
		if name, value, found := strings.Cut(line, ":"); found && strings.EqualFold(name, "Content-Length") {
			length, _ = strconv.Atoi(strings.TrimSpace(value))
		}
	}
}

func headerOf(request, name string) string {
	for line := range strings.SplitSeq(request, "\r\n") {
		if found, value, _ := strings.Cut(line, ":"); strings.EqualFold(found, name) {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// drip says a text a byte at a time, for as long as the other side listens.
func drip(conn net.Conn, text string) {
	ticker := time.NewTicker(100 * time.Millisecond)
	defer ticker.Stop()
	for i := range len(text) {
		if _, err := conn.Write([]byte{text[i]}); err != nil {
			return
		}
		<-ticker.C
	}
}

// flood says a text again and again, up to a number of bytes.
func flood(conn net.Conn, text string, most int64) {
	block := []byte(strings.Repeat(text, 32<<10/len(text)+1))
	for said := int64(0); said < most; said += int64(len(block)) {
		if _, err := conn.Write(block); err != nil {
			return
		}
	}
}

const (
	gigabyte = 1 << 30
	head     = "HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\n"
)

// says is an API that says a text.
func says(text string) func(net.Conn, string) {
	return func(conn net.Conn, _ string) { io.WriteString(conn, text) }
}

func accepted() string { return envelope("200", "Command successful") }

// hostilePeer is an API that is odd or worse, and the cause that the check should give; "" is a pass.
type hostilePeer struct {
	cause string
	say   func(conn net.Conn, asked string)
}

var hostilePeers = map[string]hostilePeer{
	"endless-body": {"call.malformed-reply", func(conn net.Conn, _ string) {
		io.WriteString(conn, head+"\r\n<OPS_envelope>")
		flood(conn, "<item>x</item>", gigabyte)
	}},
	"endless-chunks": {"call.malformed-reply", func(conn net.Conn, _ string) {
		io.WriteString(conn, head+"Transfer-Encoding: chunked\r\n\r\n")
		flood(conn, "1000\r\n"+strings.Repeat("x", 4096)+"\r\n", gigabyte)
	}},
	"endless-chunk-extension": {"call.malformed-reply", func(conn net.Conn, _ string) {
		io.WriteString(conn, head+"Transfer-Encoding: chunked\r\n\r\n1;")
		flood(conn, "x", gigabyte)
	}},
	"endless-trailer": {"call.malformed-reply", func(conn net.Conn, _ string) {
		io.WriteString(conn, head+"Transfer-Encoding: chunked\r\n\r\n0\r\n")
		flood(conn, "X-A: b\r\n", gigabyte)
	}},
	"endless-header": {"call.malformed-reply", func(conn net.Conn, _ string) {
		io.WriteString(conn, head+"X-Long: ")
		flood(conn, "x", gigabyte)
	}},
	"endless-headers": {"call.malformed-reply", func(conn net.Conn, _ string) {
		io.WriteString(conn, head)
		flood(conn, "X-Many: x\r\n", gigabyte)
	}},
	"endless-line":    {"call.malformed-reply", func(conn net.Conn, _ string) { flood(conn, "x", gigabyte) }},
	"endless-interim": {"call.malformed-reply", func(conn net.Conn, _ string) { flood(conn, "HTTP/1.1 103 Early Hints\r\n\r\n", gigabyte) }},
	"five-interim":    {"", says(strings.Repeat("HTTP/1.1 103 Early Hints\r\n\r\n", 5) + okReply(accepted()))},
	"huge-length": {"call.malformed-reply", func(conn net.Conn, _ string) {
		io.WriteString(conn, head+"Content-Length: 4294967296\r\n\r\n")
		flood(conn, " ", gigabyte)
	}},
	"length-unkept":   {"call.malformed-reply", says(head + "Content-Length: 4294967296\r\n\r\n<OPS_envelope>")},
	"entity-bomb":     {"call.malformed-reply", says(okReply(bomb()))},
	"external-entity": {"call.malformed-reply", says(okReply(strings.Replace(accepted(), `SYSTEM "ops.dtd"`, `[<!ENTITY x SYSTEM "file:///etc/hostname">]`, 1)))},
	"deep-nesting":    {"call.malformed-reply", says(okReply("<OPS_envelope>" + strings.Repeat("<a>", 300_000)))},
	"deep-items": {"call.malformed-reply", says(okReply("<OPS_envelope><body><data_block><dt_assoc>" +
		strings.Repeat(`<item key="a"><dt_assoc>`, 20_000)))},
	"many-items": {"", says(okReply(strings.Replace(accepted(), "<dt_assoc>", "<dt_assoc>"+
		strings.Repeat(`<item key="x">y</item>`, 40_000), 1)))},
	"many-tags":        {"call.not-opensrs", says(okReply(strings.Repeat("<b>", 340_000)))},
	"slow-reply":       {"call.timeout", func(conn net.Conn, _ string) { drip(conn, okReply(accepted())) }},
	"slow-status-line": {"call.timeout", func(conn net.Conn, _ string) { drip(conn, "HTTP/1.1 "+strings.Repeat("2", 200)) }},
	"slow-header":      {"call.timeout", func(conn net.Conn, _ string) { drip(conn, "HTTP/1.1 200 OK\r\n"+strings.Repeat("X", 200)) }},
	"slow-body": {"call.timeout", func(conn net.Conn, _ string) {
		io.WriteString(conn, head+"Content-Length: 100000\r\n\r\n")
		drip(conn, accepted())
	}},
	"slow-body-no-length": {"call.timeout", func(conn net.Conn, _ string) {
		io.WriteString(conn, head+"\r\n")
		drip(conn, accepted())
	}},
	"slow-interim": {"call.timeout", func(conn net.Conn, _ string) {
		drip(conn, strings.Repeat("HTTP/1.1 100 Continue\r\n\r\n", 20))
	}},
	"silent":        {"call.timeout", func(conn net.Conn, _ string) { io.Copy(io.Discard, conn) }},
	"truncated":     {"call.malformed-reply", says(okReply(accepted())[:500])},
	"truncated-xml": {"call.malformed-reply", says(okReply(accepted()[:300]))},
	"empty":         {"call.malformed-reply", says(okReply(""))},
	"hung-up":       {"call.no-reply", says("")},
	"reset":         {"call.no-reply", func(conn net.Conn, _ string) { resetConn(conn) }},
	"reset-midway": {"call.malformed-reply", func(conn net.Conn, _ string) {
		io.WriteString(conn, okReply(accepted())[:400])
		resetConn(conn)
	}},
	"garbage":      {"call.not-opensrs", says("\x16\x03\x01\xff\xfe\x00\x01 \x9b31m nonsense\x00\x1b]0;title\a\r\n\r\n")},
	"nuls":         {"call.not-opensrs", says(strings.Repeat("\x00", 70_000))},
	"nuls-in-head": {"call.malformed-reply", says("HTTP/1.1 200 OK\r\nX-A: \x00\x00\r\nContent-Length: 0\r\n\r\n")},
	"nuls-in-body": {"call.malformed-reply", says(okReply(strings.Replace(accepted(), "XCP", "X\x00P", 1)))},
	"status-line":  {"call.malformed-reply", says("HTTP/1.1 200\x1b[31m\x9b\r\nContent-Length: 0\r\n\r\n")},
	"bad-version":  {"call.malformed-reply", says("HTTP/9.9.9 200 OK\r\n\r\n")},
	"huge-status":  {"call.malformed-reply", says("HTTP/1.1 99999999999999999999 OK\r\n\r\n")},
	"status-zero":  {"call.malformed-reply", says("HTTP/1.1 000 None\r\nContent-Length: 0\r\n\r\n")},
	"escapes": {"call.auth-failed", says(okReply(envelope("401", "A\u009b31mred\u202e\u2066desrever\u200b\ufeff&#x9b;&#10;second&#13;line"+
		"\u2028third\u0085fourth&#9;tab&#x7f;\U000e0041 \ue000")))},
	"escapes-title": {"call.not-opensrs", says(okReply("<title>&#27;]0;x&#7;\x1b[2J\u202egnp.exe&#x202e;\nnext</title>"))},
	"escapes-place": {"call.malformed-reply", says(httpReply("302 \x1b[31mFound", "Location: https://x.example/\x1b[2J\u202e\x9b\r\n", ""))},
	"escapes-type":  {"call.malformed-reply", says(httpReply("200 OK", "Content-Type: \x1b[31m\u202e\x9b\r\n", accepted()))},
	"http10":        {"", says("HTTP/1.0 200 OK\r\n\r\n" + accepted())},
	"http10-reset": {"", func(conn net.Conn, _ string) {
		io.WriteString(conn, "HTTP/1.0 200 OK\r\nContent-Type: text/xml\r\n\r\n"+accepted())
	}},
	"chunked":    {"", says(head + "Transfer-Encoding: chunked\r\n\r\n5\r\n" + accepted()[:5] + "\r\n" + strconv.FormatInt(int64(len(accepted())-5), 16) + ";x=y\r\n" + accepted()[5:] + "\r\n0\r\nX-Trailer: y\r\n\r\n")},
	"continue":   {"", says("HTTP/1.1 100 Continue\r\n\r\n" + okReply(accepted()))},
	"gzip":       {"call.not-opensrs", says(httpReply("200 OK", "Content-Encoding: gzip\r\nContent-Type: text/xml\r\n", zipped(accepted())))},
	"keep-alive": {"", func(conn net.Conn, _ string) { io.WriteString(conn, okReply(accepted())); io.Copy(io.Discard, conn) }},
	"cdata":      {"", says(okReply(strings.Replace(accepted(), ">200<", "><![CDATA[200]]><", 1)))},
	"comments":   {"", says(okReply(strings.ReplaceAll(accepted(), "><", "><!-- x --><?pi y?>\n<")))},
	"attributes": {"", says(okReply(strings.ReplaceAll(strings.ReplaceAll(accepted(), "<item ", "<item xml:lang='en' a=\"b\" "), "<body>", `<body xmlns="urn:x">`)))},
	"latin1":     {"", says(okReply(strings.Replace(strings.Replace(accepted(), "UTF-8", "iso-8859-1", 1), "successful", "r\xe9ussie", 1)))},
	"bad-utf8":   {"", says(okReply(strings.Replace(accepted(), "successful", "r\xe9ussie", 1)))},
	"bom":        {"", says(okReply("\ufeff" + accepted()))},
	"utf16":      {"call.malformed-reply", says(okReply(strings.Replace(accepted(), "UTF-8", "UTF-16", 1)))},
	"after":      {"", says(okReply(accepted() + "\x00\n\n"))},
	"scalar":     {"", says(okReply(strings.Replace(accepted(), ">200<", "><dt_scalar> 200 </dt_scalar><", 1)))},
	"long-text":  {"call.auth-failed", says(okReply(envelope("401", strings.Repeat("long ", 150_000))))},
}

// bomb is the well-known one: a few hundred bytes that stand for gigabytes.
func bomb() string {
	var entities strings.Builder
	entities.WriteString(`<!ENTITY a0 "boom">`)
	for i := 1; i < 12; i++ {
		fmt.Fprintf(&entities, `<!ENTITY a%d "%s">`, i, strings.Repeat(fmt.Sprintf("&a%d;", i-1), 10))
	}
	return strings.Replace(envelope("200", "&a11;"), `SYSTEM "ops.dtd"`, "["+entities.String()+"]", 1)
}

func zipped(text string) string {
	var out bytes.Buffer
	writer := gzip.NewWriter(&out)
	io.WriteString(writer, text)
	writer.Close()
	return out.String()
}

// resetConn ends a connection with a reset instead of a goodbye.
func resetConn(conn net.Conn) {
	if stream, ok := conn.(*tls.Conn); ok {
		conn = stream.NetConn()
	}
	conn.(*net.TCPConn).SetLinger(0)
	conn.Close()
}

// judge holds a run with a bad peer against the bounds. cause "" is a run that passes.
func judge(t *testing.T, got outcome, cause string) saidReport {
	t.Helper()
	report := got.report(t)
	want := console.ExitFail
	if cause == "" {
		want = console.ExitOK
	}
	if cause == "" && report.Verdict == "pass" && report.Probes[5].Facts.Code != "200" {
		t.Errorf("a pass without the service's answer: %+v", report.Probes[5])
	}
	if report.cause() != cause || got.status != want {
		t.Errorf("cause %q with exit status %d, want %q with %d: %+v", report.cause(), got.status, cause, want, report.Diagnoses)
	}
	if got.took > longestRun {
		t.Errorf("took %s", got.took)
	}
	if most := healthyMemory(t) + mostMemory; got.memory > most {
		t.Errorf("%d MiB resident, at most %d", got.memory>>20, most>>20)
	}
	if runtime.GOOS == "linux" && got.memory == 0 {
		t.Error("the memory was not measured")
	}
	return report
}

// healthyMemory is what a run with good peers takes.
var healthyOnce sync.Once
var healthyPeak int64

func healthyMemory(t *testing.T) int64 {
	t.Helper()
	healthyOnce.Do(func() { healthyPeak = invocation{}.run(t, "--sandbox").memory })
	return healthyPeak
}

// bothForms judges the JSON and looks at the text for people: printable, whatever the peer said.
func bothForms(t *testing.T, cause string, args ...string) saidReport {
	t.Helper()
	file := filepath.Join(t.TempDir(), "human")
	got := invocation{environment: credentialsIn()}.run(t, append(args, "-v", "-f", "json", "-f", "human="+file)...)
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.SplitSeq(string(text), "\n") {
		printableOnly(t, line)
	}
	if len(text) > 64<<10 {
		t.Errorf("a screen of %d bytes", len(text))
	}
	revealsNothing(t, got.stdout+got.stderr+string(text))
	return judge(t, got, cause)
}

// TestHostileService: whatever the API says, the report is valid, bounded and in time.
func TestHostileService(t *testing.T) {
	t.Parallel()
	atOnce(t, sortedNames(hostilePeers), func(t *testing.T, name string) {
		w := newLAN(t)
		server := w.serve(t, w.good(), hostilePeers[name].say)
		bothForms(t, hostilePeers[name].cause, w.flags(server.url)...)
	})
}

// hostilePages are web pages of third parties that are odd or worse; they never make a run fail.
var hostilePages = map[string]func(net.Conn){
	"gigabyte": func(conn net.Conn) {
		io.WriteString(conn, head+"Content-Length: 1073741824\r\n\r\n")
		flood(conn, " ", gigabyte)
	},
	"endless-head": func(conn net.Conn) { io.WriteString(conn, head); flood(conn, "X: y\r\n", gigabyte) },
	"drip":         func(conn net.Conn) { drip(conn, okReply(strings.Repeat("203.0.113.10 ", 100))) },
	"html":         func(conn net.Conn) { io.WriteString(conn, okReply("<html>\x1b[31m\u202e"+strings.Repeat("x", 5000))) },
	"garbage": func(conn net.Conn) {
		io.WriteString(conn, "\x00\x1b[31m\xff\x9b "+strings.Repeat("y", 500_000)+"\r\n\r\n")
	},
	"status-word": func(conn net.Conn) { io.WriteString(conn, "HTTP/1.1 "+strings.Repeat("\x1bz", 200_000)+"\r\n\r\n") },
	"header-word": func(conn net.Conn) {
		io.WriteString(conn, "HTTP/1.1 200 OK\r\n"+strings.Repeat("\u202ez", 200_000)+"\r\n\r\n")
	},
	"length-word": func(conn net.Conn) {
		io.WriteString(conn, head+"Content-Length: "+strings.Repeat("z\x9b", 200_000)+"\r\n\r\n")
	},
	"coding-word": func(conn net.Conn) {
		io.WriteString(conn, head+"Transfer-Encoding: "+strings.Repeat("z", 200_000)+"\r\n\r\n")
	},
	"deep-json": func(conn net.Conn) { io.WriteString(conn, okReply(strings.Repeat("[", 500_000))) },
	"many": func(conn net.Conn) {
		io.WriteString(conn, okReply(`{"status":{"indicator":"major"},"incidents":[`+strings.Repeat(`{"name":"x\u001b[31m\u202e"},`, 20_000)+`{}]}`))
	},
	"silent":  func(conn net.Conn) { io.Copy(io.Discard, conn) },
	"hung-up": func(net.Conn) {},
	"reset":   resetConn,
}

// TestHostilePages: a page like these as an egress source leaves the address unknown and the call good; as the
// status page of a service that fails, it changes nothing about the failure's cause.
func TestHostilePages(t *testing.T) {
	t.Parallel()
	atOnce(t, sortedNames(hostilePages), func(t *testing.T, name string) {
		w := newLAN(t)
		page := "http://" + listenFor(t, func(conn net.Conn) { readRequest(conn); hostilePages[name](conn) }) + "/"
		fine := w.serve(t, w.good(), says(okReply(accepted())))
		got := invocation{environment: credentialsIn()}.run(t, append(w.flags(fine.url, "--egress-source", page), "-f", "json")...)
		if report := got.report(t); report.Verdict != "warn" || report.cause() != "egress.unknown" || got.status != console.ExitOK {
			t.Errorf("as a source: %s, %s, exit status %d", report.Verdict, report.cause(), got.status)
		}
		refusing := w.serve(t, w.good(), says(okReply(envelope("401", "no"))))
		bothForms(t, "call.auth-failed", w.flags(refusing.url, "--status-url", page, "--control", strings.TrimPrefix(strings.TrimSuffix(page, "/"), "http://"))...)
	})
}

// manyPages are what forty egress sources, controls and the status page say in one run.
var manyPages = map[string]func(net.Conn){
	"endless-headers": func(conn net.Conn) { io.WriteString(conn, head); flood(conn, "X-Many: x\r\n", gigabyte) },
	"endless-body":    func(conn net.Conn) { io.WriteString(conn, head+"\r\n"); flood(conn, "[", gigabyte) },
	"endless-interim": func(conn net.Conn) { flood(conn, "HTTP/1.1 103 Early Hints\r\n\r\n", gigabyte) },
	"endless-chunks": func(conn net.Conn) {
		io.WriteString(conn, head+"Transfer-Encoding: chunked\r\n\r\n")
		flood(conn, "1\r\nx\r\n", gigabyte)
	},
	"zipped": func(conn net.Conn) {
		io.WriteString(conn, httpReply("200 OK", "Content-Encoding: gzip\r\n", zipped(strings.Repeat(" ", 64<<20))))
	},
	"drips":  func(conn net.Conn) { drip(conn, okReply(strings.Repeat("203.0.113.10 ", 100))) },
	"silent": func(conn net.Conn) { io.Copy(io.Discard, conn) },
}

// TestManyHostilePages: forty sources, forty controls and a status page at once; the run is in time and in the budget
// of memory as it is with one.
func TestManyHostilePages(t *testing.T) {
	t.Parallel()
	for _, name := range sortedNames(manyPages) {
		t.Run(name, func(t *testing.T) {
			w := newLAN(t)
			at := listenFor(t, func(conn net.Conn) { readRequest(conn); manyPages[name](conn) })
			refusing := w.serve(t, w.good(), says(okReply(envelope("401", "no"))))
			args := w.flags(refusing.url, "--egress-source", "http://"+at+"/", "--control", at, "--status-url", "http://"+at+"/")
			for i := range 39 {
				args = append(args, "--egress-source", fmt.Sprintf("http://%s/%d", at, i), "--control", fmt.Sprintf("127.0.%d.1%s", i, at[len("127.0.0.1"):]))
			}
			bothForms(t, "call.auth-failed", args...)
		})
	}
}

// TestRenderingHostileReports: a saved report of the largest size, in every format and anonymized, stays in memory; a
// larger one and one beyond another bound are refused before they take any.
func TestRenderingHostileReports(t *testing.T) {
	t.Parallel()
	saved := invocation{}.run(t, "--sandbox", "-f", "json").stdout
	more := func(text string) string { // in the place of the first probe's facts
		before, rest, _ := strings.Cut(saved, `"facts": {`)
		return before + `"facts": {"x": ` + text + ", " + rest
	}
	list := "[" + strings.Repeat(`"",`, 9_990) + `""]`
	for name, one := range map[string]struct {
		text, refused string
		most          int64
	}{
		"texts":     {more("[" + strings.Repeat(`"`+strings.Repeat(" <10.1.2.3|", 5_900)+`",`, 125) + "0]"), "", 256 << 20},
		"lists":     {more("[" + strings.Repeat(list+",", 19) + "0]"), "", 256 << 20},
		"long-list": {more("[" + strings.Repeat(`0,`, 3<<20) + "0]"), "a list of more than 10,000 elements", 64 << 20},
		"deep":      {more(strings.Repeat("[", 3<<20)), "more than 100 lists and objects one inside another", 64 << 20},
		"large":     {strings.Repeat(" ", 63<<20) + saved, "larger than 8 MiB", 64 << 20},
	} {
		dir := t.TempDir()
		path := filepath.Join(dir, "report.json")
		write(t, path, one.text)
		args := []string{"render", path, "--anonymize"}
		for _, format := range config.Formats {
			args = append(args, "-f", format+"="+filepath.Join(dir, "as-"+format))
		}
		got := invocation{}.run(t, args...)
		refused := invocation{}.run(t, "diff", path, path)
		switch {
		case one.refused == "" && (got.status != console.ExitOK || refused.status != console.ExitOK):
			t.Errorf("%s: exit status %d and %d: %.500s%.500s", name, got.status, refused.status, got.stderr, refused.stderr)
		case one.refused != "" && (got.status != console.ExitUsage || !strings.Contains(got.stderr, one.refused) ||
			refused.status != console.ExitUsage || !strings.Contains(refused.stderr, one.refused)):
			t.Errorf("%s: exit status %d and %d: %.500s%.500s", name, got.status, refused.status, got.stderr, refused.stderr)
		}
		if most := max(got.memory, refused.memory); most > one.most {
			t.Errorf("%s: %d MiB resident", name, most>>20)
		}
		t.Logf("%s: %d MiB and %d MiB resident, %s", name, got.memory>>20, refused.memory>>20, got.took)
	}
}

// hostileNames are name servers that are odd or worse: what they send for a question, over UDP and TCP, and the
// cause; "" where the name is found.
var hostileNames = map[string]struct {
	cause string
	say   func(question *dns.Msg, overTCP bool) []byte
}{
	"garbage":   {"dns.resolver-unreachable", func(*dns.Msg, bool) []byte { return bytes.Repeat([]byte{0xff, 0x1b, 0}, 100) }},
	"empty":     {"dns.resolver-unreachable", func(*dns.Msg, bool) []byte { return []byte{} }},
	"short":     {"dns.resolver-unreachable", func(q *dns.Msg, _ bool) []byte { return packed(q)[:7] }},
	"wrong-id":  {"dns.resolver-unreachable", func(q *dns.Msg, _ bool) []byte { return answering(q, q.Id+1, 1, false) }},
	"echo":      {"dns.resolver-unreachable", func(q *dns.Msg, _ bool) []byte { return packed(q) }},
	"truncated": {"", func(q *dns.Msg, tcp bool) []byte { return answering(q, q.Id, 1, !tcp) }},
	"cut":       {"", func(q *dns.Msg, tcp bool) []byte { return cut(answering(q, q.Id, 1, false), tcp) }},
	"thousands": {"", func(q *dns.Msg, tcp bool) []byte { return answering(q, q.Id, 3000, !tcp) }},
	"other-name": {"dns.resolver-unreachable", func(q *dns.Msg, _ bool) []byte {
		other := q.Copy()
		other.Question[0].Name = "x.example."
		return answering(other, q.Id, 1, false)
	}},
	"loop": {"dns.resolver-unreachable", func(q *dns.Msg, _ bool) []byte {
		message := packed(q)
		binary.BigEndian.PutUint16(message[2:], 0x8180)
		return append(message[:12], 0xc0, 0x0c, 0, 1, 0, 1)
	}},
	"escapes": {"unexplained", func(q *dns.Msg, _ bool) []byte {
		r := new(dns.Msg).SetReply(q)
		r.Answer = []dns.RR{&dns.CNAME{Hdr: dns.RR_Header{Name: q.Question[0].Name, Rrtype: dns.TypeCNAME, Class: 1}, Target: `\027[31m\226\128\174.example.`}}
		return packed(r)
	}},
}

func packed(message *dns.Msg) []byte {
	bytes, err := message.Pack()
	if err != nil {
		panic(err)
	}
	return bytes
}

// cut leaves the second half of a message out over UDP.
func cut(message []byte, whole bool) []byte {
	if !whole {
		return message[:len(message)/2+6]
	}
	return message
}

// answering is a reply with so many addresses, the first one being where the tests' API is; below zero, so many
// others.
func answering(question *dns.Msg, id uint16, addresses int, truncated bool) []byte {
	r := new(dns.Msg).SetReply(question)
	r.Id, r.Truncated, r.Compress = id, truncated, true
	for i := max(0, -addresses); i < max(addresses, -2*addresses); i++ {
		if question.Question[0].Qtype == dns.TypeA && !truncated {
			r.Answer = append(r.Answer, &dns.A{Hdr: dns.RR_Header{Name: question.Question[0].Name, Rrtype: dns.TypeA, Class: 1},
				A: net.IPv4(127, 0, byte(i>>8), byte(i)+1)})
		}
	}
	return packed(r)
}

// nameServer serves one port on UDP and TCP.
func nameServer(t *testing.T, say func(*dns.Msg, bool) []byte) string {
	t.Helper()
	serve := func(conn net.Conn) {
		for {
			var length [2]byte
			if _, err := io.ReadFull(conn, length[:]); err != nil {
				return
			}
			packet, question := make([]byte, binary.BigEndian.Uint16(length[:])), new(dns.Msg)
			if _, err := io.ReadFull(conn, packet); err != nil || question.Unpack(packet) != nil {
				return
			}
			said := say(question, true)
			conn.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(said))), said...))
		}
	}
	var at string
	var packets net.PacketConn
	for try := 0; packets == nil; try++ { // another test's socket may have the same port for UDP
		var err error
		at = listenFor(t, serve)
		if packets, err = net.ListenPacket("udp", at); err != nil && try == 20 {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() { packets.Close() })
	go func() {
		packet := make([]byte, 4096)
		for {
			n, from, err := packets.ReadFrom(packet)
			if err != nil {
				return
			}
			if question := new(dns.Msg); question.Unpack(packet[:n]) == nil {
				packets.WriteTo(say(question, false), from)
			}
		}
	}()
	return at
}

// TestHostileNames: whatever a name server says, the report is valid, bounded and in time.
func TestHostileNames(t *testing.T) {
	t.Parallel()
	atOnce(t, sortedNames(hostileNames), func(t *testing.T, name string) {
		w := newLAN(t)
		server := w.serve(t, w.good(), says(okReply(accepted())))
		_, port, _ := net.SplitHostPort(strings.Trim(server.url, "htps:/"))
		at := nameServer(t, hostileNames[name].say)
		bothForms(t, hostileNames[name].cause, w.flags("https://api.opensrs.test:"+port+"/", "--resolver", at)...)
	})
}

// hostileProxies are proxies that are odd or worse.
var hostileProxies = map[string]struct {
	scheme, cause string
	say           func(net.Conn)
}{
	"drip":         {"http", "proxy.upstream-failed", func(conn net.Conn) { drip(conn, "HTTP/1.1 200 "+strings.Repeat("x", 1000)) }},
	"endless-head": {"http", "proxy.unreachable", func(conn net.Conn) { io.WriteString(conn, "HTTP/1.1 200 OK\r\n"); flood(conn, "X: y\r\n", gigabyte) }},
	"endless-line": {"http", "proxy.unreachable", func(conn net.Conn) { flood(conn, "x", gigabyte) }},
	"long-reason": {"http", "proxy.denied", func(conn net.Conn) {
		io.WriteString(conn, "HTTP/1.1 403 \x1b[31m\u202e"+strings.Repeat("no ", 9000)+"\r\n\r\n")
	}},
	"garbage": {"http", "proxy.unreachable", func(conn net.Conn) { io.WriteString(conn, "\x00\x1b[31m\xff\r\n\r\n") }},
	"silent":  {"http", "proxy.upstream-failed", func(conn net.Conn) { io.Copy(io.Discard, conn) }},
	"hung-up": {"http", "proxy.denied", func(net.Conn) {}},
	"then-garbage": {"http", "tls.not-tls", func(conn net.Conn) {
		io.WriteString(conn, "HTTP/1.1 200 OK\r\n\r\n\x1b[31m\u202ewho?\r\n")
		io.Copy(io.Discard, conn)
	}},
	"socks-http":   {"socks5", "proxy.unreachable", func(conn net.Conn) { io.WriteString(conn, "HTTP/1.1 400 Bad Request\r\n\r\n") }},
	"socks-words":  {"socks5", "proxy.unreachable", func(conn net.Conn) { io.WriteString(conn, "\x05\x00\x05\x00\x00\x63nonsense") }},
	"socks-code":   {"socks5", "proxy.upstream-failed", func(conn net.Conn) { io.WriteString(conn, "\x05\x00\x05\xee\x00\x01\x00\x00\x00\x00\x00\x00") }},
	"socks-method": {"socks5", "proxy.auth-required", func(conn net.Conn) { io.WriteString(conn, "\x05\xff") }},
	"socks-short":  {"socks5", "proxy.denied", func(conn net.Conn) { io.WriteString(conn, "\x05\x00\x05\x00\x00\x01\x7f") }},
	"socks-drip": {"socks5", "proxy.upstream-failed", func(conn net.Conn) {
		io.WriteString(conn, "\x05\x00\x05\x00\x00\x03\xff")
		drip(conn, strings.Repeat("x", 255))
	}},
	"socks-silent": {"socks5", "proxy.upstream-failed", func(conn net.Conn) { io.Copy(io.Discard, conn) }},
}

// TestHostileProxies: whatever a proxy answers, the report is valid, bounded and in time.
func TestHostileProxies(t *testing.T) {
	t.Parallel()
	atOnce(t, sortedNames(hostileProxies), func(t *testing.T, name string) {
		w := newLAN(t)
		one := hostileProxies[name]
		at := listenFor(t, func(conn net.Conn) {
			if one.scheme == "http" {
				readRequest(conn)
			} else if _, err := conn.Read(make([]byte, 16)); err != nil {
				return
			}
			one.say(conn)
			conn.(*net.TCPConn).CloseWrite()
			io.Copy(io.Discard, conn)
		})
		bothForms(t, one.cause, w.flags("https://api.opensrs.test:55443/", "--proxy", one.scheme+"://"+at)...)
	})
}

// TestInterruptedCall sends SIGINT while the signed call waits for its reply: what is known is written at once.
func TestInterruptedCall(t *testing.T) {
	t.Parallel()
	w := newLAN(t)
	asked := make(chan struct{}, 1)
	server := w.serve(t, w.good(), func(conn net.Conn, _ string) {
		asked <- struct{}{}
		io.Copy(io.Discard, conn)
	})
	var sent time.Time
	v := invocation{environment: credentialsIn(), started: func(process *os.Process) {
		<-asked
		sent = time.Now()
		process.Signal(os.Interrupt)
	}}
	got := v.run(t, w.flags(server.url, "-f", "json")...)
	if took := time.Since(sent); took > 5*time.Second {
		t.Errorf("%s after the signal", took)
	}
	report := got.report(t)
	if got.status != console.ExitInternal || len(report.Probes) != 6 || report.Probes[4].Status != "pass" || report.Probes[5].Status != "skip" {
		t.Errorf("exit status %d, %+v", got.status, report.Probes)
	}
	revealsNothing(t, got.stdout+got.stderr)
}
