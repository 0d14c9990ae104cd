package probes

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"
)

// Whichever answers first and whichever never does: the sightings stand in the order in which the sources were given,
// one for each question, also where a source was given twice. The addresses stand as they were seen.
func TestSightingsInTheOrderGiven(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var given []Source
	var want []string
	answer := map[int]chan struct{}{}
	for n := range 8 {
		turn := make(chan struct{})
		if n%2 == 0 {
			answer[n] = turn // the others never answer
		}
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			select {
			case <-turn:
				fmt.Fprintf(w, "203.0.113.%d\n", n)
			case <-r.Context().Done():
			}
		}))
		defer server.Close()
		source, err := ParseSource(server.URL)
		if err != nil {
			t.Fatal(err)
		}
		given, want = append(given, source), append(want, source.URI)
	}
	given, want = append(given, given[1]), append(want, given[1].URI)
	w := &world{scrub: &Scrubber{}, clock: &clockNotes{}, now: time.Now, roots: newRoots(Options{})}
	w.resolver = newResolver(ctx, nil, w.sourceIP, w.scrub)
	defer cancel() // before the servers, which wait for their connections
	run := w.startEgress(ctx, given, way{})
	var seen []string
	for _, n := range []int{6, 0, 4, 2} {
		close(answer[n])
		<-run.changed
		seen = append(seen, fmt.Sprintf("203.0.113.%d", n))
	}
	facts := run.snapshot(pathDirect)
	var got, addresses []string
	for i, sighting := range facts.Sightings {
		got = append(got, sighting.Source)
		if answers := i%2 == 0 && i < 8; answers == (sighting.Failure != nil) || answers != sighting.Address.IsValid() {
			t.Errorf("sighting %d: %+v", i, sighting)
		}
	}
	for _, address := range facts.IPv4 {
		addresses = append(addresses, address.String())
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
	if !slices.Equal(addresses, seen) {
		t.Errorf("addresses %v, seen %v", addresses, seen)
	}
}
