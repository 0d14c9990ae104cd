package iprules

import (
	"errors"
	"fmt"
	"io"
	"net/netip"
	"strings"
	"testing"
	"testing/iotest"
)

// told is every line as a text: "3 203.0.113.7", "4 203.0.113.0/25", "5! why", "6 203.0.113.7+" (another one follows).
func told(r io.Reader) string {
	var lines []string
	in := NewAddressReader(r)
	for {
		line, ok := in.Next()
		switch {
		case !ok && in.Err() != nil:
			lines = append(lines, "error "+in.Err().Error())
			fallthrough
		case !ok:
			return strings.Join(lines, "\n")
		case line.Why != "":
			lines = append(lines, fmt.Sprintf("%d! %s", line.Number, line.Error()))
		case line.More:
			lines = append(lines, fmt.Sprintf("%d %s+", line.Number, line.Prefix.Addr()))
		case line.Bare:
			lines = append(lines, fmt.Sprintf("%d %s", line.Number, line.Prefix.Addr()))
		default:
			lines = append(lines, fmt.Sprintf("%d %s", line.Number, line.Prefix))
		}
	}
}

func TestAddressReader(t *testing.T) {
	long := strings.Repeat("x", 3*maxAddressLine)
	for _, c := range []struct{ name, text, want string }{
		{"empty", "", ""},
		{"only line ends", "\n\r\n\n", ""},
		{"only a byte-order mark", "\ufeff", ""},
		{"plain", "203.0.113.7\n203.0.113.8", "1 203.0.113.7\n2 203.0.113.8"},
		{"Windows", "\ufeff203.0.113.7\r\n\r\n203.0.113.8\r\n", "1 203.0.113.7\n3 203.0.113.8"},
		{"comments", "# office\n203.0.113.7 # the NAT\n  # 203.0.113.8\n203.0.113.9#x", "2 203.0.113.7\n4 203.0.113.9"},
		{"white space", "  203.0.113.7\t\n\t203.0.113.8  ", "1 203.0.113.7\n2 203.0.113.8"},
		{"prefixes", "203.0.113.0/25\n203.0.113.77/25\n0.0.0.0/0\n203.0.113.7/32",
			"1 203.0.113.0/25\n2 203.0.113.77/25\n3 0.0.0.0/0\n4 203.0.113.7/32"},
		{"IPv6", "2001:db8::1\n::ffff:203.0.113.7\n2001:db8::/32", "1 2001:db8::1\n2 203.0.113.7\n3 2001:db8::/32"},
		{"access log", `203.0.113.7 - - [10/Oct/2026:13:55:36 +0000] "GET / HTTP/1.1" 200 1` + "\n" +
			`203.0.113.8 - alice [10/Oct/2026:13:55:36 +0000] "GET /203.0.113.9 HTTP/1.1"` + "\n203.0.113.9 2026-10-10",
			"1 203.0.113.7\n2 203.0.113.8+\n3 203.0.113.9"},
		{"CR alone", "\ufeffName;IP\rweb;203.0.113.5\r\rweb2;203.0.113.6\r", "2 203.0.113.5\n4 203.0.113.6"},
		{"every line end", "203.0.113.5\r203.0.113.6\r\n203.0.113.7\n\r\n203.0.113.8\r\r\n203.0.113.9",
			"1 203.0.113.5\n2 203.0.113.6\n3 203.0.113.7\n5 203.0.113.8\n7 203.0.113.9"},
		{"a long line that ends in CR", long + "\r203.0.113.8\r" + long + ";\r\n203.0.113.9", "1! " +
			`"` + strings.Repeat("x", 80) + `…": not an address; the control panel takes IPv4 addresses, not names, as in 203.0.113.10` +
			"\n2 203.0.113.8\n3! " +
			`"` + strings.Repeat("x", 80) + `…": not an address; the control panel takes IPv4 addresses, not names, as in 203.0.113.10` +
			"\n4 203.0.113.9"},
		{"a long line", "203.0.113.7 " + long + "\n203.0.113.8\n" + long, "1 203.0.113.7\n2 203.0.113.8\n3! " +
			`"` + strings.Repeat("x", 80) + `…": not an address; the control panel takes IPv4 addresses, not names, as in 203.0.113.10`},
		{"long white space", strings.Repeat(" ", 3*maxAddressLine) + "203.0.113.7\n203.0.113.8",
			"1! the line begins with more than 32 KiB of white space\n2 203.0.113.8"},
		{"a long comment", "#" + long + "\n203.0.113.8", "2 203.0.113.8"},
		{"two addresses", "203.0.113.7 203.0.113.8\n203.0.113.7 2001:db8::1\n203.0.113.7, 203.0.113.8",
			"1 203.0.113.7+\n2 203.0.113.7\n3 203.0.113.7+"},
		{"another address further on", `203.0.113.5;"main, old 203.0.113.6"` + "\n127.0.0.1 - - 203.0.113.1\nweb;203.0.113.5;x;203.0.113.0/25\n" +
			"203.0.113.5 (was 203.0.113.6-9)\nx 203.0.113.5 via https://203.0.113.6:443/\n2001:db8::1 203.0.113.5 203.0.113.6",
			"1 203.0.113.5+\n2 127.0.0.1+\n3 203.0.113.5+\n4 203.0.113.5+\n5 203.0.113.5+\n6 203.0.113.5+"},
		{"no other address further on", "203.0.113.5 # was 203.0.113.6\nx,203.0.113.5,203.0.113.5 Chrome/120.0.0.0\n" +
			"203.0.113.5 v1.2.3.4 1.2.3.4.5 2001:db8::1\n203.0.113.5 http://203.0.113.5/", "1 203.0.113.5\n2 203.0.113.5\n3 203.0.113.5\n4 203.0.113.5"},
		{"zeros", "203.0.113.7\x00\n\x00", "1 203.0.113.7\n" +
			`2! "\x00": not an address; the control panel takes IPv4 addresses, not names, as in 203.0.113.10`},
		{"headers", "\ufeffOur servers\nName;Public IP;Owner\n-----;-----;-----\nweb1;203.0.113.7;Anna\nhost;none;Bob",
			"4 203.0.113.7\n5! \"host\": there is no IPv4 address in this line"},
		{"a first line that is no header", "www.example.com\n203.0.113.7", `1! "www.example.com": not an address; ` +
			"the control panel takes IPv4 addresses, not names, as in 203.0.113.10\n2 203.0.113.7"},
		{"a first row without an address", "web1,,Anna\nweb2,203.0.113.7,Bob",
			`1! "web1": there is no IPv4 address in this line` + "\n2 203.0.113.7"},
		{"a table", "+------+-------------+\n| name | ip address  |\n+------+-------------+\n| web1 | 203.0.113.7 |\n+------+-------------+",
			"4 203.0.113.7"},
		{"UTF-16", "\xff\xfe2\x000\x003\x00", "1! the file is UTF-16, and none of it was read; save it as UTF-8"},
	} {
		if got := told(strings.NewReader(c.text)); got != c.want {
			t.Errorf("%s: got\n%s\nwant\n%s", c.name, got, c.want)
		}
		if got := told(iotest.OneByteReader(strings.NewReader(c.text))); got != c.want {
			t.Errorf("%s, byte by byte: got\n%s", c.name, got)
		}
	}
	broken := io.MultiReader(strings.NewReader("203.0.113.7\n203"), iotest.ErrReader(errors.New("the disk is gone")))
	if got := told(broken); !strings.HasPrefix(got, "1 203.0.113.7\n2! ") || !strings.HasSuffix(got, "error the disk is gone") {
		t.Errorf("a broken file: %s", got)
	}
}

