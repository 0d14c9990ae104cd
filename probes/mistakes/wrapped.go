package mistakes

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"

	"opensrs-doctor/probes/lazy"
)

// XML that was signed as it is, and sent inside something else.

var (
	formField      = lazy.Pattern{Text: `^[A-Za-z0-9_.%\[\]-]{1,64}=`}
	multipartStart = lazy.Pattern{Text: `(?i)^(?:\r?\n)*--[^\r\n]{1,200}\r?\ncontent-[a-z]+:`}
)

// FormField is the name, with its =, of the form's field that a body begins with; nil where it begins with none.
func FormField(body []byte) []byte { return formField.Regexp().Find(body) }

// IsMultipart reports whether a body begins as multipart/form-data does (RFC 7578).
func IsMultipart(body []byte) bool { return multipartStart.Regexp().Match(body) }

// XMLInJSON gives the first text in JSON that is XML; nil where there is none.
func XMLInJSON(text []byte) []byte {
	decoder := json.NewDecoder(bytes.NewReader(text))
	for {
		token, err := decoder.Token()
		if err != nil {
			return nil
		}
		if value, is := token.(string); is && strings.HasPrefix(strings.TrimSpace(value), "<") {
			return []byte(value)
		}
	}
}

// fromField takes the XML out of a field of a form, "xml=%3C...": it was signed alone. A field whose value was not
// encoded goes to the body's end; that is what a nil decode is for.
func fromField(decode func(string) (string, error)) rewrite {
	return func(body []byte) pieces {
		field := FormField(body)
		if field == nil {
			return nil
		}
		value := body[len(field):]
		if decode == nil {
			return whole(value)
		}
		value, _, _ = bytes.Cut(value, []byte("&"))
		text, err := decode(string(bytes.TrimRight(value, "\r\n")))
		if err != nil {
			return nil
		}
		return whole([]byte(text))
	}
}

// fromPart takes the first part out of multipart/form-data.
func fromPart(body []byte) pieces {
	if !IsMultipart(body) {
		return nil
	}
	body = bytes.TrimLeft(body, "\r\n")
	boundary, _, _ := bytes.Cut(body, []byte("\n"))
	_, part, _ := bytes.Cut(body, []byte("\r\n\r\n"))
	part, _, found := bytes.Cut(part, slices.Concat([]byte("\r\n"), bytes.TrimRight(boundary, "\r")))
	if !found {
		return nil
	}
	return whole(part)
}

// fromJSON takes XML out of JSON.
func fromJSON(body []byte) pieces {
	if text := bytes.TrimSpace(body); len(text) == 0 || bytes.IndexByte([]byte(`{["`), text[0]) < 0 {
		return nil
	}
	if inside := XMLInJSON(body); inside != nil {
		return whole(inside)
	}
	return nil
}
