package runner

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/netip"
	"os"
	"time"

	"opensrs-doctor/cmd/opensrs-doctor/build"
	"opensrs-doctor/cmd/opensrs-doctor/process"
	"opensrs-doctor/probes"
	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/probes/thishost"
	"opensrs-doctor/report"
	"opensrs-doctor/report/clients"
)

// Serve is all that the inner process does: one run, for who started it.
func Serve(stream *os.File) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var pipe *process.Pipe
	ready := make(chan struct{})
	pipe = process.NewPipe(stream, map[string]func(json.RawMessage) (any, error){
		askStop: func(json.RawMessage) (any, error) { cancel(); return true, nil },
		askRun: func(body json.RawMessage) (any, error) {
			<-ready
			o, _, err := optionsInside(body, pipe)
			if err != nil {
				return nil, err
			}
			watch := func(event probes.Event) { go pipe.Ask(askEvent, event, nil) }
			result := checkHere(ctx, o, watch)
			var document bytes.Buffer
			err = report.WriteJSON(&document, result)
			return json.RawMessage(document.Bytes()), err
		},
		askClientsAs: func(body json.RawMessage) (any, error) {
			<-ready
			o, j, err := optionsInside(body, pipe)
			if err != nil {
				return nil, err
			}
			var document bytes.Buffer
			env := append(os.Environ(), "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
			err = clients.WriteJSON(&document, clients.New(askClients(ctx, o, j.Only, env, j.Within), build.Tool(o)))
			return json.RawMessage(document.Bytes()), err
		},
	})
	close(ready)
	<-pipe.Ended()
}

// optionsInside are a job and its options, with the other process's eyes and its knowledge of the key.
func optionsInside(body json.RawMessage, pipe *process.Pipe) (o probes.Options, j job, err error) {
	if err := json.Unmarshal(body, &j); err != nil {
		return o, j, err
	}
	if o, err = j.options(); err != nil {
		return o, j, err
	}
	o.Eyes = farEyes{pipe}
	o.Scrub = func(text string) (found [][2]int) {
		if pipe.Ask(askFind, []byte(text), &found) != nil {
			return [][2]int{{0, len(text)}} // whether the key is in it is not known
		}
		return found
	}
	return o, j, nil
}

// farEyes are the outer process's.
type farEyes struct{ pipe *process.Pipe }

// Look asks the outer process.
func (f farEyes) Look(to netip.AddrPort, source netip.Addr) (seen *evidence.ThisHost) {
	_ = f.pipe.Ask(askLook, lookQuestion{to, source}, &seen)
	return seen
}

// Counters asks the outer process.
func (f farEyes) Counters() (thishost.Counters, bool) {
	var got countersAnswer
	err := f.pipe.Ask(askCounters, true, &got)
	return got.Texts, err == nil && got.OK
}

// ReadRules asks the outer process.
func (f farEyes) ReadRules() thishost.RulesThen {
	number := -1
	_ = f.pipe.Ask(askRules, true, &number)
	return farRules{f.pipe, number}
}

type farRules struct {
	pipe   *process.Pipe
	number int
}

// Since asks the outer process.
func (f farRules) Since(ledger *evidence.Ledger) (found *evidence.Firewall) {
	_ = f.pipe.Ask(askSince, sinceQuestion{f.number, ledger}, &found)
	return found
}

// Follow asks the outer process.
func (f farEyes) Follow(to netip.AddrPort, ledger *evidence.Ledger, ports []uint16) (thishost.Followed, error) {
	var got followAnswer
	switch err := f.pipe.Ask(askFollow, followQuestion{to, ledger, ports}, &got); {
	case err != nil:
		return nil, err
	case got.Why != "":
		return nil, errors.New(got.Why)
	}
	return farFollowed{f.pipe, got.Number}, nil
}

type farFollowed struct {
	pipe   *process.Pipe
	number int
}

// End asks the outer process.
func (f farFollowed) End(found evidence.Firewall, answer time.Duration) evidence.Firewall {
	_ = f.pipe.Ask(askFollowed, followedQuestion{f.number, found, answer}, &found)
	return found
}
