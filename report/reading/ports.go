package reading

import (
	"fmt"

	"opensrs-doctor/probes/evidence"
)

// PortsWords say which source ports' packets get no answer, where others' do; "" where all are alike. some names them in
// a sentence, and is "" where no range of ports parts them.
func PortsWords(l *evidence.Ledger) (words, some string) {
	if l == nil || l.Ports == nil {
		return "", ""
	}
	answered, silent := l.Ports.Answered, l.Ports.Silent
	words = fmt.Sprintf("Of %d packets for %s from source ports all over the range, %d got no answer", len(answered)+len(silent), l.To, len(silent))
	const least = 5 // of each, in a row by chance once in 10,000 times or less
	if len(answered) < least || len(silent) < least {
		return words + ".", ""
	}
	within := func(all, of []uint16) bool { // whether one of those lies between others
		for _, port := range all {
			if port > of[0] && port < of[len(of)-1] {
				return true
			}
		}
		return false
	}
	switch {
	case !within(answered, silent):
		some = fmt.Sprintf("%d to %d", silent[0], silent[len(silent)-1])
		return words + fmt.Sprintf(": those from %s, and no others.", some), some
	case !within(silent, answered):
		some = fmt.Sprintf("%d to %d", answered[0], answered[len(answered)-1])
		return words + fmt.Sprintf(": all but those from %s.", some), "all but " + some
	}
	return words + ".", ""
}
