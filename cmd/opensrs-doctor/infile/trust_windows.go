package infile

import "io/fs"

// ReadTrusted is Read: this system has no root who reads what other users wrote.
func ReadTrusted(path string, limit int64) ([]byte, error) { return Read(path, limit) }

// NotRoots has nothing to say here, for the same reason.
func NotRoots(fs.FileInfo) string { return "" }
