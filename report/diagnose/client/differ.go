package client

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/probes/foreign"
	"opensrs-doctor/probes/lazy"
	"opensrs-doctor/report"
	"opensrs-doctor/report/screen"
)

// difference is what sets one client apart.
type difference struct {
	cause    string // "": it fails, and no cause fits
	severity report.Severity
	client   *evidence.Client
	why      string // a sentence
	unsure   bool   // another cause would give the same evidence
}

// strictRules are rules by which TLS libraries refuse what others take, by their words, and what to do about each: for good,
// and until then, where the library is OpenSSL; %s is the file with its settings.
var strictRules = []struct {
	words       *lazy.Pattern
	step, until string
}{
	{&lazy.Pattern{Text: `(?i)unsafe.legacy.renegotiation`}, "Update the TLS software of the service, or of the device that opens TLS in front of it: it lacks secure renegotiation (RFC 5746).",
		" Until then, Options = UnsafeLegacyServerConnect under [system_default_sect] in %s lets OpenSSL 3 connect; node and ruby need OP_LEGACY_SERVER_CONNECT in the client's code."},
	{&lazy.Pattern{Text: `(?i)key too small|too weak|algorithm constraints|dh key`}, "Replace the weak key or certificate of the service, or of the device that opens TLS in front of it: RSA with 2048 bits or more.",
		" Until then, CipherString = DEFAULT@SECLEVEL=1 in %s lets OpenSSL take it."},
	{&lazy.Pattern{Text: `(?i)basic constraints|key usage|authority key identifier|subject key identifier|invalid ca certificate`}, "Have whoever runs that authority issue its certificate anew, with the fields that RFC 5280 asks for.",
		" Until then, Python 3.13 and later take it after context.verify_flags &= ~ssl.VERIFY_X509_STRICT."},
	{&expiredWords, "Update the TLS library: before 1.1.0 OpenSSL ends at an expired root although the store has a newer one.",
		" Until then, remove the expired root from its store."},
}

// expiredWords are said of a certificate on the way to a root.
var expiredWords = lazy.Pattern{Text: `(?i)certificate has expired|certificate expired`}

// oldOpenSSL follows the server's chain to its end before it looks into its own store. Later ones look there first, and
// come to an expired root only where the store lacks the newer one.
var oldOpenSSL = lazy.Pattern{Text: `OpenSSL[/ ](0|1\.0)\.`}

// Words by which TLS libraries have nothing in common with the peer.
var (
	oldWords = lazy.Pattern{Text: `(?i)protocol[ _]version|unsupported protocol|wrong version|no protocols|version too low|no cipher|handshake[ _]failure|` +
		`no appropriate protocol|no shared|incompatible or unsupported|sigalg`}
	// reasonless is how PHP's streams end: OpenSSL's reason is not in it.
	reasonless = lazy.Pattern{Text: `error:[0-9A-Fa-f]+:SSL routines:[a-z_]*:certificate verify failed`}
)

// strictStep is what to do about the rule that a client names; false where it names none.
func strictStep(c *evidence.Client) (string, bool) {
	words := c.Error.String()
	for _, rule := range strictRules {
		if !rule.words.Regexp().MatchString(words) || expiredWords.Regexp().MatchString(words) && !oldOpenSSL.Regexp().MatchString(c.Library.String()) {
			continue
		}
		if c.Name == "java" {
			return rule.step, true
		}
		conf := setting(c, "env OPENSSL_CONF")
		if conf == "" {
			conf = "openssl.cnf (in /etc/ssl on Debian and Ubuntu, in /etc/pki/tls on Red Hat)"
		}
		return rule.step + strings.ReplaceAll(rule.until, "%s", conf), true
	}
	return "", false
}

// differences are all that the clients show, in their order.
func differences(e *evidence.Evidence) (found []difference) {
	for i := range e.Clients {
		c := &e.Clients[i]
		var d difference
		var differs bool
		switch c.Status {
		case evidence.Fail:
			d, differs = failingClient(e, c)
		case evidence.Pass:
			d, differs = passingClient(e, c)
		}
		if differs {
			d.client = c
			found = append(found, d)
		}
	}
	return found
}

