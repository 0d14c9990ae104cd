// Package runner makes one validated run: the probes and what they mean, or the look at the language runtimes. With --as it
// makes them in a process that is like the target, which asks this one for what takes the key or more powers than it has,
// and then compares with a run from here.
package runner

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"sync"
	"time"

	"opensrs-doctor/cmd/opensrs-doctor/build"
	"opensrs-doctor/cmd/opensrs-doctor/config"
	"opensrs-doctor/cmd/opensrs-doctor/console"
	"opensrs-doctor/cmd/opensrs-doctor/process"
	"opensrs-doctor/probes"
	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/probes/foreign"
	"opensrs-doctor/probes/thishost"
	"opensrs-doctor/report"
	"opensrs-doctor/report/diagnose"
)

// job is a run as the inner process is told it: everything but the key.
type job struct {
	Options             probes.Options
	Proxy               string // a URL, with its login
	Public, System, Own [][]byte
	SystemGiven         bool          // also where it is empty
	Only                []string      // of clients: the runtimes to ask
	Within              time.Duration // of clients: how long; 0: what they have by default
}

func newJob(o probes.Options) job {
	j := job{Options: o, Public: raw(o.PublicRoots), System: raw(o.SystemRoots), Own: raw(o.CAFile), SystemGiven: o.SystemRoots != nil}
	j.Options.Signed, j.Options.Careful = probes.SignedBy(o.Key), true
	if o.Proxy.URL != nil {
		j.Proxy = o.Proxy.URL.String()
	}
	return j
}

// options are those of the job, with what JSON does not carry.
func (j job) options() (o probes.Options, err error) {
	o = j.Options
	if j.Proxy != "" {
		if o.Proxy.URL, err = url.Parse(j.Proxy); err != nil {
			return o, errors.New("the proxy's URL does not parse")
		}
	}
	if o.PublicRoots, err = parsed(j.Public); err != nil {
		return o, err
	}
	if o.CAFile, err = parsed(j.Own); err != nil {
		return o, err
	}
	if o.SystemRoots, err = parsed(j.System); j.SystemGiven && o.SystemRoots == nil {
		o.SystemRoots = []*x509.Certificate{}
	}
	return o, err
}

func raw(certificates []*x509.Certificate) (all [][]byte) {
	for _, certificate := range certificates {
		all = append(all, certificate.Raw)
	}
	return all
}

func parsed(all [][]byte) (certificates []*x509.Certificate, err error) {
	for _, der := range all {
		certificate, err := x509.ParseCertificate(der)
		if err != nil {
			return nil, err
		}
		certificates = append(certificates, certificate)
	}
	return certificates, nil
}

// What the two processes ask each other.
const (
	askRun       = "run"      // of the inner one: a job; its answer is the report
	askClientsAs = "clients"  // of the inner one: a job; its answer is the table
	askStop      = "stop"     // of the inner one: what is known now
	askEvent     = "event"    // of the outer one, as all below: a probe began or ended
	askFind      = "find"     // where a text gives the key away
	askLook      = "look"     // thishost.Eyes
	askCounters  = "counters" // thishost.Eyes
	askRules     = "rules"    // thishost.Eyes: a number for them
	askSince     = "since"    // thishost.RulesThen
	askFollow    = "follow"   // thishost.Eyes: a number for what is followed
	askFollowed  = "followed" // thishost.Followed
)

type (
	lookQuestion struct {
		To     netip.AddrPort
		Source netip.Addr
	}
	countersAnswer struct {
		Texts thishost.Counters
		OK    bool
	}
	sinceQuestion struct {
		Rules  int
		Ledger *evidence.Ledger
	}
	followQuestion struct {
		To     netip.AddrPort
		Ledger *evidence.Ledger
		Ports  []uint16
	}
	followAnswer struct {
		Number int
		Why    string // it is not followed
	}
	followedQuestion struct {
		Number int
		Found  evidence.Firewall
		Answer time.Duration
	}
)

// endGrace is how long the inner process may take to end after it was told to, or after the time is up.
const endGrace = 2 * time.Second

// Check is one run of the probes and what it means, with --as as the target would make it. watch hears of each probe.
func Check(ctx context.Context, r *config.Request, watch func(probes.Event)) (*report.Report, error) {
	if r.As == nil {
		return checkHere(ctx, r.Options, watch), nil
	}
	return runAs(ctx, r, watch)
}

// checkHere makes the run in this process.
func checkHere(ctx context.Context, o probes.Options, watch func(probes.Event)) *report.Report {
	return diagnose.New(probes.Run(ctx, o, watch), build.Tool(o))
}

