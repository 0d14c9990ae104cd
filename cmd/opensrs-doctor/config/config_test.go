package config

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/spf13/pflag"

	"opensrs-doctor/cmd/opensrs-doctor/console"
	"opensrs-doctor/probes"
	"opensrs-doctor/probes/service"
)

// requestOf validates flags, a config file's text and an environment, as check does.
func requestOf(t *testing.T, args []string, config string, env map[string]string) (*Request, error) {
	t.Helper()
	flags := pflag.NewFlagSet("test", pflag.ContinueOnError)
	values := AddFlags(flags, "check")
	if err := flags.Parse(args); err != nil {
		t.Fatalf("%v: %v", args, err)
	}
	file, err := parseConfig([]byte(config), "c.yaml")
	if err != nil {
		return nil, err
	}
	s := &console.Streams{Stdin: strings.NewReader(""), Stdout: io.Discard, Stderr: io.Discard, Lookup: func(name string) (string, bool) {
		value, found := env[name]
		return value, found
	}}
	return gather(values, file, s).Request()
}

func TestPrecedence(t *testing.T) {
	file := "username: file\nenv: test\ntimeout: 5s\nformat: json\nallow-intercepted: true\n"
	env := map[string]string{"OPENSRS_USERNAME": "environment"}
	r, err := requestOf(t, []string{"--timeout", "7s", "--allow-intercepted=false"}, file, env)
	if err != nil {
		t.Fatal(err)
	}
	o := r.Options
	if o.Username != "environment" || o.Environment != "test" || o.Host != service.OpenSRS.Test.Host ||
		o.Timeout != 7*time.Second || o.AllowIntercepted {
		t.Errorf("%s %s %s %s %v", o.Username, o.Environment, o.Host, o.Timeout, o.AllowIntercepted)
	}
	r, err = requestOf(t, []string{"--username", "flag"}, file, env)
	if err != nil || r.Options.Username != "flag" {
		t.Errorf("a flag does not beat the environment: %v, %v", r, err)
	}
	r, err = requestOf(t, nil, file, map[string]string{"OPENSRS_USERNAME": " "})
	if err != nil || r.Options.Username != "file" {
		t.Errorf("an empty variable beats the file: %v, %v", r, err)
	}
	file = "rule: [allow 203.0.113.7]\negress-source: none\n"
	r, err = requestOf(t, []string{"--rule", "deny 203.0.113.9", "--no-third-parties"}, file, nil)
	if err != nil || fmt.Sprint(r.Options.Rules) != "[deny 203.0.113.9/32]" {
		t.Errorf("a flag's list does not replace the file's: %v", err)
	}
}

func TestDefaults(t *testing.T) {
	r, err := requestOf(t, nil, "", nil)
	if err != nil {
		t.Fatal(err)
	}
	o := r.Options
	if o.Environment != "live" || o.Host != service.OpenSRS.Live.Host || o.Port != 55443 || o.Path != "/" || o.Custom ||
		!o.CrossCheck || o.Timeout != 30*time.Second || o.Proxy.Mode != "env" || o.RulesGiven || o.KeySource != "" {
		t.Errorf("%s %s %d %s", o.Environment, o.Host, o.Port, o.Path)
	}
	if len(o.EgressSources) != len(probes.DefaultSources()) || len(o.Controls) != 2 || o.StatusURL == nil {
		t.Errorf("%d sources, %d controls", len(o.EgressSources), len(o.Controls))
	}
	r, err = requestOf(t, []string{"--no-third-parties"}, "", nil)
	if o := r.Options; err != nil || o.EgressSources != nil || o.Controls != nil || o.StatusURL != nil || o.Witness != nil {
		t.Errorf("--no-third-parties leaves some: %v", err)
	}
}

