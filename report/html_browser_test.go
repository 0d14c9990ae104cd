package report_test

import (
	"context"
	"flag"
	"fmt"
	"maps"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	devlog "github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"opensrs-doctor/report"
)

var shots = flag.String("shots", "", "a directory for screenshots of some pages, to look at")

// shown are the pages of which -shots takes pictures.
var shown = []string{"pass", "port.filtered", "tls.intercepted", "rules.not-allowed", "proxy.denied", "call.ip-denied",
	"port.rejected-en-route", "egress.unstable", "dns.nxdomain", "wide"}

// openBrowser starts a headless Chromium; the test is passed over where there is none.
// What it does and says goes to heard.
func openBrowser(t *testing.T, heard func(any)) context.Context {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("no chromium here: apt-get install chromium")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox,
		chromedp.UserDataDir(t.TempDir()), chromedp.Flag("disable-quic", true), chromedp.Flag("disable-gpu", true),
		chromedp.Flag("disable-component-update", true), chromedp.WSURLReadTimeout(time.Minute))
	allocated, stop := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(stop)
	ctx, stopTab := chromedp.NewContext(allocated, chromedp.WithListener(heard))
	t.Cleanup(stopTab)
	err = chromedp.Do(ctx, chromedp.Func(func(ctx context.Context, tab *chromedp.Target) error {
		_, err := cdp.Call(ctx, tab, network.Enable, network.EnableParams{})
		if err == nil {
			_, err = cdp.Call(ctx, tab, devlog.Enable, cdp.Empty{})
		}
		return err
	}))
	if err != nil {
		t.Fatal(err)
	}
	return ctx
}

// watched is what a browser does and says while it shows pages.
type watched struct {
	mu       sync.Mutex
	requests []string
	said     []string
}

func (w *watched) hear(event any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		w.requests = append(w.requests, e.Request.URL)
	case *runtime.EventConsoleAPICalled:
		w.said = append(w.said, fmt.Sprintf("console %s", e.Type))
	case *runtime.EventExceptionThrown:
		w.said = append(w.said, e.ExceptionDetails.Text)
	case *devlog.EventEntryAdded:
		w.said = append(w.said, e.Entry.Text)
	}
}

// since gives what was asked and said since the last time.
func (w *watched) since() (requests, said []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	requests, said = w.requests, w.said
	w.requests, w.said = nil, nil
	return requests, said
}

// pages are the pages to look at, by name: one for each saved report, and the awkward ones.
func pages(t *testing.T) map[string]*report.Report {
	reports := savedReports(t)
	reports["pass"] = reportOf(healthy())
	for name, r := range awkwardReports(t) {
		reports[name] = r
	}
	return reports
}

// TestHTMLInBrowser opens every page in Chromium, on a desktop and on a phone, in both colour schemes and as it is
// printed: nothing is requested, nothing complained about, nothing sticks out, and what a reader with or without
// eyes needs is there (audit.js).
func TestHTMLInBrowser(t *testing.T) {
	t.Parallel()
	audit, err := os.ReadFile("testdata/audit.js")
	if err != nil {
		t.Fatal(err)
	}
	heard := &watched{}
	ctx := openBrowser(t, heard.hear)
	heard.since()
	directory := t.TempDir()
	reports := pages(t)
	for _, name := range slices.Sorted(maps.Keys(reports)) {
		path := filepath.Join(directory, strings.ReplaceAll(name, "/", "-")+".html")
		if err := os.WriteFile(path, []byte(htmlOf(t, reports[name])), 0o600); err != nil {
			t.Fatal(err)
		}
		address := (&url.URL{Scheme: "file", Path: path}).String()
		if err := chromedp.Do(ctx, chromedp.Navigate(address)); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for _, view := range views {
			if err := chromedp.Do(ctx, view.set()); err != nil {
				t.Fatalf("%s, %s: %v", name, view.name, err)
			}
			if *shots != "" && slices.Contains(shown, name) {
				view.photograph(t, ctx, name)
			}
			problems, err := chromedp.Run(ctx, chromedp.Evaluate[[]string](string(audit)))
			if err != nil {
				t.Fatalf("%s, %s: %v", name, view.name, err)
			}
			for _, problem := range problems {
				t.Errorf("%s, %s: %s", name, view.name, problem)
			}
		}
		requests, said := heard.since()
		if len(requests) != 1 || requests[0] != address {
			t.Errorf("%s: it requests %q", name, requests)
		}
		for _, words := range said {
			t.Errorf("%s: it says %s", name, words)
		}
	}
}

// pageView is one way to look at a page.
type pageView struct {
	name   string
	width  int64
	phone  bool
	media  string // "", or "print"
	scheme string
}

var views = []pageView{
	{"desktop", 1280, false, "", "light"},
	{"desktop, dark", 1280, false, "", "dark"},
	{"tablet", 800, false, "", "light"},
	{"phone", 360, true, "", "light"},
	{"phone, dark", 360, true, "", "dark"},
	{"narrowest phone", 320, true, "", "light"},
	{"print", 718, false, "print", "dark"}, // A4 less the margins; the scheme must make no difference
}

func (v pageView) set() chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, tab *chromedp.Target) error {
		_, err := cdp.Call(ctx, tab, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{
			Width: v.width, Height: 800, DeviceScaleFactor: 1, Mobile: v.phone})
		if err == nil {
			_, err = cdp.Call(ctx, tab, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Media: v.media,
				Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: v.scheme}}})
		}
		return err
	})
}

// photograph takes a picture of the page as it opens, with the facts folded away; of a printed one, the sheets.
func (v pageView) photograph(t *testing.T, ctx context.Context, name string) {
	t.Helper()
	take, kind := chromedp.FullScreenshot(100), ".png"
	if v.media == "print" {
		take, kind = chromedp.PrintToPDF(chromedp.PDFPaper(chromedp.PaperA4), chromedp.PDFPreferCSSPageSize()), ".pdf"
	}
	picture, err := chromedp.Run(ctx, take)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(*shots, name+"-"+strings.ReplaceAll(strings.ReplaceAll(v.name, ", ", "-"), " ", "-")+kind)
	if err := os.WriteFile(file, picture, 0o644); err != nil {
		t.Fatal(err)
	}
}
