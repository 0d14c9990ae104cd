package report_test

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/probes/iprules"
	"opensrs-doctor/probes/opensrs"
	"opensrs-doctor/report"
	"opensrs-doctor/report/diagnose/steps"
	"opensrs-doctor/report/screen"
)

// shape is the schema of a report, read once. The published one lets in members that a later release adds; this one takes
// none that it does not name.
var shape = sync.OnceValues(func() (*jsonschema.Schema, error) {
	file, err := os.Open("schema.json")
	if err != nil {
		return nil, err
	}
	defer file.Close()
	document, err := jsonschema.UnmarshalJSON(file)
	if err != nil {
		return nil, err
	}
	closed(document)
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	if err := compiler.AddResource("closed.json", document); err != nil {
		return nil, err
	}
	return compiler.Compile("closed.json")
})

// closed lets every object of a schema have the members that it names, and no other. An object that adds to another one
// with allOf names only some of them, and is left to that.
func closed(part any) {
	switch part := part.(type) {
	case map[string]any:
		if part["properties"] != nil && part["allOf"] == nil && part["additionalProperties"] == nil {
			part["additionalProperties"] = false
		}
		for _, inner := range part {
			closed(inner)
		}
	case []any:
		for _, inner := range part {
			closed(inner)
		}
	}
}

func schema(t testing.TB) *jsonschema.Schema {
	t.Helper()
	compiled, err := shape()
	if err != nil {
		t.Fatal(err)
	}
	return compiled
}

func jsonOf(t testing.TB, r *report.Report) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := report.WriteJSON(&out, r); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func validate(t *testing.T, name string, document []byte) {
	t.Helper()
	instance, err := jsonschema.UnmarshalJSON(bytes.NewReader(document))
	if err != nil {
		t.Fatal(err)
	}
	if err := schema(t).Validate(instance); err != nil {
		t.Errorf("%s: %v", name, err)
	}
}

func TestSchema(t *testing.T) {
	for name, r := range screens(t) {
		validate(t, name, jsonOf(t, r))
	}
	validate(t, "empty evidence", jsonOf(t, saved(t, &evidence.Evidence{Target: evidence.Target{Environment: "test"}})))
	bare := &report.Report{Schema: report.Schema, Verdict: report.VerdictPass, Probes: steps.ProbeRows(&evidence.Evidence{})}
	bare.Target.Environment = "live"
	validate(t, "hardly anything", jsonOf(t, bare))
	refused := saved(t, healthyEvidence())
	refused.Verdict = "perhaps"
	instance, _ := jsonschema.UnmarshalJSON(bytes.NewReader(jsonOf(t, refused)))
	if schema(t).Validate(instance) == nil {
		t.Error("the schema takes a verdict that there is none of")
	}
	good := string(jsonOf(t, saved(t, healthyEvidence())))
	for _, place := range []string{`"schema": `, `"hostname": `, `"waited_for": `, `"connected": `} {
		instance, err := jsonschema.UnmarshalJSON(strings.NewReader(strings.Replace(good, place, `"stranger": 1, `+place, 1)))
		if err != nil || schema(t).Validate(instance) == nil {
			t.Errorf("a member that is not described, before %s, is taken: %v", place, err)
		}
	}
}

