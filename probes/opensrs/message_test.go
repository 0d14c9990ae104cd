package opensrs

import (
	"bytes"
	"errors"
	"reflect"
	"strings"
	"testing"
)

// around puts items into an envelope as the service's documentation shows it.
func around(items string) string {
	return `<?xml version='1.0' encoding="UTF-8" standalone="no" ?>
<!DOCTYPE OPS_envelope SYSTEM "ops.dtd">
<OPS_envelope>
 <header><version>0.9</version><msg_id>1</msg_id></header>
 <body><data_block><dt_assoc>` + items + `</dt_assoc></data_block></body>
</OPS_envelope>`
}

const denied = `<item key="protocol">XCP</item><item key="action">REPLY</item>
 <item key="object">BALANCE</item><item key="is_success">0</item>
 <item key="response_code">400</item>
 <item key="response_text">Access denied: invalid IP address</item>`

func TestParseReply(t *testing.T) {
	base := Reply{Protocol: "XCP", Action: "REPLY", Object: "BALANCE", Code: "400",
		Text: "Access denied: invalid IP address"}
	balance := Reply{Code: "200", Success: true, Text: "Command successful",
		Balances: []string{"8549.18", "1676.05"}}
	tests := []struct {
		name, document string
		want           Reply
	}{
		{"as documented", around(denied), base},
		{"byte-order mark", "\ufeff" + around(denied), base},
		{"bytes after the end", around(denied) + "\n\x00 tail", base},
		{"balance", around(`<item key="is_success"> 1 </item><item key="response_code">
			200</item><item key="response_text">Command successful</item>
			<item key="attributes"><dt_assoc><item key="balance">8549.18</item>
			<item key="hold_balance">1676.05</item></dt_assoc></item>`), balance},
		{"success left out", around(`<item key="response_code">210</item>`),
			Reply{Code: "210", Success: true}},
		{"refusal without is_success", around(`<item key="response_code">401</item>`),
			Reply{Code: "401"}},
		{"CDATA, entities, scalars, attributes", around(`<!-- a comment -->` +
			`<item class="x" key="is_success"><dt_scalar t="1">0</dt_scalar></item>
			<item key="response_code"><![CDATA[465]]></item>
			<item key="response_text">a &lt; b &#38; c <b>odd</b></item>
			<strange><item key="response_code">1</item></strange>`),
			Reply{Code: "465", Text: "a < b & c"}},
		{"array", around(`<item key="response_code">200</item><item key="attributes"><dt_array>
			<item key="0"><dt_assoc><item key="balance">1</item></dt_assoc></item></dt_array></item>`),
			Reply{Code: "200", Success: true, Balances: []string{"1"}}},
		{"Latin-1", strings.Replace(around(`<item key="response_code">200</item>`+
			"<item key=\"response_text\">\xe9</item>"), "UTF-8", "ISO-8859-1", 1),
			Reply{Code: "200", Success: true, Text: "é"}},
		{"Latin-1 that claims UTF-8", around(`<item key="response_code">200</item>` +
			"<item key=\"response_text\">\xe9</item>"), Reply{Code: "200", Success: true, Text: "é"}},
		{"us-ascii", strings.Replace(around(denied), "UTF-8", "us-ascii", 1), base},
	}
	for _, test := range tests {
		got, err := ParseReply([]byte(test.document))
		if err != nil || !reflect.DeepEqual(got, test.want) {
			t.Errorf("%s: %+v, %v", test.name, got, err)
		}
	}
}

func TestParseReplyRefuses(t *testing.T) {
	bomb := `<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "lol"><!ENTITY b "&a;&a;&a;&a;">]>
<OPS_envelope>&b;</OPS_envelope>`
	deep := around(strings.Repeat(`<item key="a"><dt_assoc>`, 200))
	tests := []struct {
		name, document, why string // why "": ErrNotEnvelope
	}{
		{"HTML", "<!DOCTYPE html><html><br></html>", ""},
		{"other XML", "<rss/>", ""},
		{"no XML at all", "Access denied", ""},
		{"tag soup", "<<<>>>", ""},
		{"envelope without a reply", around(`<item key="action">X</item>`), ""},
		{"empty", "", whyEmpty},
		{"nothing but white space", " \r\n\x00", whyEmpty},
		{"an entity bomb", bomb, ErrEntities.Error()},
		{"an external entity", strings.Replace(around(denied), `"ops.dtd"`,
			`"ops.dtd" [<!entity x SYSTEM "file:///etc/passwd">]`, 1), ErrEntities.Error()},
		{"an unknown entity", around(`<item key="response_code">&nbsp;</item>`), whySyntax},
		{"too deep", deep, whyDeep},
		{"too big", around(denied) + strings.Repeat(" ", MaxReply), whyBig},
		{"UTF-16 declared", strings.Replace(around(denied), "UTF-8", "UTF-16", 1), whyEncoding},
		{"crossed tags", around("<item></dt_assoc>"), whySyntax},
		{"no data", "<OPS_envelope><body/></OPS_envelope>", whyNoData},
	}
	for _, test := range tests {
		_, err := ParseReply([]byte(test.document))
		var broken *MalformedError
		switch {
		case test.why == "" && err != ErrNotEnvelope:
			t.Errorf("%s: %v", test.name, err)
		case test.why != "" && (!errors.As(err, &broken) || broken.Why.String() != test.why):
			t.Errorf("%s: %v", test.name, err)
		}
	}
	if _, err := ParseReply([]byte(bomb)); !errors.Is(err, ErrEntities) {
		t.Errorf("the entity bomb is not told apart: %v", err)
	}
}

