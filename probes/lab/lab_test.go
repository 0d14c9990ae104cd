//go:build linux

package lab

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// Fault is one world with one thing broken in it, and what opensrs-doctor must say of it.
type Fault struct {
	Cause      string // of diagnoses[0]; "": nothing above info may be diagnosed
	Name       string // this way of getting there
	Break      func(*World)
	Verdict    string   // default "fail"; "pass" where Cause is ""; "warn or fail" where it is a matter of timing
	Confidence string   // of diagnoses[0]; "": any
	Older      string   // the same by a kernel that does not count what it hands to interfaces; "": no other
	Then       []string // the causes that stand behind the first one, in order, info left out; nil: any
	Or         []string // other causes that are as right, "" for none at all, with their verdict
	Says       []string // texts that the first diagnosis must have
	Never      []string // texts that it must not have
	Check      func(*testing.T, *World, Result)
}

// table is every fault of the lab, area by area.
var table = slices.Concat(healthyWorlds, hostFaults, dnsFaults, portFaults, tlsFaults, clockFaults,
	callFaults, rulesFaults, egressFaults, proxyFaults, serviceFaults, slowWorlds,
	furtherDNS, resolverWorlds, furtherPorts, furtherHosts, furtherTLS, furtherClocks, furtherCalls, furtherServices, furtherRules,
	furtherProxies, thisHostFaults, culpritFaults, insideFaults, beyondFaults, furtherIPv6, furtherOptions, oddCertificates, oddWorlds, unseenWorlds, ownAuthorities, upstreamWorlds, earlyWorlds, elsewhereFaults, opensslFaults, twoFaults, asWorlds, cgroupWorlds, besideWorlds, strangeWorlds, steeredWorlds, fewSteps, somePorts, answerWorlds)

func TestLab(t *testing.T) {
	byCause := map[string][]Fault{}
	var order []string
	for _, fault := range table {
		cause := fault.area()
		if examples.first[fault.Cause] == "" && fault.Or == nil {
			examples.first[fault.Cause] = fault.path()
		}
		if byCause[cause] == nil {
			order = append(order, cause)
		}
		byCause[cause] = append(byCause[cause], fault)
	}
	t.Cleanup(func() { twins.check(t); checkExamples(t) }) // after all of them
	for _, cause := range order {
		t.Run(cause, func(t *testing.T) {
			t.Parallel()
			for _, fault := range byCause[cause] {
				t.Run(fault.Name, func(t *testing.T) {
					t.Parallel()
					fault.run(t)
				})
			}
		})
	}
}

func (f Fault) area() string {
	if f.Cause == "" {
		return "healthy"
	}
	return f.Cause
}

// path is the fault's name as -run takes it, behind TestLab/.
func (f Fault) path() string { return f.area() + "/" + f.Name }

// TestTable: two faults of one name would hide behind each other on the scoreboard.
func TestTable(t *testing.T) {
	seen := map[string]bool{}
	for _, fault := range table {
		if seen[fault.path()] {
			t.Errorf("%s stands in the table twice", fault.path())
		}
		seen[fault.path()] = true
	}
}

func (f Fault) run(t *testing.T) {
	need(t)
	if buildError != nil {
		t.Fatal(buildError)
	}
	w := NewWorld(t)
	if f.Break != nil {
		f.Break(w)
	}
	w.Start()
	result := w.Diagnose(binary)
	f.keep(t, result)
	f.judge(t, w, result)
	f.example(t, w, result)
	twins.add(f, w, result)
	line := score{fault: f.path(), expected: f.Cause, good: !t.Failed(),
		found: strings.Join(grave(result.Report), " "), took: result.Took}
	scores.add(line)
	if t.Failed() {
		t.Logf("arguments: %s\nexit %d, %d ms\n%s\n%s", strings.Join(w.Args(), " "), result.Exit,
			result.Took.Milliseconds(), result.Stdout, result.Stderr)
	}
}

// keep saves the report where OPENSRS_DOCTOR_LAB_KEEP names a directory: `opensrs-doctor render` shows it.
func (f Fault) keep(t *testing.T, result Result) {
	dir := os.Getenv("OPENSRS_DOCTOR_LAB_KEEP")
	if dir == "" {
		return
	}
	name := strings.ReplaceAll(f.path(), "/", "-") + ".json"
	if err := os.WriteFile(filepath.Join(dir, name), result.Stdout, 0o644); err != nil {
		t.Error(err)
	}
}

func (f Fault) judge(t *testing.T, w *World, result Result) {
	report := result.Report
	causes := grave(report)
	first := ""
	if len(causes) > 0 {
		first = causes[0]
	}
	tolerated := slices.Contains(f.Or, first)
	if first != f.Cause && !tolerated {
		t.Errorf("found %q, want %q", causes, f.Cause)
	}
	if !tolerated || first == f.Cause {
		verdict := f.verdict()
		if !slices.Contains(strings.Split(verdict, " or "), report.Verdict) {
			t.Errorf("verdict %s, want %s", report.Verdict, verdict)
		}
	}
	exit := 0
	if report.Verdict == "fail" {
		exit = 1
	}
	if result.Exit != exit {
		t.Errorf("exit status %d with verdict %s", result.Exit, report.Verdict)
	}
	if behind := causes[min(1, len(causes)):]; f.Then != nil && !slices.Equal(behind, f.Then) {
		t.Errorf("found %q, want %q behind the first", causes, f.Then)
	}
	f.judgeWords(t, report)
	judgeSecrets(t, w, string(result.Stdout)+string(result.Stderr))
	if f.Check != nil {
		f.Check(t, w, result)
	}
}

// judgeSecrets: whatever went wrong, no output has the key, the signature or the balance in it.
func judgeSecrets(t *testing.T, w *World, output string) {
	signature, _ := w.API.Signature.Load().(string)
	for what, secret := range map[string]string{"key": w.Key, "signature": signature, "balance": balance} {
		if secret != "" && strings.Contains(output, secret) {
			t.Errorf("the %s stands in the output", what)
		}
	}
}

func (f Fault) verdict() string {
	switch {
	case f.Verdict != "":
		return f.Verdict
	case f.Cause == "":
		return "pass"
	}
	return "fail"
}

// countsTransmits reports whether the kernel counts the packets that it hands to interfaces, as those from about 6.7 do.
var countsTransmits = sync.OnceValue(func() bool {
	counters, _ := os.ReadFile("/proc/net/snmp")
	return strings.Contains(string(counters), " OutTransmits")
})

func (f Fault) judgeWords(t *testing.T, report Report) {
	if len(report.Diagnoses) == 0 || report.Diagnoses[0].Cause != f.Cause {
		return
	}
	first := report.Diagnoses[0]
	confidence := f.Confidence
	if f.Older != "" && !countsTransmits() {
		confidence = f.Older
	}
	if confidence != "" && first.Confidence != confidence {
		t.Errorf("%s, want %s", first.Confidence, confidence)
	}
	for _, text := range f.Says {
		if !strings.Contains(first.Words(), text) {
			t.Errorf("the diagnosis does not say %q", text)
		}
	}
	for _, text := range f.Never {
		if strings.Contains(first.Words(), text) {
			t.Errorf("the diagnosis says %q", text)
		}
	}
}

// grave are the causes above info, in order.
func grave(report Report) []string {
	causes := []string{}
	for _, diagnosis := range report.Diagnoses {
		if diagnosis.Severity != "info" {
			causes = append(causes, diagnosis.Cause)
		}
	}
	return causes
}
