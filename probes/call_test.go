package probes

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/probes/opensrs"
	"opensrs-doctor/probes/service"
)

func inHTTP(status string, body string) string {
	return fmt.Sprintf("HTTP/1.1 %s\r\nContent-Type: text/xml\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s", status, len(body), body)
}

// What a service, or somebody in its place, replies to the call, and what that is.
func TestProbeCall(t *testing.T) {
	envelope := func(code int, text string, success bool) string {
		return string(opensrs.EncodeReply(code, text, success, "REPLY", "BALANCE", opensrs.Value{}))
	}
	rich := string(opensrs.EncodeReply(200, "Balance 1234.56", true, "REPLY", "BALANCE", opensrs.Value{Shape: opensrs.Assoc,
		Items: []opensrs.Item{{Key: "balance", Value: opensrs.TextOf("1234.56")}}}))
	for name, test := range map[string]struct {
		answer string
		kind   evidence.Kind
		status int
		code   string
		text   string
		quote  string
	}{
		"success":          {inHTTP("200 OK", envelope(200, "Command successful", true)), "", 200, "200", "Command successful", ""},
		"the balance":      {inHTTP("200 OK", rich), "", 200, "200", "Balance [redacted]", ""},
		"authentication":   {inHTTP("200 OK", envelope(401, "Authentication Error.", false)), evidence.KindRefusedByAPI, 200, "401", "Authentication Error.", ""},
		"by status 500":    {inHTTP("500 Oops", envelope(401, "Authentication Error.", false)), evidence.KindRefusedByAPI, 500, "401", "Authentication Error.", ""},
		"a server's error": {inHTTP("502 Bad Gateway", "<html><title>Oh no</title></html>"), evidence.KindHTTPStatus, 502, "", "", "Oh no"},
		"too many":         {inHTTP("429 Too Many", "slow down\nplease"), evidence.KindHTTPStatus, 429, "", "", "slow down"},
		"a page":           {inHTTP("200 OK", "<html><title>Log in</title></html>"), evidence.KindBadAnswer, 200, "", "", "Log in"},
		"moved":            {"HTTP/1.1 302 Found\r\nLocation: https://login.example/\r\n\r\n", evidence.KindHTTPStatus, 302, "", "", ""},
		"broken":           {inHTTP("200 OK", envelope(200, "x", true)[:150]), evidence.KindMalformed, 200, "", "", ""},
		"cut short":        {"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n<?xml", evidence.KindMalformed, 200, "", "", ""},
		"cut in the head":  {"HTTP/1.1 200 OK\r\nContent-", evidence.KindMalformed, 0, "", "", ""},
		"too much":         {"HTTP/1.1 200 OK\r\n\r\n" + strings.Repeat(" ", maxBody+1), evidence.KindMalformed, 200, "", "", ""},
		"no HTTP":          {"220 mail.example ESMTP\r\n", evidence.KindNotHTTP, 0, "", "", "220 mail.example ESMTP"},
		"after an interim": {"HTTP/1.1 100 Continue\r\n\r\n" + inHTTP("200 OK", envelope(200, "Command successful", true)), "", 200, "200", "Command successful", ""},
	} {
		t.Run(name, func(t *testing.T) {
			w := worldOf(t, Options{})
			at := serve(t, func(conn net.Conn) {
				request, err := http.ReadRequest(bufio.NewReader(conn))
				if err != nil {
					t.Error(err)
					return
				}
				body, err := io.ReadAll(request.Body)
				if err != nil || string(body) != string(opensrs.GetBalanceBody()) || request.Header.Get("X-Username") != "joe" ||
					request.Header.Get("X-Signature") != "abc" || request.Header.Get("Content-Type") != "text/xml" || request.URL.Path != "/path" {
					t.Errorf("asked %s %v %q, %v", request.URL, request.Header, body, err)
				}
				io.WriteString(conn, test.answer)
			})
			conn, err := w.connect(t.Context(), at)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			got := w.probeCall(t.Context(), conn, behindProxy, "/path", credentials{"joe", "abc"})
			if kind := kindOfFailure(got.Failure); kind != test.kind || got.HTTPStatus != test.status {
				t.Errorf("%v with status %d, want %q with %d", got.Failure, got.HTTPStatus, test.kind, test.status)
			}
			if got.Code.String() != test.code || got.Text.String() != test.text || got.Quote.String() != test.quote {
				t.Errorf("code %q, text %q, quote %q", got.Code, got.Text, got.Quote)
			}
		})
	}
}

func kindOfFailure(failure *evidence.Failure) evidence.Kind {
	if failure == nil {
		return ""
	}
	return failure.Kind
}