func TestAddressLineDoesNotRepeatAKey(t *testing.T) {
	key := strings.Repeat("0123456789abcdef", 7)
	for _, text := range []string{key, "203.0.113.7x:" + key, "bob:hunter2hunter2@proxy.example.com"} {
		if got := told(strings.NewReader(text)); !strings.Contains(got, "[not shown") || strings.Contains(got, text[:12]) {
			t.Errorf("%s", got)
		}
	}
}

// TestFirstAddressOfALine: lines as people have them.
func TestFirstAddressOfALine(t *testing.T) {
	const good, ipv6 = "203.0.113.9/32", "2001:db8::1/128"
	for _, c := range []struct{ line, want string }{
		{"web1,203.0.113.9,office", good},
		{"web1;203.0.113.9;office", good},
		{"web1\t203.0.113.9\toffice", good},
		{`"web1","203.0.113.9"`, good},
		{"| web1 | 203.0.113.9 |", good},
		{"203.0.113.9,80,443", good},
		{"203.0.113.9:443", good},
		{"tcp 203.0.113.9:443 ESTABLISHED", good},
		{"https://203.0.113.9:55443/path", good},
		{"https://203.0.113.9/24/x", good},
		{"https://user:pw@203.0.113.9/", good},
		{"203.0.113.9/", good},
		{"203.0.113.9/index.html", good},
		{`{"ip":"203.0.113.9"}`, good},
		{"ip=203.0.113.9;", good},
		{"[203.0.113.9]", good},
		{"It is 203.0.113.9.", good},
		{"Oct 10 13:55:36 host sshd[1]: Failed password for root from 203.0.113.9 port 4242 ssh2", good},
		{"2026/10/10 13:55:36 [error] 1#1: *1 connect() failed, client: 203.0.113.9, server: x", good},
		{"client @0x7f 203.0.113.9#53123 (example.com)", good},
		{"example.com:443 203.0.113.9 - - [10/Oct/2026:13:55:36 +0000] \"GET / HTTP/1.1\"", good},
		{"203.0.113.9 - alice [10/Oct/2026:13:55:36 +0000]", good},
		{"203.0.113.9 - 198.51.100.7 [10/Oct/2026:13:55:36 +0000]", good},
		{"1.2.3.4.5 203.0.113.9", good},
		{"nginx/1.24.0 v1.2.3.4 Chrome/120.0.0.0 5.10.0.1-generic 10.10.2026 300.1.1.1 203.0.113.9", good},
		{"203.0.113.0/25,office", "203.0.113.0/25"},
		{"office,203.0.113.77/25", "203.0.113.77/25"},
		{"::ffff:203.0.113.9", good},
		{"web1,::ffff:203.0.113.9", good},
		{"[::ffff:203.0.113.9]:443", good},
		{"web1,2001:db8::1,203.0.113.9", good},
		{"2001:db8::1,203.0.113.9", good},
		{"2001:db8::1 203.0.113.9", good},
		{"[2001:db8::1]:443 203.0.113.9:443", good},
		{"2001:db8::1 web1;203.0.113.9", good},
		{"2001:db8::1 - - [10/Oct/2026] \"GET / HTTP/1.1\" 200 1 \"-\" \"curl\" \"203.0.113.9\"", good},
		{"2001:db8::1 64:ff9b::203.0.113.9", ipv6},
		{"2001:db8::1", ipv6},
		{"[2001:db8::1]:443", ipv6},
		{"web1,2001:db8::1", ipv6},
		{"2001:db8::1 - - [10/Oct/2026] \"GET http://203.0.113.5/ HTTP/1.1\" \"Chrome/120.0.0.0\"", ipv6},
		{"64:ff9b::203.0.113.9", "64:ff9b::cb00:7109/128"},
		{"", "nothing"},
		{"# 203.0.113.9", "nothing"},
		{",,;", "nothing"},

		{"1.2.3.4.5", `"1.2.3.4.5": an IPv4 address has four numbers`},
		{"web1,1.2.3.4.5", `"1.2.3.4.5": an IPv4 address has four numbers`},
		{"1.2.3", "has four numbers"},
		{"nginx/1.24.0", "not an address"},
		{"nginx/1.24.0.1 runs", "there is no IPv4 address in this line"},
		{"10.10.2026", "has four numbers"},
		{"started 2026-10-10 at 10:20:30", "there is no IPv4 address in this line"},
		{"300.1.1.1", `"300.1.1.1": the four numbers of an address are 0 to 255`},
		{"web1;300.1.1.1;office", `"300.1.1.1": the four numbers of an address are 0 to 255`},
		{"web1,203.0.113.07", "leading zero"},
		{"web1,203.0.113.*", "without ranges and wildcards"},
		{"203.0.113.0/255.255.255.0", "not a netmask"},
		{"web1 203.0.113.9/33", "a number up to 32"},
		{"203.0.113.7-203.0.113.9", "this is a range"},
		{"203.0.113.7 - 203.0.113.9", "this is a range"},
		{"203.0.113.7 – 203.0.113.9, office", "this is a range"},
		{"office,203.0.113.1-9", `"203.0.113.1-9": this is a range`},
		{"9.113.0.203.in-addr.arpa", "not an address"},
		{"www.example.com", "not names"},
		{"fe80::1%eth0", "zone"},
	} {
		line, said := parseAddressLine([]byte(c.line), false)
		switch got := line.Prefix.String(); {
		case !said:
			if c.want != "nothing" {
				t.Errorf("%q says nothing, want %s", c.line, c.want)
			}
		case line.Why != "" && !strings.Contains(line.Error(), c.want), line.Why == "" && got != c.want:
			t.Errorf("%q is %s %s, want %s", c.line, got, line.Why, c.want)
		}
	}
}

