package config

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
	"path/filepath"

	"opensrs-doctor/cmd/opensrs-doctor/console"
	"opensrs-doctor/cmd/opensrs-doctor/infile"
	"opensrs-doctor/probes"
	"opensrs-doctor/probes/service"
)

// maxRoots is the largest file of root certificates, in bytes; the public ones take about 200 KiB.
const maxRoots = 8 << 20

// roots reads the files of certificates that replace a store.
func (s *Settings) roots(r *Request) (err error) {
	o := &r.Options
	if err := s.authority(o); err != nil {
		return err
	}
	if s.Given("public-roots") {
		o.PublicRootsPath = s.Text("public-roots")
		if o.PublicRoots, err = s.certificates("public-roots"); err != nil {
			return err
		}
		if len(o.PublicRoots) == 0 {
			return s.Bad("public-roots", 0, "%s holds no certificate in PEM form", o.PublicRootsPath)
		}
	}
	if s.Given("system-roots") {
		o.SystemRoots, err = s.certificates("system-roots")
	}
	s.rootsOfTarget(r)
	return err
}

// authority reads the certificates of an endpoint of one's own, which then alone count for it.
func (s *Settings) authority(o *probes.Options) (err error) {
	if !s.Given("ca-file") {
		return nil
	}
	ca := s.merged["ca-file"]
	for _, name := range []string{"public-roots", "system-roots"} {
		if s.Given(name) {
			return console.Usagef("%s and %s contradict each other", ca.place(0), s.merged[name].place(0)).
				WithHint("with --ca-file that authority alone counts for the endpoint; give one of the two")
		}
	}
	if !o.Custom || service.OpenSRS.EnvironmentOf(o.Host) != "" {
		if ca.from == "file" && (s.merged["env"].from == "flag" || s.merged["endpoint"].from == "flag") {
			return nil // the flag asks for a public service, and the file's authority is for another endpoint
		}
		return s.Bad("ca-file", 0, "%s is a public service, with a public authority's certificate", o.Host).
			WithHint("--ca-file is for an --endpoint of your own; --allow-intercepted is for a network that opens TLS")
	}
	o.CAPath = s.Text("ca-file")
	if whole, err := filepath.Abs(o.CAPath); err == nil && o.CAPath != "" {
		o.CAPath = whole // it is told where to set it, for programs that run elsewhere
	}
	if o.CAFile, err = s.certificates("ca-file"); err == nil && len(o.CAFile) == 0 {
		return s.Bad("ca-file", 0, "%s holds no certificate in PEM form", o.CAPath)
	}
	return err
}

// certificates gives those of a PEM file, never nil: a store without a certificate is a store too. Like Go it skips
// the certificates that it cannot read, which every system's store has some of.
func (s *Settings) certificates(name string) ([]*x509.Certificate, error) {
	path := s.Text(name)
	rest, err := infile.Read(path, maxRoots)
	var usage *console.UsageError
	switch {
	case errors.As(err, &usage):
		return nil, s.Bad(name, 0, "%s %s", console.ShownPath(path), usage.Text)
	case err != nil:
		return nil, s.Bad(name, 0, "cannot read %s: %s", console.ShownPath(path), console.Plain(err))
	}
	found, empty := []*x509.Certificate{}, len(rest) == 0
	for {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		if certificate, err := x509.ParseCertificate(block.Bytes); block.Type == "CERTIFICATE" && err == nil {
			found = append(found, certificate)
		}
	}
	if len(found) == 0 && !empty {
		return nil, s.Bad(name, 0, "%s holds no certificate in PEM form", path)
	}
	return found, nil
}
