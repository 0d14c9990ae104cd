package trust

import (
	"crypto/x509"
	"testing"
	"time"

	"opensrs-doctor/probes/foreign"
	"opensrs-doctor/probes/internal/authority"
)

// Trust, name and dates are judged each by itself, against either set of roots.
func TestJudge(t *testing.T) {
	public, private := authority.Root(t, "Public Root"), authority.Root(t, "Appliance Root")
	middle := public.Below(t, "Public Middle")
	old := func(c *x509.Certificate) { c.NotAfter = authority.Today.AddDate(0, 0, -1) }
	early := func(c *x509.Certificate) { c.NotBefore = authority.Today.AddDate(0, 0, 1) }
	located := func(c *x509.Certificate) { c.IssuingCertificateURL = []string{"http://ca.example/middle.crt"} }
	leaf := middle.Issue(t, "api.example", nil)
	own := authority.Root(t, "api.example")
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
		"both sets":              {authority.Chain(leaf, middle), "api.example", authority.Chain(public), authority.Chain(public), "PSND---", "", "", ""},
		"with the root":          {authority.Chain(leaf, middle, public), "api.example", authority.Chain(public), authority.Chain(public), "PSND-R-", "", "", ""},
		"in another order":       {authority.Chain(leaf, public, middle), "api.example", authority.Chain(public), authority.Chain(public), "PSND-R-", "", "", ""},
		"public only":            {authority.Chain(leaf, middle), "api.example", authority.Chain(public), nil, "P-ND---", "", "", ""},
		"system only":            {authority.Chain(private.Issue(t, "api.example", nil)), "api.example", authority.Chain(public), authority.Chain(private), "-SND---", "", "", ""},
		"nobody's":               {authority.Chain(private.Issue(t, "api.example", nil), private), "api.example", authority.Chain(public), nil, "--ND-R-", "", "", ""},
		"an issuer left out":     {authority.Chain(middle.Issue(t, "api.example", located)), "api.example", authority.Chain(public), authority.Chain(public), "--ND---", "Public Middle", "", ""},
		"self-signed":            {authority.Chain(own), "api.example", authority.Chain(public), authority.Chain(public), "--ND--S", "", "", ""},
		"another name":           {authority.Chain(leaf, middle), "other.example", authority.Chain(public), authority.Chain(public), "PS-D---", "", "", ""},
		"expired":                {authority.Chain(middle.Issue(t, "api.example", old), middle), "api.example", authority.Chain(public), authority.Chain(public), "PSN-O--", "", "api.example", ""},
		"not yet valid":          {authority.Chain(middle.Issue(t, "api.example", early), middle), "api.example", authority.Chain(public), authority.Chain(public), "PSN-O--", "", "", "api.example"},
		"expired, another name":  {authority.Chain(middle.Issue(t, "api.example", old), middle), "other.example", authority.Chain(public), authority.Chain(public), "PS-----", "", "api.example", ""},
		"expired, and nobody's":  {authority.Chain(private.Issue(t, "api.example", old), private), "api.example", authority.Chain(public), nil, "--N--R-", "", "api.example", ""},
		"an old issuer left out": {authority.Chain(public.Issue(t, "Old Middle", func(c *x509.Certificate) { old(c); c.IsCA = true }).Issue(t, "api.example", nil)), "api.example", authority.Chain(public), authority.Chain(public), "--ND---", "Old Middle", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			if test.system == nil {
				test.system = []*x509.Certificate{}
			}
			roots := NewRoots(Given{Public: test.public, System: test.system}, &foreign.Scrubber{})
			got := roots.Judge(test.chain, test.host, authority.Today)
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
	public, own := authority.Root(t, "Public Root"), authority.Root(t, "Own Root")
	roots := NewRoots(Given{OwnHost: "api.example", Own: authority.Chain(own), Public: authority.Chain(public), System: authority.Chain(public)}, &foreign.Scrubber{})
	byOwn, byPublic := own.Issue(t, "api.example", nil), public.Issue(t, "api.example", nil)
	if got := roots.Judge(authority.Chain(byOwn), "api.example", authority.Today); !got.Verified() || got.Public || got.System {
		t.Errorf("its own: %+v", got)
	}
	if got := roots.Judge(authority.Chain(byPublic), "api.example", authority.Today); got.Verified() || got.Known() || !got.Public {
		t.Errorf("a public one in its place: %+v", got)
	}
	other := public.Issue(t, "other.example", nil)
	if got := roots.Judge(authority.Chain(other), "other.example", authority.Today); !got.Verified() || got.Own != nil {
		t.Errorf("another host: %+v", got)
	}
}

// A peer that leaves out an issuer which another one has shown misses one that is public.
func TestMissingIssuerThatIsPublic(t *testing.T) {
	public := authority.Root(t, "Public Root")
	middle := public.Below(t, "Public Middle")
	roots := NewRoots(Given{Public: authority.Chain(public), System: authority.Chain(public)}, &foreign.Scrubber{})
	short := authority.Chain(middle.Issue(t, "api.example", nil))
	if got := roots.Judge(short, "api.example", authority.Today); got.MissingKnown {
		t.Errorf("before any was seen: %+v", got)
	}
	roots.Judge(authority.Chain(middle.Issue(t, "peer.example", nil), middle), "peer.example", authority.Today)
	if got := roots.Judge(short, "api.example", authority.Today); !got.MissingKnown {
		t.Errorf("after it was seen: %+v", got)
	}
}

// Of the ways to a root the longest-lived counts: an old one beside it may end unnoticed.
func TestFirstToEnd(t *testing.T) {
	public := authority.Root(t, "Public Root")
	ends := func(months int) func(*x509.Certificate) {
		return func(c *x509.Certificate) { c.NotAfter = authority.Today.AddDate(0, months, 0) }
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
		middle := public.Issue(t, "Middle", authorityFor(test.middle))
		leaf := middle.Issue(t, "api.example", ends(test.leaf))
		roots := NewRoots(Given{Public: authority.Chain(public), System: authority.Chain(public)}, &foreign.Scrubber{})
		got := roots.Judge(authority.Chain(leaf, middle), "api.example", authority.Today)
		if got.FirstToEnd == nil || got.FirstToEnd.SubjectCN.String() != test.want {
			t.Errorf("%s: %+v", name, got.FirstToEnd)
		}
	}
}

func TestNoChainIsNotGood(t *testing.T) {
	roots := NewRoots(Given{Public: []*x509.Certificate{}, System: []*x509.Certificate{}}, &foreign.Scrubber{})
	if got := roots.Judge(nil, "api.example", time.Now()); got.Verified() || got.Known() || got.NameOK {
		t.Errorf("%+v", got)
	}
}
