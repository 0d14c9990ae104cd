package report

import (
	"bytes"
	"encoding/json"
	"io"
)

// Member is one name and value of a JSON object.
type Member struct {
	Name  string
	Value any
}

// Object is a JSON object whose members keep their order: the order of the facts is the order in which
// a person wants to read them, and in which tokens are numbered.
type Object []Member

// Get gives the value of a member, nil where there is none.
func (o Object) Get(name string) any {
	for _, m := range o {
		if m.Name == name {
			return m.Value
		}
	}
	return nil
}

// WriteTree writes what parseTree read, members in their order.
func WriteTree(out *bytes.Buffer, value any) error {
	switch v := value.(type) {
	case Object:
		out.WriteByte('{')
		for i, m := range v {
			if i > 0 {
				out.WriteByte(',')
			}
			if err := WriteTree(out, m.Name); err != nil {
				return err
			}
			out.WriteByte(':')
			if err := WriteTree(out, m.Value); err != nil {
				return err
			}
		}
		out.WriteByte('}')
		return nil
	case []any:
		out.WriteByte('[')
		for i, element := range v {
			if i > 0 {
				out.WriteByte(',')
			}
			if err := WriteTree(out, element); err != nil {
				return err
			}
		}
		out.WriteByte(']')
		return nil
	}
	text, err := json.Marshal(value)
	out.Write(text)
	return err
}

// ParseTree reads a document into object, []any, string, json.Number, bool and nil.
func ParseTree(document []byte) (any, error) {
	// Unmarshal first: it bounds the depth, which a stream of tokens does not.
	if err := json.Unmarshal(document, new(json.RawMessage)); err != nil {
		return nil, err
	}
	decoder := json.NewDecoder(bytes.NewReader(document))
	decoder.UseNumber()
	return parseValue(decoder)
}

func parseValue(decoder *json.Decoder) (any, error) {
	token, err := decoder.Token()
	if err != nil {
		return nil, err
	}
	switch token {
	case json.Delim('{'):
		o := Object{}
		for decoder.More() {
			name, err := decoder.Token()
			if err != nil {
				return nil, err
			}
			text, ok := name.(string)
			if !ok {
				return nil, io.ErrUnexpectedEOF
			}
			value, err := parseValue(decoder)
			if err != nil {
				return nil, err
			}
			o = append(o, Member{text, value})
		}
		_, err = decoder.Token()
		return o, err
	case json.Delim('['):
		list := []any{}
		for decoder.More() {
			value, err := parseValue(decoder)
			if err != nil {
				return nil, err
			}
			list = append(list, value)
		}
		_, err = decoder.Token()
		return list, err
	}
	return token, nil
}
