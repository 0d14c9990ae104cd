package report_test

import "opensrs-doctor/probes/foreign"

// said are words as a run without a secret has them of somebody else.
func said(words string) foreign.Text { return (*foreign.Scrubber)(nil).Quote(words, 1000) }

func saidAll(words ...string) []foreign.Text { return (*foreign.Scrubber)(nil).QuoteAll(words, 1000) }

// pemOf is a certificate as a saved report has it.
func pemOf(text string) (certificate foreign.PEM) {
	certificate.UnmarshalText([]byte(text))
	return certificate
}
