//go:build !windows

package probes

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func TestSearchedFirst(t *testing.T) {
	for _, test := range []struct {
		conf, name string
		want       []string
	}{
		{"search corp.example\n", "api.example.net", nil},
		{"search corp.example\noptions ndots:2\n", "api.example.net", nil},
		{"search corp.example b.example.\noptions rotate ndots:3\n", "api.example.net", []string{"api.example.net.corp.example", "api.example.net.b.example"}},
		{"search corp.example\noptions ndots:3\n", "api.example.net.", nil},
		{"search a.example\ndomain b.example\noptions ndots:5\n", "host", []string{"host.b.example"}},
		{"options ndots:5\n", "api.example.net", nil},
		{"search .\noptions ndots:x\n", "api.example.net", nil},
		{"search 1 2 3 4 5 6 7\noptions ndots:99\n", "a.b", []string{"a.b.1", "a.b.2", "a.b.3", "a.b.4", "a.b.5", "a.b.6"}},
	} {
		path := filepath.Join(t.TempDir(), "resolv.conf")
		if err := os.WriteFile(path, []byte(test.conf), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := searchedFirst(path, test.name); !slices.Equal(got, test.want) {
			t.Errorf("%q, %s: %q, want %q", test.conf, test.name, got, test.want)
		}
	}
}
