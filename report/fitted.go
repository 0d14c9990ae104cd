package report

import (
	"encoding"
	"encoding/json"
	"net/netip"
	"reflect"
	"strings"

	"opensrs-doctor/probes/netaddr"
)

// decode reads a part of a saved report into a part of the evidence, as far as it fits: what was written by hand or by
// another release may lack members, or have them with other types, and those stay empty. In an anonymized report tokens
// are in the place of addresses.
func decode[T any](part json.RawMessage) (value T) {
	if json.Unmarshal(part, &value) == nil {
		return value
	}
	fit(part, reflect.ValueOf(&value).Elem())
	return value
}

// fit is the slow way of json.Unmarshal: member by member. It reports whether anything fits; where nothing does, the value
// is empty.
func fit(part json.RawMessage, v reflect.Value) (fits bool) {
	if text, ok := Text(part); ok {
		switch address := v.Addr().Interface().(type) {
		case *netip.Addr:
			*address = netaddr.Read(text)
			return address.IsValid()
		case *netip.AddrPort:
			*address = netaddr.ReadPort(text)
			return address.IsValid()
		}
	}
	v.SetZero()
	own := v.Kind() == reflect.Struct && implements(v)
	switch kind := v.Kind(); {
	case kind == reflect.Pointer:
		to := reflect.New(v.Type().Elem())
		if fits = fit(part, to.Elem()); fits {
			v.Set(to)
		}
	case kind == reflect.Struct && !own:
		fits = fitMembers(part, v)
	case kind == reflect.Slice && len(part) > 0 && part[0] == '[':
		fits = true
		for element := range Elements(part) {
			one := reflect.New(v.Type().Elem()).Elem()
			if fit(element, one) {
				v.Set(reflect.Append(v, one))
			}
		}
	default:
		if fits = json.Unmarshal(part, v.Addr().Interface()) == nil; !fits {
			v.SetZero()
		}
	}
	return fits
}

// implements reports whether a value reads itself.
func implements(v reflect.Value) bool {
	switch v.Addr().Interface().(type) {
	case encoding.TextUnmarshaler, json.Unmarshaler:
		return true
	}
	return false
}

// fitMembers fills the fields of a struct, and those of the structs in it that have no name of their own.
func fitMembers(object json.RawMessage, v reflect.Value) (fits bool) {
	members := map[string]json.RawMessage{}
	if json.Unmarshal(object, &members) != nil {
		return false
	}
	for i := range v.NumField() {
		field := v.Type().Field(i)
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		part, has := members[name]
		switch {
		case field.Anonymous && name == "":
			fits = fit(object, v.Field(i)) || fits
		case has && name != "-" && fit(part, v.Field(i)):
			fits = true
		}
	}
	return fits
}