// TestPortWitness: nobody unless named, and at the endpoint's own port unless the URL has one.
func TestPortWitness(t *testing.T) {
	for _, c := range []struct {
		args []string
		want string
	}{
		{nil, ""},
		{[]string{"--port-witness", "none"}, ""},
		{[]string{"--port-witness", "http://192.0.2.90/"}, "http://192.0.2.90:55443/"},
		{[]string{"--port-witness", "http://192.0.2.90/ip", "--endpoint", "https://192.0.2.1:8443"}, "http://192.0.2.90:8443/ip"},
		{[]string{"--port-witness", "https://[2001:db8::1]:55000/ip"}, "https://[2001:db8::1]:55000/ip"},
	} {
		r, err := requestOf(t, c.args, "", nil)
		if err != nil {
			t.Fatalf("%v: %v", c.args, err)
		}
		got := ""
		if r.Options.Witness != nil {
			got = r.Options.Witness.URI
		}
		if got != c.want {
			t.Errorf("%v: %q, want %q", c.args, got, c.want)
		}
	}
}

// TestEnvironments: the two public hosts are their environment, on whatever port. A contradiction from one place is an
// error, and from two the stronger place wins both.
func TestEnvironments(t *testing.T) {
	const horizon, live = "https://horizon.opensrs.net:55443", "https://rr-n1-tor.opensrs.net"
	for _, c := range []struct {
		args   []string
		file   string
		want   string // environment host port custom, or what the error says
		public bool   // exactly one of the public services, for the report
	}{
		{nil, "", "live rr-n1-tor.opensrs.net 55443 false", true},
		{[]string{"--env", "test"}, "", "test horizon.opensrs.net 55443 false", true},
		{[]string{"--endpoint", horizon}, "", "test horizon.opensrs.net 55443 true", true},
		{[]string{"--endpoint", horizon + "/"}, "env: test", "test horizon.opensrs.net 55443 true", true},
		{[]string{"--endpoint", "https://HORIZON.OpenSRS.net.:443"}, "", "test horizon.opensrs.net 443 true", false},
		{[]string{"--endpoint", live + ":55443/other"}, "", "live rr-n1-tor.opensrs.net 55443 true", false},
		{[]string{"--endpoint", live}, "env: test", "live rr-n1-tor.opensrs.net 55443 true", true},
		{[]string{"--env", "live"}, "endpoint: " + horizon, "live rr-n1-tor.opensrs.net 55443 false", true},
		{[]string{"--env", "test"}, "endpoint: " + horizon, "test horizon.opensrs.net 55443 true", true},
		{nil, "endpoint: Horizon.opensrs.net", "test horizon.opensrs.net 55443 true", true},
		{[]string{"--env", "test"}, "endpoint: relay.example:9", "test relay.example 9 true", false},
		{[]string{"--endpoint", "https://batch.opensrs.net"}, "", "live batch.opensrs.net 55443 true", false},
		{[]string{"--env", "live", "--endpoint", horizon}, "",
			"--env live and --endpoint contradict each other: horizon.opensrs.net is the test environment", false},
		{[]string{"--env", "test", "--endpoint", "RR-N1-TOR.opensrs.net.:443"}, "",
			"--env test and --endpoint contradict each other: rr-n1-tor.opensrs.net is the live environment", false},
		{nil, "endpoint: " + horizon + "\nenv: live\n",
			"c.yaml:2: env live and c.yaml:1: endpoint contradict each other: horizon.opensrs.net is the test environment", false},
	} {
		r, err := requestOf(t, c.args, c.file, nil)
		if err != nil {
			if err.Error() != c.want {
				t.Errorf("%v, %q: %v, want %s", c.args, c.file, err, c.want)
			}
			continue
		}
		o := r.Options
		if got := fmt.Sprint(o.Environment, " ", o.Host, " ", o.Port, " ", o.Custom); got != c.want {
			t.Errorf("%v, %q: %s, want %s", c.args, c.file, got, c.want)
		}
		o.EgressSources, o.Controls, o.StatusURL, o.Only = nil, nil, nil, []string{"rules"}
		if target := probes.Run(t.Context(), o, nil).Target; (target.CustomEndpoint == c.public) || target.Environment != o.Environment {
			t.Errorf("%v, %q: the report has %s, custom %v", c.args, c.file, target.Environment, target.CustomEndpoint)
		}
	}
}

