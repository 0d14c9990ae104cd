package main

import "io/fs"

// readTrusted is readFile: this system has no root who reads what other users wrote.
func readTrusted(path string, limit int64) ([]byte, error) { return readFile(path, limit) }

// notRoots has nothing to say here, for the same reason.
func notRoots(fs.FileInfo) string { return "" }
