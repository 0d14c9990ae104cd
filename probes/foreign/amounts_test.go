package foreign

import "testing"

func TestQuoteReplyHidesAmounts(t *testing.T) {
	scrub := &Scrubber{}
	scrub.Add(exampleKey)
	amounts := []string{"73519.42", "8841.07", "200.00"}
	for said, want := range map[string]string{
		"You have 73519.42 USD":                             "You have [redacted] USD",
		"You have 73,519.42 left":                           "You have [redacted] left",
		"73 519,42 remain":                                  "[redacted] remain",
		"73'519.42, 73519 or 7 3 5 1 9 . 4 2":               "[redacted], [redacted] or [redacted]",
		"no decimals: 73519":                                "no decimals: [redacted]",
		"NzM1MTkuNDI=, 24.91537":                            "[redacted]=, [redacted]",
		"７３５１９.４２ in other digits":                          "[redacted] in other digits",
		"٧٣٥١٩٫٤٢":                                          "[redacted]",
		"&#55;&#51;519.42 left":                             "[redacted] left",
		"You have USD 12 and $5 and 7 dollars, C$ 8, 9€.":   "You have USD [redacted] and $[redacted] and [redacted] dollars, C$ [redacted], [redacted]€.",
		"<b>12</b> USD; <i>EUR</i> <b>13</b>":               "<b>[redacted]</b> USD; <i>EUR</i> <b>[redacted]</b>",
		"fee 0.35, balance 12":                              "fee [redacted], balance [redacted]",
		"73.519,42 and 7.351942e4 and 73519.4k":             "[redacted] and [redacted]e4 and [redacted]k",
		"hold_balance: 8841.07":                             "hold_balance: [redacted]",
		`{"balance": 12}`:                                   `{"balance": [redacted]}`,
		"Authentication failed":                             "Authentication failed",
		"from 198.51.100.25, 10.20.30.40:443, 10.20.0.0/16": "from 198.51.100.25, 10.20.30.40:443, 10.20.0.0/16",
		"nginx/1.25, TLS 1.23, version 2.50, 1.2.33":        "nginx/1.25, TLS 1.23, version 2.50, 1.2.33",
		"at 2026-11-26T05:44:58Z, 12:30, 26.11.2026":        "at 2026-11-26T05:44:58Z, 12:30, 26.11.2026",
		"error 404, limit 5 per 10 minutes, 2.5 s":          "error 404, limit 5 per 10 minutes, 2.5 s",
		"HTTP 503 after 1234 tries":                         "HTTP 503 after 1234 tries",
	} {
		if got := scrub.QuoteReply(said, amounts, 300).String(); got != want {
			t.Errorf("%q became %q, want %q", said, got, want)
		}
	}
	text := Ours("our 73519.42")
	evidence := &struct{ Theirs, Ours, Address Text }{Oursf("73519.42 and %s", scrub.Quote("you have 73,519.42 and 200.00", 50)), text, scrub.Quote("7.35.19.42", 20)}
	HideAmounts(evidence, amounts, false)
	if got := evidence.Theirs.String(); got != "73519.42 and you have [redacted] and [redacted]" || evidence.Ours != text || evidence.Address.String() != "7.35.19.42" {
		t.Errorf("%+v", evidence)
	}
}