// runAs makes the run in a process that is like the target.
func runAs(ctx context.Context, r *config.Request, watch func(probes.Event)) (*report.Report, error) {
	document, err := inside(ctx, r, askRun, newJob(r.Options), r.Options.Timeout, watch)
	if err != nil {
		return nil, err
	}
	result, err := report.Read(bytes.NewReader(document))
	if err == nil {
		result.StartedAt = result.StartedAt.Local()
		result.As = asFacts(r)
	}
	return result, err
}

// inside asks a process that is like the target, and gives its answer. It takes so long at most, and a moment.
func inside(ctx context.Context, r *config.Request, ask string, question any, most time.Duration, watch func(probes.Event)) (json.RawMessage, error) {
	inner, err := r.As.Start()
	if err != nil {
		return nil, fmt.Errorf("the check could not begin as %s: %s", r.As.Label(), console.Plain(err))
	}
	end := func() { inner.End(0) }
	defer func() { end() }()
	eyes, stop := r.As.Eyes()
	defer stop()
	pipe := process.NewPipe(inner.Pipe, outerAnswers(r.Options.Key, eyes, watch))
	type outcome struct {
		document json.RawMessage
		err      error
	}
	done := make(chan outcome, 1)
	go func() {
		var got outcome
		got.err = pipe.Ask(ask, question, &got.document)
		done <- got
	}()
	late := time.After(most + endGrace)
	interrupted := ctx.Done()
	for {
		select {
		case <-interrupted:
			interrupted = nil
			late = time.After(endGrace)
			go pipe.Ask(askStop, nil, nil)
		case <-late:
			return nil, fmt.Errorf("the process that checks as %s did not end in its time, and was killed", r.As.Label())
		case got := <-done:
			if got.err != nil {
				return nil, fmt.Errorf("the process that checks as %s ended before its report was made; a limit of its control group may have killed it", r.As.Label())
			}
			end = func() { go inner.End(endGrace) } // with this program at the latest: see process.Entered
			if interrupted == nil {
				end = func() { inner.End(endGrace) }
			}
			return got.document, nil
		}
	}
}

// outerAnswers are what the inner process asks: what needs the key, or more powers than it has.
func outerAnswers(key probes.Secret, eyes thishost.Eyes, watch func(probes.Event)) map[string]func(json.RawMessage) (any, error) {
	scrub := &foreign.Scrubber{}
	scrub.Add(string(key.Reveal()))
	var mu sync.Mutex
	var rules []thishost.RulesThen
	followed := map[int]thishost.Followed{}
	return map[string]func(json.RawMessage) (any, error){
		askEvent: answer(func(event probes.Event) any {
			mu.Lock()
			defer mu.Unlock()
			watch(event)
			return true
		}),
		askFind: answer(func(text []byte) any { return scrub.Find(string(text)) }),
		askLook: answer(func(q lookQuestion) any { return eyes.Look(q.To, q.Source) }),
		askCounters: answer(func(any) any {
			texts, ok := eyes.Counters()
			return countersAnswer{texts, ok}
		}),
		askRules: answer(func(any) any {
			then := eyes.ReadRules()
			mu.Lock()
			defer mu.Unlock()
			rules = append(rules, then)
			return len(rules) - 1
		}),
		askSince: answer(func(q sinceQuestion) any {
			mu.Lock()
			if q.Rules < 0 || q.Rules >= len(rules) || q.Ledger == nil {
				mu.Unlock()
				return nil
			}
			then := rules[q.Rules]
			mu.Unlock()
			return then.Since(q.Ledger)
		}),
		askFollow: answer(func(q followQuestion) any {
			if q.Ledger == nil {
				return nil
			}
			one, err := eyes.Follow(q.To, q.Ledger, q.Ports)
			if err != nil {
				return followAnswer{Why: console.Plain(err)}
			}
			mu.Lock()
			defer mu.Unlock()
			number := len(followed) + 1
			followed[number] = one
			return followAnswer{Number: number}
		}),
		askFollowed: answer(func(q followedQuestion) any {
			mu.Lock()
			one := followed[q.Number]
			followed[q.Number] = nil
			mu.Unlock()
			if one == nil {
				return nil
			}
			return one.End(q.Found, q.Answer)
		}),
	}
}

// answer reads a question of that type.
func answer[Q any](to func(Q) any) func(json.RawMessage) (any, error) {
	return func(body json.RawMessage) (any, error) {
		var question Q
		if err := json.Unmarshal(body, &question); err != nil {
			return nil, err
		}
		return to(question), nil
	}
}
