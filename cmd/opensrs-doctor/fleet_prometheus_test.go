//go:build linux

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"opensrs-doctor/cmd/opensrs-doctor/console"
)

// background runs a program until the test ends, and gives what it says where the test fails.
func background(t *testing.T, name string, args ...string) {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Skipf("%s is not installed", name)
	}
	var log bytes.Buffer
	cmd := exec.Command(path, args...)
	cmd.Stdout, cmd.Stderr = &log, &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if t.Failed() {
			t.Logf("%s: %.4000s", name, log.String())
		}
	})
}

// A real node_exporter reads the metrics of a real run, a real Prometheus the rules, and the alert has the cause.
func TestAlertsInPrometheus(t *testing.T) {
	dir := t.TempDir()
	metrics := filepath.Join(dir, "metrics")
	if err := os.Mkdir(metrics, 0o755); err != nil {
		t.Fatal(err)
	}
	check := exec.Command("opensrs-doctor", "--sandbox=call.ip-denied", "-f", "prometheus="+metrics+"/opensrs-doctor.prom")
	if out, _ := check.CombinedOutput(); check.ProcessState == nil || check.ProcessState.ExitCode() != console.ExitFail {
		t.Fatalf("%s", out)
	}
	if out, err := exec.Command("opensrs-doctor", "fleet", "deploy", "prometheus", "--output", dir).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	exporter, server := "127.0.0.1:"+freePort(t), "127.0.0.1:"+freePort(t)
	write(t, filepath.Join(dir, "prometheus.yml"), fmt.Sprintf("global: {scrape_interval: 1s, evaluation_interval: 1s}\n"+
		"rule_files: [opensrs-doctor.rules.yml]\nscrape_configs: [{job_name: node, static_configs: [{targets: [%q]}]}]\n", exporter))
	background(t, "prometheus-node-exporter", "--collector.disable-defaults", "--collector.textfile", "--collector.textfile.directory="+metrics,
		"--web.listen-address="+exporter)
	background(t, "prometheus", "--config.file="+dir+"/prometheus.yml", "--storage.tsdb.path="+dir+"/data", "--web.listen-address="+server)
	var answer struct {
		Data struct {
			Alerts []struct {
				State       string
				Labels      map[string]string
				Annotations map[string]string
			}
		}
	}
	client := http.Client{Timeout: 5 * time.Second}
	for until := time.Now().Add(time.Minute); len(answer.Data.Alerts) == 0; time.Sleep(100 * time.Millisecond) {
		if time.Now().After(until) {
			t.Fatal("no alert within a minute")
		}
		if reply, err := client.Get("http://" + server + "/api/v1/alerts"); err == nil {
			err = json.NewDecoder(reply.Body).Decode(&answer)
			reply.Body.Close()
			if err != nil {
				t.Log(err)
			}
			for _, alert := range answer.Data.Alerts {
				if alert.Labels["alertname"] == "OpenSRSCheckMissing" { // before the first scrape
					answer.Data.Alerts = nil
					break
				}
			}
		}
	}
	for _, alert := range answer.Data.Alerts {
		want := map[string]string{"alertname": "OpenSRSUnreachable", "cause": "call.ip-denied", "instance": exporter, "severity": "critical"}
		for name, value := range want {
			if alert.State != "firing" || alert.Labels[name] != value {
				t.Errorf("%+v", alert)
			}
		}
	}
}
