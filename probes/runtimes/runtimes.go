// Package runtimes asks the language runtimes of this host how they reach the endpoint: each resolves, connects, shakes
// hands and verifies with its own resolver, TLS library, trust store, ini files and proxy settings. A script of some lines
// for each is carried inside and given on standard input. No key is known here, and no request is made.
package runtimes

import (
	"context"
	"embed"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/probes/foreign"
)

//go:embed scripts
var scripts embed.FS

// Options are what to ask whom.
type Options struct {
	Host string // a name or an address, without brackets
	Port uint16
	Env  []string // NAME=VALUE, that the runtimes get; nil: this process's own, without what is ours
	Only []string // names or families as Family has them, "fpm:POOL"; empty: all

	Wait     time.Duration // for all but Java; 0: DefaultWait
	JavaWait time.Duration // 0: DefaultJavaWait

	Pools []string // patterns of the configuration files of php-fpm; nil: the known places, unless Env is given

	heard func(*evidence.Pool, map[string]string) // gets a pool's settings as it told them, logins and all; nil: nobody does
}

// How long the runtimes may take, all at once. Java compiles the script first.
const (
	DefaultWait     = 5 * time.Second
	DefaultJavaWait = 10 * time.Second
)

// Families are the words that Only takes besides full names: php stands for every version, and for php-fpm.
var Families = []string{"php", "fpm", "python3", "ruby", "perl", "node", "java", "curl", "getent"}

// looker is one runtime to ask.
type looker struct {
	name string // of the client, as far as it is known before it answers
	path string
	java bool
	pool *evidence.Pool
	skip foreign.Text // why it is not asked; none: it is
	ask  func(ctx context.Context, l *looker) []evidence.Client
}

// run is one look at all runtimes.
type run struct {
	o     Options
	env   []string
	path  []string // where programs are looked for; of the directories that others can write, none is in env
	scrub *foreign.Scrubber

	files scriptFiles
}

// Look asks all runtimes at once and gives what each found, in an order that does not change from run to run.
func Look(ctx context.Context, o Options) []evidence.Client {
	if o.Wait <= 0 {
		o.Wait = DefaultWait
	}
	if o.JavaWait <= 0 {
		o.JavaWait = DefaultJavaWait
	}
	r := &run{o: o, env: o.Env, scrub: &foreign.Scrubber{}}
	if r.env == nil {
		r.env = os.Environ()
	}
	r.env = r.ownEnvironment()
	defer r.files.remove()
	lookers := r.find()
	answers := make([][]evidence.Client, len(lookers))
	var all sync.WaitGroup
	for i := range lookers {
		all.Go(func() { answers[i] = r.askOne(ctx, &lookers[i]) })
	}
	all.Wait()
	return slices.DeleteFunc(slices.Concat(answers...), func(c evidence.Client) bool { return !r.wanted(c.Name) })
}

// askOne asks one runtime within its time.
func (r *run) askOne(ctx context.Context, l *looker) []evidence.Client {
	if !l.skip.Empty() {
		return []evidence.Client{r.skipped(l, l.skip)}
	}
	wait := r.o.Wait
	if l.java {
		wait = r.o.JavaWait
	}
	bounded, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	begun := time.Now()
	found := l.ask(bounded, l)
	for i := range found {
		found[i].TookMS = evidence.Milliseconds(time.Since(begun))
	}
	return found
}

// skipped is a runtime that was not asked or gave no answer.
func (r *run) skipped(l *looker, why foreign.Text) evidence.Client {
	return evidence.Client{Name: l.name, Path: l.path, Pool: l.pool, Status: evidence.Skip, Error: why}
}

// scriptWait is what the scripts themselves wait, in seconds: so much less that they can still say so.
func (r *run) scriptWait(l *looker) int {
	wait := r.o.Wait
	if l.java {
		wait = r.o.JavaWait - 2*time.Second
	}
	return max(int((wait-500*time.Millisecond)/time.Second), 1)
}

// ownEnvironment is the environment for the runtimes: without our own variables, one of which holds the key, and as root
// with a PATH of trusted directories only. Logins of proxies become secrets on the way.
func (r *run) ownEnvironment() (kept []string) {
	for _, pair := range r.env {
		name, value, _ := strings.Cut(pair, "=")
		if strings.HasPrefix(name, "OPENSRS_") {
			continue
		}
		if strings.Contains(strings.ToLower(name), "proxy") {
			r.hideLogin(value)
		}
		if name == "PATH" || runtime.GOOS == "windows" && strings.EqualFold(name, "PATH") {
			r.path = filepath.SplitList(value)
		}
		if name == "PATH" && asRoot() {
			dirs := slices.DeleteFunc(strings.Split(value, ":"), func(dir string) bool { return untrusted(dir) != "" })
			pair = "PATH=" + strings.Join(dirs, ":")
		}
		kept = append(kept, pair)
	}
	return kept
}

// variable is a variable of the runtimes' environment; "" where it is not set.
func (r *run) variable(name string) string {
	for _, pair := range r.env {
		if value, is := strings.CutPrefix(pair, name+"="); is {
			return value
		}
	}
	return ""
}

// Family is the word of Families that a client belongs to; a pool of php-fpm belongs to "fpm" and, with every other PHP,
// to "php".
func Family(name string) string {
	switch {
	case strings.Contains(name, "-fpm"):
		return "fpm"
	case strings.HasPrefix(name, "php"):
		return "php"
	}
	return name
}

// wanted reports whether a client of that name was asked for.
func (r *run) wanted(name string) bool {
	if len(r.o.Only) == 0 {
		return true
	}
	_, pool, _ := strings.Cut(name, "-fpm:")
	return slices.ContainsFunc(r.o.Only, func(only string) bool {
		family := Family(name)
		return only == name || only == family || only == "php" && family == "fpm" ||
			family == "fpm" && (only == "fpm:"+pool || strings.HasPrefix(name, only+":"))
	})
}

// mayBeWanted is wanted for a program that has not yet told its version.
func (r *run) mayBeWanted(family string) bool {
	return len(r.o.Only) == 0 || slices.ContainsFunc(r.o.Only, func(only string) bool {
		return Family(only) == family || strings.HasPrefix(only, family) || family == "fpm" && only == "php"
	})
}

// addressOf reads an address that a runtime printed; the zero Addr where it is none.
func addressOf(text string) netip.Addr {
	address, err := netip.ParseAddr(strings.TrimSpace(text))
	if err != nil {
		return netip.Addr{}
	}
	return address.Unmap().WithZone("")
}
