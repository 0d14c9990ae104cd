package inspect

import (
	"bytes"
	"strconv"

	"opensrs-doctor/probes/lazy"
)

// summary is the line that tcpdump prints above each packet, with the two ends and the bytes of its payload.
var summary = lazy.Pattern{Text: `(?m)^(?:[^\n ]+ ){0,3}\d\d:\d\d:\d\d\.\d+ IP6? (\S+) > (\S+): [^\n]*?\blength (\d{1,9})[^\n]*\n`}

// joinPackets puts together what tcpdump -A printed of one connection, from the packet on in which a request
// begins; false where the text is nothing of the kind, and then it is given back as it is.
func joinPackets(text []byte) ([]byte, bool) {
	if !bytes.Contains(text, []byte(" IP")) {
		return text, false
	}
	found := summary.Regexp().FindAllSubmatchIndex(text, -1)
	var (
		joined   []byte
		from, to string
	)
	for i, at := range found {
		end := len(text)
		if i+1 < len(found) {
			end = found[i+1][0]
		}
		shown := text[at[1]:end]
		source, target := string(text[at[2]:at[3]]), string(text[at[4]:at[5]])
		length, _ := strconv.Atoi(string(text[at[6]:at[7]]))
		switch {
		case length == 0:
		case joined == nil:
			if begin := findRequestLine(shown); begin >= 0 {
				joined, from, to = bytes.Clone(shown[begin:]), source, target
			}
		case source == from && target == to:
			// The line end behind a packet is tcpdump's. Behind the last one it may be missing, so it stays there.
			joined = append(bytes.TrimSuffix(joined, []byte("\n")), payload(shown, length)...)
		}
	}
	if joined == nil {
		return text, false
	}
	return joined, true
}

// payload cuts the IP and TCP headers off what was printed of a packet. A CR before a LF is not printed, so the
// length alone would cut too far ahead; where the headers' lengths can be guessed, they are taken.
func payload(shown []byte, length int) []byte {
	const ip4, ip6, tcp, tcpTimes = 20, 40, 20, 32 // bytes; the last with the usual timestamps
	ip := ip4
	if len(shown) > 0 && shown[0] == '`' {
		ip = ip6
	}
	for _, headers := range []int{ip + tcp, ip + tcpTimes} {
		if offset := ip + 12; headers < len(shown) && len(shown)-headers <= length+1 && (headers == ip+tcpTimes || shown[offset] == 'P') {
			return shown[headers:]
		}
	}
	return shown[max(0, len(shown)-length-1):]
}