// Credentials go from one public service to the other one, after a refusal of them, and nowhere else.
func TestMayCrossCheck(t *testing.T) {
	good := Options{Host: service.OpenSRS.Live.Host, Port: service.OpenSRS.Port, Environment: "live", CrossCheck: true}
	refused := &evidence.Call{Class: string(opensrs.AuthFailed)}
	for name, test := range map[string]struct {
		change func(*Options)
		call   *evidence.Call
		want   bool
	}{
		"live":                     {func(*Options) {}, refused, true},
		"test":                     {func(o *Options) { o.Host, o.Environment = service.OpenSRS.Test.Host, "test" }, refused, true},
		"no call":                  {func(*Options) {}, nil, false},
		"another refusal":          {func(*Options) {}, &evidence.Call{Class: string(opensrs.IPDenied)}, false},
		"switched off":             {func(o *Options) { o.CrossCheck = false }, refused, false},
		"an endpoint":              {func(o *Options) { o.Custom = true }, refused, false},
		"a sandbox":                {func(o *Options) { o.Sandbox = true }, refused, false},
		"another host":             {func(o *Options) { o.Host = "api.example" }, refused, false},
		"another port":             {func(o *Options) { o.Port = 443 }, refused, false},
		"another path":             {func(o *Options) { o.Path = "/elsewhere" }, refused, false},
		"of the other environment": {func(o *Options) { o.Environment = "test" }, refused, false},
	} {
		options := good
		test.change(&options)
		if got := mayCrossCheck(options, test.call); got != test.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// What plain HTTP shows in the place of something else is a stranger's, where it cannot be the peer's own.
func TestPageInstead(t *testing.T) {
	w := worldOf(t, Options{})
	for name, test := range map[string]struct {
		asked string
		got   fetched
		want  string // the title, or where it sends to; "" for no such page
	}{
		"a login page":   {"http://a.example/ip", fetched{status: 200, body: []byte("<html><title>Log in</title>")}, "Log in"},
		"over HTTPS":     {"https://a.example/ip", fetched{status: 200, body: []byte("<html><title>Log in</title>")}, ""},
		"words":          {"http://a.example/ip", fetched{status: 500, body: []byte("out of order")}, ""},
		"XML":            {"http://a.example/ip", fetched{status: 200, body: []byte("<error/>")}, ""},
		"XML, and 511":   {"http://a.example/ip", fetched{status: evidence.StatusLogin, body: []byte("<login>")}, "<login>"},
		"sent elsewhere": {"http://a.example/ip", fetched{status: 302, location: "http://u:p@login.example/x"}, "http://login.example/x"},
		"sent to itself": {"http://a.example/ip", fetched{status: 301, location: "https://A.example/ip"}, ""},
		"sent to a path": {"http://a.example/ip", fetched{status: 301, location: "/other"}, ""},
		"sent nowhere":   {"http://a.example/ip", fetched{status: 301, location: "http://[/"}, ""},
	} {
		u, err := url.Parse(test.asked)
		if err != nil {
			t.Fatal(err)
		}
		page, said := test.got.pageInstead(u, w.scrub.Quote), ""
		if page != nil {
			said = page.Title.String() + page.Location.String()
		}
		if said != test.want {
			t.Errorf("%s: %q, want %q", name, said, test.want)
		}
	}
}

// A maintenance or an incident counts while it goes on.
func TestStatusPage(t *testing.T) {
	w := worldOf(t, Options{})
	answer := map[string]string{
		"/good": `{"status":{"indicator":"minor","description":"Partly down"},"incidents":[{"name":"A","status":"investigating"},{"name":"B","status":"resolved"},{"name":"C","status":"postmortem"}],
			"scheduled_maintenances":[{"name":"D","status":"in_progress"},{"name":"E","status":"scheduled"},{"name":"F","status":"completed"}]}`,
		"/words": "all is well",
	}
	at := serve(t, func(conn net.Conn) {
		request, err := http.ReadRequest(bufio.NewReader(conn))
		if err == nil {
			io.WriteString(conn, inHTTP("200 OK", answer[request.URL.Path]))
		}
	})
	page := w.readStatusPage(t.Context(), &url.URL{Scheme: "http", Host: at.String(), Path: "/good"}, way{})
	var going []string
	for _, incident := range page.Incidents {
		going = append(going, incident.String())
	}
	if page.Failure != nil || page.Indicator.String() != "minor" || page.Description.String() != "Partly down" || strings.Join(going, "") != "AD" {
		t.Errorf("%+v", page)
	}
	page = w.readStatusPage(t.Context(), &url.URL{Scheme: "http", Host: at.String(), Path: "/words"}, way{})
	if kindOfFailure(page.Failure) != evidence.KindBadAnswer || len(page.Incidents) > 0 {
		t.Errorf("%+v", page)
	}
	page = w.readStatusPage(t.Context(), &url.URL{Scheme: "http", Host: closedPort(t).String()}, way{})
	if kindOfFailure(page.Failure) != evidence.KindRefused {
		t.Errorf("%+v", page)
	}
}
