package opensrs

import (
	"fmt"
	"slices"
	"strings"
	"testing"
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
