package probes

import (
	"errors"
	"io"
	"os"
	"syscall"
)

var errNotAFile = errors.New("not a file")

// readSmallFile reads a file of the system. It waits for nobody: a pipe or a device in its place is an error.
func readSmallFile(path string, most int64) (string, error) {
	file, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return "", err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return "", err
	}
	if !info.Mode().IsRegular() {
		return "", errNotAFile
	}
	content, err := io.ReadAll(io.LimitReader(file, most))
	return string(content), err
}
