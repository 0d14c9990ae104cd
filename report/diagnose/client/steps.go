package client

import (
	"fmt"
	"path"
	"strings"

	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/probes/lazy"
	"opensrs-doctor/report"
	"opensrs-doctor/report/screen"
)

// What to change for one client: which setting, in which file. The file is the one that the runtime itself named.

// anyStore stands for this host's store where no client showed which it is.
const anyStore = "this host's store (/etc/ssl/certs/ca-certificates.crt on Debian and Ubuntu, /etc/pki/tls/certs/ca-bundle.crt on Red Hat, AlmaLinux and Rocky)"

// who stands in a step for the clients that it is for.
const who = "\x00"

// clientSteps are steps, each with the clients that it is for, in the order of their first ones.
type clientSteps []struct {
	step  string
	names []string
}

func (s *clientSteps) add(step, name string) {
	const most = 6
	for i := range *s {
		if one := &(*s)[i]; one.step == step {
			one.names = screen.Once(one.names, name)
			return
		}
	}
	if step != "" && len(*s) < most {
		*s = append(*s, struct {
			step  string
			names []string
		}{step, []string{name}})
	}
}

func (s clientSteps) texts() (texts []string) {
	for _, one := range s {
		texts = append(texts, strings.ReplaceAll(one.step, who, listed(one.names)))
	}
	return texts
}

// remedy is the step for one client, in which who stands for its name; "" where the row's own steps say all.
func remedy(e *evidence.Evidence, d difference) string {
	switch d.cause {
	case clientStore:
		return storeStep(e, d)
	case clientMissing:
		return missingStep(d.client)
	case clientPath:
		return pathStep(e, d.client)
	case clientBlocked:
		return blockedStep(d.client)
	case clientDNS:
		return lookupStep(d)
	case clientStrict:
		step, _ := strictStep(d.client)
		return step
	case clientOld:
		return libraryStep(d.client)
	}
	return ""
}

// setting is the value that a client told of a setting; "" where it has none.
func setting(c *evidence.Client, name string) string {
	return screen.Clean(c.Settings.Of(name))
}

func family(c *evidence.Client) string {
	if strings.HasPrefix(c.Name, "php") {
		return "php"
	}
	return c.Name
}

// goodStore is the file that has the right authority: that of --ca-file, else the one that a client which gets through uses.
func goodStore(e *evidence.Evidence) string {
	if e.Asked.CAFile != "" {
		return e.Asked.CAFile
	}
	for i := range e.Clients {
		c := &e.Clients[i]
		if c.Status != evidence.Pass || c.Stage != evidence.StageVerify || c.Unverified || len(c.TrustStore) == 0 {
			continue
		}
		if file := screen.Clean(c.TrustStore[0].String()); path.IsAbs(file) && strings.Contains(path.Base(file), ".") {
			return file
		}
	}
	return anyStore
}

func storeStep(e *evidence.Evidence, d difference) string {
	c, store := d.client, goodStore(e)
	if d.severity == report.Warn {
		return ownStoreStep(c)
	}
	switch family(c) {
	case "php":
		option, set := phpStore(c), "Set"
		if c.Pool != nil && c.Pool.Chroot != "" {
			set = fmt.Sprintf("Copy %s to the same place under %s, which is the root of %s, and set", store, c.Pool.Chroot, who)
		}
		return fmt.Sprintf("%s %s = %s in %s%s.", set, option, store, iniOf(c, option), nowIs(setting(c, option)))
	case "node":
		return fmt.Sprintf("Set NODE_EXTRA_CA_CERTS=%s in the environment of what runs %s (node carries its own roots; from version 22 --use-system-ca takes this host's)%s.",
			store, who, nowIs(setting(c, "env NODE_EXTRA_CA_CERTS")))
	case "java":
		return fmt.Sprintf("Add the authority to Java's own store with keytool -importcert -cacerts -file FILE, or start Java with -Djavax.net.ssl.trustStore=FILE%s.", nowIs(firstStore(c)))
	}
	variable := "SSL_CERT_FILE"
	switch {
	case strings.HasPrefix(c.Library.String(), "requests"):
		variable = "REQUESTS_CA_BUNDLE"
		if setting(c, "env REQUESTS_CA_BUNDLE") == "" && setting(c, "env CURL_CA_BUNDLE") != "" {
			variable = "CURL_CA_BUNDLE"
		}
	case strings.HasPrefix(c.Library.String(), "LWP"):
		variable = "PERL_LWP_SSL_CA_FILE"
	case c.Name == "curl":
		if setting(c, "env SSL_CERT_FILE") == "" || setting(c, "env CURL_CA_BUNDLE") != "" {
			variable = "CURL_CA_BUNDLE"
		}
	}
	return fmt.Sprintf("Set %s=%s in the environment of what runs %s, for example with Environment= in its systemd unit%s.",
		variable, store, who, nowIs(setting(c, "env "+variable)))
}

