package probes

import (
	"fmt"
	"runtime"

	"golang.org/x/sys/windows"
)

// release is the version that the kernel itself tells; GetVersion would tell the one that the program was made for.
func release() (system, kernel string) {
	version := windows.RtlGetVersion()
	return "Windows", fmt.Sprintf("Windows NT %d.%d.%d %s", version.MajorVersion, version.MinorVersion, version.BuildNumber,
		runtime.GOARCH)
}
