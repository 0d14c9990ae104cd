package probes

import (
	"crypto/x509"
	"testing"
	"time"
)

// Trust, name and dates are judged each by itself, against either set of roots.
func TestJudge(t *testing.T) {
	public, private := rootNamed(t, "Public Root"), rootNamed(t, "Appliance Root")
	middle := public.below(t, "Public Middle")
	old := func(c *x509.Certificate) { c.NotAfter = today.AddDate(0, 0, -1) }
	early := func(c *x509.Certificate) { c.NotBefore = today.AddDate(0, 0, 1) }
	located := func(c *x509.Certificate) { c.IssuingCertificateURL = []string{"http://ca.example/middle.crt"} }
	leaf := middle.issue(t, "api.example", nil)
	own := rootNamed(t, "api.example")
	for name, test := range map[string]struct {
		chain  []*x509.Certificate
		host   string
		public []*x509.Certificate
		system []*x509.Certificate
		want   string // a letter for each that holds, and - for each that does not: Public System Name Dates dates-Only Root-shown self-Signed
		missing,
		expired,
		early string // common names
	}{
		"both sets":              {certificates(leaf, middle), "api.example", certificates(public), certificates(public), "PSND---", "", "", ""},
		"with the root":          {certificates(leaf, middle, public), "api.example", certificates(public), certificates(public), "PSND-R-", "", "", ""},
		"in another order":       {certificates(leaf, public, middle), "api.example", certificates(public), certificates(public), "PSND-R-", "", "", ""},
		"public only":            {certificates(leaf, middle), "api.example", certificates(public), nil, "P-ND---", "", "", ""},
		"system only":            {certificates(private.issue(t, "api.example", nil)), "api.example", certificates(public), certificates(private), "-SND---", "", "", ""},
		"nobody's":               {certificates(private.issue(t, "api.example", nil), private), "api.example", certificates(public), nil, "--ND-R-", "", "", ""},
		"an issuer left out":     {certificates(middle.issue(t, "api.example", located)), "api.example", certificates(public), certificates(public), "--ND---", "Public Middle", "", ""},
		"self-signed":            {certificates(own), "api.example", certificates(public), certificates(public), "--ND--S", "", "", ""},
		"another name":           {certificates(leaf, middle), "other.example", certificates(public), certificates(public), "PS-D---", "", "", ""},
		"expired":                {certificates(middle.issue(t, "api.example", old), middle), "api.example", certificates(public), certificates(public), "PSN-O--", "", "api.example", ""},
		"not yet valid":          {certificates(middle.issue(t, "api.example", early), middle), "api.example", certificates(public), certificates(public), "PSN-O--", "", "", "api.example"},
		"expired, another name":  {certificates(middle.issue(t, "api.example", old), middle), "other.example", certificates(public), certificates(public), "PS-----", "", "api.example", ""},
		"expired, and nobody's":  {certificates(private.issue(t, "api.example", old), private), "api.example", certificates(public), nil, "--N--R-", "", "api.example", ""},
		"an old issuer left out": {certificates(public.issue(t, "Old Middle", func(c *x509.Certificate) { old(c); c.IsCA = true }).issue(t, "api.example", nil)), "api.example", certificates(public), certificates(public), "--ND---", "Old Middle", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			if test.system == nil {
				test.system = []*x509.Certificate{}
			}
			w := worldOf(t, Options{PublicRoots: test.public, SystemRoots: test.system})
			got := w.roots.judge(test.chain, test.host, today)
			flags := ""
			for i, holds := range []bool{got.Public, got.System, got.NameOK, got.DatesOK, got.DatesOnly, got.RootShown, got.SelfSigned} {
				letter := "-"
				if holds {
					letter = "PSNDORS"[i : i+1]
				}
				flags += letter
			}
			expired, notYet := "", ""
			if got.Expired != nil {
				expired = got.Expired.SubjectCN.String()
			}
			if got.NotYetValid != nil {
				notYet = got.NotYetValid.SubjectCN.String()
			}
			if flags != test.want || got.MissingCN.String() != test.missing || expired != test.expired || notYet != test.early {
				t.Errorf("got %s, missing %q, expired %q, early %q; want %s, %q, %q, %q",
					flags, got.MissingCN, expired, notYet, test.want, test.missing, test.expired, test.early)
			}
			if got.SystemEmpty != (len(test.system) == 0) {
				t.Errorf("the store is empty: %v", got.SystemEmpty)
			}
		})
	}
}

