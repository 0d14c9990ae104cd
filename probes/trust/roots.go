// Package trust judges the chain of certificates that a peer presented: against the public roots, against this host's own
// store, or against an authority that the endpoint has of its own. It opens no connection.
package trust

import (
	"bytes"
	"crypto/x509"
	"errors"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/crypto/x509roots/fallback/bundle"

	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/probes/foreign"
)

// Given are the sets that a run was given.
type Given struct {
	Public  []*x509.Certificate // nil: the carried ones
	System  []*x509.Certificate // stands for this host's own store; nil: Go's view of it
	Own     []*x509.Certificate // nil: no host has an authority of its own
	OwnHost string              // that has it
	Careful bool                // the files of this system are somebody else's, and may be anything
}

// Roots are the two sets that a chain is judged against: this host's own store, and the public roots. For one host an
// authority of its own may replace both. They are loaded once, in the background, while the first probes
// wait for the network.
type Roots struct {
	Given
	own         *x509.CertPool
	load        sync.Once
	scrub       *foreign.Scrubber
	system      *x509.CertPool
	systemEmpty bool
	public      *x509.CertPool
	publicList  []*x509.Certificate // what public is made of

	mu     sync.Mutex
	issued map[foreign.Text]bool // subjects of the issuers in chains that verified: these are public
}

// NewRoots takes the sets that are given, and begins to load the others. The words of chains come in by the gate of scrub.
func NewRoots(given Given, scrub *foreign.Scrubber) *Roots {
	r := &Roots{Given: given, scrub: scrub, issued: map[foreign.Text]bool{}}
	go r.ready()
	return r
}

func (r *Roots) ready() {
	r.load.Do(func() {
		r.public, r.own = poolOf(r.Public), poolOf(r.Own)
		r.publicList = r.Public
		if r.Public == nil {
			r.publicList = addCarried(r.public)
		}
		if r.System != nil {
			r.system = poolOf(r.System)
		} else if r.Careful {
			r.system = carefulStore()
		} else if pool, err := x509.SystemCertPool(); err == nil {
			r.system = pool
		} else {
			r.system = x509.NewCertPool()
		}
		r.systemEmpty = r.system.Equal(x509.NewCertPool())
	})
}

// NamedStore is the file or directory that the environment names in the place of the system's own; nil where it names
// none, or the system does not go by it, or other roots were given.
func (r *Roots) NamedStore() *evidence.Store {
	if runtime.GOOS == "windows" || runtime.GOOS == "darwin" || r.System != nil {
		return nil
	}
	for _, variable := range []string{"SSL_CERT_FILE", "SSL_CERT_DIR"} {
		path := os.Getenv(variable)
		if path == "" {
			continue
		}
		store := &evidence.Store{Variable: variable, Path: r.scrub.Quote(path, 200)}
		opened, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
		var failed *os.PathError
		if errors.As(err, &failed) {
			store.Problem = r.scrub.Quote(failed.Err.Error(), 100)
		}
		if err == nil {
			opened.Close()
		}
		return store
	}
	return nil
}

func poolOf(certificates []*x509.Certificate) *x509.CertPool {
	pool := x509.NewCertPool()
	for _, certificate := range certificates {
		pool.AddCert(certificate)
	}
	return pool
}

// addCarried adds the public roots that the binary carries (Mozilla's list, as golang.org/x/crypto packs it).
func addCarried(pool *x509.CertPool) (added []*x509.Certificate) {
	for root := range bundle.Roots() {
		certificate, err := x509.ParseCertificate(root.Certificate)
		if err != nil {
			continue
		}
		added = append(added, certificate)
		if root.Constraint == nil {
			pool.AddCert(certificate)
		} else {
			pool.AddCertWithConstraint(certificate, root.Constraint)
		}
	}
	return added
}

// RootsDate is the day of the carried public roots; the zero time where the build does not tell.
func RootsDate() time.Time {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return time.Time{}
	}
	for _, module := range info.Deps {
		if module.Path != "golang.org/x/crypto/x509roots/fallback" {
			continue
		}
		// A pseudo-version: v0.0.0-20261030153154-30a33513ff6d.
		if parts := strings.Split(module.Version, "-"); len(parts) == 3 {
			date, _ := time.Parse("20060102150405", parts[1])
			return date
		}
	}
	return time.Time{}
}

