//go:build !linux

package process

import (
	"os"
	"time"

	"opensrs-doctor/probes/thishost"
)

type (
	joins       struct{}
	preparation struct{}
)

const onlyLinux = "works on Linux only"

// Find is not available on this system.
func Find(string) (*Target, error) { return nil, failed("", onlyLinux) }

// Running is not available on this system.
func Running() (programs, units []string) { return nil, nil }

// Prepare is not available on this system.
func (t *Target) Prepare() {}

// Start is not available on this system.
func (t *Target) Start() (*Inner, error) { return nil, failed("", onlyLinux) }

// Inner is not available on this system.
type Inner struct{ Pipe *os.File }

// End is not available on this system.
func (i *Inner) End(time.Duration) {}

// Eyes are not available on this system.
func (t *Target) Eyes() (thishost.Eyes, func()) { return thishost.Here{}, func() {} }

// Close is not needed on this system.
func (t *Target) Close() {}

// Group is not available on this system.
func (t *Target) Group() string { return "" }

// OwnGroup is not available on this system.
func OwnGroup() string { return "" }

// Entered reports that this program was not started by Start.
func Entered() (*os.File, bool) { return nil, false }
