package mistakes

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"opensrs-doctor/probes/opensrs"
)

// BenchmarkExplain is the whole search, which ends without an answer, for bodies of the usual sizes and some
// beyond. The budget of 100 ms is for the usual ones: a domain's registration has 2 to 5 kB.
func BenchmarkExplain(b *testing.B) {
	item := "<item key=\"first_name\">Zoë &amp; Søn's</item>\r\n"
	for _, size := range []int{1, 5, 20, 100} {
		b.Run(fmt.Sprint(size, "kB"), func(b *testing.B) {
			body := append(opensrs.GetBalanceBody(), bytes.Repeat([]byte(item), size*1000/len(item)+1)...)
			attempt := Attempt{body[:size*1000], []byte(clientKey), clientName, strings.Repeat("0", 32)}
			for b.Loop() {
				if verdict := ExplainSignature(attempt); verdict.Match || verdict.NoPairs {
					b.Fatalf("%+v", verdict)
				}
			}
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(float64(b.Elapsed().Microseconds())/1000/float64(b.N), "ms")
			if size <= 5 {
				b.ReportMetric(100, "budget-ms")
			}
		})
	}
}