// The schema describes every field that the report and its facts can have, and no other.
func TestSchemaDescribesEveryField(t *testing.T) {
	file, err := os.ReadFile("schema.json")
	if err != nil {
		t.Fatal(err)
	}
	var document map[string]any
	if err := json.Unmarshal(file, &document); err != nil {
		t.Fatal(err)
	}
	defs := document["$defs"].(map[string]any)
	properties := func(of any) map[string]any { return of.(map[string]any)["properties"].(map[string]any) }
	compare := func(name string, described map[string]any, typ reflect.Type, besides ...string) {
		fields := map[string]bool{}
		for _, field := range besides {
			fields[field] = true
		}
		for i := range typ.NumField() {
			tag, _, _ := strings.Cut(typ.Field(i).Tag.Get("json"), ",")
			if tag != "-" {
				fields[tag] = true
			}
		}
		for field := range fields {
			if described[field] == nil {
				t.Errorf("schema.json: %s lacks %s", name, field)
			}
		}
		for field := range described {
			if !fields[field] {
				t.Errorf("schema.json: %s has %s, which no report has", name, field)
			}
		}
	}
	compare("the report", properties(document), reflect.TypeFor[report.Report]())
	compare("tool", properties(properties(document)["tool"]), reflect.TypeFor[report.Tool]())
	also := []string{"failure", "uncounted"}
	for name, def := range map[string]struct {
		typ     reflect.Type
		besides []string
	}{
		"target": {reflect.TypeFor[evidence.Target](), []string{"key_source"}}, "host": {reflect.TypeFor[evidence.Host](), nil},
		"system": {reflect.TypeFor[evidence.System](), nil}, "route": {reflect.TypeFor[evidence.Route](), nil},
		"dnsReply": {reflect.TypeFor[evidence.DNSReply](), nil},
		"proxy":    {reflect.TypeFor[evidence.Proxy](), nil}, "diagnosis": {reflect.TypeFor[report.Diagnosis](), nil},
		"probe": {reflect.TypeFor[report.Probe](), nil}, "failure": {reflect.TypeFor[evidence.Failure](), nil},
		"trust": {reflect.TypeFor[evidence.Trust](), nil}, "certificate": {reflect.TypeFor[evidence.Certificate](), nil},
		"sighting": {reflect.TypeFor[evidence.Sighting](), nil}, "dnsAnswer": {reflect.TypeFor[evidence.DNSAnswer](), nil},
		"attempt": {reflect.TypeFor[evidence.Attempt](), nil}, "hop": {reflect.TypeFor[evidence.Hop](), nil},
		"control":     {reflect.TypeFor[evidence.Control](), nil},
		"egressFacts": {reflect.TypeFor[evidence.Egress](), also},
		"rulesFacts":  {reflect.TypeFor[evidence.Rules](), append(also, "source")},
		"dnsFacts":    {reflect.TypeFor[evidence.DNS](), also},
		"portFacts":   {reflect.TypeFor[evidence.Port](), append(also, "controls", "direct", "this_host", "port_witness")},
		"tlsFacts":    {reflect.TypeFor[evidence.TLS](), append(also, "clock", "ca_file", "ca_names", "public_roots", "allow_intercepted")},
		"callFacts": {reflect.TypeFor[evidence.Call](), append(also, "key_given", "key_source", "key_problems", "key_form", "key_around",
			"cross_check", "status_page")},
	} {
		compare(name, properties(defs[name]), def.typ, def.besides...)
	}
	within := func(def, field string) any { return properties(defs[def])[field] }
	compare("path", properties(within("portFacts", "path")), reflect.TypeFor[evidence.Path]())
	compare("round_trips", properties(within("portFacts", "round_trips")), reflect.TypeFor[evidence.RoundTrips]())
	compare("counts", properties(defs["counts"]), reflect.TypeFor[evidence.Counts]())
	compare("thisHost", properties(defs["thisHost"]), reflect.TypeFor[evidence.ThisHost]())
	compare("servers", properties(within("portFacts", "servers")), reflect.TypeFor[evidence.Servers]())
	compare("port_witness", properties(within("portFacts", "port_witness")), reflect.TypeFor[evidence.Witness]())
	compare("direct", properties(within("portFacts", "direct")), reflect.TypeFor[evidence.Direct]())
	compare("proxy_reply", properties(within("portFacts", "proxy_reply")), reflect.TypeFor[evidence.ProxyReply]())
	compare("clock", properties(within("tlsFacts", "clock")), reflect.TypeFor[evidence.Clock]())
	items := func(list any) map[string]any { return properties(list.(map[string]any)["items"]) }
	compare("records", items(within("dnsReply", "records")), reflect.TypeFor[evidence.DNSRecord]())
	compare("variants", items(within("tlsFacts", "variants")), reflect.TypeFor[evidence.Variant]())
	compare("elsewhere", items(within("tlsFacts", "elsewhere")), reflect.TypeFor[evidence.Elsewhere]())
	compare("samples", items(properties(within("tlsFacts", "clock"))["samples"]), reflect.TypeFor[evidence.ClockSample]())
	compare("problems", items(within("rulesFacts", "problems")), reflect.TypeFor[iprules.Problem]())
	compare("results", items(within("rulesFacts", "results")), reflect.TypeFor[iprules.Result]())
	compare("key_form", properties(within("callFacts", "key_form")), reflect.TypeFor[opensrs.Form]())
	compare("cross_check", properties(within("callFacts", "cross_check")), reflect.TypeFor[evidence.CrossCheck]())
	compare("status_page", properties(within("callFacts", "status_page")), reflect.TypeFor[evidence.StatusPage]())
}

