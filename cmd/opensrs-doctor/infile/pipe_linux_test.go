package infile

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A named pipe as input is waited for, not for ever; a writer that comes late is heard, and one that wrote nothing is the
// end of the file.
func TestPipesAsInput(t *testing.T) {
	opening, silence := pipeOpening, pipeSilence
	t.Cleanup(func() { pipeOpening, pipeSilence = opening, silence })
	path := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	pipeOpening = time.Millisecond
	if _, err := Read(path, 100); err == nil || !strings.Contains(err.Error(), "no process writes") {
		t.Errorf("no writer: %v", err)
	}
	pipeOpening = opening
	for _, text := range []string{"env: test\n", ""} {
		go func() {
			if writer, err := os.OpenFile(path, os.O_WRONLY, 0); err == nil {
				_, _ = writer.WriteString(text)
				writer.Close()
			}
		}()
		if got, err := Read(path, 100); string(got) != text || err != nil {
			t.Errorf("got %q, %v", got, err)
		}
	}
	pipeSilence = time.Millisecond
	mute, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer mute.Close()
	if _, err := Read(path, 100); err == nil || !strings.Contains(err.Error(), "nothing was written") {
		t.Errorf("a mute writer: %v", err)
	}
}
