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

// told is every line as a text: "3 203.0.113.7", "4 203.0.113.0/25", "5! why".
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
			"1 203.0.113.7\n2 203.0.113.8\n3 203.0.113.9"},
		{"a long line", "203.0.113.7 " + long + "\n203.0.113.8\n" + long, "1 203.0.113.7\n2 203.0.113.8\n3! " +
			`"` + strings.Repeat("x", 80) + `…": this is no address; the control panel takes IPv4 addresses, not names, as in 203.0.113.10`},
		{"long white space", strings.Repeat(" ", 3*maxAddressLine) + "203.0.113.7\n203.0.113.8",
			"1! the line begins with more than 32 KiB of white space\n2 203.0.113.8"},
		{"a long comment", "#" + long + "\n203.0.113.8", "2 203.0.113.8"},
		{"two addresses", "203.0.113.7 203.0.113.8\n203.0.113.7 - 203.0.113.9\n203.0.113.7 2001:db8::1",
			`1! "203.0.113.7 203.0.113.8": two addresses stand in the line; write one address or prefix a line` + "\n" +
				`2! "203.0.113.7 203.0.113.9": two addresses stand in the line; write one address or prefix a line` + "\n" +
				`3! "203.0.113.7 2001:db8::1": two addresses stand in the line; write one address or prefix a line`},
		{"zeros", "203.0.113.7\x00\n\x00", `1! "203.0.113.7\x00": this is no address; the control panel takes IPv4 addresses, not names, as in 203.0.113.10` +
			"\n" + `2! "\x00": this is no address; the control panel takes IPv4 addresses, not names, as in 203.0.113.10`},
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
	for _, text := range []string{key, "203.0.113.7:" + key, "bob:hunter2hunter2@proxy.example.com"} {
		if got := told(strings.NewReader(text)); !strings.Contains(got, "[not shown") || strings.Contains(got, text[:12]) {
			t.Errorf("%s", got)
		}
	}
}

// FuzzAddressLine compares the fast way with netip.
func FuzzAddressLine(f *testing.F) {
	for _, seed := range []string{"203.0.113.7", "203.0.113.07", "203.0.113.7 - - [", "256.1.1.1", "1.2.3.4/8", "1.2.3.4\r", "::ffff:1.2.3.4"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if strings.ContainsAny(text, "\n") {
			return
		}
		line, said := parseAddressLine([]byte(text), false)
		words := strings.FieldsFunc(strings.SplitN(text, "#", 2)[0], func(r rune) bool { return strings.ContainsRune(" \t\r\v\f", r) })
		if len(words) == 0 && said && strings.TrimSpace(text) != "" && line.Why == "" {
			t.Fatalf("%q is %v", text, line.Prefix)
		}
		if ip, err := netip.ParseAddr(text); err == nil && ip.Zone() == "" {
			if line.Why != "" || line.Prefix.Addr() != ip.Unmap() || !line.Prefix.IsSingleIP() || !line.Bare {
				t.Fatalf("%q is %v %q", text, line.Prefix, line.Why)
			}
		}
		if said && line.Why == "" && !line.Prefix.IsValid() {
			t.Fatalf("%q: neither good nor bad", text)
		}
		if said && line.Why == "" && len(words) > 0 {
			if _, err := netip.ParsePrefix(words[0]); err != nil {
				if _, err := netip.ParseAddr(words[0]); err != nil {
					t.Fatalf("%q is %v", text, line.Prefix)
				}
			}
		}
	})
}