// Judge holds a presented chain against both sets of roots, or against the authority that the host has of its own:
// trust, name and dates each by itself, so that a diagnosis can say which is wrong. host is the name or address that was
// asked for.
func (r *Roots) Judge(chain []*x509.Certificate, host string, now time.Time) *evidence.Trust {
	r.ready()
	trust := &evidence.Trust{SystemEmpty: r.systemEmpty}
	if len(chain) == 0 {
		return trust
	}
	leaf := chain[0]
	trust.NameOK = leaf.VerifyHostname(host) == nil
	trust.SelfSigned = selfSigned(leaf)
	last := lastLinked(chain)
	trust.RootShown = last != leaf && selfSigned(last)
	trust.Issuer = PlainName(last.Issuer, r.scrub)
	trust.IssuerCN, trust.IssuerOrg = nameParts(last.Issuer, r.scrub)
	trust.Product = inspectionProduct(chain)

	var ownNow, publicNow, systemNow bool
	pool, list := r.public, r.publicList
	if r.Own != nil && host == r.OwnHost {
		pool, list = r.own, r.Own
		trust.Own = new(bool)
		*trust.Own, ownNow = r.leadsTo(pool, chain, now, trust)
	}
	if !trust.Proven() { // where its own authority does not know it, the two sets may tell who it is
		trust.Public, publicNow = r.leadsTo(r.public, chain, now, trust)
		trust.System, systemNow = r.leadsTo(r.system, chain, now, nil)
	}
	trust.DatesOK = ownNow || publicNow || systemNow
	if !trust.Proven() {
		r.examine(chain, pool, list, trust)
		if trust.BelowPublic && trust.Flaw.Empty() && !systemNow { // only the dates do not fit, and there was no time when all of them did
			if trust.Own != nil {
				*trust.Own = true
			} else {
				trust.Public = true
			}
		}
	}
	vouched := trust.Proven() || trust.Public || trust.System
	if !vouched {
		trust.DatesOK = true
		if !selfSigned(last) {
			trust.Missing = trust.Issuer
			trust.MissingCN, trust.MissingOrg = trust.IssuerCN, trust.IssuerOrg
			trust.MissingKnown = r.Seen(trust.Missing)
			if len(last.IssuingCertificateURL) > 0 {
				trust.MissingURL = r.scrub.Quote(last.IssuingCertificateURL[0], 200)
			}
		}
	}
	for _, certificate := range chain {
		if ownNow || publicNow || systemNow {
			break
		}
		shown := describe(certificate, r.scrub)
		switch {
		case now.After(certificate.NotAfter) && trust.Expired == nil:
			trust.Expired, trust.DatesOK = &shown, false
		case now.Before(certificate.NotBefore) && trust.NotYetValid == nil:
			trust.NotYetValid, trust.DatesOK = &shown, false
		}
	}
	trust.DatesOnly = !trust.DatesOK && trust.NameOK && vouched
	return trust
}

// leadsTo reports whether the chain leads to one of the roots at any time at which all of its certificates
// are valid, and whether it does so now. trust is told of the way found there, where it is not nil.
func (r *Roots) leadsTo(pool *x509.CertPool, chain []*x509.Certificate, now time.Time, trust *evidence.Trust) (ever, atNow bool) {
	others := x509.NewCertPool()
	from, to := chain[0].NotBefore, chain[0].NotAfter
	for _, certificate := range chain[1:] {
		others.AddCert(certificate)
	}
	check := func(at time.Time) bool {
		chains, err := chain[0].Verify(x509.VerifyOptions{Roots: pool, Intermediates: others, CurrentTime: at})
		if err == nil && trust != nil {
			if pool == r.public {
				r.remember(chains)
			}
			trust.FirstToEnd = r.firstToEnd(chains)
		}
		return err == nil
	}
	if check(now) {
		return true, true
	}
	if now.After(from) && now.Before(to) && allValid(chain, now) {
		return false, false
	}
	from, to = commonTime(chain)
	for _, at := range []time.Time{from.Add(to.Sub(from) / 2), to.Add(-time.Minute), from.Add(time.Minute),
		chain[0].NotAfter.Add(-time.Minute)} {
		if check(at) {
			return true, false
		}
	}
	return false, false
}

// firstToEnd is the certificate, the root apart, that ends the longest-lived of the ways to a root. An old
// cross-signed one beside it may end unnoticed.
func (r *Roots) firstToEnd(chains [][]*x509.Certificate) *evidence.Certificate {
	var last *x509.Certificate
	for _, chain := range chains {
		first := chain[0]
		for _, certificate := range chain[:max(len(chain)-1, 1)] {
			if certificate.NotAfter.Before(first.NotAfter) {
				first = certificate
			}
		}
		if last == nil || first.NotAfter.After(last.NotAfter) {
			last = first
		}
	}
	if last == nil {
		return nil
	}
	shown := describe(last, r.scrub)
	return &shown
}

func allValid(chain []*x509.Certificate, now time.Time) bool {
	for _, certificate := range chain {
		if now.Before(certificate.NotBefore) || now.After(certificate.NotAfter) {
			return false
		}
	}
	return true
}

// remember keeps the issuers of a chain that verified: a peer that leaves one of them out is then known
// to miss a public one.
func (r *Roots) remember(chains [][]*x509.Certificate) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, chain := range chains {
		for _, certificate := range chain[1:] {
			r.issued[PlainName(certificate.Subject, r.scrub)] = true
		}
	}
}

// Seen reports whether a chain that verified had an issuer of that name.
func (r *Roots) Seen(subject foreign.Text) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.issued[subject]
}

// lastLinked follows the issuers through what was presented, in whatever order, and gives the last one.
func lastLinked(chain []*x509.Certificate) *x509.Certificate {
	current := chain[0]
	for range chain {
		var next *x509.Certificate
		for _, candidate := range chain[1:] {
			if candidate != current && bytes.Equal(candidate.RawSubject, current.RawIssuer) {
				next = candidate
				break
			}
		}
		if next == nil || next == current || bytes.Equal(current.RawSubject, current.RawIssuer) {
			break
		}
		current = next
	}
	return current
}
