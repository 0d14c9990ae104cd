package runner

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"opensrs-doctor/cmd/opensrs-doctor/config"
	"opensrs-doctor/cmd/opensrs-doctor/process"
	"opensrs-doctor/probes"
	"opensrs-doctor/probes/lazy"
	"opensrs-doctor/report"
	"opensrs-doctor/report/diff"
)

// leastLeft is the shortest time that is worth a run from this shell.
const leastLeft = 2 * time.Second

// asFacts is what the report says of the target.
func asFacts(r *config.Request) *report.As {
	t := r.As
	facts := &report.As{Target: t.Asked, Name: t.Label(), PID: t.PID, UID: t.UID, GID: t.GID, Unit: t.Unit, TakenOver: t.Taken}
	for _, missing := range t.NotTaken {
		facts.NotTakenOver = append(facts.NotTakenOver, report.NotTaken{What: missing.What, Why: missing.Why})
	}
	add := func(what, here, there string) {
		if here != there {
			facts.Differences = append(facts.Differences, report.Difference{What: what, Here: here, There: there})
		}
	}
	add("user", fmt.Sprintf("uid %d", os.Geteuid()), fmt.Sprintf("uid %d", t.UID))
	other := func(is bool) string {
		if is {
			return "its own"
		}
		return "this shell's"
	}
	add("network namespace", other(false), other(t.NetDiffers))
	add("files", other(false), other(t.RootOther))
	add("control group", process.OwnGroup(), t.Group())
	for _, name := range []string{"SSL_CERT_FILE", "SSL_CERT_DIR", "NO_PROXY"} {
		add(name, os.Getenv(name), r.TargetEnv(name))
	}
	return facts
}

// FromHere makes the same check from this shell, where the target's does not pass, and adds what differs.
func FromHere(ctx context.Context, r *config.Request, there *report.Report, spent time.Duration, watch func(probes.Event)) {
	left := r.Options.Timeout - spent
	if there.As == nil || there.Verdict == report.VerdictPass || ctx.Err() != nil || left < leastLeft {
		return
	}
	o := r.Options
	o.Timeout, o.Proxy, o.SystemRoots, o.AllowIntercepted = left, r.Here.Proxy, r.Here.SystemRoots, r.Here.AllowIntercepted
	o.CrossCheck = false // the target's run has made it, if anybody had to
	o.Deep = false
	here := checkHere(ctx, o, watch)
	if ctx.Err() != nil {
		return
	}
	there.As.Here = &report.HereRun{Verdict: here.Verdict}
	if len(here.Diagnoses) > 0 && here.Verdict != report.VerdictPass {
		there.As.Here.Cause = here.Diagnoses[0].Cause
	}
	there.As.Differences = append(there.As.Differences, seenOtherwise(here, there)...)
	first := ""
	if len(there.Diagnoses) > 0 {
		first, _, _ = strings.Cut(there.Diagnoses[0].Cause, ".")
	}
	slices.SortStableFunc(there.As.Differences, func(a, b report.Difference) int {
		return aboutCause(first, b.What) - aboutCause(first, a.What)
	})
}

// told are the differences between two reports that can be why one of them fails, by their field, in plain words.
var told = lazy.Value[map[string]string]{Make: func() map[string]string {
	return map[string]string{
		"host.proxy": "proxy", "host.resolvers": "resolvers", "host.local_address": "local address", "dns.used": "name from",
		"egress.addresses": "public address", "target.addresses": "addresses of the endpoint", "tls.issuer": "certificate issued by",
	}
}}

// causesOf are what of them the causes of a family hang on.
var causesOf = lazy.Value[map[string][]string]{Make: func() map[string][]string {
	return map[string][]string{
		"host":   {"user", "control group", "network namespace"},
		"dns":    {"name from", "addresses of the endpoint", "resolvers", "files"},
		"proxy":  {"proxy", "NO_PROXY"},
		"tls":    {"SSL_CERT_FILE", "SSL_CERT_DIR", "files", "proxy"},
		"port":   {"proxy", "user", "network namespace", "addresses of the endpoint"},
		"egress": {"public address", "network namespace"},
		"rules":  {"public address", "proxy", "local address"},
	}
}}

func aboutCause(family, what string) int {
	if at := slices.Index(causesOf.Get()[family], what); at >= 0 {
		return 10 - at
	}
	return 0
}

// seenOtherwise are the differences between the two reports.
func seenOtherwise(here, there *report.Report) (all []report.Difference) {
	compared := diff.Compare(here, there)
	for _, change := range compared.Changes {
		if what := told.Get()[change.Field]; what != "" {
			all = append(all, report.Difference{What: what, Here: change.Old, There: change.New})
		}
	}
	for _, list := range compared.Lists {
		if what := told.Get()[list.Field]; what != "" {
			all = append(all, report.Difference{What: what, Here: strings.Join(append(list.Kept, list.Removed...), ", "),
				There: strings.Join(append(list.Kept, list.Added...), ", ")})
		}
	}
	return all
}
