//go:build linux

package lab

import (
	"encoding/json"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// inOwnEtc runs a shell script on the client's machine, with an /etc that it may change and that nobody else sees.
func (w *World) inOwnEtc(script string) (string, error) {
	var out []byte
	err := w.Client.Do(func() (err error) {
		command := exec.Command("unshare", "--mount", "--propagation", "private", "bash", "-e", "-c",
			"mount -t tmpfs none /mnt; mkdir /mnt/upper /mnt/work; mount -t overlay overlay -o lowerdir=/etc,upperdir=/mnt/upper,workdir=/mnt/work /etc\n"+script)
		command.Dir, command.Env = w.dir, append(w.Environ(), "PATH="+os.Getenv("PATH"))
		out, err = command.CombinedOutput()
		return err
	})
	return string(out), err
}

// TestUfw lets the real ufw close the port, applies the step that is printed, and looks again.
func TestUfw(t *testing.T) {
	if _, err := exec.LookPath("ufw"); err != nil {
		t.Skip("needs ufw: .ci/run installs it")
	}
	w := healthy(t)
	if os.Getenv(insideEnv) != "" {
		t.Skip("needs root: ufw refuses in a user namespace")
	}
	w.EndpointIs = "https://" + HostIP + ":55443/" // no name: /etc is ufw's
	w.Start()
	check := binary + " '" + strings.Join(w.Args(), "' '") + "'"
	out, err := w.inOwnEtc(`
		yes | ufw default deny outgoing >&2 || true
		for open in 53 80/tcp 443/tcp; do ufw allow out $open >&2; done
		yes | ufw enable >&2
		` + check + ` > before.json || true
		step=$(python3 -c 'import json; d = json.load(open("before.json"))["diagnoses"][0]; print(d["fixes"][0])')
		command=${step#Run sudo }; command=${command%%;*}
		echo "STEP $command" >&2
		$command >&2
		` + check + ` > after.json || true`)
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	read := func(name string) (report Report) {
		text, err := os.ReadFile(w.dir + "/" + name)
		if err == nil {
			err = json.Unmarshal(text, &report)
		}
		if err != nil {
			t.Fatalf("%s: %v: %s", name, err, out)
		}
		return report
	}
	before, after := read("before.json"), read("after.json")
	if len(before.Diagnoses) == 0 || before.Diagnoses[0].Cause != "host.local-firewall" || before.Diagnoses[0].Culprit.Manager != "ufw" {
		t.Errorf("before: %v\n%s", before.Diagnoses, out)
	}
	if !strings.Contains(out, "STEP ufw allow out 55443/tcp") || after.Verdict != "pass" {
		t.Errorf("after: %s %v\n%s", after.Verdict, after.Causes(), out)
	}
}