func TestReadWhatWasWritten(t *testing.T) {
	for name, r := range screens(t) {
		first := jsonOf(t, r)
		again, err := report.Read(bytes.NewReader(first))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if diff := cmp.Diff(string(first), string(jsonOf(t, again))); diff != "" {
			t.Errorf("%s: written again it differs:\n%s", name, diff)
		}
		if screenOf(t, r, screen.Options{}) != screenOf(t, again, screen.Options{}) {
			t.Errorf("%s: rendered again it differs", name)
		}
	}
}

func TestReadNamesWhatIsWrong(t *testing.T) {
	good := string(jsonOf(t, saved(t, filteredEvidence(), filteredDiagnosis())))
	replaced := func(old, new string) string {
		if !strings.Contains(good, old) {
			t.Fatalf("the report has no %s", old)
		}
		return strings.Replace(good, old, new, 1)
	}
	for want, text := range map[string]string{
		"the file is empty":                    " \n",
		"no single JSON document":              good + "{}",
		"unexpected end of JSON input":         good[:len(good)/2],
		"a JSON object is expected":            `["opensrs-doctor/report/v1"]`,
		"it has no schema":                     `{"verdict": "pass"}`,
		`schema "opensrs-doctor/report/v9"`:    replaced("report/v1", "report/v9"),
		`verdict is "perhaps"`:                 replaced(`"verdict": "fail"`, `"verdict": "perhaps"`),
		"duration_ms cannot be a JSON string":  replaced(`"duration_ms": 3120`, `"duration_ms": "long"`),
		`probes[2] is "nds", not "dns"`:        replaced(`"name": "dns"`, `"name": "nds"`),
		`severity of diagnoses[0] is "bad"`:    replaced(`"severity": "fail"`, `"severity": "bad"`),
		`confidence of diagnoses[0] is "sure"`: replaced(`"confidence": "certain"`, `"confidence": "sure"`),
		`status of probe port is "broken"`:     replaced(`"status": "fail"`, `"status": "broken"`),
		"it has 0 probes, not 6":               `{"schema": "opensrs-doctor/report/v1", "verdict": "pass"}`,
	} {
		_, err := report.Read(strings.NewReader(text))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want an error with %q", err, want)
		}
	}
}

// A later release may have a probe more: the rest of its report is read.
func TestReadLeavesOutWhatItDoesNotKnow(t *testing.T) {
	r := saved(t, healthyEvidence())
	want := screenOf(t, r, screen.Options{})
	later := report.Probe{Name: "whois", Status: "maybe", Facts: json.RawMessage(`[]`)}
	for at := range len(r.Probes) + 1 {
		longer := *r
		longer.Probes = slices.Insert(slices.Clone(r.Probes), at, later)
		again, err := report.Read(bytes.NewReader(jsonOf(t, &longer)))
		if err != nil {
			t.Fatal(err)
		}
		if got := screenOf(t, again, screen.Options{}); got != want {
			t.Errorf("with a probe more at %d it looks different:\n%s", at, got)
		}
	}
}

// endless is a file that never ends.
type endless struct{ read int }

func (e *endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	e.read += len(p)
	return len(p), nil
}

func TestReadIsBounded(t *testing.T) {
	source := &endless{}
	_, err := report.Read(source)
	if err == nil || !strings.Contains(err.Error(), "larger than 8 MiB") {
		t.Errorf("got %v", err)
	}
	if source.read > 2*report.MaxBytes {
		t.Errorf("read %d bytes", source.read)
	}
	if _, err := report.Read(io.LimitReader(strings.NewReader(strings.Repeat("[", 1<<20)), 1<<20)); err == nil {
		t.Error("a deep document was taken")
	}
}

func TestJSONIsStable(t *testing.T) {
	r := saved(t, healthyEvidence())
	text := string(jsonOf(t, r))
	if text != string(jsonOf(t, r)) {
		t.Error("two documents of one report differ")
	}
	for _, want := range []string{`"diagnoses": []`, "\n  \"probes\": [\n"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %s in %s", want, text)
		}
	}
	if r.Diagnoses != nil {
		t.Error("the report was changed")
	}
}
