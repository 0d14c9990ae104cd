package evidence

import (
	"bytes"
	"encoding/json"
	"maps"
	"net/netip"
	"slices"

	"opensrs-doctor/probes/foreign"
)

// Client is one language runtime of this host and how far it got to the endpoint with its own resolver, TLS library,
// trust store and proxy settings. What it says of itself is foreign: it may be a wrapper that somebody put in its place.
type Client struct {
	Name         string         `json:"name"` // "php8.2", "php8.2-fpm:www", "python3", "curl"
	Version      foreign.Text   `json:"version"`
	Path         string         `json:"path"`    // the program; of a pool its socket
	Library      foreign.Text   `json:"library"` // what spoke TLS: one runtime may have several
	Status       Status         `json:"status"`  // pass, fail, or skip: it was not asked, or gave no answer
	Stage        Stage          `json:"stage"`   // the last one that was reached: that failed, where it failed
	Error        foreign.Text   `json:"error"`
	Address      netip.Addr     `json:"address"` // that it connected to, or would; with a proxy none
	LocalAddress netip.Addr     `json:"local_address"`
	TLSVersion   foreign.Text   `json:"tls_version"`
	TrustStore   []foreign.Text `json:"trust_store"` // files and directories, or words for what it carries inside

	Settings Settings `json:"settings"` // that decide the way: ini files, variables

	Proxy      foreign.Text `json:"proxy,omitzero"`       // that it goes through: no user, no password
	Errno      int          `json:"errno,omitempty"`      // the system's number, or curl's
	Missing    foreign.Text `json:"missing,omitzero"`     // the extension, module or function that it lacks
	Unverified bool         `json:"unverified,omitempty"` // it does not check certificates
	Pool       *Pool        `json:"pool,omitempty"`       // of a php-fpm
	TookMS     float64      `json:"took_ms"`
}

// Setting is one of a runtime's settings. The name of a variable has "env " before it.
type Setting struct{ Name, Value foreign.Text }

// Settings are a runtime's, in the order of their names; in JSON an object.
type Settings []Setting

// Of gives the value of a setting; "" where it is not set.
func (s Settings) Of(name string) string {
	for _, one := range s {
		if one.Name.String() == name {
			return one.Value.String()
		}
	}
	return ""
}

// MarshalJSON writes them as an object, in their order.
func (s Settings) MarshalJSON() ([]byte, error) {
	var out bytes.Buffer
	out.WriteByte('{')
	for i, one := range s {
		name, err := json.Marshal(one.Name.String())
		if err != nil {
			return nil, err
		}
		value, err := json.Marshal(one.Value.String())
		if err != nil {
			return nil, err
		}
		if i > 0 {
			out.WriteByte(',')
		}
		out.Write(name)
		out.WriteByte(':')
		out.Write(value)
	}
	out.WriteByte('}')
	return out.Bytes(), nil
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (s *Settings) UnmarshalJSON(text []byte) error {
	all := map[string]foreign.Text{}
	if err := json.Unmarshal(text, &all); err != nil {
		return err
	}
	*s = nil
	for _, name := range slices.Sorted(maps.Keys(all)) {
		one := Setting{Value: all[name]}
		if err := one.Name.UnmarshalText([]byte(name)); err != nil {
			return err
		}
		*s = append(*s, one)
	}
	return nil
}

// Pool is one pool of a php-fpm.
type Pool struct {
	Name string `json:"name"`
	File string `json:"file"` // that configures it
	User string `json:"user"`

	Chroot string `json:"chroot,omitempty"` // the directory that is its workers' root; "": none

	Sets []string `json:"sets,omitempty"` // of PHP's settings that decide here, those that its file has itself: no php.ini changes them
}

// SetsItself reports whether the pool's own file has a setting. No pool sets none.
func (p *Pool) SetsItself(name string) bool { return p != nil && slices.Contains(p.Sets, name) }

// Stage is how far a client got.
type Stage string

// The stages, in order. Getent ends at the first, a passing runtime at the last.
const (
	StageResolve Stage = "resolve"
	StageConnect Stage = "connect"
	StageTLS     Stage = "tls"
	StageVerify  Stage = "verify"
)
