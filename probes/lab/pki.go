//go:build linux

package lab

import (
	"crypto/tls"
	"sync"
	"time"

	"opensrs-doctor/probes/sandbox"
)

// The authorities that every world shares: making keys takes time, and they never change.
var (
	// publicRoot stands for the public authorities; the API's and the controls' issuers are below it.
	publicRoot    = sync.OnceValue(func() *sandbox.Authority { return root("Lab Public Root") })
	apiIssuer     = sync.OnceValue(func() *sandbox.Authority { return below("Lab Issuing CA 1") })
	controlIssuer = sync.OnceValue(func() *sandbox.Authority { return below("Lab Issuing CA 2") })
	// strangeRoot is in nobody's store, unless a fault puts it there.
	strangeRoot = sync.OnceValue(func() *sandbox.Authority { return root("Acme Corp Private Root") })
)

func root(name string) *sandbox.Authority { return sandbox.NewRoot(authority(name)) }

func below(name string) *sandbox.Authority { return publicRoot().Intermediate(authority(name)) }

// authority is valid long enough for worlds in which it is another year.
func authority(name string) sandbox.Template {
	now := time.Now()
	return sandbox.Template{CommonName: name, Organization: name,
		NotBefore: now.AddDate(-10, 0, 0), NotAfter: now.AddDate(10, 0, 0)}
}

// Issue makes a server's certificate; dates that the template does not give are those of a machine whose
// clock is skew ahead: from the day before to 90 days later.
func Issue(issuer *sandbox.Authority, skew time.Duration, template sandbox.Template) *tls.Certificate {
	now := time.Now().Add(skew)
	if template.NotBefore.IsZero() {
		template.NotBefore = now.AddDate(0, 0, -1)
	}
	if template.NotAfter.IsZero() {
		template.NotAfter = now.AddDate(0, 0, 90)
	}
	certificate := issuer.Issue(template)
	return &certificate
}
