package probes

import (
	"context"
	"encoding/json"
	"net/url"
	"time"

	"opensrs-doctor/probes/classify"
	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/probes/foreign"
	"opensrs-doctor/probes/netaddr"
)

// controls asks the well-known peers: TCP, and TLS where it is spoken there, for the issuer and the time.
func (x *experiments) controls(peers []netaddr.HostPort, ways ...way) {
	for _, v := range ways {
		for _, peer := range peers {
			x.once("control "+string(v.name())+" "+peer.String(), controlTime, func(ctx context.Context) {
				control := x.world.askControl(ctx, peer, v)
				x.keep(func(f *findings) { f.controls = append(f.controls, control) })
			})
		}
	}
}

func (w *world) askControl(ctx context.Context, peer netaddr.HostPort, v way) evidence.Control {
	control := evidence.Control{Peer: peer.String(), Path: v.name()}
	start := time.Now()
	conn, err := w.open(ctx, v, peer)
	control.TookMS = evidence.Milliseconds(time.Since(start))
	if err != nil {
		control.Failure = w.fail(evidence.OpConnect, err)
		return control
	}
	defer conn.Close()
	control.Connected = true
	scheme := "https"
	if peer.Port == 80 {
		scheme = "http"
	}
	if scheme == "https" {
		stream, trust, chain, err := w.secure(ctx, conn, peer.Host, nil)
		if err != nil {
			return control // a control need not speak TLS; that it connects is what it is for
		}
		control.TLS, control.Chain = trust, w.roots.DescribeAll(chain)
		for i := range control.Chain {
			control.Chain[i].PEM = foreign.PEM{}
		}
		good := trust.Known() && trust.NameOK
		if !good {
			return control
		}
		conn = stream
	}
	u := &url.URL{Scheme: scheme, Host: peer.String(), Path: "/"}
	answer := exchange(ctx, conn, w.getRequest(u, way{}, false), maxThird)
	w.clock.note(peer.String(), answer.date, w.now(), scheme == "https")
	return control
}

// statusPage asks what the service says of itself.
func (x *experiments) statusPage(u *url.URL, v way) {
	if u == nil {
		return
	}
	x.once("status page", statusTime, func(ctx context.Context) {
		page := x.world.readStatusPage(ctx, u, v)
		x.keep(func(f *findings) { f.status = page })
	})
}

func (w *world) readStatusPage(ctx context.Context, u *url.URL, v way) *evidence.StatusPage {
	page := &evidence.StatusPage{URL: u.Redacted()}
	got := w.fetch(ctx, v, u)
	if got.err != nil {
		page.Failure = classify.ErrorBy(evidence.OpFetch, got.err, w.words(v))
	} else {
		readSummary(page, got.body, w.words(v))
	}
	if page.Failure != nil {
		page.Page = got.pageInstead(u, w.words(v))
	}
	return page
}

// readSummary takes out of a Statuspage summary what it says of now.
func readSummary(page *evidence.StatusPage, body []byte, words classify.Gate) {
	var said struct {
		Status struct {
			Indicator   string `json:"indicator"`
			Description string `json:"description"`
		} `json:"status"`
		Incidents   []statusEntry `json:"incidents"`
		Maintenance []statusEntry `json:"scheduled_maintenances"`
	}
	if err := json.Unmarshal(body, &said); err != nil {
		page.Failure = &evidence.Failure{Op: evidence.OpRead, Kind: evidence.KindBadAnswer, Detail: foreign.Ours("the status page is no Statuspage JSON")}
		return
	}
	page.Indicator, page.Description = words(said.Status.Indicator, 40), words(said.Status.Description, 200)
	for _, incident := range append(said.Incidents, said.Maintenance...) {
		if incident.goesOn() && len(page.Incidents) < 10 {
			page.Incidents = append(page.Incidents, words(incident.Name, 200))
		}
	}
}

// statusEntry is an incident or a maintenance of a Statuspage.
type statusEntry struct {
	Name   string `json:"name"`
	Status string `json:"status"`
}

// goesOn reports whether it has begun and not ended.
func (e statusEntry) goesOn() bool {
	switch e.Status {
	case "resolved", "postmortem", "completed", "scheduled":
		return false
	}
	return true
}
