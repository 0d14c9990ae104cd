//go:build linux

package systems

import (
	"fmt"
	"os"
	"testing"
)

func TestMain(m *testing.M) { os.Exit(testMain(m)) }

func testMain(m *testing.M) int {
	dir, err := os.MkdirTemp("", "opensrs-doctor-systems-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	for _, s := range all {
		s.dir = dir
		defer s.end()
	}
	code := m.Run()
	fmt.Printf("systems: %s ran, %s ran\n", wine, qemu)
	return code
}
