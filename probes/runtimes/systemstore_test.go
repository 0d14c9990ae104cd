//go:build linux

package runtimes

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// insidePort is set for this test's own second run, which has /etc/ssl/certs of its own.
const insidePort = "OPENSRS_DOCTOR_TEST_PORT"

// The private authority is in the system's store, as update-ca-certificates puts it there, and nowhere else.
func TestAuthorityInTheSystemStoreOnly(t *testing.T) {
	if port := os.Getenv(insidePort); port != "" {
		number, _ := strconv.ParseUint(port, 10, 16)
		found := look(t, nil, Options{Port: uint16(number), Env: host(), Wait: 30 * time.Second, JavaWait: 40 * time.Second})
		json.NewEncoder(os.Stderr).Encode(found)
		return
	}
	p := newPeer(t, nil)
	store := t.TempDir()
	shell := `set -e
cp -a /etc/ssl/certs/. "$1"
cp "$2" "$1/test-root.pem"
cat "$2" >>"$1/ca-certificates.crt"
openssl rehash "$1" 2>/dev/null
mount --bind "$1" /etc/ssl/certs
shift 2
exec "$@"`
	flags := "-m"
	if !asRoot() {
		flags = "-rm"
	}
	command := exec.Command("unshare", flags, "sh", "-c", shell, "sh", store, p.ca, os.Args[0], "-test.run=^TestAuthorityInTheSystemStoreOnly$")
	command.Env = append(os.Environ(), insidePort+"="+portText(p))
	var words strings.Builder
	command.Stderr = &words
	if out, err := command.Output(); err != nil {
		if os.Getenv("OPENSRS_DOCTOR_LAB") == "require" {
			t.Fatalf("%v %s %s", err, out, words.String())
		}
		t.Skipf("no mount namespace here: %v %s", err, words.String())
	}
	type seen struct{ Status, Stage, Error string }
	found := map[string]seen{}
	_, document, _ := strings.Cut(words.String(), "{")
	if err := json.NewDecoder(strings.NewReader("{" + document)).Decode(&found); err != nil {
		t.Fatalf("%v: %s", err, words.String())
	}
	for name, want := range map[string]string{"php (streams)": "pass", "php (curl)": "pass", "python3": "pass", "python3 (requests)": "pass",
		"ruby": "pass", "perl": "pass", "perl (LWP)": "pass", "curl": "pass", "getent": "pass", "node": "fail", "java": "fail"} {
		if c, there := found[name]; there && c.Status != want {
			t.Errorf("%s: %s %s, want %s: %s", name, c.Status, c.Stage, want, c.Error)
		}
	}
	if len(found) < 3 {
		t.Errorf("only %d runtimes: %s", len(found), filepath.Base(os.Args[0]))
	}
}