// A reply that breaks off anywhere before its end is malformed, never a wrong reply.
func TestParseReplyCutShort(t *testing.T) {
	whole := bytes.TrimSpace(EncodeReply(400, "a & b", false, "REPLY", "BALANCE", AssocOf(map[string]string{"é": "ü"})))
	for i := range whole {
		_, err := ParseReply(whole[:i])
		var broken *MalformedError
		if !errors.As(err, &broken) {
			t.Fatalf("cut at %d: %v", i, err)
		}
	}
	if _, err := ParseReply(whole); err != nil {
		t.Fatal(err)
	}
}

func TestEncodeReply(t *testing.T) {
	document := EncodeReply(200, `<"&'>`, true, "REPLY", "BALANCE", AssocOf(map[string]string{"balance": "1.00"}))
	if !bytes.Contains(document, []byte(`<item key="response_code">200</item>`)) {
		t.Errorf("items are not spelled as the service spells them:\n%s", document)
	}
	got, err := ParseReply(document)
	want := Reply{Protocol: "XCP", Action: "REPLY", Object: "BALANCE", Success: true, Code: "200",
		Text: `<"&'>`, Balances: []string{"1.00"}}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestRequest(t *testing.T) {
	got, err := ParseRequest(GetBalanceBody())
	want := Request{Protocol: "XCP", Action: "GET_BALANCE", Object: "BALANCE", Attributes: Value{Shape: Assoc}}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := ParseRequest([]byte(around("<item/>"))); err != ErrNotEnvelope {
		t.Errorf("a request without an action: %v", err)
	}
}

func TestEncodeTree(t *testing.T) {
	tree := Value{Shape: Assoc, Items: []Item{
		{"list", ArrayOf(TextOf("a"), AssocOf(map[string]string{"k": "v", "a<": "&"}))},
		{"none", Value{Shape: Array}},
		{"text", TextOf("two\nlines")},
	}}
	got, err := Decode(Encode(tree))
	if err != nil || !reflect.DeepEqual(got, tree) {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestClassOf(t *testing.T) {
	tests := []struct {
		code, text string
		want       Class
	}{
		{"400", "Access denied: invalid IP address", IPDenied},
		{"400", "Access Denied: Invalid  IP\nAddress", IPDenied},
		{"401", "IP address 203.0.113.10 is not on the list", IPDenied},
		{"403", "Your IP is not authorized", IPDenied},
		{"401", "Authentication failed", AuthFailed},
		{"410", "Reseller authentication error", AuthFailed},
		{"415", "", PermissionDenied},
		{"435", "Permission denied", PermissionDenied},
		{"300", "", RateLimited},
		{"310", "", RateLimited},
		{"350", "", RateLimited},
		{"404", "", ServerError},
		{"405", "", ServerError},
		{"436", "", ServerError},
		{"400", "Internal server error", ServerError},
		{"400", "Invalid Command: Missing standard keys", Unknown},
		{"400", "zip code not valid", Unknown},
		{"", "", Unknown},
		{"999", "invalid IP address", Unknown},
	}
	for _, test := range tests {
		if got := ClassOf(Reply{Code: test.code, Text: test.text}); got != test.want {
			t.Errorf("%s %q: %s, want %s", test.code, test.text, got, test.want)
		}
	}
	if ClassOf(Reply{Success: true, Code: "200"}) != Accepted {
		t.Error("success is not accepted")
	}
}

func FuzzParseReply(f *testing.F) {
	f.Add([]byte(around(denied)))
	f.Add(EncodeReply(200, "ok", true, "REPLY", "BALANCE", AssocOf(map[string]string{"balance": "1"})))
	f.Add([]byte("<!DOCTYPE a [<!ENTITY b 'c'>]><OPS_envelope/>"))
	f.Add([]byte("<html>"))
	f.Fuzz(func(t *testing.T, document []byte) {
		reply, err := ParseReply(document)
		var broken *MalformedError
		switch {
		case err == nil:
			ClassOf(reply)
		case err != ErrNotEnvelope && !errors.As(err, &broken):
			t.Errorf("an error of no known type: %v", err)
		}
	})
}
