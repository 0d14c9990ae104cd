// Package service holds what the tool knows of the service that it diagnoses: names, port, limits. Whoever judges, calls or
// advises takes them from here, and a test sees to it that they are typed nowhere else.
package service

import (
	"strconv"
	"strings"
	"time"
)

// Profile is what a reseller API has of its own.
type Profile struct {
	Live, Test Environment
	Domain     string    // that the hosts of both are in
	MailDomain string    // that the hosts of its Email API are in, another service with other logins
	Port       uint16    // of the HTTPS API
	OldPorts   [2]uint16 // of older protocols, which old manuals and clients still name
	StatusPage string    // that people read
	StatusURL  string    // its Statuspage summary
	Guide      string    // host of the API guide
	Support    string    // host of the support articles
	Panel      string    // the control panel's name
	Settings   string    // where in it the keys and the rules are
	Rules      Rules
}

// Environment is one of the two public services. Each has accounts, keys and access rules of its own.
type Environment struct {
	Name string // as flags and reports have it
	Host string
}

// Rules are the limits of the list of IP access rules.
type Rules struct {
	Most              int           // rules in a list; support can raise that
	Widest, Narrowest int           // lengths of prefixes, in bits
	Delay             time.Duration // after which a change is in effect for sure
}

// WidestRule is Rules.Widest of OpenSRS. It is a constant because a plan reckons with blocks of that size.
const WidestRule = 25

const statusPage = "https://status.opensrs.com"

// OpenSRS is the service. Its endpoints are from domains.opensrs.guide/docs/quickstart, the delay from its
// docs/troubleshooting, the rules from support article 201000063475, the status page from 201000063062.
var OpenSRS = Profile{
	Live:       Environment{"live", "rr-n1-tor.opensrs.net"},
	Test:       Environment{"test", "horizon.opensrs.net"},
	Domain:     "opensrs.net",
	MailDomain: "hostedemail.com",
	Port:       55443,
	OldPorts:   [2]uint16{55000, 51000},
	StatusPage: statusPage,
	StatusURL:  statusPage + "/api/v2/summary.json",
	Guide:      "domains.opensrs.guide",
	Support:    "support.opensrs.com",
	Panel:      "Reseller Control Panel",
	Settings:   "Account settings, API settings",
	Rules:      Rules{Most: 5, Widest: WidestRule, Narrowest: 32, Delay: 15 * time.Minute},
}

// EnvironmentOf is the name of a public host's environment, in any case and on any port; "" for a host of one's own.
func (p *Profile) EnvironmentOf(host string) string {
	for _, one := range []Environment{p.Live, p.Test} {
		if strings.EqualFold(host, one.Host) {
			return one.Name
		}
	}
	return ""
}

// Other is the environment that is not the one named.
func (p *Profile) Other(name string) Environment {
	if name == p.Test.Name {
		return p.Live
	}
	return p.Test
}

// MostInWords is Most as prose has it, "five".
func (r Rules) MostInWords() string {
	words := []string{"no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"}
	if r.Most < len(words) {
		return words[r.Most]
	}
	return strconv.Itoa(r.Most)
}

// DelayInWords is "15 minutes".
func (r Rules) DelayInWords() string { return strconv.Itoa(int(r.Delay.Minutes())) + " minutes" }

// Endpoint is HOST:PORT of an environment.
func (p *Profile) Endpoint(of Environment) string { return of.Host + ":" + p.PortText() }

// PortText is the port in digits.
func (p *Profile) PortText() string { return strconv.Itoa(int(p.Port)) }

// Old reports whether a port is one of OldPorts.
func (p *Profile) Old(port int) bool {
	return port == int(p.OldPorts[0]) || port == int(p.OldPorts[1])
}

// OtherPort is the port of the same host that one is compared with.
func (p Profile) OtherPort(port uint16) uint16 {
	const web = 443
	if port == web {
		return p.Port
	}
	return web
}
