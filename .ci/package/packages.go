package main

import (
	"bytes"
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/goreleaser/nfpm/v2"
	_ "github.com/goreleaser/nfpm/v2/deb" // registers itself
	"github.com/goreleaser/nfpm/v2/files"
	_ "github.com/goreleaser/nfpm/v2/rpm" // registers itself
	"go.yaml.in/yaml/v3"
)

// revision counts the packages of one version.
const revision = "1"

const summary = "shows why a server can't reach the OpenSRS API, and what to do"

const description = `It looks, in this order, at the public address that this host comes from, at
the access rules, at DNS, at TCP port 55443, at TLS, and at a signed call. It
names one root cause with its evidence, and the steps that mend it. A sandbox
inside stands for the service where there is no account, and no network.`

// writePackages writes the packages of every Linux program.
func (r *release) writePackages() error {
	for _, program := range r.programs {
		if program.system != "linux" {
			continue
		}
		for _, format := range []string{"deb", "rpm"} {
			if err := r.writePackage(program, format); err != nil {
				return fmt.Errorf("%s for %s: %w", format, program.arch, err)
			}
		}
	}
	return nil
}

func (r *release) writePackage(p program, format string) error {
	staged, err := os.MkdirTemp("", "package-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(staged)
	packager, err := nfpm.Get(format)
	if err != nil {
		return err
	}
	info, err := r.info(p, format, staged)
	if err != nil {
		return err
	}
	info = nfpm.WithDefaults(info)
	var out bytes.Buffer
	path := packager.ConventionalFileName(info)
	if err := packager.Package(info, &out); err != nil {
		return err
	}
	return r.write(path, out.Bytes())
}

// info is what nfpm has to know; the files are put into staged first.
func (r *release) info(p program, format, staged string) (*nfpm.Info, error) {
	stage := func(file string, content []byte) (string, error) {
		path := filepath.Join(staged, filepath.FromSlash(file))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return "", err
		}
		return path, os.WriteFile(path, content, 0o644)
	}
	info := &nfpm.Info{
		Name: name, Arch: p.arch, Platform: "linux", Version: r.version, Release: revision, MTime: r.time, Section: "net",
		Priority: "optional", Maintainer: r.maintainer, DisableGlobbing: true,
	}
	info.Description = summary + "\n" + description // as deb has it: the first line is the summary
	if format == "rpm" {
		info.Description = description
	}
	info.RPM.Summary, info.RPM.BuildHost, info.RPM.Packager = strings.ToUpper(summary[:1])+summary[1:], "localhost", r.maintainer
	info.RPM.Group = "Applications/Internet"
	info.Deb.Compression, info.RPM.Compression = "gzip:9", "gzip:9"

	all := append(r.installed(), file{"usr/bin/" + name, 0o755, p.content, false})
	switch format {
	case "deb":
		all = append(all, file{"usr/share/zsh/vendor-completions/_" + name, 0o644, r.completion["_"+name], false},
			file{"usr/share/doc/" + name + "/changelog.Debian.gz", 0o644, r.debianChangelog(), false},
			file{"usr/share/lintian/overrides/" + name, 0o644, ownFile("lintian-overrides"), false})
	case "rpm":
		all = append(all, file{"usr/share/zsh/site-functions/_" + name, 0o644, r.completion["_"+name], false})
	}
	for _, one := range all {
		path, err := stage("root/"+one.path, one.content)
		if err != nil {
			return nil, err
		}
		content := &files.Content{Source: path, Destination: "/" + one.path,
			FileInfo: &files.ContentFileInfo{Owner: "root", Group: "root", Mode: one.mode, MTime: r.time}}
		switch {
		case one.config:
			content.Type = files.TypeConfigNoReplace
		case format == "rpm" && strings.HasPrefix(one.path, "usr/share/man/"):
			content.Type = files.TypeRPMDoc
		}
		info.Contents = append(info.Contents, content)
	}
	info.Contents = append(info.Contents, &files.Content{Destination: "/etc/" + name, Type: files.TypeDir,
		FileInfo: &files.ContentFileInfo{Owner: "root", Group: "root", Mode: 0o755, MTime: r.time}})

	if format == "rpm" {
		log, err := r.changelog()
		if err != nil {
			return nil, err
		}
		if info.Changelog, err = stage("changelog.yaml", log); err != nil {
			return nil, err
		}
	}
	var err error
	for script, to := range map[string]*string{"postinst": &info.Scripts.PostInstall, "prerm": &info.Scripts.PreRemove,
		"postrm": &info.Scripts.PostRemove} {
		if *to, err = stage(script, ownFile(script)); err != nil {
			return nil, err
		}
	}
	return info, nil
}

// changelog is the notes of this version, as nfpm reads them.
func (r *release) changelog() ([]byte, error) {
	type change struct {
		Note string `yaml:"note"`
	}
	type entry struct {
		Semver   string   `yaml:"semver"`
		Date     string   `yaml:"date"`
		Packager string   `yaml:"packager"`
		Changes  []change `yaml:"changes"`
	}
	one := entry{Semver: r.version, Date: r.time.Format("2006-01-02T15:04:05Z"), Packager: cmp.Or(r.maintainer, name)}
	for _, note := range r.notes {
		one.Changes = append(one.Changes, change{note})
	}
	return yaml.Marshal([]entry{one})
}

// debianChangelog is the same in Debian's form, whose lines are short.
func (r *release) debianChangelog() []byte {
	var out strings.Builder
	fmt.Fprintf(&out, "%s (%s-%s) unstable; urgency=medium\n\n", name, strings.Replace(r.version, "-", "~", 1), revision)
	for _, note := range r.notes {
		line := "  *"
		for word := range strings.FieldsSeq(note) {
			if len(line)+1+len(word) > 78 {
				out.WriteString(line + "\n")
				line = "   "
			}
			line += " " + word
		}
		out.WriteString(line + "\n")
	}
	fmt.Fprintf(&out, "\n -- %s  %s\n", cmp.Or(r.maintainer, name), r.time.Format("Mon, 02 Jan 2006 15:04:05 -0700"))
	return zipped([]byte(out.String()), time.Time{})
}