func TestRulesKnowTheirPlace(t *testing.T) {
	r, err := requestOf(t, nil, "env: test\nrule:\n  - allow 203.0.113.7\n  - deny 203.0.113.9\n", nil)
	if err != nil {
		t.Fatal(err)
	}
	second := r.Options.Rules[1]
	if second.Source != "c.yaml" || second.Line != 4 || r.Options.RulesSource != "c.yaml" || !r.Options.RulesGiven {
		t.Errorf("%s:%d, %s", second.Source, second.Line, r.Options.RulesSource)
	}
	path := filepath.Join(t.TempDir(), "rules")
	writeFile(t, path, "# nothing yet\n")
	r, err = requestOf(t, []string{"--rules-file", path}, "", nil)
	if err != nil || !r.Options.RulesGiven || len(r.Options.Rules) != 0 || r.Options.RulesSource != path {
		t.Errorf("an empty list is a list: %v", err)
	}
}

func TestKeys(t *testing.T) {
	dir := t.TempDir()
	path, empty := filepath.Join(dir, "key"), filepath.Join(dir, "empty")
	writeFile(t, path, " \r\n0123456789abcdef0123456789abcdef\n")
	writeFile(t, empty, "\n")
	env := map[string]string{"OPENSRS_API_KEY": " fedcba9876543210fedcba9876543210 \n"}
	for _, c := range []struct {
		args        []string
		env         map[string]string
		key, source string
	}{
		{nil, nil, "", ""},
		{[]string{"--api-key-file", path}, env, "0123456789abcdef0123456789abcdef", path},
		{nil, env, "fedcba9876543210fedcba9876543210", "OPENSRS_API_KEY"},
		{nil, map[string]string{"OPENSRS_API_KEY": ""}, "", ""},
		{[]string{"--api-key-file", empty}, nil, "", empty},
	} {
		r, err := requestOf(t, c.args, "", c.env)
		if err != nil {
			t.Fatal(err)
		}
		if string(r.Options.Key.Reveal()) != c.key || r.Options.KeySource != c.source {
			t.Errorf("%v: source %s", c.args, r.Options.KeySource)
		}
	}
}

// A key where something else belongs is an error that does not repeat it: everything else is printed.
func TestMisplacedKey(t *testing.T) {
	const key = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	env := map[string]string{"OPENSRS_API_KEY": key}
	for _, args := range [][]string{
		{"--username", key}, {"--endpoint", "https://" + key[:20] + ".example"}, {"--status-url", "https://x.example/" + key},
		{"--control", key[:30] + ".example:443"}, {"--format", "json=" + key},
	} {
		_, err := requestOf(t, args, "", env)
		if err == nil || strings.Contains(err.Error(), key[:10]) || !strings.Contains(err.Error(), args[0]) {
			t.Errorf("%v: %v", args[:1], err)
		}
	}
	if _, err := requestOf(t, []string{"--username", key}, "", map[string]string{"OPENSRS_API_KEY": "reseller"}); err == nil || !strings.Contains(err.Error(), "looks like an API key") {
		t.Errorf("swapped: %v", err)
	}
	if _, err := requestOf(t, []string{"--username", "acme-reseller"}, "", env); err != nil {
		t.Error(err)
	}
}

func TestParseEndpoint(t *testing.T) {
	for _, c := range []struct {
		text, host string
		port       uint16
		path       string
	}{
		{"https://api.example.com", "api.example.com", 55443, "/"},
		{"https://api.example.com:443/ops/", "api.example.com", 443, "/ops/"},
		{"HTTPS://API.example.com./", "API.example.com", 55443, "/"},
		{"api.example.com", "api.example.com", 55443, "/"},
		{"api.example.com:55000", "api.example.com", 55000, "/"},
		{"192.0.2.1:443", "192.0.2.1", 443, "/"},
		{"https://[2001:db8::1]:443", "2001:db8::1", 443, "/"},
		{"2001:db8::1", "2001:db8::1", 55443, "/"},
		{"https://[::ffff:192.0.2.1]/", "192.0.2.1", 55443, "/"},
	} {
		host, port, path, err := parseEndpoint(c.text)
		if err != nil || host != c.host || port != c.port || path != c.path {
			t.Errorf("%s: %s %d %s %v", c.text, host, port, path, err)
		}
	}
	for _, text := range []string{
		"", "https://", "http://api.example.com", "ftp://x", "https://x:0", "https://x:65536", "https://x:", "https://x:https",
		"https://u:p@x", "https://x?q", "https://x#f", "https://x y", "https://a..b", "https://bücher.example",
		"https://[fe80::1%25eth0]", "https://" + strings.Repeat("a", 64) + ".example", "\x00",
	} {
		if host, _, _, err := parseEndpoint(text); err == nil {
			t.Errorf("%q reads as host %s", text, host)
		} else if strings.Contains(err.Error(), "u:p") {
			t.Errorf("the error repeats a password: %v", err)
		}
	}
}

