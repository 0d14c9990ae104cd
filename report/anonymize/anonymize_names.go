package anonymize

import (
	"net/netip"
	"net/url"
	"strings"

	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/probes/pattern"
	"opensrs-doctor/probes/service"
	"opensrs-doctor/report"
	"opensrs-doctor/report/reading"
	"opensrs-doctor/report/screen"
)

// publicNames stay: they are the same in everybody's report.
func publicNames() []string {
	names := []string{
		service.OpenSRS.Live.Host, service.OpenSRS.Test.Host, "*." + service.OpenSRS.Domain, service.OpenSRS.Domain,
		service.OpenSRS.Guide, service.OpenSRS.Support, "localhost", evidence.BySystem, evidence.UsedHosts,
	}
	for _, source := range append([]string{service.OpenSRS.StatusURL}, evidence.DefaultSources...) {
		for _, host := range hostsOfURI(source) {
			if _, err := netip.ParseAddr(host); err != nil { // an address gets its token like any other
				names = append(names, host)
			}
		}
	}
	return names
}

var (
	uri  = pattern.Of(`[A-Za-z][A-Za-z0-9+.-]*://[^\s"'<>]+`)
	home = pattern.Of(`(?:/home/|/Users/|\\Users\\)([^/\\\s:"']+)`)
	// fqdn is a host name with a domain, in words that are not the tool's own.
	fqdn = pattern.Of(`(?i)\b(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]*[a-z]\b`)
)

// foreignWords are the members that quote somebody else: host names are looked for in them.
var foreignWords = map[string]bool{
	"detail": true, "quote": true, "text": true, "response_text": true, "location": true,
}

// ownWords are the members whose sentences and links are the tool's own: what they take from the run
// stands in the facts too.
var ownWords = map[string]bool{"explanation": true, "fixes": true, "docs": true}

// collect gives a token to every name that the report holds in a field of its own. In sentences only these
// are found again: a sentence alone does not tell a name from a word. public says whether the public
// roots lead to the chain at hand: then its issuers are public authorities, which stay.
func (t *tokens) collect(key string, value any, public bool) {
	switch v := value.(type) {
	case report.Object:
		public = publicChain(v, public) && !t.private
		for _, m := range v {
			if m.Name == "name" && namesAProbe(v) || key == "" && m.Name == "tool" {
				continue
			}
			if text, ok := m.Value.(string); ok {
				t.collectIssuer(m.Name, text, v, public)
			}
			t.collect(m.Name, m.Value, public)
		}
	case []any:
		for _, element := range v {
			t.collect(key, element, public)
		}
	case string:
		t.collectText(key, v)
	}
}

func (t *tokens) collectText(key, text string) {
	switch key {
	case "username":
		t.add("user", text)
	case "hostname", "host", "name", "made_up_name", "other_name", "cname":
		t.add("host", strings.TrimSuffix(text, "."))
	case "names":
		t.add("host", strings.TrimPrefix(text, "*."))
	case "key_source", "source", "ca_file", "public_roots", "client_config":
		if strings.ContainsAny(text, `/\.`) && !strings.Contains(text, "://") { // a path, and no flag, variable or source
			t.add("path", text)
		}
	case "ca_names":
		t.addDistinguished(text)
	case "peer", "resolver", "used":
		if host, found := evidence.HostOf(text); found {
			t.add("host", host)
		} else if !strings.Contains(text, ":") && !strings.Contains(text, " ") {
			t.add("host", text)
		}
	}
	if ClosedLists[key] || ownWords[key] {
		return
	}
	for _, found := range uri().FindAllString(text, -1) {
		for _, host := range hostsOfURI(found) {
			t.add("host", host)
		}
	}
	for _, found := range home().FindAllStringSubmatch(text, -1) {
		t.add("user", found[1])
	}
	if foreignWords[key] {
		for _, found := range fqdn().FindAllString(text, -1) {
			t.add("host", found)
		}
	}
}

// hostsOfURI is the host of a URI, and of a dns one also the name that is asked for.
func hostsOfURI(text string) []string {
	parsed, err := url.Parse(strings.TrimRight(text, ".,;)]"))
	if err != nil || parsed.Hostname() == "" {
		return nil
	}
	hosts := []string{parsed.Hostname()}
	if name := strings.Trim(parsed.Path, "/."); parsed.Scheme == "dns" && name != "" {
		hosts = append(hosts, name)
	}
	for i, host := range hosts {
		hosts[i] = screen.Lower(host)
	}
	return hosts
}

// publicChain reports whether the chain that an object is about leads to the public roots.
func publicChain(o report.Object, inherited bool) bool {
	for _, name := range []string{"trust", "tls_trust"} {
		if trust, ok := o.Get(name).(report.Object); ok {
			inherited = trust.Get("public") == true
		}
	}
	if own, ok := o.Get("public").(bool); ok {
		inherited = own
	}
	return inherited
}

// collectIssuer takes the names of a certificate that say whose it is.
func (t *tokens) collectIssuer(key, text string, of report.Object, public bool) {
	switch key {
	case "issuer", "missing_issuer":
		if !public {
			t.addDistinguished(text)
		}
	case "issuer_common_name", "issuer_organization", "missing_issuer_common_name", "missing_issuer_organization":
		if !public {
			t.add("certificate", text)
		}
	case "authority_key_id":
		if !public {
			t.add("fingerprint", text)
		}
	case "subject":
		if !public || t.foreignNames(of) {
			t.addDistinguished(text)
		}
	case "subject_common_name", "subject_organization":
		if !public || t.foreignNames(of) {
			t.add("certificate", text)
		}
	case "sha256":
		if !public || t.foreignNames(of) {
			t.add("fingerprint", text)
		}
	}
}

// foreignNames reports whether a certificate is for a name that is not everybody's.
func (t *tokens) foreignNames(certificate report.Object) bool {
	names, _ := certificate.Get("names").([]any)
	for _, name := range names {
		text, _ := name.(string)
		if token, known := t.names[screen.Lower(text)]; !known || token != "" {
			return true
		}
	}
	return false
}

// addDistinguished takes a distinguished name as a whole, and the parts of it that evidence quotes.
func (t *tokens) addDistinguished(name string) {
	for _, part := range reading.SplitName(name) {
		if part.Kind == "CN" || part.Kind == "O" || part.Kind == "OU" {
			t.add("certificate", part.Value)
		}
	}
	t.add("certificate", name)
}
