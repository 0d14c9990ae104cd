package mistakes

import "bytes"

// XML that was signed as it is, and sent inside something else.

// fromField takes the XML out of a field of a form, "xml=%3C...": it was signed alone. A field whose value was not
// encoded goes to the body's end; that is what a nil decode is for.
func fromField(decode func(string) (string, error)) rewrite {
	return func(body []byte) pieces {
		field := formField().Find(body)
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

// fromPart takes the first part out of multipart/form-data (RFC 7578).
func fromPart(body []byte) pieces {
	if !multipartStart().Match(body) {
		return nil
	}
	body = bytes.TrimLeft(body, "\r\n")
	boundary := bytes.TrimRight(firstLine(body), "\r")
	_, part, _ := bytes.Cut(body, []byte("\r\n\r\n"))
	part, _, found := bytes.Cut(part, append([]byte("\r\n"), boundary...))
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
	if inside := xmlInJSON(body); inside != nil {
		return whole(inside)
	}
	return nil
}