// phpStore is the setting by which PHP finds its root certificates: its curl goes by openssl.cafile too, where that is set.
func phpStore(c *evidence.Client) string {
	if strings.HasPrefix(c.Library.String(), "curl") && setting(c, "openssl.cafile") == "" {
		return "curl.cainfo"
	}
	return "openssl.cafile"
}

// ownStoreStep is for a client that trusts more than this host, or everybody.
func ownStoreStep(c *evidence.Client) string {
	if c.Unverified && setting(c, "env NODE_TLS_REJECT_UNAUTHORIZED") != "" {
		return "Remove NODE_TLS_REJECT_UNAUTHORIZED from the environment of node: with it anyone on the path can pose as OpenSRS."
	}
	if c.Unverified && c.Name == "curl" {
		return "Remove insecure from the .curlrc: with it anyone on the path can pose as OpenSRS."
	}
	if store := firstStore(c); store != "" {
		return fmt.Sprintf("Check why %s trusts this certificate: its store is %s.", Title(c), store)
	}
	return fmt.Sprintf("Check why %s trusts this certificate.", Title(c))
}

func firstStore(c *evidence.Client) string {
	if len(c.TrustStore) == 0 {
		return ""
	}
	return screen.Clean(c.TrustStore[0].String())
}

func nowIs(value string) string {
	if value == "" {
		return ""
	}
	return " (now: " + value + ")"
}

// iniOf is where a setting of PHP is changed: the pool's own file where there is a pool, else the ini file that it loaded.
func iniOf(c *evidence.Client, option string) string {
	ini := setting(c, "ini")
	if ini == "" {
		ini = "the php.ini of " + c.Name
	}
	panel := ""
	switch {
	case strings.HasPrefix(c.Path, "/opt/cpanel/") || c.Pool != nil && strings.HasPrefix(c.Pool.File, "/opt/cpanel/"):
		panel = " (cPanel: WHM, MultiPHP INI Editor)"
	case strings.HasPrefix(c.Path, "/opt/plesk/") || c.Pool != nil && strings.HasPrefix(c.Pool.File, "/opt/plesk/"):
		panel = " (Plesk: the domain's PHP settings, additional directives)"
	}
	switch {
	case c.Pool.SetsItself(option):
		return fmt.Sprintf("%s, where the pool sets it itself, and reload php-fpm%s", c.Pool.File, panel)
	case c.Pool != nil:
		return fmt.Sprintf("%s, or php_admin_value[%s] in %s, and reload php-fpm%s", ini, option, c.Pool.File, panel)
	}
	return ini + panel + ", which is the command line's: php-fpm and Apache read another one"
}

func missingStep(c *evidence.Client) string {
	missing := screen.Clean(c.Missing.String())
	switch {
	case family(c) == "php" && strings.Contains(setting(c, "disable_functions"), missing):
		return fmt.Sprintf("Take %s out of disable_functions in %s.", missing, iniOf(c, "disable_functions"))
	case strings.HasPrefix(c.Path, "/opt/cpanel/") || c.Pool != nil && strings.HasPrefix(c.Pool.File, "/opt/cpanel/"):
		return fmt.Sprintf("Install the extension %s for %s: WHM, EasyApache 4, PHP Extensions.", missing, c.Name)
	case strings.HasPrefix(c.Path, "/opt/plesk/") || c.Pool != nil && strings.HasPrefix(c.Pool.File, "/opt/plesk/"):
		return fmt.Sprintf("Switch on the extension %s for %s: Plesk, Tools & Settings, PHP Settings.", missing, c.Name)
	case family(c) == "php":
		name, _, _ := strings.Cut(c.Name, "-fpm")
		return fmt.Sprintf("Install the extension %s for %s: sudo apt-get install %s-%s on Debian and Ubuntu, the package php-common on Red Hat; then reload php-fpm or Apache.",
			missing, c.Name, name, missing)
	case c.Name == "perl":
		return "Install IO::Socket::SSL for perl: sudo apt-get install libio-socket-ssl-perl, or sudo dnf install perl-IO-Socket-SSL."
	}
	return fmt.Sprintf("Install %s for %s.", missing, c.Name)
}

