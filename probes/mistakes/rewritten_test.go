package mistakes

import (
	"slices"
	"strings"
	"testing"
)

// What an XML library makes of a body whose declaration and document type are not its own: the original was signed and the
// copy sent, or the other way round.
func TestRewritten(t *testing.T) {
	const (
		elements = `<OPS_envelope><header><version>0.9</version></header><body><data_block><dt_assoc><item key="protocol">XCP</item><item key="attributes"><dt_assoc></dt_assoc></item></dt_assoc></data_block></body></OPS_envelope>`
		indented = "<OPS_envelope>\n  <header>\n    <version>0.9</version>\n  </header>\n  <body>\n    <data_block>\n      <dt_assoc>\n        <item key=\"protocol\">XCP</item>\n        <item key=\"attributes\">\n          <dt_assoc/>\n        </item>\n      </dt_assoc>\n    </data_block>\n  </body>\n</OPS_envelope>"
		template = "<?xml version='1.0' encoding=\"UTF-8\" standalone=\"no\" ?>\n<!DOCTYPE OPS_envelope SYSTEM \"ops.dtd\">\n"
		single   = "<?xml version='1.0' encoding='UTF-8' standalone='no' ?><!DOCTYPE OPS_envelope SYSTEM 'ops.dtd'>"
	)
	empty := strings.Replace(elements, "<dt_assoc></dt_assoc>", "<dt_assoc />", 1)
	for name, one := range map[string][2]string{ // as a template, and as a library has it
		"ElementTree":              {template + elements, "<?xml version='1.0' encoding='utf-8'?>\n" + empty},
		"ElementTree, no type":     {single + elements, empty},
		"minidom":                  {template + elements, "<?xml version=\"1.0\" ?>\n<!DOCTYPE OPS_envelope\n  SYSTEM 'ops.dtd'>\n" + indented + "\n"},
		"DOMDocument":              {template + elements, "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"no\"?>\n<!DOCTYPE OPS_envelope SYSTEM \"ops.dtd\">\n" + indented + "\n"},
		"another document type":    {single + elements, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n" + elements},
		"line ends in the prolog":  {strings.ReplaceAll(template, "\n", "\r\n") + elements, template + indented},
		"REXML":                    {template + elements, "<?xml version='1.0' encoding='UTF-8' standalone='no'?>\n<!DOCTYPE OPS_envelope SYSTEM \"ops.dtd\">\n" + strings.ReplaceAll(strings.ReplaceAll(elements, "\"", "'"), "<dt_assoc></dt_assoc>", "<dt_assoc/>")},
		"no declaration, indented": {template + indented, elements},
	} {
		for i, body := range one {
			sent, signed := body, one[1-i]
			if got := explain(t, sent, clientKey, right(signed, clientKey)); len(got) == 0 || len(got) > 2 || slices.Contains(got, WrongKey) {
				t.Errorf("%s: %v for what was signed as %q", name, got, signed)
			}
		}
	}
	verdict := ExplainSignature(Attempt{Body: []byte(template + elements), Key: []byte(clientKey), Signature: right("<?xml version='1.0' encoding='utf-8'?>\n"+empty, clientKey)})
	if !slices.Equal(verdict.Mistakes, []string{BodyReindented}) || !slices.Equal(verdict.Forms, []string{"rewritten"}) {
		t.Errorf("%+v", verdict)
	}
	for name, signed := range map[string]string{"another value": strings.Replace(template+elements, "XCP", "TPP", 1),
		"another order": template + strings.Replace(elements, `<header><version>0.9</version></header>`, "", 1)} {
		if got := explain(t, template+elements, clientKey, right(signed, clientKey)); !slices.Equal(got, []string{WrongKey}) {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func BenchmarkWrongKey(b *testing.B) {
	body := []byte("<?xml version='1.0' encoding='UTF-8' standalone='no' ?>\n<OPS_envelope><a/>" + strings.Repeat("<item key=\"x\">y</item>", 40) + "</OPS_envelope>")
	for b.Loop() {
		ExplainSignature(Attempt{Body: body, Key: []byte(clientKey), Signature: strings.Repeat("0", 32)})
	}
}