func TestProxy(t *testing.T) {
	const password = "hunter2hunter2"
	r, err := requestOf(t, []string{"--proxy", "socks5://bob:" + password + "@192.0.2.8:1080"}, "", nil)
	if err != nil || r.Options.Proxy.Mode != "url" || r.Options.Proxy.From != "--proxy" || len(r.Notes) != 1 ||
		strings.Contains(r.Notes[0], password) {
		t.Errorf("%v", err)
	}
	r, err = requestOf(t, nil, "proxy: http://bob:"+password+"@192.0.2.8\n", nil)
	if err != nil || r.Options.Proxy.From != "c.yaml" || len(r.Notes) != 0 {
		t.Errorf("%v", err)
	}
	for _, text := range []string{
		"", "192.0.2.8:3128", "ftp://192.0.2.8", "http://", "http://192.0.2.8/path", "http://192.0.2.8:0",
		"http://bob:" + password + "%zz@192.0.2.8", "bob:" + password + "@192.0.2.8", "http://b:" + password + "@a b",
	} {
		_, err := requestOf(t, []string{"--proxy", text}, "", nil)
		if err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("--proxy %q: %v", text, err)
		}
	}
}

func TestBadUsername(t *testing.T) {
	for _, name := range []string{"bob\r\nX-Signature: 1", "a\x00b", strings.Repeat("a", 256)} {
		if _, err := requestOf(t, []string{"--username", name}, "", nil); err == nil {
			t.Errorf("%q is a username", name)
		}
	}
}

// hostileConfigs are files that are repeated up to the size that a config may have; "" is no error at all.
var hostileConfigs = map[string]struct{ begin, repeated, want string }{
	"lists":          {"", "[", "c.yaml"},
	"mappings":       {"", "{", "c.yaml"},
	"named":          {"env: test\nrule: ", "{a: ", "c.yaml"},
	"mixed":          {"", "[a, {", "c.yaml"},
	"over lines":     {"rule:\n", "[\n", "c.yaml"},
	"quoted between": {"rule: ", `["'", `, "c.yaml"},
	"apostrophe":     {"username: it's\nrule: ", "[", "c.yaml"},
	"after text":     {"username: |\n '\nrule: ", "[", "c.yaml"},
	"after comment":  {"username: a # '\nrule: ", "[", "c.yaml"},
	"dashes":         {"", "- ", "c.yaml"},
	"question":       {"", "? ", "c.yaml"},
	"colons":         {"", "a: ", "c.yaml"},
	"anchors":        {"", "&a ", "c.yaml"},
	"aliases":        {"env: test\nrule: [", "*a, ", "c.yaml"},
	"merges":         {"", "<<: x\n", "c.yaml:"},
	"keys":           {"", "a: b\n", "c.yaml:"},
	"flow keys":      {"{", "a: b,\n", "c.yaml"},
	"long line":      {"env: test\nusername: ", "x", ""},
	"tags":           {"", "!!a\n", "c.yaml"},
	"items":          {"rule:\n", "- deny 192.0.2.1\n", ""},
	"documents":      {"", "---\n", ""},
	"comments":       {"", "# [[[[[[[[[[\n", ""},
	"text":           {"username: |\n", " [[[[[[[[[ - - - -\n", ""},
	"quotes":         {"", "'a'\n", "c.yaml"},
	"open quote":     {"username: \"", "x\n ", "c.yaml"},
	"zeros":          {"", "\x00\n", "c.yaml"},
	"closed":         {"", "]\n", "c.yaml"},
	"directives":     {"", "%a\n", "c.yaml"},
	"colon":          {"", ":\n", "c.yaml"},
	"explicit":       {"", "?\n", "c.yaml"},
	"flow items":     {"rule: [", "a,\n", "c.yaml"},
	"lists inside":   {"rule: [", "[[[[[[a]]]]]],\n", "c.yaml"},
	"mapping lists":  {"rule:\n", "- a: b\n", "c.yaml:"},
	"literals":       {"rule:\n", "- |\n", ""},
}

