package report

import (
	"bytes"
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"unicode/utf8"

	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/probes/foreign"
	"opensrs-doctor/report/screen"
)

// WriteJSON writes the report as one indented document that ends in a line feed. The same report gives
// the same bytes. Lists without an element are [], and characters that a terminal would obey are
// written as \u escapes.
func WriteJSON(w io.Writer, r *Report) error {
	return WriteDocument(w, Complete(r))
}

// WriteDocument writes a value as one indented JSON document that ends in a line feed, with the escapes of WriteJSON.
func WriteDocument(w io.Writer, value any) error {
	document, err := Encode(value, "  ")
	if err == nil {
		_, err = w.Write(document)
	}
	return err
}

// Encode is a value as JSON that ends in a line feed, with the escapes of WriteJSON. indent is for each level; "" makes it
// one line. A value that JSON has no form for is an error.
func Encode(value any, indent string) ([]byte, error) {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", indent)
	if err := encoder.Encode(value); err != nil {
		return nil, fmt.Errorf("report: %w", err)
	}
	return EscapeHarmful(out.Bytes()), nil
}

// Complete is a copy of the report with empty lists and facts in the place of nil ones.
func Complete(r *Report) *Report {
	full := Listed(reflect.ValueOf(r)).Interface().(*Report)
	for i := range full.Probes {
		if len(full.Probes[i].Facts) == 0 {
			full.Probes[i].Facts = json.RawMessage("{}")
		}
	}
	return full
}

var (
	textType = reflect.TypeFor[encoding.TextMarshaler]()
	jsonType = reflect.TypeFor[json.Marshaler]()
)

// Listed is a deep copy in which every nil slice of an exported field is an empty one. Types that
// marshal themselves stay as they are.
func Listed(v reflect.Value) reflect.Value {
	if v.Type().Implements(textType) || v.Type().Implements(jsonType) {
		return v
	}
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			return v
		}
		copied := reflect.New(v.Type().Elem())
		copied.Elem().Set(Listed(v.Elem()))
		return copied
	case reflect.Slice:
		copied := reflect.MakeSlice(v.Type(), v.Len(), v.Len())
		for i := range v.Len() {
			copied.Index(i).Set(Listed(v.Index(i)))
		}
		return copied
	case reflect.Struct:
		copied := reflect.New(v.Type()).Elem()
		copied.Set(v)
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				copied.Field(i).Set(Listed(v.Field(i)))
			}
		}
		return copied
	}
	return v
}

// EscapeHarmful writes what encoding/json leaves raw and a terminal obeys, C1 control characters and
// turns of the writing direction, as \u escapes, and so the first of two number signs, with which an order to
// Azure Pipelines and TeamCity begins wherever it is on a line. Such characters are only inside strings.
func EscapeHarmful(document []byte) []byte {
	var out bytes.Buffer
	for len(document) > 0 {
		r, size := utf8.DecodeRune(document)
		switch {
		case r == '#' && bytes.HasPrefix(document, []byte("##")):
			out.WriteString(`\u0023`)
		case r <= '~' || !foreign.Harmful(r):
			out.Write(document[:size])
		case r > 0xFFFF: // language tags and noncharacters, as a surrogate pair
			fmt.Fprintf(&out, `\u%04x\u%04x`, 0xD800+(r-0x10000)>>10, 0xDC00+(r-0x10000)&0x3FF)
		default:
			fmt.Fprintf(&out, `\u%04x`, r)
		}
		document = document[size:]
	}
	return out.Bytes()
}

// Read reads a saved report. It takes exactly one JSON document of this schema, of at most MaxBytes and within the other
// bounds; the error says what is wrong with any other. Fields and probes that it does not know are left out, so that
// a report of a later release of the same schema can be read.
func Read(from io.Reader) (*Report, error) {
	document, err := io.ReadAll(io.LimitReader(from, MaxBytes+1))
	if err != nil {
		return nil, fmt.Errorf("cannot read the report: %w", err)
	}
	return ReadDocument(document)
}

