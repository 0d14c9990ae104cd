//go:build linux

package lab

import (
	"net"
	"strings"
)

// The rules and the live call together: the second table of the causes, cell by cell. The client is
// 203.0.113.10.
var rulesFaults = ruleTable()

// lists are the readings of a list that a user may give.
var lists = map[string][]string{
	"allow":     {"allow 203.0.113.0/25"},
	"deny":      {"allow 192.0.2.0/25", "deny 203.0.113.10"},
	"no-match":  {"allow 192.0.2.0/25"},
	"ambiguous": {"allow 203.0.113.10", "deny 203.0.113.0/25"},
	"partly":    {"allow 203.0.113.10"},
	"unknown":   nil,
}

// outcomes are what the service does with the call.
var outcomes = map[string]func(*World){
	"accepted": func(*World) {},
	"denied":   func(w *World) { w.API.Allowed = onlyFrom() },
	"401":      func(w *World) { w.API.Key = strings.Repeat("ab", 56) },
	"closed": func(w *World) {
		w.API.Allowed = onlyFrom()
		w.API.Denied = func(net.Conn) {}
	},
	"not-http": func(w *World) { w.API.Reply = Literal("you are not welcome here\n") },
	"refused":  func(w *World) { w.API.Closed = true },
}

// cells of the table: list, outcome, first cause, verdict, confidence, the rest.
var cells = []struct {
	list, outcome, cause, verdict, confidence string
	then                                      []string
}{
	{"allow", "accepted", "", "pass", "", []string{}},
	{"allow", "denied", "rules.propagating", "fail", "", []string{}},
	{"allow", "401", "call.auth-failed", "fail", "", []string{}},
	{"allow", "closed", "call.no-reply", "fail", "", []string{}},
	{"allow", "not-http", "call.no-reply", "fail", "", []string{}},
	{"allow", "refused", "port.refused", "fail", "", []string{}},

	{"deny", "accepted", "rules.stale", "warn", "", []string{}},
	{"deny", "denied", "rules.denied", "fail", "certain", []string{}},
	{"deny", "401", "rules.denied", "fail", "likely", nil},
	{"deny", "closed", "rules.denied", "fail", "likely", nil},
	{"deny", "not-http", "rules.denied", "fail", "likely", nil},
	{"deny", "refused", "port.refused", "fail", "", []string{"rules.denied"}},

	{"no-match", "accepted", "rules.stale", "warn", "", []string{}},
	{"no-match", "denied", "rules.not-allowed", "fail", "certain", []string{}},
	{"no-match", "401", "rules.not-allowed", "fail", "likely", nil},
	{"no-match", "closed", "rules.not-allowed", "fail", "likely", nil},
	{"no-match", "not-http", "rules.not-allowed", "fail", "likely", nil},
	{"no-match", "refused", "port.refused", "fail", "", []string{"rules.not-allowed"}},

	{"ambiguous", "accepted", "rules.ambiguous", "warn", "", []string{}},
	{"ambiguous", "denied", "rules.ambiguous", "fail", "", []string{}},
	{"ambiguous", "401", "call.auth-failed", "fail", "", []string{"rules.ambiguous"}},
	{"ambiguous", "closed", "call.no-reply", "fail", "", []string{"rules.ambiguous"}},
	{"ambiguous", "not-http", "call.no-reply", "fail", "", []string{"rules.ambiguous"}},
	{"ambiguous", "refused", "port.refused", "fail", "", []string{"rules.ambiguous"}},

	{"partly", "accepted", "rules.pool-partly-allowed", "fail", "", nil},
	{"partly", "denied", "rules.pool-partly-allowed", "fail", "", nil},
	{"partly", "401", "rules.pool-partly-allowed", "fail", "", nil},
	{"partly", "closed", "rules.pool-partly-allowed", "fail", "", nil},
	{"partly", "not-http", "rules.pool-partly-allowed", "fail", "", nil},
	{"partly", "refused", "port.refused", "fail", "", nil},

	{"unknown", "denied", "call.ip-denied", "fail", "", []string{}},
	{"unknown", "401", "call.auth-failed", "fail", "", []string{}},
	{"unknown", "closed", "call.no-reply", "fail", "", []string{}},
	{"unknown", "not-http", "call.no-reply", "fail", "", []string{}},
	{"unknown", "refused", "port.refused", "fail", "", []string{}},
}

func ruleTable() []Fault {
	faults := []Fault{
		{Cause: "rules.invalid", Name: "too-many", Break: func(w *World) {
			for _, ip := range []string{"1", "2", "3", "4", "5", "6"} {
				w.Rules = append(w.Rules, "allow 203.0.113.1"+ip)
			}
		}},
		{Cause: "rules.invalid", Name: "too-wide", Says: []string{"203.0.113.0/24"}, Break: func(w *World) {
			w.Rules = []string{"allow 203.0.113.0/24"}
		}},
		{Cause: "rules.invalid", Name: "not-ipv4", Break: func(w *World) {
			w.Rules = []string{"allow 203.0.113.10", "allow 2001:db8::/32"}
		}},
		{Cause: "rules.invalid", Name: "host-bits", Verdict: "warn", Break: func(w *World) {
			w.Rules = []string{"allow 203.0.113.10/25"}
		}},
		{Cause: "rules.not-allowed", Name: "names-the-rule-to-add", Says: []string{"allow 203.0.113.10/32"},
			Break: func(w *World) {
				w.Rules = lists["no-match"]
				outcomes["denied"](w)
			}},
	}
	for _, cell := range cells {
		faults = append(faults, Fault{
			Cause: cell.cause, Name: "rules-" + cell.list + "-call-" + cell.outcome,
			Verdict: cell.verdict, Confidence: cell.confidence, Then: cell.then,
			Break: func(w *World) {
				w.Rules = lists[cell.list]
				if cell.list == "partly" {
					pool(w)
				}
				outcomes[cell.outcome](w)
			},
		})
	}
	return faults
}
