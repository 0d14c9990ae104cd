package opensrs

import (
	"bytes"
	"encoding/xml"
	"sort"
	"strconv"
)

// Shape is which of the three things a Value is.
type Shape int

// The shapes. The zero Value is an empty text.
const (
	Text  Shape = iota // dt_scalar, or characters right inside an item
	Assoc              // dt_assoc: items by name
	Array              // dt_array: items by number, kept in their order
)

// Value is a node of the tree that an envelope carries.
type Value struct {
	Shape Shape
	Text  string
	Items []Item // of Assoc and Array
}

// Item is one entry of an Assoc or an Array.
type Item struct {
	Key   string // a name, or a number from 0
	Value Value
}

// TextOf makes a text.
func TextOf(text string) Value { return Value{Text: text} }

// AssocOf makes an assoc of texts, in the order of their names.
func AssocOf(texts map[string]string) Value {
	value := Value{Shape: Assoc}
	for key, text := range texts {
		value.Items = append(value.Items, Item{key, TextOf(text)})
	}
	sort.Slice(value.Items, func(i, j int) bool { return value.Items[i].Key < value.Items[j].Key })
	return value
}

// ArrayOf makes an array.
func ArrayOf(values ...Value) Value {
	array := Value{Shape: Array}
	for i, value := range values {
		array.Items = append(array.Items, Item{strconv.Itoa(i), value})
	}
	return array
}

// Get gives the first item with that key; false where there is none.
func (v Value) Get(key string) (Value, bool) {
	for _, item := range v.Items {
		if item.Key == key {
			return item.Value, true
		}
	}
	return Value{}, false
}

// TextAt gives the text of the item with that key, "" where there is none or it is not text.
func (v Value) TextAt(key string) string {
	value, _ := v.Get(key)
	return value.Text
}

// Encode writes the envelope around a tree, as the service's own clients do.
func Encode(tree Value) []byte {
	var out bytes.Buffer
	out.WriteString("<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"no\"?>\n" +
		"<!DOCTYPE OPS_envelope SYSTEM \"ops.dtd\">\n" +
		"<OPS_envelope>\n <header>\n  <version>0.9</version>\n </header>\n <body>\n  <data_block>\n")
	encodeValue(&out, tree, "   ")
	out.WriteString("  </data_block>\n </body>\n</OPS_envelope>\n")
	return out.Bytes()
}

func encodeValue(out *bytes.Buffer, value Value, indent string) {
	if value.Shape == Text {
		out.WriteString(indent + "<dt_scalar>")
		xml.EscapeText(out, []byte(value.Text))
		out.WriteString("</dt_scalar>\n")
		return
	}
	name := "dt_assoc"
	if value.Shape == Array {
		name = "dt_array"
	}
	out.WriteString(indent + "<" + name + ">\n")
	for _, item := range value.Items {
		out.WriteString(indent + " <item key=\"")
		xml.EscapeText(out, []byte(item.Key))
		out.WriteString("\">")
		if item.Value.Shape == Text {
			xml.EscapeText(out, []byte(item.Value.Text))
		} else {
			out.WriteString("\n")
			encodeValue(out, item.Value, indent+"  ")
			out.WriteString(indent + " ")
		}
		out.WriteString("</item>\n")
	}
	out.WriteString(indent + "</" + name + ">\n")
}
