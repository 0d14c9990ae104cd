package infile

import "os"

const nonblocking = 0

// writerLeft is always so: an end of file is the end.
func writerLeft(*os.File) bool { return true }
