// Command package makes the files of a release from the built programs: packages for Debian and RPM, archives, images of
// containers, a bill of materials and the checksums of all. It is a module of its own, so that what it needs does not
// stand in the module of the program.
//
// The same programs, version and time give the same bytes.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

const name = "opensrs-doctor"

// release is what all parts of a release share.
type release struct {
	version    string    // semantic, without a v
	time       time.Time // of the source: every file in every archive has it
	maintainer string    // "NAME <ADDRESS>", for packages
	source     string    // the directory of the source
	dist       string    // where the programs are, and where everything else goes
	programs   []program
	manuals    []file // man/opensrs-doctor.1, …
	completion map[string][]byte
	notes      []string // of this version, a line each
}

// program is the built program for one system.
type program struct {
	system, arch string // as Go names them
	content      []byte
}

// file is one file of a package or an archive.
type file struct {
	path    string // without a leading slash
	mode    os.FileMode
	content []byte
	config  bool // a user edits it
}

func main() {
	var r release
	seconds := flag.Int64("time", 0, "when the source was made, in seconds since 1970")
	tool := flag.String("tool", "", "the program for this system: it prints its manual")
	flag.StringVar(&r.version, "version", "", "the version, semantic")
	flag.StringVar(&r.maintainer, "maintainer", "", "who answers for the packages")
	flag.StringVar(&r.source, "source", "", "the directory of the source")
	flag.StringVar(&r.dist, "dist", "", "where the programs are, and where all else goes")
	flag.Parse()
	r.time = time.Unix(max(*seconds, firstTime), 0).UTC()
	if err := r.make(*tool); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

// firstTime is the first day that a zip can hold, in seconds since 1970.
const firstTime = 315532800

func (r *release) make(tool string) error {
	steps := []func() error{
		r.readPrograms, r.readCompletions, r.readNotes,
		func() error { return r.printManuals(tool) },
		r.writeManuals, r.writePackages, r.writeArchives, r.writeImages, r.writeMaterials, r.writeSums,
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// readPrograms finds opensrs-doctor-SYSTEM-ARCH in dist, in the order of their names.
func (r *release) readPrograms() error {
	paths, err := filepath.Glob(filepath.Join(r.dist, name+"-*-*"))
	if err != nil {
		return err
	}
	slices.Sort(paths)
	for _, path := range paths {
		parts := strings.Split(strings.TrimSuffix(filepath.Base(path), ".exe"), "-")
		if len(parts) != 4 || strings.Contains(parts[3], ".") { // what an earlier run made
			continue
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		r.programs = append(r.programs, program{parts[2], parts[3], content})
	}
	if len(r.programs) == 0 {
		return errors.New("there is no program in " + r.dist)
	}
	return nil
}

// readCompletions reads the scripts that make dist has printed already.
func (r *release) readCompletions() error {
	r.completion = map[string][]byte{}
	for _, script := range []string{name + ".bash", "_" + name, name + ".fish", name + ".ps1"} {
		content, err := os.ReadFile(filepath.Join(r.dist, "completions", script))
		if err != nil {
			return err
		}
		r.completion[script] = content
	}
	return nil
}

// write writes a file of the release, readable by all whatever the umask.
func (r *release) write(path string, content []byte) error {
	path = filepath.Join(r.dist, path)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(path, content, 0o644); err != nil {
		return err
	}
	return os.Chmod(path, 0o644)
}

// executable is the program's file name on its system.
func (p program) executable() string {
	if p.system == "windows" {
		return name + ".exe"
	}
	return name
}
