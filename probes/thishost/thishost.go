// Package thishost asks what on this very host stands in the way of packets to one address: its routing policy, its
// firewall, a control group, a table that is full. It reads what the kernel says and counts, needs no privilege for
// most of it, and changes nothing. It is asked only after a connection failed.
package thishost

import (
	"bytes"
	"strconv"
	"strings"
)

// counters reads files of the form of /proc/net/snmp and netstat: for each protocol a line of names and a line of values.
// The keys of the result are "Ip.InReceives".
func counters(files ...[]byte) map[string]int {
	all := map[string]int{}
	for _, file := range files {
		var names []string
		for line := range bytes.Lines(file) {
			words := strings.Fields(string(line))
			if len(words) < 2 {
				continue
			}
			if len(names) != len(words) || names[0] != words[0] {
				names = words
				continue
			}
			protocol := strings.TrimSuffix(words[0], ":")
			for i := 1; i < len(words); i++ {
				if value, err := strconv.ParseInt(words[i], 10, 64); err == nil {
					all[protocol+"."+names[i]] = int(value)
				}
			}
			names = nil
		}
	}
	return all
}