// Whatever a config file repeats, it takes memory that goes with its size, and the error has file and line.
func TestConfigIsBounded(t *testing.T) {
	for name, one := range hostileConfigs {
		document := one.begin + strings.Repeat(one.repeated, (maxConfig-len(one.begin))/len(one.repeated))
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := parseConfig([]byte(document), "c.yaml")
		runtime.ReadMemStats(&after)
		if took := after.TotalAlloc - before.TotalAlloc; took > 64<<20 {
			t.Errorf("%s: %d MiB", name, took>>20)
		}
		if one.want == "" && err != nil || one.want != "" && (err == nil || !strings.HasPrefix(err.Error(), one.want)) {
			t.Errorf("%s: got %.200v, want %q", name, err, one.want)
		}
	}
	deep := "a:\n"
	for i := 1; i < 12; i++ {
		deep += strings.Repeat(" ", i) + "a:\n"
	}
	if _, err := parseConfig([]byte(strings.Repeat("a: b\n", 300)), "c.yaml"); err == nil || err.Error() != "c.yaml:201: more than 200 keys" {
		t.Errorf("many keys: %v", err)
	}
	if _, err := parseConfig([]byte("env: &a test\nproxy: *a\n"), "c.yaml"); err == nil || err.Error() != "c.yaml:1: anchors and aliases are not supported" {
		t.Errorf("an anchor: %v", err)
	}
	same := "a:\n- b:\n  - c:\n    - d:\n      - e:\n        - f\n"
	for _, document := range []string{deep, same} {
		if _, err := parseConfig([]byte(document), "c.yaml"); err == nil || !strings.Contains(err.Error(), "nest more than 8 deep") {
			t.Errorf("%v: %s", err, document)
		}
	}
	for _, good := range []string{
		"endpoint: https://[2001:db8::1]:55443/\nrule: ['allow 203.0.113.7', \"deny 0.0.0.0/0\"] # [[[[[[[[[[\n",
		"username: '[[[[[[[[[[[['\nca-file: /etc/it's/[x\n", "rule:\n- allow 203.0.113.7\n-   deny 203.0.113.9\n",
	} {
		if _, err := parseConfig([]byte(good), "c.yaml"); err != nil {
			t.Errorf("%v: %s", err, good)
		}
	}
}

func FuzzConfig(f *testing.F) {
	f.Add("env: test\nrule: [allow 203.0.113.7]\n")
	f.Add("proxy: &a http://x\nusername: *a\n")
	f.Add("? [a]\n: b")
	for _, one := range hostileConfigs {
		f.Add(one.begin + strings.Repeat(one.repeated, 20))
	}
	f.Fuzz(func(t *testing.T, document string) {
		if len(document) > maxConfig {
			return
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		settings, err := parseConfig([]byte(document), "c.yaml")
		runtime.ReadMemStats(&after)
		if took := after.TotalAlloc - before.TotalAlloc; took > 64<<20 {
			t.Errorf("%d MiB", took>>20)
		}
		if err == nil {
			for name, setting := range settings {
				if len(setting.values) == 0 || setting.values[0].line == 0 {
					t.Errorf("%s has no place", name)
				}
			}
		} else if !strings.HasPrefix(err.Error(), "c.yaml:") {
			t.Errorf("no place: %v", err)
		}
	})
}

func writeFile(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}