// ReadDocument reads a report as Read does. The report holds parts of the document, which must not change after that.
func ReadDocument(document []byte) (*Report, error) {
	switch {
	case len(document) > MaxBytes:
		return nil, fmt.Errorf("not a report: larger than %d MiB", MaxBytes>>20)
	case len(bytes.TrimSpace(document)) == 0:
		return nil, errors.New("not a report: the file is empty")
	}
	document = bytes.TrimPrefix(document, []byte("\ufeff")) // some editors put one
	if err := checkBounds(document); err != nil {
		return nil, fmt.Errorf("not a report: %w", err)
	}
	r := new(Report)
	if err := json.Unmarshal(document, r); err != nil || r.Schema != Schema {
		if why := checkSchema(document); why != nil {
			return nil, why
		}
		return nil, fmt.Errorf("not a valid report: %s", jsonProblem(err))
	}
	known := slices.DeleteFunc(slices.Clone(r.Probes), func(row Probe) bool { return !slices.Contains(evidence.Names, row.Name) })
	if len(known) == len(evidence.Names) { // else check names what is amiss
		r.Probes = known
	}
	if err := r.check(); err != nil {
		return nil, fmt.Errorf("not a valid report: %w", err)
	}
	if r.Target.Sandbox {
		r.Target.Environment = evidence.EnvSandbox // earlier releases called it live
	}
	if r.Interrupted || r.Verdict == VerdictIncomplete { // earlier releases gave the verdict on the part that was made
		r.Interrupt()
	}
	return r, nil
}

// checkSchema says why a document that does not read as a report is none; nil where it has the right schema.
func checkSchema(document []byte) error {
	var head struct {
		Schema *string `json:"schema"`
	}
	switch err := json.Unmarshal(document, &head); {
	case err != nil:
		return fmt.Errorf("not a report: %s", jsonProblem(err))
	case head.Schema == nil:
		return fmt.Errorf("not a report: it has no schema; this release reads %s", Schema)
	case *head.Schema != Schema:
		return fmt.Errorf("cannot read a report of schema %q; this release reads %s",
			screen.Clip(screen.Clean(*head.Schema), 60), Schema)
	}
	return nil
}

// jsonProblem says in plain words where a document stops being what it should be.
func jsonProblem(err error) string {
	var (
		syntax *json.SyntaxError
		typed  *json.UnmarshalTypeError
	)
	switch {
	case errors.As(err, &syntax):
		return fmt.Sprintf("no single JSON document: %s, at byte %d", screen.Clean(syntax.Error()), syntax.Offset)
	case errors.As(err, &typed) && typed.Field == "":
		return "a JSON object is expected, this is a JSON " + typed.Value
	case errors.As(err, &typed):
		return fmt.Sprintf("%s cannot be a JSON %s", screen.Clean(typed.Field), screen.Clean(typed.Value))
	}
	return screen.Clip(screen.Clean(err.Error()), 200)
}

// check reports the first thing that JSON's types cannot say and every format relies on.
func (r *Report) check() error {
	if !slices.Contains(Verdicts, r.Verdict) {
		return fmt.Errorf("verdict is %q, not pass, warn, fail or incomplete", screen.Clip(screen.Clean(r.Verdict), 40))
	}
	if len(r.Probes) != len(evidence.Names) {
		return fmt.Errorf("it has %d probes, not %d", len(r.Probes), len(evidence.Names))
	}
	for i, row := range r.Probes {
		if row.Name != evidence.Names[i] {
			return fmt.Errorf("probes[%d] is %q, not %q", i, screen.Clip(screen.Clean(row.Name), 40), evidence.Names[i])
		}
		switch row.Status {
		case evidence.Pass, evidence.Warn, evidence.Fail, evidence.Skip:
		default:
			return fmt.Errorf("the status of probe %s is %q, not pass, warn, fail or skip",
				row.Name, screen.Clip(screen.Clean(string(row.Status)), 40))
		}
		if facts := bytes.TrimSpace(row.Facts); len(facts) == 0 || facts[0] != '{' {
			return fmt.Errorf("the facts of probe %s are no JSON object", row.Name)
		}
	}
	for i, d := range r.Diagnoses {
		switch {
		case d.Cause == "":
			return fmt.Errorf("diagnoses[%d] has no cause", i)
		case !slices.Contains([]Severity{Fail, Warn, Info}, d.Severity):
			return fmt.Errorf("the severity of diagnoses[%d] is %q, not fail, warn or info",
				i, screen.Clip(screen.Clean(string(d.Severity)), 40))
		case !slices.Contains([]Confidence{Certain, Likely, Possible}, d.Confidence):
			return fmt.Errorf("the confidence of diagnoses[%d] is %q, not certain, likely or possible",
				i, screen.Clip(screen.Clean(string(d.Confidence)), 40))
		}
	}
	return nil
}
