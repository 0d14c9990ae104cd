package mistakes

import "testing"

// TestSignatureShapes: what is not a digest is not called another key, and a part of the right one is told from that.
func TestSignatureShapes(t *testing.T) {
	body := sentBodies[0]
	digest := right(body, clientKey)
	other := m("something else")
	for _, test := range []struct{ signature, want, form string }{
		{other, WrongKey, ""},
		{upper(other), WrongKey, ""},
		{based(other), WrongKey, ""},
		{`"` + other + `"`, WrongKey, ""},
		{"abc", SignatureMalformed, ""},
		{digest[:3], SignatureMalformed, ""}, // by chance one in 4,096 begins so
		{digest[:8], SignatureCut, ""},
		{digest[:31], SignatureCut, ""},
		{upper(digest[:20]), SignatureCut, ""},
		{digest[1:], SignatureCut, "start"},
		{digest[20:], SignatureCut, "start"},
		{other[:31], SignatureMalformed, ""},
		{other[:22], SignatureMalformed, ""}, // base64 of 16 bytes, too
		{other + "0", SignatureMalformed, ""},
		{digest + "0", SignatureFormat, longer},
		{digest + digest, SignatureFormat, longer},
		{s1("something else"), SignatureMalformed, ""},
		{s256("something else"), SignatureMalformed, ""},
		{other[:31] + "g", SignatureMalformed, ""},
		{"nonsense", SignatureMalformed, ""},
		{"Array", SignatureMalformed, ""},
		{"<md5 _hashlib.HASH object @ 0x7f>", SignatureMalformed, ""},
		{"", SignatureMalformed, ""},
	} {
		got := ExplainSignature(Attempt{[]byte(body), []byte(clientKey), clientName, test.signature})
		if got.Match || len(got.Mistakes) != 1 || got.Mistakes[0] != test.want || got.Forms[0] != test.form {
			t.Errorf("%q: %+v, want %s %s", test.signature, got, test.want, test.form)
		}
	}
	if got, want := ShapeOf(" äbc\n"), (SignatureShape{Length: 3, Others: 1}); got != want {
		t.Errorf("%+v", got)
	}
}