// failingClient says why a client fails where this tool does not; false where this tool fails there too.
func failingClient(e *evidence.Evidence, c *evidence.Client) (d difference, differs bool) {
	d.severity = report.Fail
	if !c.Missing.Empty() {
		d.cause, d.why = clientMissing, fmt.Sprintf("%s: %s.", titleOf(e, c), errorOf(c))
		for i := range e.Clients {
			if o := &e.Clients[i]; o.Name == c.Name && o.Path == c.Path && o.Status == evidence.Pass {
				d.severity = report.Warn // its other library gets through
			}
		}
		return d, true
	}
	d.why = fmt.Sprintf("%s: %s.", titleOf(e, c), errorOf(c))
	switch c.Stage {
	case evidence.StageResolve:
		if d.cause = clientDNS; !c.Proxy.Empty() {
			d.cause = clientPath
		}
		return d, resolved(e)
	case evidence.StageConnect:
		d.cause = connectCause(e, c)
		d.unsure = d.cause == clientPath && familyUnknown(c) && !otherProxy(e, c)
		return d, e.Step("port").Status == evidence.Pass
	case evidence.StageTLS:
		switch _, strict := strictStep(c); {
		case strict:
			d.cause = clientStrict
		case oldWords.Regexp().MatchString(c.Error.String()):
			d.cause = clientOld
		}
		return d, e.TLS != nil && e.TLS.Connected
	}
	d.cause = clientStore
	if _, strict := strictStep(c); strict {
		d.cause = clientStrict
	} else if reasonless.Regexp().MatchString(c.Error.String()) && anyStrict(e) {
		if d.unsure = ownCAFile(e, c); !d.unsure {
			d.cause = clientStrict
		}
	}
	return d, e.HostTrusts()
}

// ownCAFile reports whether a client of PHP goes by a store of its own setting, which none that is strict has: what it
// gives no reason for may be that store.
func ownCAFile(e *evidence.Evidence, c *evidence.Client) bool {
	file := setting(c, "openssl.cafile")
	return file != "" && !slices.ContainsFunc(e.Clients, func(other evidence.Client) bool {
		_, strict := strictStep(&other)
		return strict && slices.ContainsFunc(other.TrustStore, func(store foreign.Text) bool { return screen.Clean(store.String()) == file })
	})
}

// anyStrict reports whether a client refused the certificate by a rule of its own: one that gives no reason beside it had
// the same one.
func anyStrict(e *evidence.Evidence) bool {
	for i := range e.Clients {
		c := &e.Clients[i]
		if _, strict := strictStep(c); strict && c.Status == evidence.Fail && c.Stage == evidence.StageVerify {
			return true
		}
	}
	return false
}

// connectCause is why a client does not connect where this tool does.
func connectCause(e *evidence.Evidence, c *evidence.Client) string {
	switch {
	case otherProxy(e, c):
		return clientPath
	case goesElsewhere(e, c) && inDNS(e, c.Address):
		return clientPath // the other family
	case goesElsewhere(e, c):
		return clientDNS
	case familyUnknown(c) && ipv6First(e):
		return clientPath // the other family, and it does not say so
	}
	return clientBlocked
}

// familyUnknown: it failed to connect, directly, and did not say to which address. PHP's streams do not.
func familyUnknown(c *evidence.Client) bool {
	return c.Status == evidence.Fail && c.Stage == evidence.StageConnect && !c.Address.IsValid() && c.Proxy.Empty()
}

// ipv6First reports whether this host's resolver puts an IPv6 address first: a client that takes the first one went there.
func ipv6First(e *evidence.Evidence) bool {
	return slices.ContainsFunc(e.Clients, func(c evidence.Client) bool {
		return c.Proxy.Empty() && c.Address.Is6() && inDNS(e, c.Address)
	})
}

