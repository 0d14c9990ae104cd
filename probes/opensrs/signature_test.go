package opensrs

import (
	"strings"
	"testing"
)

func TestVector(t *testing.T) {
	if !CheckVector() {
		t.Fatal("the published vector does not come out")
	}
	if got := string(round([]byte("ConnecttoOpenSRSviaSSL"), nil)); got != vectorSingle {
		t.Errorf("one round over the published text: %s", got)
	}
	if Sign([]byte("a"), []byte("k")) == Sign([]byte("a\n"), []byte("k")) {
		t.Error("a trailing newline does not change the signature")
	}
}

func TestCheckKey(t *testing.T) {
	hex112 := strings.Repeat("0f", 56)
	tests := []struct {
		key  string
		want string
	}{
		{hex112, ""},
		{strings.Repeat("a", 112), ""}, // repetition is no evidence
		{"0123456789abcdef", ""},
		{"short", ""},
		{"", "empty"},
		{" \n", "empty"},
		{`"` + hex112 + `"`, "quotes"},
		{hex112 + "'", "quotes"},
		{"“" + hex112 + "”", "quotes"},
		{hex112[:56] + " " + hex112[56:], "spaces"},
		{hex112[:56] + "\n" + hex112[56:], "spaces"},
		{"OSRS_KEY=" + hex112, "assignment"},
		{`export OPENSRS_API_KEY="` + hex112 + `"`, "assignment"},
		{"set KEY=" + hex112, "assignment"},
		{"api-key: " + hex112, "assignment"}, // the name is no placeholder
		{`{"api_key": "` + hex112 + `"}`, "assignment"},
		{"'key' => '" + hex112 + "',", "assignment"},
		{"$config['osrs_key'] = '" + hex112 + "';", "assignment"},
		{"define('OSRS_KEY', '" + hex112 + "');", "assignment"},
		{`define( "OSRS_KEY" , "` + hex112 + `" );`, "assignment"},
		{"<?php\n// ours\ndefine('OSRS_USERNAME', 'acme');\ndefine('OSRS_KEY', '" + hex112 + "');", "assignment"},
		{"define('OSRS_KEY', 'your_key_here');", "assignment placeholder"},
		{`<?php define("OSRS_KEY","` + hex112 + `");`, "assignment"},
		{`<? define("OSRS_KEY","` + hex112 + `");`, "assignment"},
		{"OSRS_KEY=changeme", "assignment placeholder"},
		{"\ufeffOSRS_KEY=" + hex112, "byte-order-mark assignment"},
		{strings.TrimSuffix(strings.Repeat("ab:", 56), ":"), ""}, // pairs, and no name before them
		{"q83vASNFZ4k=", ""}, // base64
		{"C:\\keys\\opensrs.key", ""},
		{"\ufeff" + hex112, "byte-order-mark"},
		{"\ufeff", "byte-order-mark empty"},
		{"\xff\xfe0\x001\x00", "byte-order-mark control-characters"},
		{hex112 + "\x00", "control-characters"},
		{"YOUR_API_KEY", "placeholder"},
		{"changeme", "placeholder"},
		{strings.Repeat("x", 112), "placeholder"},
		{"<key>", "placeholder"},
		{`"your key"`, "quotes spaces placeholder"},
	}
	for _, test := range tests {
		var got []string
		for _, problem := range CheckKey([]byte(test.key)) {
			got = append(got, string(problem))
		}
		if strings.Join(got, " ") != test.want {
			t.Errorf("%q: %v, want %q", test.key, got, test.want)
		}
	}
}
