package runtimes

import (
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"opensrs-doctor/probes/foreign"
)

// maxRuntimes bounds how many programs are asked.
const maxRuntimes = 40

// kind is a runtime, and how its script is given to it.
type kind struct {
	family   string
	binaries []string // patterns of names within the directories of PATH
	places   []string // patterns of paths beyond PATH: control panels and software collections have theirs there
	script   string   // within scripts; "" for a program that is asked by its flags
	args     []string // before HOST, PORT and seconds
}

var kinds = []kind{
	{family: "php", binaries: []string{"php", "php[5-9].[0-9]", "php[5-9][0-9]"}, script: "look.php", args: []string{"--"},
		places: []string{
			"/opt/cpanel/ea-php*/root/usr/bin/php", "/opt/plesk/php/*/bin/php", "/opt/alt/php*/usr/bin/php",
			"/usr/local/lsws/lsphp*/bin/php", "/opt/remi/php*/root/usr/bin/php", "/usr/local/php*/bin/php",
			"/www/server/php/*/bin/php",
		}},
	{family: "python3", binaries: []string{"python3"}, script: "look.py", args: []string{"-"}},
	{family: "ruby", binaries: []string{"ruby"}, script: "look.rb", args: []string{"-"}},
	{family: "perl", binaries: []string{"perl"}, script: "look.pl", args: []string{"-"}},
	{family: "node", binaries: []string{"node"}, script: "look.js", args: []string{"-"}},
	{family: "java", binaries: []string{"java"}, script: "Look.java", args: []string{"--source", "11", "/dev/stdin"}},
	{family: "curl", binaries: []string{"curl"}},
	{family: "getent", binaries: []string{"getent"}},
}

// systemDirs are searched besides PATH: what cron and services run is there, whatever this shell has before it.
var systemDirs = []string{"/usr/local/bin", "/usr/bin", "/bin"}

// find gives the runtimes of this host in the order of kinds, php-fpm after php.
func (r *run) find() (found []looker) {
	seen := map[string]bool{}
	for _, one := range kinds {
		if r.mayBeWanted(one.family) {
			for _, path := range r.binaries(one) {
				real, err := filepath.EvalSymlinks(path)
				if err != nil || seen[real+" "+one.family] {
					continue
				}
				seen[real+" "+one.family] = true
				found = append(found, r.looker(one, path))
			}
		}
		if one.family == "php" && r.mayBeWanted("fpm") {
			found = append(found, r.pools()...)
		}
	}
	return found[:min(len(found), maxRuntimes)]
}

// binaries are the programs of a kind: of each pattern the first in PATH and the system's own, then those beyond.
func (r *run) binaries(one kind) (paths []string) {
	dirs := slices.Concat(r.path, r.extraDirs())
	for _, pattern := range one.binaries {
		first := map[string]bool{}
		for i, dir := range dirs {
			if !filepath.IsAbs(dir) {
				continue
			}
			matches, _ := filepath.Glob(filepath.Join(escaped(dir), pattern+programSuffix()))
			for _, path := range matches {
				name := filepath.Base(path)
				if system := i >= len(dirs)-len(r.extraDirs()); executable(path) && (!first[name] || system) {
					first[name] = true
					paths = append(paths, path)
				}
			}
		}
	}
	if r.o.Env == nil {
		for _, pattern := range one.places {
			matches, _ := filepath.Glob(pattern)
			slices.Sort(matches)
			paths = append(paths, slices.DeleteFunc(matches, func(path string) bool { return !executable(path) })...)
		}
	}
	return paths
}

// extraDirs are the system's directories, unless an environment was given: then its PATH alone counts.
func (r *run) extraDirs() []string {
	if r.o.Env != nil {
		return nil
	}
	return systemDirs
}

// programSuffix is what the names of programs end in.
func programSuffix() string {
	if runtime.GOOS == "windows" {
		return ".exe"
	}
	return ""
}

// escaped is a directory as a pattern that matches only it.
func escaped(dir string) string {
	if runtime.GOOS == "windows" { // patterns know no escape there, and paths no * and ?
		return dir
	}
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(dir)
}

func executable(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular() && (runtime.GOOS == "windows" || info.Mode()&0o111 != 0)
}

// looker is how a program of a kind is asked. As root one that others could have changed is named and not run.
func (r *run) looker(one kind, path string) looker {
	l := looker{name: one.family, path: path, java: one.family == "java"}
	if asRoot() {
		if why := untrusted(path); why != "" {
			l.skip = foreign.Join(foreign.Ours("not run as root:"), r.quote(why))
			return l
		}
	}
	switch one.family {
	case "curl":
		l.ask = r.askCurl
	case "getent":
		l.ask = r.askGetent
	default:
		l.ask = r.askScript(one)
	}
	return l
}
