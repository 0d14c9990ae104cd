package render

import (
	"io"
	"strconv"
	"strings"

	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/probes/lazy"
	"opensrs-doctor/report"
	"opensrs-doctor/report/screen"
)

// WritePrometheus writes the report as metrics in the text format, for the textfile collector of the
// node_exporter. All are gauges in base units. Each has the labels environment, endpoint and, where one was
// given, username: so the files of several runs do not clash in one directory. A status or a verdict is a
// set of series of which one is 1.
func WritePrometheus(w io.Writer, r *report.Report) error {
	m := metrics{common: []label{{"environment", r.Target.Environment}, {"endpoint", Endpoint(r)},
		{"username", r.Target.Username}}}
	m.run(r)
	m.probes(r)
	m.findings(r)
	_, err := io.WriteString(w, m.out.String())
	return err
}

// metrics writes the text format, version 0.0.4 (prometheus.io/docs/instrumenting/exposition_formats), family by family.
type metrics struct {
	common []label
	name   string // of the family that add adds to
	head   string // its HELP and TYPE, until the first series: a family without one is left out
	out    strings.Builder
}

type label struct{ name, value string }

var (
	helpEscapes = lazy.Value[*strings.Replacer]{Make: func() *strings.Replacer {
		return strings.NewReplacer("\\", `\\`, "\n", `\n`)
	}}
	valueEscapes = lazy.Value[*strings.Replacer]{Make: func() *strings.Replacer {
		return strings.NewReplacer("\\", `\\`, "\n", `\n`, `"`, `\"`)
	}}
)

// family begins the next family of gauges.
func (m *metrics) family(name, help string) {
	m.name = "opensrs_doctor_" + name
	m.head = "# HELP " + m.name + " " + helpEscapes.Get().Replace(help) + "\n# TYPE " + m.name + " gauge\n"
}

// add adds a series to the family. A label without a value is none.
func (m *metrics) add(value float64, labels ...label) {
	m.out.WriteString(m.head + m.name)
	m.head = ""
	before := "{"
	for _, l := range append(m.common[:len(m.common):len(m.common)], labels...) {
		if text := screen.Clean(l.value); text != "" {
			m.out.WriteString(before + l.name + `="` + valueEscapes.Get().Replace(text) + `"`)
			before = ","
		}
	}
	if before == "," {
		m.out.WriteByte('}')
	}
	m.out.WriteString(" " + strconv.FormatFloat(value, 'g', -1, 64) + "\n")
}

// set adds a series for each value that the label can have: 1 for the one it has, 0 for the others.
func (m *metrics) set(name, is string, values []string, labels ...label) {
	for _, value := range values {
		m.add(OneIf(value == is), append(labels[:len(labels):len(labels)], label{name, value})...)
	}
}

// OneIf is 1 for what is so and 0 for what is not, as Prometheus has its booleans.
func OneIf(is bool) float64 {
	if is {
		return 1
	}
	return 0
}

func (m *metrics) run(r *report.Report) {
	m.family("verdict", "Whether the verdict of the last run is the one in the label.")
	m.set("verdict", r.Verdict, report.Verdicts)
	m.family("interrupted", "Whether the last run was cut short, so that the verdict is incomplete.")
	m.add(OneIf(r.Interrupted))
	m.family("run_timestamp_seconds", "When the last run began, in seconds since 1970.")
	m.add(float64(r.StartedAt.UnixMilli()) / 1000)
	m.family("run_duration_seconds", "How long the last run took.")
	m.add(max(r.DurationMS, 0) / 1000)
	m.family("build_info", "Always 1; the label has the version of opensrs-doctor.")
	m.add(1, label{"version", r.Tool.Version})
}

func (m *metrics) probes(r *report.Report) {
	m.family("probe_status", "Whether the probe ended as the label says.")
	statuses := []string{string(evidence.Pass), string(evidence.Warn), string(evidence.Fail), string(evidence.Skip)}
	for _, row := range r.Probes {
		m.set("status", string(row.Status), statuses, label{"probe", row.Name})
	}
	m.family("probe_duration_seconds", "How long the probe took; one that was skipped has none.")
	for _, row := range r.Probes {
		if row.Status != evidence.Skip {
			m.add(max(row.DurationMS, 0)/1000, label{"probe", row.Name})
		}
	}
}

// findings are the causes, the addresses and the certificates. A family of which the run has no series is
// left out.
func (m *metrics) findings(r *report.Report) {
	m.family("diagnosis", "Always 1; the labels have a cause that the last run found. Causes that another one explains are left out.")
	told := map[string]bool{}
	for _, d := range r.Diagnoses {
		if !told[screen.Clean(d.Cause)] {
			told[screen.Clean(d.Cause)] = true
			m.add(1, label{"cause", d.Cause}, label{"severity", string(d.Severity)},
				label{"confidence", string(d.Confidence)}, label{"probe", d.Probe})
		}
	}
	m.family("egress_address_info", "Always 1; the label has an address that this host was seen to come from.")
	for _, address := range report.SeenFrom(r) {
		m.add(1, label{"address", address})
	}
	m.family("certificate_expiry_timestamp_seconds", "When a certificate that the service presented ends, in seconds since 1970; depth 0 is the service's own.")
	for depth, certificate := range report.Chain(r) {
		if !certificate.NotAfter.IsZero() {
			m.add(float64(certificate.NotAfter.Unix()), label{"depth", strconv.Itoa(depth)},
				label{"subject", certificate.Subject.String()}, label{"issuer", certificate.Issuer.String()})
		}
	}
}