func pathStep(e *evidence.Evidence, c *evidence.Client) string {
	switch {
	case otherProxy(e, c) && c.Proxy.Empty():
		if c.Pool != nil {
			return fmt.Sprintf("Set env[https_proxy] = %s in %s, if %s is to use the proxy; reload php-fpm.", ownProxy(e), c.Pool.File, who)
		}
		return fmt.Sprintf("Set the proxy in the client's own settings, if it is to use one: nothing in the environment takes %s there.", who)
	case otherProxy(e, c):
		return fmt.Sprintf("Check %s, which sends %s through %s.", proxyVariable(c), who, screen.Clean(c.Proxy.String()))
	case c.Address.Is6() || familyUnknown(c):
		return "Prefer IPv4 on this host (in /etc/gai.conf: precedence ::ffff:0:0/96 100): the access rules know IPv4 only."
	}
	return ""
}

// proxyVariable is the variable that a client got its proxy from, as far as that can be told: the first that it has.
func proxyVariable(c *evidence.Client) string {
	for _, name := range []string{"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "http_proxy", "HTTP_PROXY"} {
		if setting(c, "env "+name) != "" {
			return name
		}
	}
	return "the variable https_proxy"
}

// lookupStep is for a pool that finds no address in a root of its own.
func lookupStep(d difference) string {
	if pool := d.client.Pool; pool != nil && pool.Chroot != "" {
		return fmt.Sprintf("Copy resolv.conf, hosts and nsswitch.conf from /etc into %s, and the libraries libnss_*.so* that they name, or take chroot out of %s and reload php-fpm.",
			path.Join(pool.Chroot, "etc"), pool.File)
	}
	return ""
}

func blockedStep(c *evidence.Client) string {
	if c.Pool != nil && c.Pool.User != "" {
		return fmt.Sprintf("Run sudo opensrs-doctor --as user:%s: it names what refuses that user's connections.", c.Pool.User)
	}
	return ""
}

// ofToday are the versions of OpenSSL that know TLS 1.3: where one has no version in common with the service, a setting
// forbids it.
var ofToday = lazy.Pattern{Text: `OpenSSL[/ ](1\.1\.1|[3-9]\.)`}

// libraryStep is for a client that has no TLS version in common with the service.
func libraryStep(c *evidence.Client) string {
	library, conf := screen.Clean(c.Library.String()), setting(c, "env OPENSSL_CONF")
	switch {
	case ofToday.Regexp().MatchString(library) && conf != "":
		return fmt.Sprintf("Check MinProtocol, MaxProtocol and CipherString in %s, the file that OPENSSL_CONF names for %s.", conf, who)
	case library == "" || ofToday.Regexp().MatchString(library):
		return ""
	}
	return fmt.Sprintf("Update %s, or what it is built with: it speaks TLS by %s.", c.Name, library)
}

// settingOf is the very setting of a client whose store differs, or that speaks an old TLS; nil where none is known.
func settingOf(d difference) *report.Culprit {
	c := d.client
	names := []string{"env SSL_CERT_FILE", "env REQUESTS_CA_BUNDLE", "env CURL_CA_BUNDLE", "env PERL_LWP_SSL_CA_FILE"}
	if d.cause == clientOld {
		names = []string{"env OPENSSL_CONF"}
	} else if family(c) == "php" {
		names = append([]string{phpStore(c)}, names...)
		if strings.HasPrefix(c.Library.String(), "curl") {
			names = names[:1] // it reads no variable
		}
	}
	for _, name := range names {
		if value := setting(c, name); (d.cause == clientStore || d.cause == clientOld) && d.severity == report.Fail && value != "" {
			at := setting(c, "ini")
			if c.Pool.SetsItself(name) {
				at = c.Pool.File
			}
			if strings.HasPrefix(name, "env ") {
				at = "environment"
			}
			return &report.Culprit{Kind: "setting", Name: strings.TrimPrefix(name, "env "), At: at, Text: value, File: strings.TrimPrefix(at, "environment")}
		}
	}
	return nil
}
