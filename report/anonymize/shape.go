package anonymize

import (
	"encoding"
	"encoding/json"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"time"

	"opensrs-doctor/probes/lazy"
	"opensrs-doctor/probes/netaddr"
	"opensrs-doctor/report"
)

// The kinds of texts, as the tag "anonymize" of their fields names them. A field without a tag of this list is left out.
const (
	kindKeep     = "keep"     // of a closed list, of a protocol, or a number: never anybody's
	kindAddress  = "address"  // an address, also with a port or as a prefix; what is neither that nor a token is left out
	kindUser     = "user"     // an account of the service
	kindHost     = "host"     // a host name, also "*.example.com"
	kindPeer     = "peer"     // HOST:PORT, or a host
	kindPath     = "path"     // a path, also with a line behind it; a word that is none stays
	kindDevice   = "device"   // a network interface
	kindProcess  = "process"  // a unit, a control group, or a process as --as is given it
	kindRule     = "rule"     // a line or a name of a firewall or a routing table: its syntax stays
	kindComment  = "comment"  // what somebody wrote beside a rule
	kindSentence = "sentence" // the tool's own: what it takes from the run stands in the facts too
	kindText     = "text"     // the tool's own around what others wrote
	kindQuote    = "quote"    // of others: host names are looked for in it

	// Of certificates. With ",issuer" it stays where public authorities vouch for the chain, with ",subject" also only
	// where the certificate is for everybody's names.
	kindDistinguished = "distinguished" // a whole name, as in RFC 4514
	kindCertificate   = "certificate"   // a part of one
	kindFingerprint   = "fingerprint"
)

// kinds are those that are let through. The tag "drop" is none: who sets it leaves a text out on purpose.
var kinds = []string{kindKeep, kindAddress, kindUser, kindHost, kindPeer, kindPath, kindDevice, kindProcess, kindRule, kindComment,
	kindSentence, kindText, kindQuote, kindDistinguished, kindCertificate, kindFingerprint}

// leaf is a text of the report, and what its field says of it.
type leaf struct{ kind, of, text string }

// shape is what may be in one place of a report. A nil one lets nothing through.
type shape struct {
	kind, of string                       // of a text
	fits     func(string) bool            // of a text with a form of its own
	bare     bool                         // a number, true or false
	members  map[string]*shape            // of an object
	each     *shape                       // of a list
	keyed    *shape                       // of an object with any members: names and texts are of a closed list
	facts    map[string]map[string]*shape // of a row: by its name, the members of its facts
}

// wholeReport is the shape of a report.
var wholeReport = lazy.Value[*shape]{Make: func() *shape { return shapeOf(reflect.TypeFor[report.Report](), "") }}

func shapeOf(of reflect.Type, tag string) *shape {
	switch {
	case of.Kind() == reflect.Pointer:
		return shapeOf(of.Elem(), tag)
	case of == reflect.TypeFor[netip.Addr](), of == reflect.TypeFor[netip.AddrPort](), of == reflect.TypeFor[netip.Prefix]():
		return &shape{kind: kindAddress, fits: isAddress}
	case of == reflect.TypeFor[time.Time]():
		return &shape{kind: kindKeep, fits: isTime}
	case of.Kind() == reflect.String, of.Implements(reflect.TypeFor[encoding.TextMarshaler]()):
		return textShape(tag)
	}
	switch of.Kind() {
	case reflect.Slice:
		return &shape{each: shapeOf(of.Elem(), tag)}
	case reflect.Map:
		if tag != kindKeep {
			return nil
		}
		return &shape{keyed: shapeOf(of.Elem(), tag)}
	case reflect.Struct:
		one := &shape{members: map[string]*shape{}}
		addMembers(one.members, of)
		if of == reflect.TypeFor[report.Probe]() {
			one.facts = map[string]map[string]*shape{}
			for name, facts := range report.FactsTypes.Get() {
				one.facts[name] = map[string]*shape{}
				addMembers(one.facts[name], facts)
			}
		}
		return one
	case reflect.Bool, reflect.Int, reflect.Int64, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Float64:
		return &shape{bare: true}
	}
	return nil
}

// addMembers adds the fields that a struct has in JSON, and those of what is embedded in it.
func addMembers(members map[string]*shape, of reflect.Type) {
	for i := range of.NumField() {
		field := of.Field(i)
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		switch {
		case name == "" && field.Anonymous:
			embedded := field.Type
			if embedded.Kind() == reflect.Pointer {
				embedded = embedded.Elem()
			}
			addMembers(members, embedded)
		case name != "" && name != "-" && field.Type != reflect.TypeFor[json.RawMessage]():
			members[name] = shapeOf(field.Type, field.Tag.Get("anonymize"))
		}
	}
}

func textShape(tag string) *shape {
	kind, of, _ := strings.Cut(tag, ",")
	switch {
	case !slices.Contains(kinds, kind):
		return nil
	case kind == kindAddress:
		return &shape{kind: kind, fits: isAddress}
	}
	return &shape{kind: kind, of: of}
}

// known is what of a value has a place in the shape, its texts as leaves; false where nothing of it has.
func (s *shape) known(value any) (any, bool) {
	if s == nil {
		return nil, false
	}
	switch v := value.(type) {
	case nil:
		return nil, true
	case string:
		return leaf{s.kind, s.of, v}, s.kind != "" && (s.fits == nil || v == "" || s.fits(v))
	case []any:
		if s.each == nil {
			return nil, false
		}
		list := make([]any, 0, len(v))
		for _, element := range v {
			if element, is := s.each.known(element); is {
				list = append(list, element)
			}
		}
		return list, true
	case report.Object:
		return s.knownMembers(v)
	}
	return value, s.bare
}

func (s *shape) knownMembers(o report.Object) (any, bool) {
	if s.members == nil && s.keyed == nil {
		return nil, false
	}
	known := report.Object{}
	for _, m := range o {
		inside, is := s.members[m.Name]
		switch {
		case s.facts != nil && m.Name == "facts":
			name, _ := o.Get("name").(string)
			inside = &shape{members: s.facts[name]}
		case !is:
			inside = s.keyed
		}
		if value, is := inside.known(m.Value); is {
			known = append(known, report.Member{Name: m.Name, Value: value})
		}
	}
	return known, true
}

func isTime(text string) bool {
	_, err := time.Parse(time.RFC3339, text)
	return err == nil
}

func isAddress(text string) bool {
	if address, bits, is := strings.Cut(text, "/"); is && strings.Trim(bits, "0123456789") == "" {
		text = address
	}
	return netaddr.Read(text).IsValid() || netaddr.ReadPort(text).IsValid()
}
