package probes

import (
	"strings"

	"github.com/miekg/dns"

	"opensrs-doctor/probes/classify"
	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/probes/foreign"
)

// maxRecords is how many records of one reply are kept.
const maxRecords = 32

// replyOf is what a name server said to one question, record by record, as far as it is about addresses.
func replyOf(question uint16, got result) evidence.DNSReply {
	reply := evidence.DNSReply{Type: dns.TypeToString[question], Records: []evidence.DNSRecord{}}
	if got.err != nil {
		reply.Failure = classify.Error(evidence.OpQuery, got.err, got.scrub)
		return reply
	}
	reply.Rcode, reply.Transport = rcodeName(got.msg.Rcode), got.transport
	for _, record := range got.msg.Answer {
		value := foreign.Text{}
		switch record := record.(type) {
		case *dns.A:
			value = got.scrub.Quote(record.A.String(), 45)
		case *dns.AAAA:
			value = got.scrub.Quote(record.AAAA.String(), 45)
		case *dns.CNAME:
			value = got.scrub.QuoteNames([]string{labels(record.Target)}, 253)[0]
		}
		if !value.Empty() && len(reply.Records) < maxRecords {
			head := record.Header()
			reply.Records = append(reply.Records, evidence.DNSRecord{Type: dns.TypeToString[head.Rrtype], TTL: head.Ttl, Value: value})
		}
	}
	return reply
}

// labels is a name as it came, without the escapes that the DNS library writes, and without the last dot.
func labels(name string) string {
	packed := make([]byte, 256)
	if _, err := dns.PackDomainName(name, packed, 0, nil, false); err != nil {
		return name
	}
	var all []string
	for packed[0] != 0 && int(packed[0]) < len(packed) {
		all = append(all, string(packed[1:1+packed[0]]))
		packed = packed[1+packed[0]:]
	}
	return strings.Join(all, ".")
}

// silentReply is for a question that had no answer when the other one's was used.
func silentReply(question uint16) evidence.DNSReply {
	return evidence.DNSReply{Type: dns.TypeToString[question], Records: []evidence.DNSRecord{},
		Failure: &evidence.Failure{Op: evidence.OpQuery, Kind: evidence.KindTimeout, Detail: foreign.Ours("no answer yet when the other question's was used")}}
}
