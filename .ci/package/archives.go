package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"path"
	"slices"
	"strings"
	"time"
)

// writeArchives writes one archive for every program: a zip for Windows, a tar.gz for the others.
func (r *release) writeArchives() error {
	for _, program := range r.programs {
		files, err := r.unpacked(program)
		if err != nil {
			return err
		}
		base := name + "-" + r.version + "-" + program.system + "-" + program.arch
		var content []byte
		if program.system == "windows" {
			base += ".zip"
			content, err = r.zip(files)
		} else {
			base += ".tar.gz"
			if content, err = r.tar(files); err == nil {
				content = zipped(content, time.Time{})
			}
		}
		if err != nil {
			return err
		}
		if err := r.write(base, content); err != nil {
			return err
		}
	}
	return nil
}

// tar writes files in the order of their paths, with their directories ahead of them.
func (r *release) tar(files []file) ([]byte, error) {
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	made := map[string]bool{".": true}
	for _, one := range sorted(files) {
		var above []string
		for directory := path.Dir(strings.TrimSuffix(one.path, "/")); !made[directory]; directory = path.Dir(directory) {
			made[directory] = true
			above = append(above, directory)
		}
		for _, directory := range slices.Backward(above) {
			header := &tar.Header{Typeflag: tar.TypeDir, Name: directory + "/", Mode: 0o755, ModTime: r.time}
			if err := w.WriteHeader(header); err != nil {
				return nil, err
			}
		}
		header := &tar.Header{Typeflag: tar.TypeReg, Name: one.path, Mode: int64(one.mode), Size: int64(len(one.content)),
			ModTime: r.time}
		if strings.HasSuffix(one.path, "/") {
			header.Typeflag = tar.TypeDir
			made[strings.TrimSuffix(one.path, "/")] = true
		}
		if err := w.WriteHeader(header); err != nil {
			return nil, err
		}
		if _, err := w.Write(one.content); err != nil {
			return nil, err
		}
	}
	err := w.Close()
	return out.Bytes(), err
}

func (r *release) zip(files []file) ([]byte, error) {
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for _, one := range sorted(files) {
		header := &zip.FileHeader{Name: one.path, Method: zip.Deflate, Modified: r.time}
		header.SetMode(one.mode)
		part, err := w.CreateHeader(header)
		if err != nil {
			return nil, err
		}
		if _, err := part.Write(one.content); err != nil {
			return nil, err
		}
	}
	err := w.Close()
	return out.Bytes(), err
}

func sorted(files []file) []file {
	return slices.SortedFunc(slices.Values(files), func(a, b file) int { return strings.Compare(a.path, b.path) })
}
