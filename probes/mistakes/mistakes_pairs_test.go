package mistakes

import (
	"fmt"
	"html"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"opensrs-doctor/probes/opensrs"
)

// pair is a signature that was made with two mistakes.
type pair struct {
	ids       []string
	body      string
	signature string
}

// pairsOf makes every two mistakes together with a body, in both orders where that matters.
func pairsOf(body string) []pair {
	var pairs []pair
	add := func(signature string, ids ...string) {
		pairs = append(pairs, pair{inTableOrder(ids...), body, signature})
	}
	digest := right(body, clientKey)
	for _, first := range bodyClients {
		signed := first.change(body)
		if signed == body {
			continue
		}
		for _, second := range bodyClients {
			if both := second.change(signed); first.id != second.id && both != signed {
				add(right(both, clientKey), first.id, second.id)
			}
		}
		for _, second := range keyClients {
			add(right(signed, second.change(clientKey)), first.id, second.id)
		}
		for _, second := range formulas {
			add(second.sign(signed, clientKey), first.id, second.ids)
		}
		for _, second := range writers {
			add(second.change(right(signed, clientKey)), first.id, second.id)
		}
	}
	for _, first := range keyClients {
		used := first.change(clientKey)
		for _, second := range keyClients {
			if both := second.change(used); first.id != second.id && both != used {
				add(right(body, both), first.id, second.id)
			}
		}
		for _, second := range formulas {
			add(second.sign(body, used), first.id, second.ids)
		}
		for _, second := range writers {
			add(second.change(right(body, used)), first.id, second.id)
		}
	}
	for _, formula := range formulas {
		for _, second := range writers {
			add(second.change(formula.sign(body, clientKey)), formula.ids, second.id)
		}
	}
	for _, formula := range formulaPairs {
		add(formula.sign(body, clientKey), strings.Fields(formula.ids)...)
	}
	for _, first := range writers {
		for _, second := range writers {
			// Capitals destroy base64 and are for digests only.
			if first.id != second.id && (first.id != Base64Digest || second.id != UppercaseHex) {
				add(second.change(first.change(digest)), first.id, second.id)
			}
		}
	}
	return pairs
}

// TestPairs: every two mistakes made together are named. Where another answer is given, it is no larger, and
// was made to come out by a client with just those mistakes: then the two cannot be told from it.
func TestPairs(t *testing.T) {
	for i, body := range sentBodies {
		t.Run(fmt.Sprint("body ", i), func(t *testing.T) {
			t.Parallel()
			testPairs(t, body)
		})
	}
}

func testPairs(t *testing.T, body string) {
	madeWith := map[string][][]string{} // the sets that a signature comes out with
	note := func(signature string, ids ...string) { madeWith[signature] = append(madeWith[signature], ids) }
	note(right(body, clientKey))
	for _, client := range bodyClients {
		note(right(client.change(body), clientKey), client.id)
	}
	for _, client := range keyClients {
		note(right(body, client.change(clientKey)), client.id)
	}
	for _, formula := range formulas {
		note(formula.sign(body, clientKey), formula.ids)
	}
	for _, writer := range writers {
		note(writer.change(right(body, clientKey)), writer.id)
	}
	pairs := pairsOf(body)
	for _, pair := range pairs {
		note(pair.signature, pair.ids...)
	}
	named, other := 0, 0
	for _, pair := range pairs {
		got := explain(t, body, clientKey, pair.signature)
		if slices.Equal(got, pair.ids) {
			named++
			continue
		}
		other++
		as := func(ids []string) bool { return slices.Equal(ids, got) }
		if len(got) > len(pair.ids) || !slices.ContainsFunc(madeWith[pair.signature], as) {
			t.Errorf("%v with %q: %v", pair.ids, body, got)
		}
	}
	t.Logf("%d bytes: %d pairs named, %d that cannot be told from something no larger", len(body), named, other)
}

var betweenTags = regexp.MustCompile(`>\s+<`)

// minified takes the white space between tags out of a body, and at its ends.
func minified(body string) string { return strings.TrimSpace(betweenTags.ReplaceAllString(body, "><")) }

// TestReindentedPairs: a body that was signed in another layout, and with another mistake, is named by both. Where the
// other one is about the end of the body, which layouts have too, or makes no difference, the layout alone is.
func TestReindentedPairs(t *testing.T) {
	body := "<?xml version='1.0' encoding=\"UTF-8\"?>\n<a>\n\t<b c='d/~e'>é€ &amp; (f*!)</b>\n\t<g></g>\n</a>\n"
	signed := minified(body)
	check := func(signature string, ids ...string) {
		t.Helper()
		got := explain(t, body, clientKey, signature)
		alone := slices.Equal(got, []string{BodyReindented}) && slices.ContainsFunc(ids, func(id string) bool {
			return id == BodyTrailingNewline || id == BodyMissingTrailingNewline || id == BodyCRLF || id == BodyLF
		})
		if !alone && !slices.Equal(got, inTableOrder(append(ids, BodyReindented)...)) {
			t.Errorf("%v: %v", ids, got)
		}
	}
	for _, client := range bodyClients {
		if changed := client.change(signed); changed != "" { // a first line to be cut off is no line any more
			check(right(changed, clientKey), client.id)
		}
	}
	for _, client := range keyClients {
		check(right(signed, client.change(clientKey)), client.id)
	}
	for _, formula := range formulas {
		check(formula.sign(signed, clientKey), formula.ids)
	}
	for _, writer := range writers {
		check(writer.change(right(signed, clientKey)), writer.id)
	}
	for name, sent := range map[string]string{BodyFormEncoded: "xml=" + url.QueryEscape(body), BodyHTMLEscaped: html.EscapeString(body),
		BodyURLEncoded: url.PathEscape(body), BodyJSON: inJSONAs(t, body), BodyUTF16: wideOf(body, false)} {
		if got := explain(t, sent, clientKey, right(signed, clientKey)); !slices.Equal(got, inTableOrder(name, BodyReindented)) {
			t.Errorf("sent as %s: %v", name, got)
		}
	}
}

// TestCurlJoins: curl -d @FILE sends a file without its line ends; who signs the file has another body.
func TestCurlJoins(t *testing.T) {
	for _, file := range []string{commandBody, strings.TrimSpace(commandBody), string(opensrs.GetBalanceBody()), strings.ReplaceAll(commandBody, "\n", "\r\n")} {
		sent := strings.NewReplacer("\r", "", "\n", "").Replace(file)
		want := []string{BodyReindented}
		if strings.Contains(file, "\r") {
			want = inTableOrder(BodyCRLF, BodyReindented)
		}
		if got := explain(t, sent, clientKey, right(file, clientKey)); !slices.Equal(got, want) {
			t.Errorf("%v, sent %q", got, sent)
		}
	}
}

// TestLineEndsAreNoLayout: where only line ends, or the ends of the body, differ, the mistake is called by its own name.
func TestLineEndsAreNoLayout(t *testing.T) {
	flat := "<?xml version=\"1.0\"?>\n<a>\n<b>c</b>\n</a>\n"
	bare, crlf := strings.TrimSpace(flat), strings.ReplaceAll(flat, "\n", "\r\n")
	for _, test := range [][2]string{{flat, bare}, {bare, flat}, {flat + "\n", bare}, {flat, crlf}, {crlf, flat}, {crlf, bare}} {
		sent, signed := test[0], test[1]
		if got := explain(t, sent, clientKey, right(signed, clientKey)); slices.Contains(got, BodyReindented) || slices.Equal(got, []string{WrongKey}) {
			t.Errorf("sent %q, signed %q: %v", sent, signed, got)
		}
	}
}
