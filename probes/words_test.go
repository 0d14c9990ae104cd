package probes

import (
	"reflect"
	"testing"

	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/probes/foreign"
)

// ours are the texts of the evidence that no peer writes, each with the reason. Every other one is a foreign.Text (or
// a foreign.PEM), which is made by the gate alone: a new field is one too, or is added here with its reason.
var ours = map[string]string{
	"Evidence.RunID": "made here", "Failure.Err": "in no output",
	"Failure.Kind": "closed list", "Failure.Op": "closed list", "Step.Probe": "closed list", "Step.Status": "closed list",
	"Step.WaitedFor": "closed list",

	"Target.Environment": "closed list", "Target.Host": "the user's setting", "Target.Username": "the user's setting",
	"Target.KeyFingerprint": "a digest of the key, of 8 digits",
	"Asked.KeySource":       "a path, or a variable's name", "Asked.KeyProblems": "closed list", "Asked.KeyAround": "closed list",
	"Asked.RulesSource": "a path or a flag", "Asked.StatusURL": "the user's setting, without a login", "Asked.NoneAsked": "a flag",
	"Asked.Witness": "the user's setting, which has no login", "Witness.URL": "the same", "Witness.Peer": "the same",
	"Asked.Require": "closed list", "Asked.PublicRoots": "a path", "Asked.CAFile": "a path",
	"Asked.ExpectKey": "8 hex digits", "Asked.ClientConfig": "a path",

	"Host.Hostname": "this host's own", "Host.OS": "made here", "Host.LinksDown": "this host's own", "Host.User": "made here", "Host.Resolvers": "addresses", "Host.ResolversBy": "a path or a flag",
	"ResolversProblem.Kind": "closed list", "Proxy.URL": "the user's setting, without its login", "Proxy.From": "a variable or a flag",
	"System.Go": "of this program", "System.ProxyVariables": "closed list", "Route.Interface": "this host's own",

	"Sighting.Source": "the user's setting, which has no login", "Sighting.Path": "closed list",
	"Rules.Rules": "the user's setting", "Rules.Verdict": "closed list", "Problem.ID": "closed list", "Problem.Severity": "closed list",
	"Problem.Source": "a path or a flag", "Problem.Text": "about the user's rules", "Problem.Fix": "about the user's rules",
	"Result.Verdict": "closed list", "Result.Reason": "closed list", "Result.Readings": "closed list", "Result.Readings key": "closed list",

	"DNS.Name": "the user's setting", "DNS.Used": "an address of the settings", "DNS.HostsFile": "a path and a line", "DNS.NoLibcDNS": "a path and a line",
	"DNS.Slow": "addresses of the settings", "DNS.MadeUpName": "made here", "DNS.OtherName": "of the user's settings",
	"DNSAnswer.Resolver": "an address of the settings", "DNSAnswer.Transport": "closed list", "DNSAnswer.Rcode": "closed list, or a number",
	"DNSReply.Type": "closed list", "DNSReply.Rcode": "closed list, or a number", "DNSReply.Transport": "closed list",
	"DNSRecord.Type": "closed list",

	"ProxyReply.Protocol": "closed list", "Path.Why": "ours, or the system's word for an error number", "Hop.Answer": "closed list",
	"Certificate.SHA256": "a digest", "Trust.Product": "closed list", "TLS.Version": "closed list", "TLS.CipherSuite": "closed list",
	"TLS.Alert":    "Go's name for an alert, or its number",
	"Variant.Name": "closed list", "Variant.Version": "closed list", "Variant.NotMade": "ours, or the system's word for an error number",
	"Call.Class": "closed list", "Call.Packed": "closed list", "CrossCheck.Environment": "closed list", "CrossCheck.Host": "closed list", "CrossCheck.Class": "closed list",
	"Control.Peer": "the user's setting", "Control.Path": "closed list", "StatusPage.URL": "the user's setting, without a login",
	"ClockSample.Peer": "the user's setting",

	"Client.Name": "closed list, with the digits of a version and the pool's name", "Client.Path": "of a program or a socket of this host",
	"Client.Status": "closed list", "Client.Stage": "closed list", "Pool.Name": "this host's setting, cleaned",
	"Pool.File": "a path", "Pool.Sets": "closed list", "Pool.Chroot": "this host's setting, cleaned", "Pool.User": "this host's setting, cleaned",

	"HostRoute.Kind": "closed list", "HostRoute.Line": "made here of numbers and names of interfaces", "HostRoute.OtherPort": "as Line", "HostRoute.Prefix": "an address and a length",
	"HostRoute.Interface": "this host's own", "HostRoute.Gateway": "an address", "HostRoute.Source": "an address", "HostRoute.Own": "an address", "Sources.To": "an address", "Pick.Suite": "a number", "Pick.Kind": "closed list", "HostRoute.Alive": "this host's own", "Ledger.To": "an address", "Ledger.Why": "ours, or the system's word for an error number",
	"Ledger.Protocol": "closed list", "Ledger.WentOut": "this host's own", "Ledger.CameIn": "this host's own",
	"Cgroup.Path": "this host's own", "Cgroup.Unit": "this host's own", "Cgroup.At": "this host's own", "Cgroup.Programs": "closed list",
	"Cgroup.Why":   "ours, or the system's word for an error number",
	"Firewall.Why": "ours, or the system's word for an error number", "Firewall.Legacy": "ours, or the system's word for an error number", "Firewall.Untraced": "ours, or the system's word for an error number",
	"FirewallRule.Tool": "closed list", "FirewallRule.Manager": "closed list", "FirewallRule.File": "closed list",
	"FirewallRule.Path": "root's own, of this host", "FirewallRule.Text": "root's own, of this host",
	"FirewallRule.Family": "closed list", "FirewallRule.Hook": "closed list", "FirewallRule.Verdict": "closed list",
	"FirewallRule.Table": "root's own, of this host", "FirewallRule.Chain": "root's own, of this host", "FirewallRule.Comment": "root's own, of this host",
	"Store.Variable": "closed list", "Translation.To": "an address", "DNS.SearchedName": "made of the settings",
}

// TestEveryTextOfTheEvidenceIsTakenInByTheGate walks the types of the evidence.
func TestEveryTextOfTheEvidenceIsTakenInByTheGate(t *testing.T) {
	seen, found := map[reflect.Type]bool{}, map[string]bool{}
	var walk func(of reflect.Type, name string)
	walk = func(of reflect.Type, name string) {
		if of == reflect.TypeFor[foreign.Text]() || of == reflect.TypeFor[foreign.PEM]() {
			return
		}
		switch of.Kind() {
		case reflect.String, reflect.Interface:
			found[name] = true
		case reflect.Pointer, reflect.Slice, reflect.Array:
			walk(of.Elem(), name)
		case reflect.Map:
			walk(of.Key(), name+" key")
			walk(of.Elem(), name)
		case reflect.Struct:
			if seen[of] {
				return
			}
			seen[of] = true
			for i := range of.NumField() {
				if field := of.Field(i); field.IsExported() {
					walk(field.Type, of.Name()+"."+field.Name)
				}
			}
		}
	}
	walk(reflect.TypeFor[evidence.Evidence](), "")
	for name := range found {
		if ours[name] == "" {
			t.Errorf("%s is a plain text: make it a foreign.Text, or say in this test why it is none", name)
		}
	}
	for name := range ours {
		if !found[name] {
			t.Errorf("%s is no text of the evidence any more", name)
		}
	}
	if len(found) < 50 {
		t.Errorf("only %d texts were found", len(found))
	}
}
