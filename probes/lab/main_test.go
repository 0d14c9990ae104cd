//go:build linux

package lab

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// What TestMain found out for all tests.
var (
	unavailable string // why there is no lab on this machine; "": there is one
	binary      string // the built opensrs-doctor
	buildError  error
)

// Variables between this process and those that it makes of itself.
const (
	binaryEnv = "OPENSRS_LAB_BINARY" // the binary that the outer process built
	clientEnv = "OPENSRS_LAB_CLIENT" // set where this process is to be a client: see client_test.go
)

func TestMain(m *testing.M) {
	if os.Getenv(clientEnv) != "" {
		os.Exit(runClient(os.Args[1:]))
	}
	os.Exit(testMain(m))
}

func testMain(m *testing.M) int {
	flag.Parse()
	binary = os.Getenv(binaryEnv)
	if binary == "" {
		sweep()
		dir, err := os.MkdirTemp("", binaryDir)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer os.RemoveAll(dir)
		binary = filepath.Join(dir, "opensrs-doctor")
		buildError = build(binary)
	}
	if os.Geteuid() != 0 {
		code, err := insideUserNamespace()
		if err == nil {
			return code
		}
		unavailable = "not root, and no user namespace: " + err.Error()
	} else if err := tryOut(); err != nil {
		unavailable = err.Error()
	}
	if !parallelGiven() {
		// Faults mostly wait for silence, so many fit on few processors.
		_ = flag.Set("test.parallel", "10")
	}
	code := m.Run()
	scores.print()
	return code
}

// binaryDir begins the names of the directories that hold the built binary while faults run.
const binaryDir = "opensrs-doctor-lab-"

// sweep removes what runs left behind that were killed; a directory of the last hour may be in use.
func sweep() {
	left, _ := filepath.Glob(filepath.Join(os.TempDir(), binaryDir+"*"))
	for _, dir := range left {
		if info, err := os.Stat(dir); err == nil && time.Since(info.ModTime()) > time.Hour {
			_ = os.RemoveAll(dir)
		}
	}
}

// build compiles the binary once for all faults.
func build(path string) error {
	cmd := exec.Command("go", "build", "-o", path, "opensrs-doctor/cmd/opensrs-doctor")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0") // as it is shipped: it begins where there is no library
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("go build: %w\n%s", err, out)
	}
	return nil
}

// insideUserNamespace runs this test binary again as root of a user namespace. An error means that
// there is none to be had; otherwise the status is that of the inner run.
func insideUserNamespace() (int, error) {
	if os.Getenv(insideEnv) != "" {
		return 0, errors.New("the user namespace gave no rights")
	}
	cmd := exec.Command("/proc/self/exe", os.Args[1:]...)
	cmd.Env = append(os.Environ(), insideEnv+"=1", binaryEnv+"="+binary)
	if buildError != nil {
		cmd.Env = append(os.Environ(), insideEnv+"=1")
	}
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNET | syscall.CLONE_NEWNS,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}},
	}
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	var status *exec.ExitError
	if err := cmd.Wait(); err != nil && !errors.As(err, &status) {
		return 0, err
	}
	return cmd.ProcessState.ExitCode(), nil
}

// tryOut makes the smallest thing of each kind that the lab needs.
func tryOut() error {
	for _, name := range []string{"ip", "nft"} {
		if _, err := exec.LookPath(name); err != nil {
			return fmt.Errorf("needs the command %s", name)
		}
	}
	node, err := newNode("trial")
	if err != nil {
		return err
	}
	defer node.close()
	if err := node.tool("link add a0 type veth peer name b0\n", "ip", "-batch", "-"); err != nil {
		return err
	}
	return node.tool("table ip t {\n chain c {\n type nat hook postrouting priority srcnat; masquerade\n }\n}\n",
		"nft", "-f", "-")
}

func parallelGiven() bool {
	given := false
	flag.Visit(func(f *flag.Flag) { given = given || f.Name == "test.parallel" })
	return given
}

// need skips a test where there is no lab, or fails it where one is required.
func need(t *testing.T) {
	t.Helper()
	switch {
	case unavailable == "":
	case os.Getenv("OPENSRS_DOCTOR_LAB") == "require":
		t.Fatalf("no lab on this machine: %s", unavailable)
	default:
		t.Skipf("no lab on this machine: %s", unavailable)
	}
}
