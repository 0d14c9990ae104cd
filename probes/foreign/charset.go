package foreign

import (
	"bytes"
	"encoding/binary"
	"mime"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// Decode gives the text of a body: UTF-16 by its byte-order mark, by the charset of its content type, or by its zero
// bytes; else UTF-8; else Latin-1, in which every byte is a character.
func Decode(body []byte, contentType string) string {
	_, parameters, _ := mime.ParseMediaType(contentType)
	charset := strings.ToLower(strings.Trim(parameters["charset"], `"' `))
	switch {
	case bytes.HasPrefix(body, []byte("\xef\xbb\xbf")):
		return Decode(body[3:], "")
	case bytes.HasPrefix(body, []byte("\xff\xfe")):
		return fromUTF16(body[2:], binary.LittleEndian)
	case bytes.HasPrefix(body, []byte("\xfe\xff")):
		return fromUTF16(body[2:], binary.BigEndian)
	case strings.HasPrefix(charset, "utf-16be"), zeros(body, 0):
		return fromUTF16(body, binary.BigEndian)
	case strings.HasPrefix(charset, "utf-16"), zeros(body, 1):
		return fromUTF16(body, binary.LittleEndian)
	case utf8.Valid(body), strings.HasPrefix(charset, "utf-8"):
		return string(body)
	}
	runes := make([]rune, len(body))
	for i, b := range body {
		runes[i] = rune(b)
	}
	return string(runes)
}

// zeros reports whether most of the first bytes at even (0) or odd (1) places are zero, and hardly any at the others.
func zeros(body []byte, odd int) bool {
	var count [2]int
	body = body[:min(len(body), 64)]
	for i, b := range body {
		if b == 0 {
			count[i%2]++
		}
	}
	return len(body) >= 8 && count[odd]*3 > len(body) && count[1-odd]*8 < len(body)
}

func fromUTF16(body []byte, order binary.ByteOrder) string {
	units := make([]uint16, len(body)/2)
	for i := range units {
		units[i] = order.Uint16(body[2*i:])
	}
	return string(utf16.Decode(units))
}
