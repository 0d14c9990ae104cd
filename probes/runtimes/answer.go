package runtimes

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/probes/foreign"
)

// Bounds of what is kept of an answer: a wrapper may print anything.
const (
	maxOutput   = 64 << 10
	maxWords    = 400 // bytes of an error or a setting
	maxSettings = 40
	maxStores   = 8
	maxAnswers  = 4
)

// answer is the line of JSON that a script prints for each TLS library that it tried.
type answer struct {
	Look       int               `json:"look"` // 1: the mark of our own lines
	Version    string            `json:"version"`
	Library    string            `json:"library"`
	Stage      string            `json:"stage"`
	Error      string            `json:"error"`
	Missing    string            `json:"missing"`
	Address    string            `json:"address"`
	Local      string            `json:"local_address"`
	TLSVersion string            `json:"tls_version"`
	TrustStore []string          `json:"trust_store"`
	Settings   map[string]string `json:"settings"`
	Proxy      string            `json:"proxy"`
	Errno      int               `json:"errno"`
	Unverified bool              `json:"unverified"`
	Unable     string            `json:"unable"` // why the script itself could not go on: nothing was found out
}

// answers are the marked lines of an output, whatever else is printed around them.
func answers(output []byte) (found []answer) {
	for line := range bytes.Lines(output) {
		var one answer
		line = bytes.TrimSpace(line)
		if len(line) == 0 || line[0] != '{' || json.Unmarshal(line, &one) != nil || one.Look != 1 {
			continue
		}
		if found = append(found, one); len(found) == maxAnswers {
			break
		}
	}
	return found
}

// clients turns a script's output into facts. Where it holds no answer, the runtime counts as not asked, and why says how
// it ended.
func (r *run) clients(l *looker, output []byte, why foreign.Text) []evidence.Client {
	var found []evidence.Client
	for _, one := range answers(output) {
		if one.Unable != "" {
			why = foreign.Join(foreign.Ours("it cannot run the test script:"), r.quote(one.Unable))
			continue
		}
		found = append(found, r.client(l, one))
	}
	if len(found) == 0 {
		return []evidence.Client{r.skipped(l, why)}
	}
	return found
}

// client is one answer, cleaned and bounded.
func (r *run) client(l *looker, a answer) evidence.Client {
	if r.o.heard != nil {
		r.o.heard(l.pool, a.Settings)
	}
	for name, value := range a.Settings {
		if strings.Contains(strings.ToLower(name), "proxy") {
			r.hideLogin(value)
		}
	}
	r.hideLogin(a.Proxy)
	c := evidence.Client{Name: l.name, Path: l.path, Pool: l.pool, Status: evidence.Pass,
		Version: r.quote(a.Version), Library: r.quote(a.Library), Error: r.quote(a.Error), Missing: r.quote(a.Missing),
		Address: addressOf(a.Address), LocalAddress: addressOf(a.Local), TLSVersion: r.quote(plainVersion(a.TLSVersion)),
		Proxy: r.quote(withoutLogin(a.Proxy)), Errno: a.Errno, Unverified: a.Unverified}
	if strings.HasPrefix(c.Name, "php") {
		c.Name = phpName(l, a.Version)
	}
	if a.Error == "" && a.Stage != string(evidence.StageVerify) && l.name != "getent" {
		c.Error = foreign.Ours("it did not come to the end, and did not say why")
	}
	switch {
	case a.Missing != "" && c.Name == "perl" && len(r.o.Only) == 0:
		c.Status = evidence.Skip // it comes with the system; without the module no program in Perl calls the service
	case !c.Error.Empty() || a.Missing != "":
		c.Status = evidence.Fail
	}
	switch stage := evidence.Stage(a.Stage); stage {
	case evidence.StageResolve, evidence.StageConnect, evidence.StageTLS, evidence.StageVerify:
		c.Stage = stage
	default:
		c.Stage = evidence.StageResolve
	}
	if a.Proxy != "" {
		c.Address = addressOf("") // what it has is the proxy's
	}
	for _, store := range a.TrustStore[:min(len(a.TrustStore), maxStores)] {
		if store != "" {
			c.TrustStore = append(c.TrustStore, r.quote(store))
		}
	}
	names := make([]string, 0, len(a.Settings))
	for name := range a.Settings {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names[:min(len(names), maxSettings)] {
		value := a.Settings[name]
		if strings.Contains(strings.ToLower(name), "proxy") {
			value = withoutLogin(value)
		}
		if value != "" {
			c.Settings = append(c.Settings, evidence.Setting{Name: r.quote(name), Value: r.quote(value)})
		}
	}
	return c
}

func (r *run) quote(text string) foreign.Text { return r.scrub.Quote(text, maxWords) }

// phpName is the name with the version that PHP itself tells: "php8.2", "php8.2-fpm:www".
func phpName(l *looker, version string) string {
	parts := strings.SplitN(version, ".", 3)
	if len(parts) < 2 || strings.Trim(parts[0]+parts[1], "0123456789") != "" || len(parts[0]+parts[1]) > 4 {
		return l.name
	}
	name := fmt.Sprintf("php%s.%s", parts[0], parts[1])
	if l.pool != nil {
		name += "-fpm:" + l.pool.Name
	}
	return name
}

// plainVersion is a TLS version in one spelling: "TLS 1.3", whatever the library calls it.
func plainVersion(text string) string {
	text = strings.ReplaceAll(text, "_", ".")
	if rest, is := strings.CutPrefix(text, "TLSv"); is {
		if len(rest) == 1 {
			rest += ".0"
		}
		return "TLS " + rest
	}
	return text
}

// withoutLogin is a proxy's setting without user and password, whatever its form.
func withoutLogin(text string) string {
	scheme, rest, has := strings.Cut(text, "://")
	if !has {
		scheme, rest = "", text
	}
	if at := strings.LastIndexByte(rest, '@'); at >= 0 {
		rest = rest[at+1:]
	}
	if has {
		return scheme + "://" + rest
	}
	return rest
}

// hideLogin makes the password of a proxy a secret: a runtime's error may repeat it.
func (r *run) hideLogin(proxy string) {
	if !strings.Contains(proxy, "://") {
		proxy = "http://" + proxy
	}
	_, rest, _ := strings.Cut(proxy, "://")
	at := strings.LastIndexByte(rest, '@')
	if at < 0 {
		return
	}
	user, password, given := strings.Cut(rest[:at], ":")
	if !given {
		password = user // a login of one word is a token
	}
	for _, secret := range []string{password, unescaped(password)} {
		if secret != "" {
			r.scrub.Add(secret)
		}
	}
}

func unescaped(text string) string {
	if plain, err := url.PathUnescape(text); err == nil {
		return plain
	}
	return text
}
