package mistakes

import (
	"bytes"
	"encoding/json"
	"mime/multipart"
	"net/url"
	"slices"
	"testing"
)

// inJSONAs writes a value as JSON.
func inJSONAs(t *testing.T, value any) string {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func inPart(t *testing.T, text string) string {
	t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	if err := form.WriteField("xml", text); err != nil {
		t.Fatal(err)
	}
	form.Close()
	return body.String()
}

// TestSignedInside: XML that was signed, and sent inside something else, is found by its signature.
func TestSignedInside(t *testing.T) {
	for name, test := range map[string]struct{ body, want string }{
		"a field":              {"xml=" + url.QueryEscape(commandBody), BodyFormEncoded},
		"the first of two":     {"xml=" + url.QueryEscape(commandBody) + "&submit=1", BodyFormEncoded},
		"a field with %20":     {"xml=" + url.PathEscape(commandBody), BodyFormEncoded},
		"a field, not encoded": {"xml=" + commandBody, BodyFormEncoded},
		"multipart":            {inPart(t, commandBody), BodyFormEncoded},
		"a JSON string":        {inJSONAs(t, commandBody), BodyJSON},
		"XML in an object":     {inJSONAs(t, map[string]any{"a": 1, "xml": commandBody}), BodyJSON},
	} {
		if got := explain(t, test.body, clientKey, right(commandBody, clientKey)); !slices.Equal(got, []string{test.want}) {
			t.Errorf("%s: %v", name, got)
		}
		if got := explain(t, test.body, clientKey, right(commandBody, clientKey+"\n")); !slices.Equal(got, inTableOrder(test.want, KeyTrailingNewline)) {
			t.Errorf("%s, and another mistake: %v", name, got)
		}
		if got := explain(t, test.body, clientKey, right(test.body, clientKey)); got != nil {
			t.Errorf("%s, signed as it was sent: %v", name, got)
		}
	}
}
