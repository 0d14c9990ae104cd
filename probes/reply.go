package probes

import (
	"strings"

	"github.com/miekg/dns"
)

// maxRecords is how many records of one reply are kept.
const maxRecords = 32

// replyOf is what a name server said to one question, record by record, as far as it is about addresses.
func replyOf(question uint16, got result) DNSReply {
	reply := DNSReply{Type: dns.TypeToString[question], Records: []DNSRecord{}}
	if got.err != nil {
		reply.Failure = Classify("query", got.err, got.scrub)
		return reply
	}
	reply.Rcode, reply.Transport = rcodeName(got.msg.Rcode), got.transport
	for _, record := range got.msg.Answer {
		value := ""
		switch record := record.(type) {
		case *dns.A:
			value = record.A.String()
		case *dns.AAAA:
			value = record.AAAA.String()
		case *dns.CNAME:
			value = printable(strings.TrimSuffix(record.Target, "."), 253)
		}
		if value != "" && len(reply.Records) < maxRecords {
			head := record.Header()
			reply.Records = append(reply.Records, DNSRecord{dns.TypeToString[head.Rrtype], head.Ttl, value})
		}
	}
	return reply
}

// silentReply is for a question that had no answer when the other one's was used.
func silentReply(question uint16) DNSReply {
	return DNSReply{Type: dns.TypeToString[question], Records: []DNSRecord{},
		Failure: &Failure{Op: "query", Kind: KindTimeout, Detail: "no answer yet when the other question's was used"}}
}
