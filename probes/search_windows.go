package probes

import "time"

// searchedFirst: Windows is asked itself, and has no option ndots.
func searchedFirst(string, string) []string { return nil }

// libcWaits is for other systems: Windows has its own patience.
func libcWaits(string) time.Duration { return 0 }
