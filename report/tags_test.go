package report_test

import (
	"encoding"
	"encoding/json"
	"fmt"
	"net/netip"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"opensrs-doctor/report"
	"opensrs-doctor/report/anonymize"
)

// eachText visits every field that a report holds text in, and that is no address or time by its type.
func eachText(visit func(owner reflect.Type, field reflect.StructField)) {
	seen := map[reflect.Type]bool{}
	var walk func(owner reflect.Type, field reflect.StructField, of reflect.Type)
	walk = func(owner reflect.Type, field reflect.StructField, of reflect.Type) {
		switch {
		case of.Kind() == reflect.Pointer:
			walk(owner, field, of.Elem())
		case slices.Contains([]reflect.Type{reflect.TypeFor[netip.Addr](), reflect.TypeFor[netip.AddrPort](), reflect.TypeFor[time.Time](),
			reflect.TypeFor[json.RawMessage]()}, of):
		case of.Kind() == reflect.String, of.Implements(reflect.TypeFor[encoding.TextMarshaler]()):
			visit(owner, field)
		case of.Kind() == reflect.Struct && !seen[of]:
			seen[of] = true
			for i := range of.NumField() {
				if inside := of.Field(i); inside.Tag.Get("json") != "-" {
					walk(of, inside, inside.Type)
				}
			}
		case slices.Contains([]reflect.Kind{reflect.Slice, reflect.Map}, of.Kind()):
			walk(owner, field, of.Elem())
		}
	}
	walk(nil, reflect.StructField{}, reflect.TypeFor[report.Report]())
	for _, facts := range report.FactsTypes.Get() {
		walk(nil, reflect.StructField{}, facts)
	}
}

// closedLists are the members whose texts are of closed lists, by their tags.
var closedLists = sync.OnceValue(func() map[string]bool {
	names := map[string]bool{}
	eachText(func(_ reflect.Type, field reflect.StructField) {
		if field.Tag.Get("anonymize") == "keep" {
			name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
			names[name] = true
		}
	})
	return names
})

// TestEveryTextHasATag: who adds a text says what it is, or an anonymized report is without it.
func TestEveryTextHasATag(t *testing.T) {
	known := strings.Fields(`keep address user host peer path device process rule comment sentence text quote drop
		distinguished certificate fingerprint`)
	count := 0
	eachText(func(owner reflect.Type, field reflect.StructField) {
		count++
		kind, of, has := strings.Cut(field.Tag.Get("anonymize"), ",")
		if !slices.Contains(known, kind) || has && of != "issuer" && of != "subject" {
			t.Errorf(`%v.%s has the tag anonymize:"%s"`, owner, field.Name, field.Tag.Get("anonymize"))
		}
	})
	if count < 100 {
		t.Errorf("only %d texts", count)
	}
}

// telling is for each kind a text that says whose report it is.
var telling = map[string]string{
	"address": "203.0.113.77", "user": "acme", "host": "acme.example", "peer": "api.acme.example:443", "path": "/opt/acme/ca.pem:7",
	"device": "acme0", "process": "/system.slice/acme.service", "comment": "for acme",
	"rule":          `203.0.113.0/24 via 203.0.113.9 dev acme0 jump acme_out comment "acme only"`,
	"sentence":      "203.0.113.77 is allowed",
	"text":          "http://acme.example/ has /opt/acme/ca.pem, and /home/acme/key",
	"quote":         "www.acme.example cannot open /etc/acme/ca.pem at 203.0.113.77",
	"distinguished": "CN=acme.example,O=acme Inc.", "certificate": "acme", "fingerprint": "acmeacme", "drop": "acme",
}

// fill puts a telling text into every field, by its tag: each another one, so that none is found only because of another.
func fill(v reflect.Value, tag string, count *int) {
	*count++
	kind, _, _ := strings.Cut(tag, ",")
	text := strings.ReplaceAll(telling[kind], "acme", fmt.Sprint("acme", *count))
	switch at := v.Addr().Interface().(type) {
	case *netip.Addr:
		*at = netip.MustParseAddr(telling["address"])
		return
	case *netip.AddrPort:
		*at = netip.MustParseAddrPort(telling["address"] + ":443")
		return
	case encoding.TextUnmarshaler:
		at.UnmarshalText([]byte(text))
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(text)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), tag, count)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(v.Index(0), tag, count)
	case reflect.Struct:
		for i := range v.NumField() {
			if field := v.Type().Field(i); field.IsExported() && field.Tag.Get("json") != "-" {
				fill(v.Field(i), field.Tag.Get("anonymize"), count)
			}
		}
	}
}

// TestNoTellingTextIsLeft: a report that says in every field whose it is says it in none when it is anonymized.
func TestNoTellingTextIsLeft(t *testing.T) {
	r, count := new(report.Report), 0
	fill(reflect.ValueOf(r).Elem(), "", &count)
	r.Probes = nil
	for name, of := range report.FactsTypes.Get() {
		facts := reflect.New(of)
		fill(facts.Elem(), "", &count)
		document, err := json.Marshal(facts.Interface())
		if err != nil {
			t.Fatal(err)
		}
		r.Probes = append(r.Probes, report.Probe{Name: name, Facts: document})
	}
	before := string(jsonOf(t, r))
	if got := strings.Count(before, "acme"); got < 150 {
		t.Errorf("acme is there only %d times", got)
	}
	after := string(jsonOf(t, anonymize.Anonymize(r)))
	for line := range strings.Lines(after) {
		if strings.Contains(line, "acme") || strings.Contains(line, "203.0.113") {
			t.Error(line)
		}
	}
	for _, found := range regexp.MustCompile(`"([a-z]+-[0-9]+)"`).FindAllStringSubmatch(after, -1) {
		if !anonymize.HoldsToken(found[1]) {
			t.Errorf("%s is a token of no kind", found[1])
		}
	}
	if before, after := strings.Count(before, "\n"), strings.Count(after, "\n"); after < before-10 {
		t.Errorf("of %d lines %d are left", before, after)
	}
}

// TestUnknownMembersAreLeftOut: what no field is for, or is not what the field is for, is not in an anonymized report.
func TestUnknownMembersAreLeftOut(t *testing.T) {
	r := saved(t, filteredEvidence(), filteredDiagnosis())
	r.Probes[0].Facts = []byte(`{"customer": "acme", "agreeing": "acme", "asked": 4, "ipv4": ["acme", "203.0.113.10", {"acme": 1}],
		"call_address": "acme", "sightings": [{"source": {"acme": "acme"}, "late": "acme", "path": "direct"}], "given": {"acme": true}}`)
	r.Probes[1].Facts = []byte(`{"verdict": "allow", "rules": {"acme": "acme"}, "results": [{"ip": "acme", "readings": ["acme"]}]}`)
	r.Probes[5].Facts = []byte(`{"date": "acme", "key_problems": [1, "quotes"], "sent": true}`)
	anonymous := anonymize.Anonymize(r)
	for i, want := range map[int]string{
		0: `{"asked":4,"ipv4":["address-4"],"sightings":[{"path":"direct"}]}`,
		1: `{"verdict":"allow","results":[{}]}`,
		5: `{"key_problems":["quotes"],"sent":true}`,
	} {
		if got := string(anonymous.Probes[i].Facts); got != want {
			t.Errorf("%s: %s, want %s", anonymous.Probes[i].Name, got, want)
		}
	}
}
