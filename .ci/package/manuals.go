package main

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"
)

// printManuals lets the program print the page of every command that it knows; which there are it says itself, as it does to
// a shell that completes "help".
func (r *release) printManuals(tool string) error {
	return r.manualsBelow(tool, nil)
}

func (r *release) manualsBelow(tool string, command []string) error {
	page, err := r.ask(tool, append([]string{"help", "--man"}, command...)...)
	if err != nil {
		return err
	}
	r.manuals = append(r.manuals, file{"man/" + strings.Join(append([]string{name}, command...), "-") + ".1", 0o644, page, false})
	below, err := r.ask(tool, append(append([]string{"__complete", "help"}, command...), "")...)
	if err != nil {
		return err
	}
	for line := range strings.SplitSeq(string(below), "\n") {
		word, _, _ := strings.Cut(line, "\t")
		if word == "" || strings.HasPrefix(word, ":") {
			break
		}
		if err := r.manualsBelow(tool, append(command[:len(command):len(command)], word)); err != nil {
			return err
		}
	}
	return nil
}

// ask runs the program for this system.
func (r *release) ask(tool string, args ...string) ([]byte, error) {
	command := exec.Command(tool, args...)
	command.Env = append(os.Environ(), fmt.Sprintf("SOURCE_DATE_EPOCH=%d", r.time.Unix()))
	var errs bytes.Buffer
	command.Stderr = &errs
	out, err := command.Output()
	if err != nil {
		return nil, fmt.Errorf("%s %q: %w\n%s", tool, args, err, errs.Bytes())
	}
	return out, nil
}

func (r *release) writeManuals() error {
	for _, page := range r.manuals {
		if err := r.write(page.path, page.content); err != nil {
			return err
		}
	}
	return nil
}

// zipped is the content, compressed as well as gzip can, with a time of its own or without one (the zero time).
func zipped(content []byte, at time.Time) []byte {
	var out bytes.Buffer
	w, _ := gzip.NewWriterLevel(&out, gzip.BestCompression) // the level is a valid one
	w.ModTime = at
	w.Write(content) // a buffer takes all
	w.Close()
	return out.Bytes()
}
