package deploy

import (
	"strconv"
	"strings"
	"time"

	"opensrs-doctor/probes/service"
)

// prometheus writes the alert rules, and the tests of these very rules.
func prometheus(s Settings) []File {
	twice, stale := 2*s.Every+s.Every/4, 3*s.Every
	step := time.Minute // between two evaluations in the tests: of long times few, or the tests are slow
	if s.Every >= 5*time.Minute {
		step = 5 * time.Minute
	}
	after := func(d time.Duration) time.Duration { return d.Truncate(step) + 2*step }
	v := values{"selector": "", "only": "", "absent_labels": "", "twice": span(twice), "twice_later": span(after(twice)), "step": span(step),
		"max_age": strconv.Itoa(int(stale.Seconds())), "max_age_time": span(stale), "max_age_later": span(after(stale)),
		"max_age_words": humanized(after(stale)), "samples": strconv.Itoa(int(after(stale).Minutes()))}
	var selectors, absent []string
	environment, endpoint := service.OpenSRS.Live.Name, service.OpenSRS.Endpoint(service.OpenSRS.Live)
	if s.Environment != "" {
		environment = s.Environment
		selectors = append(selectors, "environment="+promText(environment))
		absent = append(absent, "environment: "+yamlText(environment))
	}
	if s.Endpoint != "" {
		endpoint = s.Endpoint
		selectors = append(selectors, "endpoint="+promText(endpoint))
		absent = append(absent, "endpoint: "+yamlText(endpoint))
	}
	if len(selectors) > 0 {
		v["selector"], v["only"] = ","+strings.Join(selectors, ","), "{"+strings.Join(selectors, ",")+"}"
		v["absent_labels"] = strings.Join(absent, "\n")
	}
	v["endpoint"] = endpoint
	v["labels"] = "environment=" + promText(environment) + ",endpoint=" + promText(endpoint)
	v["labels_yaml"] = "environment: " + yamlText(environment) + "\nendpoint: " + yamlText(endpoint)
	return []File{{"opensrs-doctor.rules.yml", fill("opensrs-doctor.rules.yml", v)}, {"opensrs-doctor.test.yml", fill("opensrs-doctor.test.yml", v)}}
}

// span is a time as Prometheus reads it, in whole minutes.
func span(d time.Duration) string { return strconv.Itoa(int(d.Minutes())) + "m" }

// humanized is a time of a minute or more as Prometheus's template function humanizeDuration writes it.
func humanized(d time.Duration) string {
	seconds := int64(d.Seconds())
	var parts []string
	for _, unit := range []struct {
		name string
		of   int64
	}{{"d", 86400}, {"h", 3600}, {"m", 60}, {"s", 1}} {
		if n := seconds / unit.of; n > 0 || len(parts) > 0 {
			parts = append(parts, strconv.FormatInt(n, 10)+unit.name)
			seconds %= unit.of
		}
	}
	return strings.Join(parts, " ")
}
