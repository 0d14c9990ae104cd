package main

import (
	"embed"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

//go:embed files
var own embed.FS

// ownFile is one of the files beside this program.
func ownFile(file string) []byte {
	content, err := own.ReadFile("files/" + file)
	if err != nil {
		panic(err) // it is embedded
	}
	return content
}

// installed are the files that a package puts onto a host, all but the program and those that only one format has.
func (r *release) installed() []file {
	files := []file{
		{"etc/opensrs-doctor/config.yaml", 0o640, ownFile("config.yaml"), true},
		{"usr/lib/systemd/system/opensrs-doctor.service", 0o644, ownFile("opensrs-doctor.service"), false},
		{"usr/lib/systemd/system/opensrs-doctor.timer", 0o644, ownFile("opensrs-doctor.timer"), false},
		{"usr/share/bash-completion/completions/" + name, 0o644, r.completion[name+".bash"], false},
		{"usr/share/fish/vendor_completions.d/" + name + ".fish", 0o644, r.completion[name+".fish"], false},
	}
	for _, page := range r.manuals {
		files = append(files, file{"usr/share/man/man1/" + filepath.Base(page.path) + ".gz", 0o644, zipped(page.content, time.Time{}), false})
	}
	return files
}

// unpacked are the files of an archive for a system, below one directory.
func (r *release) unpacked(p program) ([]file, error) {
	readme, err := os.ReadFile(filepath.Join(r.source, "README.md"))
	if err != nil {
		return nil, err
	}
	files := []file{
		{p.executable(), 0o755, p.content, false},
		{"README.md", 0o644, readme, false},
		{"config.example.yaml", 0o644, ownFile("config.yaml"), false},
	}
	if p.system == "windows" {
		files = append(files, file{"completions/" + name + ".ps1", 0o644, r.completion[name+".ps1"], false})
	} else {
		for _, script := range []string{"_" + name, name + ".bash", name + ".fish"} {
			files = append(files, file{"completions/" + script, 0o644, r.completion[script], false})
		}
		files = append(files, r.manuals...)
	}
	if p.system == "linux" {
		for _, unit := range []string{"opensrs-doctor.service", "opensrs-doctor.timer"} {
			files = append(files, file{"systemd/" + unit, 0o644, ownFile(unit), false})
		}
	}
	for i := range files {
		files[i].path = fmt.Sprintf("%s-%s/%s", name, r.version, files[i].path)
	}
	return files, nil
}

// readNotes takes the release notes of this version from README: the list below its own heading, or below the first one where
// this version has none yet.
func (r *release) readNotes() error {
	readme, err := os.ReadFile(filepath.Join(r.source, "README.md"))
	if err != nil {
		return err
	}
	r.notes = notesOf(string(readme), r.version)
	if len(r.notes) == 0 {
		return fmt.Errorf(`README.md has no "## Release notes" with a "### VERSION" and a list below it`)
	}
	return nil
}

func notesOf(readme, version string) []string {
	_, text, _ := strings.Cut(readme, "\n## Release notes\n")
	text, _, _ = strings.Cut(text, "\n## ")
	sections := strings.Split(text, "\n### ")[1:]
	if len(sections) == 0 {
		return nil
	}
	chosen := sections[0]
	core, _, _ := strings.Cut(version, "+")
	for _, section := range sections {
		if heading, _, _ := strings.Cut(section, "\n"); firstWord(heading) == core {
			chosen = section
			break
		}
	}
	var notes []string
	for line := range strings.Lines(chosen) {
		if item, is := strings.CutPrefix(line, "- "); is {
			notes = append(notes, strings.TrimSpace(item))
		} else if rest, is := strings.CutPrefix(line, "  "); is && len(notes) > 0 {
			notes[len(notes)-1] += " " + strings.TrimSpace(rest)
		}
	}
	return notes
}

// firstWord is the first word of a heading, without what stands behind it.
func firstWord(heading string) string {
	word, _, _ := strings.Cut(strings.TrimSpace(heading), " ")
	return strings.TrimRight(word, ",:")
}
