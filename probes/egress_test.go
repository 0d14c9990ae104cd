package probes

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/probes/foreign"
)

// Whichever answers first and whichever never does: the sightings stand in the order in which the sources were given,
// one for each question, also where a source was given twice. The addresses stand as they were seen.
func TestSightingsInTheOrderGiven(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var given []Source
	var want []string
	answer := map[int]chan struct{}{}
	for n := range 7 {
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
	w := &world{scrub: &foreign.Scrubber{}, clock: &clockNotes{}, now: time.Now, roots: newRoots(Options{}, nil)}
	w.resolver = newResolver(ctx, nil, w.sourceIP, w.scrub)
	defer cancel() // before the servers, which wait for their connections
	run := w.startEgress(ctx, given, way{}, false)
	var seen []string
	for _, n := range []int{6, 0, 4, 2} {
		close(answer[n])
		<-run.changed
		seen = append(seen, fmt.Sprintf("203.0.113.%d", n))
	}
	facts := run.snapshot(evidence.WayDirect)
	var got, addresses []string
	for i, sighting := range facts.Sightings {
		got = append(got, sighting.Source)
		if answers := i%2 == 0 && i < 7; answers == (sighting.Failure != nil) || answers != sighting.Address.IsValid() {
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

// However many sources are given, eight are asked at a time, and each gets its turn.
func TestSourcesEightAtATime(t *testing.T) {
	const given = 40
	var mu sync.Mutex
	var active, most int
	full := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		active++
		if most = max(most, active); active == sourcesAtOnce && !isClosed(full) {
			close(full)
		}
		mu.Unlock()
		<-full // the first ones wait for each other: all of them are asked at once
		mu.Lock()
		active--
		mu.Unlock()
		fmt.Fprint(w, "203.0.113."+r.URL.Query().Get("n"))
	}))
	defer server.Close()
	var sources []Source
	for n := range given {
		source, err := ParseSource(fmt.Sprintf("%s/?n=%d", server.URL, n))
		if err != nil {
			t.Fatal(err)
		}
		sources = append(sources, source)
	}
	w := &world{scrub: &foreign.Scrubber{}, clock: &clockNotes{}, now: time.Now, roots: newRoots(Options{}, nil)}
	w.resolver = newResolver(t.Context(), nil, w.sourceIP, w.scrub)
	run := w.startEgress(t.Context(), sources, way{}, false)
	for run.wait(t.Context(), evidence.WayDirect); ; <-run.changed {
		run.mu.Lock()
		waiting := run.waiting()
		run.mu.Unlock()
		if waiting == 0 {
			break
		}
	}
	for i, s := range run.snapshot(evidence.WayDirect).Sightings {
		if want := fmt.Sprintf("203.0.113.%d", i); s.Failure != nil || s.Address.String() != want {
			t.Errorf("sighting %d: %+v", i, s)
		}
	}
	if most != sourcesAtOnce {
		t.Errorf("%d at a time", most)
	}
}

func isClosed(c chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// A third party's reply is read up to 64 KiB, head and body together, and never unpacked.
func TestThirdPartiesAreCutOff(t *testing.T) {
	var packed bytes.Buffer
	writer := gzip.NewWriter(&packed)
	writer.Write(make([]byte, 1<<20))
	writer.Close()
	for name, one := range map[string]struct{ head, repeated, want string }{
		"headers": {"HTTP/1.1 200 OK\r\n", "X: y\r\n", "larger than 64 KiB"},
		"header":  {"HTTP/1.1 200 OK\r\nX: ", "y", "larger than 64 KiB"},
		"interim": {"", "HTTP/1.1 103 Early Hints\r\n\r\n", "larger than 64 KiB"},
		"body":    {"HTTP/1.1 200 OK\r\n\r\n", " ", "larger than 64 KiB"},
		"both":    {"HTTP/1.1 200 OK\r\nX: " + strings.Repeat("y", 60<<10) + "\r\n\r\n", " ", "larger than 64 KiB"},
		"length":  {"HTTP/1.1 200 OK\r\nContent-Length: 9999999\r\n\r\n", " ", "larger than 64 KiB"},
		"chunks":  {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "1\r\n \r\n", "larger than 64 KiB"},
		"trailer": {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", "X: y\r\n", "trailer"},
		"gzip": {fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%s", packed.Len(), &packed),
			"", "not an address"},
	} {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		said := make(chan int, 1)
		go func() {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			defer conn.Close()
			conn.(*net.TCPConn).SetWriteBuffer(4 << 10)
			conn.Read(make([]byte, 4096))
			n, _ := io.WriteString(conn, one.head)
			block := strings.Repeat(one.repeated, 8<<10)
			for one.repeated != "" && n < 64<<20 {
				more, err := io.WriteString(conn, block)
				if n += more; err != nil {
					break
				}
			}
			said <- n
		}()
		source, err := ParseSource("http://" + listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		w := &world{scrub: &foreign.Scrubber{}, clock: &clockNotes{}, now: time.Now, roots: newRoots(Options{}, nil)}
		w.resolver = newResolver(t.Context(), nil, w.sourceIP, w.scrub)
		got := w.sightByHTTP(t.Context(), source, way{})
		if got.Failure == nil || !strings.Contains(got.Failure.Detail.String(), one.want) {
			t.Errorf("%s: %+v", name, got)
		}
		if n := <-said; n == 64<<20 {
			t.Errorf("%s: all was read", name)
		}
		listener.Close()
	}
}
