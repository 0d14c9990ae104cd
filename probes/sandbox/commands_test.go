package sandbox

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"opensrs-doctor/probes/observed"
	"opensrs-doctor/probes/opensrs"
)

// body is the envelope of a command about a domain, with attributes as name, value, name, value.
func body(action string, attributes ...string) []byte {
	texts := map[string]string{}
	for i := 0; i+1 < len(attributes); i += 2 {
		texts[attributes[i]] = attributes[i+1]
	}
	return opensrs.Encode(opensrs.Value{Shape: opensrs.Assoc, Items: []opensrs.Item{
		{Key: "protocol", Value: opensrs.TextOf("XCP")}, {Key: "action", Value: opensrs.TextOf(action)},
		{Key: "object", Value: opensrs.TextOf("DOMAIN")}, {Key: "attributes", Value: opensrs.AssocOf(texts)},
	}})
}

// TestDummies: the commands that modules call first are answered in the service's form, with values that nobody takes
// for real ones.
func TestDummies(t *testing.T) {
	var log logged
	s := start(t, Config{Log: log.add})
	for _, test := range []struct {
		body  []byte
		code  string
		wrong string
		holds []string
	}{
		{body("NAME_SUGGEST", "searchstring", "My Taken Name"), "200", "",
			[]string{`>mytakenname.com<`, `>taken<`, `>dummy-1.example<`, `key="count">3<`, `key="is_search_completed">1<`}},
		{body("NAME_SUGGEST", "searchstring", "free.org", "services", "lookup", "tlds", ".org"), "200", "",
			[]string{`>free.org<`, `>available<`}},
		{body("NAME_SUGGEST"), "400", observed.Attribute, nil},
		{body("GET_PRICE", "domain", "example.com"), "200", "", []string{`key="price">99999.99<`}},
		{body("GET_PRICE", "domain", "example"), "400", observed.NoDomain, nil},
		{body("GET", "domain", "example.com", "type", "all_info"), "200", "",
			[]string{`key="contact_set"`, `key="owner"`, `key="registry_expiredate">2099-12-31 23:59:59<`, `>ns1.dummy.example<`}},
		{body("GET", "domain", "example.com"), "400", observed.Attribute, nil},
		{body("GET", "type", "list"), "430", observed.UnknownCommand, nil},
		{body("GET_DOMAINS_BY_EXPIREDATE", "exp_from", "2026-01-01", "exp_to", "2026-12-31"), "200", "",
			[]string{`key="exp_domains"`, `>dummy.example<`, `>2026-12-31 23:59:59<`, `key="remainder">0<`, `key="total">1<`}},
		{body("GET_DOMAINS_BY_EXPIREDATE", "exp_from", "2026-01-01", "exp_to", "2026-12-31", "page", "2"), "200", "",
			[]string{`key="page">2<`, `key="total">1<`}},
		{body("GET_DOMAINS_BY_EXPIREDATE", "exp_from", "2026-01-01"), "400", observed.Attribute, nil},
		{body("GET_DOMAINS_BY_EXPIREDATE", "exp_from", "1 March", "exp_to", "2026-12-31"), "400", observed.Attribute, nil},
		{body("SW_REGISTER", "domain", "example.com"), "430", observed.UnknownCommand, nil},
	} {
		response, err := httpsClient(s).Do(request(t, s, test.body, nil))
		if err != nil {
			t.Fatal(err)
		}
		document, _ := io.ReadAll(response.Body)
		response.Body.Close()
		reply, err := opensrs.ParseReply(document)
		seen := log.last()
		if err != nil || reply.Code != test.code || response.StatusCode != http.StatusOK || wrong(seen) != test.wrong {
			t.Errorf("%v, code %s, the log says %q\n%s", err, reply.Code, wrong(seen), test.body)
		}
		if good := test.code == "200"; good != seen.Dummy || good != strings.Contains(reply.Text, "dummy values") {
			t.Errorf("%s: dummy %v, %s", seen.Command, seen.Dummy, reply.Text)
		}
		for _, part := range test.holds {
			if !strings.Contains(string(document), part) {
				t.Errorf("%s: %s is missing in\n%s", seen.Command, part, document)
			}
		}
	}
}
