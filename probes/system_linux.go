package probes

import (
	"bufio"
	"io"
	"os"
	"strings"
)

// productName is PRETTY_NAME of os-release(5).
func productName() string {
	for _, path := range []string{"/etc/os-release", "/usr/lib/os-release"} {
		file, err := os.Open(path)
		if err != nil {
			continue
		}
		defer file.Close()
		lines := bufio.NewScanner(io.LimitReader(file, 64<<10))
		for lines.Scan() {
			if value, found := strings.CutPrefix(lines.Text(), "PRETTY_NAME="); found {
				return strings.Trim(value, `"'`)
			}
		}
	}
	return ""
}