// Where an authority was given for the endpoint, it alone counts there, and nowhere else.
func TestJudgeByAnAuthorityOfOnesOwn(t *testing.T) {
	public, own := rootNamed(t, "Public Root"), rootNamed(t, "Own Root")
	w := worldOf(t, Options{Host: "api.example", CAFile: certificates(own), PublicRoots: certificates(public), SystemRoots: certificates(public)})
	byOwn, byPublic := own.issue(t, "api.example", nil), public.issue(t, "api.example", nil)
	if got := w.roots.judge(certificates(byOwn), "api.example", today); !got.Verified() || got.Public || got.System {
		t.Errorf("its own: %+v", got)
	}
	if got := w.roots.judge(certificates(byPublic), "api.example", today); got.Verified() || got.Known() || !got.Public {
		t.Errorf("a public one in its place: %+v", got)
	}
	other := public.issue(t, "other.example", nil)
	if got := w.roots.judge(certificates(other), "other.example", today); !got.Verified() || got.Own != nil {
		t.Errorf("another host: %+v", got)
	}
}

// A peer that leaves out an issuer which another one has shown misses one that is public.
func TestMissingIssuerThatIsPublic(t *testing.T) {
	public := rootNamed(t, "Public Root")
	middle := public.below(t, "Public Middle")
	w := worldOf(t, Options{PublicRoots: certificates(public), SystemRoots: certificates(public)})
	short := certificates(middle.issue(t, "api.example", nil))
	if got := w.roots.judge(short, "api.example", today); got.MissingKnown {
		t.Errorf("before any was seen: %+v", got)
	}
	w.roots.judge(certificates(middle.issue(t, "peer.example", nil), middle), "peer.example", today)
	if got := w.roots.judge(short, "api.example", today); !got.MissingKnown {
		t.Errorf("after it was seen: %+v", got)
	}
}

// Of the ways to a root the longest-lived counts: an old one beside it may end unnoticed.
func TestFirstToEnd(t *testing.T) {
	public := rootNamed(t, "Public Root")
	ends := func(months int) func(*x509.Certificate) {
		return func(c *x509.Certificate) { c.NotAfter = today.AddDate(0, months, 0) }
	}
	authorityFor := func(months int) func(*x509.Certificate) {
		return func(c *x509.Certificate) { ends(months)(c); c.IsCA, c.KeyUsage = true, x509.KeyUsageCertSign }
	}
	for name, test := range map[string]struct {
		middle, leaf int // months that are left
		want         string
	}{
		"the leaf":   {9, 3, "api.example"},
		"the issuer": {3, 9, "Middle"},
	} {
		middle := public.issue(t, "Middle", authorityFor(test.middle))
		leaf := middle.issue(t, "api.example", ends(test.leaf))
		w := worldOf(t, Options{PublicRoots: certificates(public), SystemRoots: certificates(public)})
		got := w.roots.judge(certificates(leaf, middle), "api.example", today)
		if got.FirstToEnd == nil || got.FirstToEnd.SubjectCN.String() != test.want {
			t.Errorf("%s: %+v", name, got.FirstToEnd)
		}
	}
}

func TestNoChainIsNotGood(t *testing.T) {
	w := worldOf(t, Options{PublicRoots: []*x509.Certificate{}, SystemRoots: []*x509.Certificate{}})
	if got := w.roots.judge(nil, "api.example", time.Now()); got.Verified() || got.Known() || got.NameOK {
		t.Errorf("%+v", got)
	}
}
