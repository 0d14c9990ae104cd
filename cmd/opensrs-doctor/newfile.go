package main

import (
	"errors"
	"io/fs"
	"os"
)

// newFile opens a file next to path that will become path, where nothing may stand, when it is complete. Its owner
// alone can read it.
func newFile(path string) (*pendingFile, error) {
	file, err := openBeside(path, 0o600)
	if err != nil {
		return nil, err
	}
	return &pendingFile{File: file, target: path}, nil
}

// writeNew writes a file that was not there before, whole or not at all. The error is fs.ErrExist where something
// stands at the path, also where that came there a moment ago.
func writeNew(path string, content []byte) error {
	file, err := newFile(path)
	if err != nil {
		return err
	}
	defer file.discard()
	if _, err := file.Write(content); err != nil {
		return err
	}
	return file.publish()
}

// publish gives the complete file its name, and unlike commit never takes one that is taken. A link does that at
// once; where the file system has no links, an empty file claims the name first.
func (p *pendingFile) publish() error {
	p.done = true
	err := errors.Join(p.Sync(), p.Close())
	if err == nil {
		if err = os.Link(p.Name(), p.target); err != nil && !errors.Is(err, fs.ErrExist) {
			err = p.claim()
		}
	}
	return errors.Join(err, gone(os.Remove(p.Name())))
}

// claim takes the name with an empty file and replaces that by the complete one.
func (p *pendingFile) claim() error {
	claimed, err := os.OpenFile(p.target, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	if err = errors.Join(claimed.Close(), os.Rename(p.Name(), p.target)); err != nil {
		os.Remove(p.target)
	}
	return err
}

// gone is no error where the file to remove is not there any more.
func gone(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
