package sandbox

import (
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"opensrs-doctor/probes/mistakes"
	"opensrs-doctor/probes/opensrs"
)

func elsewhere(n int) caller {
	return caller{address: netip.AddrFrom4([4]byte{192, byte(n >> 16), byte(n >> 8), byte(n)})}
}

// TestSearchesFromElsewhere: one at a time, and one an address and second; how many addresses ask does not matter.
func TestSearchesFromElsewhere(t *testing.T) {
	s, now := newSearches(), time.Now()
	s.now = func() time.Time { return now }
	try := func(from caller, again bool, want string) {
		t.Helper()
		end, why := s.begin(from, again, nil)
		if why != want {
			t.Errorf("%v: %q, want %q", from, why, want)
		}
		if end != nil {
			end()
		}
	}
	end, _ := s.begin(elsewhere(1), false, nil)
	try(elsewhere(2), false, whyBusy)
	try(caller{local: true}, false, "") // has a place of its own
	end()
	try(elsewhere(1), false, whySoon)
	try(elsewhere(1), true, "") // the same request, once more
	try(elsewhere(2), false, "")
	now = now.Add(searchEvery)
	try(elsewhere(1), false, "")
	for n := range 100_000 {
		s.admit(elsewhere(n).address)
	}
	if len(s.recent) > maxRecent {
		t.Errorf("%d addresses are remembered", len(s.recent))
	}
	try(elsewhere(100_001), false, whyBusy)
	now = now.Add(searchEvery)
	if try(elsewhere(100_001), false, ""); len(s.recent) != 1 {
		t.Errorf("%d addresses are remembered a second later", len(s.recent))
	}
}

// TestNotSearched: where there is no search a wrong signature is one all the same, and a right one needs none.
func TestNotSearched(t *testing.T) {
	s := start(t, Config{})
	s.searches.elsewhere <- struct{}{} // somebody's, which goes on
	v := &visit{plan: newPlan(s, Config{}, "127.0.0.1", 0), from: elsewhere(1)}
	body, large := opensrs.GetBalanceBody(), []byte(strings.Repeat("x", bigBody+1))
	for _, test := range []struct {
		name      string
		body      []byte
		signature string
		local     bool
		match     bool
		why       string
	}{
		{"right", body, opensrs.Sign(body, s.Key), false, true, ""},
		{"right, with a line end", body, opensrs.Sign(body, s.Key) + "\n", false, true, ""},
		{"right, and large", large, opensrs.Sign(large, s.Key), false, true, ""},
		{"wrong", body, strings.Repeat("0", 32), false, false, whyBusy},
		{"wrong, and large", large, strings.Repeat("0", 32), false, false, whyBig},
		{"wrong on this machine", body, strings.Repeat("0", 32), true, false, ""},
		{"wrong on this machine, and large", large, strings.Repeat("0", 32), true, false, whyBig},
	} {
		v.from.local = test.local
		verdict, why := v.explain(mistakes.Attempt{Body: test.body, Key: s.Key, Username: s.Username, Signature: test.signature}, false)
		if verdict.Match != test.match || why != test.why {
			t.Errorf("%s: %+v, %q", test.name, verdict, why)
		}
	}
}

// TestGoodClientsNeverWait: while a search goes on and others wait for theirs, who signs right is answered. On this
// machine every wrong signature is explained in the end; and an end that comes before waits for none.
func TestGoodClientsNeverWait(t *testing.T) {
	var log logged
	s := start(t, Config{Log: log.add})
	s.searches.here <- struct{}{} // a search that does not end
	s.searches.elsewhere <- struct{}{}
	body := opensrs.GetBalanceBody()
	const many = 100
	var waiting sync.WaitGroup
	for range many {
		r := request(t, s, body, func(r *http.Request) { r.Header.Set("X-Signature", strings.Repeat("0", 32)) })
		waiting.Go(func() {
			if got := ask(t, httpsClient(s), r); got != "401" {
				t.Errorf("a wrong one: %s", got)
			}
		})
	}
	client := httpsClient(s)
	for range 10 {
		if got := ask(t, client, request(t, s, body, nil)); got != "200" {
			t.Fatal(got)
		}
	}
	<-s.searches.here // it has ended
	waiting.Wait()
	explained := 0
	for nth, o := range log.seen {
		if nth < 10 && o.Code != 200 {
			t.Errorf("entry %d is one of the wrong ones: %+v", nth, o)
		}
		if o.Signature != nil && slices.Equal(o.Signature.Mistakes, []string{mistakes.WrongKey}) {
			explained++
		}
	}
	if explained != many {
		t.Errorf("%d of %d are explained", explained, many)
	}

	s.searches.here <- struct{}{}
	for range many {
		r := request(t, s, body, func(r *http.Request) { r.Header.Set("X-Signature", strings.Repeat("0", 32)) })
		waiting.Go(func() { httpsClient(s).Do(r) })
	}
	s.Close() // the test hangs where it waits for searches
	waiting.Wait()
}

// TestCrowdedOut: an address that opens more connections than there is room for makes room by its own, however quiet
// those of others are.
func TestCrowdedOut(t *testing.T) {
	s := start(t, Config{})
	address := strings.Trim(strings.TrimPrefix(s.URL, "https:"), "/")
	first, err := tls.Dial("tcp", address, &tls.Config{InsecureSkipVerify: true})
	if err != nil {
		t.Fatal(err)
	}
	defer first.Close()
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 2)}}
	for range maxConns + 50 {
		conn, err := dialer.Dial("tcp", address)
		if err != nil {
			t.Skipf("no second address on loopback: %v", err)
		}
		defer conn.Close()
	}
	last, err := tls.Dial("tcp", address, &tls.Config{InsecureSkipVerify: true}) // whoever came before has been let in
	if err != nil {
		t.Fatal(err)
	}
	defer last.Close()
	first.SetDeadline(time.Now().Add(longPatience))
	fmt.Fprint(first, "GET /ip HTTP/1.0\r\n\r\n")
	answer := make([]byte, 12)
	if _, err := first.Read(answer); err != nil || string(answer) != "HTTP/1.1 200" {
		t.Errorf("the first connection: %v, %q", err, answer)
	}
}

// TestTurns: who sends a big body slowly is in nobody else's way.
func TestTurns(t *testing.T) {
	g := newGroup()
	defer g.close()
	const big = bigBody + 1
	var ends []func()
	for range maxBig {
		ends = append(ends, g.turn(big, caller{local: true}))
	}
	one := g.turn(big, elsewhere(1)) // has nothing to do with those
	if g.mayRead(elsewhere(1)) || !g.mayRead(elsewhere(2)) || g.mayRead(caller{local: true}) {
		t.Error("one a time for each address from elsewhere, and some on this machine")
	}
	for n := 2; n <= maxBig; n++ {
		ends = append(ends, g.turn(big, elsewhere(n)))
	}
	if g.mayRead(elsewhere(maxBig + 1)) {
		t.Error("there is no bound from elsewhere")
	}
	got := make(chan func())
	go func() { got <- g.turn(big, elsewhere(1)) }()
	one()
	(<-got)()
	for _, end := range ends {
		end()
	}
	g.turn(bigBody, elsewhere(9))() // small ones take none
	if len(g.reading) != 0 {
		t.Errorf("left: %v", g.reading)
	}
}
