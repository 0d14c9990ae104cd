package main

import (
	"bytes"
	"fmt"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"opensrs-doctor/cmd/opensrs-doctor/config"
	"opensrs-doctor/cmd/opensrs-doctor/console"
	"opensrs-doctor/cmd/opensrs-doctor/outfile"
	"opensrs-doctor/probes/iprules"
	"opensrs-doctor/probes/lazy"
	"opensrs-doctor/probes/sandbox"
	"opensrs-doctor/probes/service"
	"opensrs-doctor/report"
)

// sandboxReady is what a client, or a check, has to know of a sandbox.
type sandboxReady struct {
	URL           string   `json:"url"`
	CAFile        string   `json:"ca_file"`
	Username      string   `json:"username"`
	APIKeyFile    string   `json:"api_key_file"`
	EgressSources []string `json:"egress_sources"`
	StatusURL     string   `json:"status_url"`
	Resolvers     []string `json:"resolvers,omitempty"`  // of a fault of DNS
	Proxy         string   `json:"proxy,omitempty"`      // of a fault of proxies
	HostsLine     string   `json:"hosts_line,omitempty"` // of --name: leads that name to the sandbox
	CheckCommand  string   `json:"check_command"`
}

// sandboxHome are the files of one sandbox: a private directory, and the ready file wherever the user wants it.
type sandboxHome struct {
	directory string
	keyFile   string // the user's own; "": one is made
	file      *outfile.File
}

// newSandboxHome makes what can fail for the user's reasons before anything listens.
func newSandboxHome(s *config.Settings) (home *sandboxHome, err error) {
	home = &sandboxHome{}
	defer func() {
		if err != nil {
			home.remove()
		}
	}()
	if s.ByFlag("api-key-file") && s.Text("api-key-file") != "-" {
		if home.keyFile, err = filepath.Abs(s.Text("api-key-file")); err != nil {
			return home, err
		}
	}
	if s.Given("ready-file") {
		path := s.Text("ready-file")
		if path == "" {
			return home, s.Bad("ready-file", 0, "the path is empty")
		}
		if home.file, err = outfile.OpenPrivate(path, time.Now()); err != nil {
			return home, s.Bad("ready-file", 0, "cannot write %s: %s", console.ShownPath(path), console.Plain(err))
		}
	}
	if err := outfile.Trustworthy(os.TempDir()); err != nil {
		return home, console.Usagef("the sandbox needs a directory for its files: %s", err).
			WithHint("set TMPDIR to a directory that no one else can change")
	}
	if home.directory, err = os.MkdirTemp("", "opensrs-doctor-sandbox-"); err != nil {
		return home, fmt.Errorf("the sandbox needs a directory for its files: %w", err)
	}
	return home, nil
}

// ready writes the files that a client needs and says where all is.
func (h *sandboxHome) ready(s *sandbox.Sandbox, fault string) (*sandboxReady, error) {
	r := &sandboxReady{URL: s.URL, CAFile: filepath.Join(h.directory, "ca.pem"), Username: s.Username,
		APIKeyFile: h.keyFile, EgressSources: s.EgressSources, StatusURL: s.StatusURL, Resolvers: s.Resolvers, Proxy: s.Proxy,
		HostsLine: s.HostsLine}
	if err := os.WriteFile(r.CAFile, s.CAPEM, 0o600); err != nil {
		return nil, fmt.Errorf("the CA file could not be written: %w", err)
	}
	if r.APIKeyFile == "" {
		r.APIKeyFile = filepath.Join(h.directory, "api-key")
		if err := os.WriteFile(r.APIKeyFile, s.Key, 0o600); err != nil {
			return nil, fmt.Errorf("the key file could not be written: %w", err)
		}
	}
	program, err := os.Executable()
	if err != nil {
		program = "opensrs-doctor"
	}
	r.CheckCommand = shellLine(append([]string{program}, checkArguments(s, r, fault)...))
	return r, nil
}

// checkArguments are those of the check that fits a sandbox. Nothing is left to the config file or to the variables
// of whoever runs it.
func checkArguments(s *sandbox.Sandbox, r *sandboxReady, fault string) []string {
	c := s.Client()
	arguments := []string{"check", "--config", os.DevNull, "--endpoint", c.URL, "--username", r.Username,
		"--api-key-file", r.APIKeyFile}
	each := func(flag string, values []string) {
		for _, value := range values {
			arguments = append(arguments, flag, value)
		}
	}
	rules := c.Rules
	if len(rules) == 0 && !c.RulesGiven {
		rules = []string{allowRule(sandbox.CallerAddress)} // all are allowed, this one too: then the rules are checked as well
	}
	each("--rule", rules)
	each("--egress-source", r.EgressSources)
	each("--control", s.Controls)
	each("--resolver", r.Resolvers)
	proxy := r.Proxy
	if proxy == "" {
		proxy = "none"
	}
	arguments = append(arguments, "--status-url", r.StatusURL, "--proxy", proxy)
	at, _ := url.Parse(c.URL)
	if strings.HasPrefix(fault, "tls.") || service.OpenSRS.EnvironmentOf(at.Hostname()) != "" { // its authority stands for the public ones
		return append(arguments, "--public-roots", r.CAFile, "--system-roots", r.CAFile)
	}
	return append(arguments, "--ca-file", r.CAFile)
}

// allowRule is the widest rule that the control panel takes around an address.
func allowRule(address string) string {
	prefix, err := netip.MustParseAddr(address).Prefix(service.OpenSRS.Rules.Widest)
	if err != nil {
		panic("sandbox: a caller without an IPv4 address")
	}
	return iprules.Rule{Action: iprules.Allow, Prefix: prefix}.String()
}

// publish puts the ready file in its place.
func (h *sandboxHome) publish(r *sandboxReady) error {
	if h.file == nil {
		return nil
	}
	var document bytes.Buffer
	if err := report.WriteDocument(&document, r); err != nil {
		return err
	}
	if _, err := h.file.Write(document.Bytes()); err != nil {
		return err
	}
	return h.file.Commit()
}

// remove takes everything away again. The ready file goes too, unless another one has replaced it: it says that
// the sandbox is ready.
func (h *sandboxHome) remove() {
	if h.file != nil {
		h.file.Discard()
		h.file.Remove()
	}
	if h.directory != "" {
		os.RemoveAll(h.directory)
	}
}

// plainArgument needs no quotes in any shell.
var plainArgument = lazy.Pattern{Text: `^[A-Za-z0-9_@%+=:,./-]+$`}

// shellLine writes arguments so that a POSIX shell takes them apart again.
func shellLine(arguments []string) string {
	quoted := make([]string, len(arguments))
	for i, argument := range arguments {
		if quoted[i] = argument; !plainArgument.Regexp().MatchString(argument) {
			quoted[i] = "'" + strings.ReplaceAll(argument, "'", `'\''`) + "'"
		}
	}
	return strings.Join(quoted, " ")
}