// passingClient says in what a client that gets through differs from this tool.
func passingClient(e *evidence.Evidence, c *evidence.Client) (d difference, differs bool) {
	d.severity = report.Warn
	verified := c.Stage == evidence.StageVerify
	switch {
	case c.Unverified:
		d.cause, d.why = clientStore, fmt.Sprintf("%s checks no certificate: it would take anybody for the service.", titleOf(e, c))
	case verified && e.TLS != nil && e.TLS.Connected && e.TLS.Trust != nil && !e.TLS.Trust.Proven() && !e.TLS.Trust.System:
		d.cause, d.why = clientStore, fmt.Sprintf("%s takes the certificate, and this host's store does not.", titleOf(e, c))
	case verified && otherProxy(e, c):
		d.cause, d.why = clientPath, fmt.Sprintf("%s goes %s, and this check %s.", titleOf(e, c), proxyWords(c.Proxy.String()), proxyWords(ownProxy(e)))
	case goesElsewhere(e, c) && inDNS(e, c.Address) && !verified: // getent, which connects to nobody
		d.cause, d.why = clientPath, fmt.Sprintf("%s puts an IPv6 address first, %s: what takes the first one leaves by IPv6, and the access rules are about IPv4.", titleOf(e, c), c.Address)
	case goesElsewhere(e, c) && inDNS(e, c.Address):
		d.cause, d.why = clientPath, fmt.Sprintf("%s connects by IPv6, to %s: the access rules are about IPv4.", titleOf(e, c), c.Address)
	case goesElsewhere(e, c):
		d.cause, d.why = clientDNS, fmt.Sprintf("%s finds %s, and this check %s.", titleOf(e, c), c.Address, screen.List(screen.Texts(ownAddresses(e))))
	case verified && c.LocalAddress.IsValid() && e.Host.LocalAddress.IsValid() && c.Proxy.Empty() && ownProxy(e) == "" && c.LocalAddress != e.Host.LocalAddress:
		d.cause, d.why = clientPath, fmt.Sprintf("%s leaves by %s, and this check by %s.", titleOf(e, c), c.LocalAddress, e.Host.LocalAddress)
	}
	return d, d.cause != ""
}

// errorOf is what it said, without a full stop.
func errorOf(c *evidence.Client) string {
	if text := strings.TrimPrefix(strings.TrimRight(screen.Clean(c.Error.String()), ". "), c.Name+": "); text != "" {
		return text
	}
	return "it failed"
}

func resolved(e *evidence.Evidence) bool { return e.DNS != nil && len(ownAddresses(e)) > 0 }

func ownProxy(e *evidence.Evidence) string {
	if e.Host.Proxy == nil {
		return ""
	}
	return e.Host.Proxy.URL
}

// otherProxy compares by host and port: libraries spell the rest in their own ways.
func otherProxy(e *evidence.Evidence, c *evidence.Client) bool {
	return proxyPeer(c.Proxy.String()) != proxyPeer(ownProxy(e))
}

func proxyPeer(url string) string {
	if _, rest, has := strings.Cut(url, "://"); has {
		url = rest
	}
	return strings.ToLower(strings.TrimRight(url, "/"))
}

func proxyWords(url string) string {
	if url == "" {
		return "directly, through no proxy"
	}
	return "through the proxy " + screen.Clean(url)
}

func ownAddresses(e *evidence.Evidence) []netip.Addr {
	if e.DNS == nil {
		return nil
	}
	return append(slices.Clone(e.DNS.IPv4), e.DNS.IPv6...)
}

// goesElsewhere reports whether a client went to an address that this tool would not go to: without a proxy on either side.
func goesElsewhere(e *evidence.Evidence, c *evidence.Client) bool {
	if !c.Address.IsValid() || !c.Proxy.Empty() || !resolved(e) || e.DNS.OfProxy {
		return false
	}
	if slices.Contains(e.DNS.IPv4, c.Address) {
		return false
	}
	return len(e.DNS.IPv4) > 0 || !slices.Contains(e.DNS.IPv6, c.Address)
}

func inDNS(e *evidence.Evidence, address netip.Addr) bool {
	return slices.Contains(ownAddresses(e), address)
}