// FuzzAddressLine compares the shortcut with the long way, and both with netip.
func FuzzAddressLine(f *testing.F) {
	for _, seed := range []string{"203.0.113.7", "203.0.113.07", "203.0.113.7 - - [", "256.1.1.1", "1.2.3.4/8", "1.2.3.4\r", "::ffff:1.2.3.4",
		"a,203.0.113.9:1", "1.2.3.4 - 1.2.3.5", "1.2.3.4, 5.6.7.8", "1.2.3.4-9", "[2001:db8::1]:443"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if strings.ContainsAny(text, "\n") {
			return
		}
		line, said := parseAddressLine([]byte(text), false)
		if slow, slowSaid := anyLine([]byte(text), false); slow != line || slowSaid != said {
			t.Fatalf("%q: %v %v, without a shortcut %v %v", text, line, said, slow, slowSaid)
		}
		if ip, err := netip.ParseAddr(text); err == nil && ip.Zone() == "" {
			if line.Why != "" || line.Prefix.Addr() != ip.Unmap() || !line.Prefix.IsSingleIP() || !line.Bare {
				t.Fatalf("%q is %v %q", text, line.Prefix, line.Why)
			}
		}
		if said && line.Why == "" && !line.Prefix.IsValid() {
			t.Fatalf("%q: neither good nor bad", text)
		}
		if said && line.Why == "" && line.Prefix.Addr().Is4() && line.Bare &&
			!strings.Contains(text, line.Prefix.Addr().String()) && strings.Count(text, ":") < 2 {
			t.Fatalf("%q is %v", text, line.Prefix)
		}
	})
}
