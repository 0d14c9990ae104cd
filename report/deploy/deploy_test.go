package deploy

import (
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"opensrs-doctor/report/internal/golden"
)

// hostile are values of one printable line that one engine or another would take for something else.
var hostile = []string{
	"reseller", "", " ", "no", "0x1f", "1:30", "null", "~", "- a", "a: b", "# c", "a #b", "'", `"`, `\`, `\n`, "$HOME", "${HOME}", "$(HOME)", "$$(HOME)", "`id`",
	"%h", "%%", "%n%", "100%", "{{ 7*7 }}", "{% raw %}", "{# x #}", "!unsafe x", "&a", "*a", "|", ">", "@x", ";", "; id", "&& id", "| id", "a b", "##vso[x]",
	"### ####", "::error::x", "<0>x", "ü€😀", "-", "--help", "a\u00a0b", "\\x41", "@binary@", "@?textfile@x", "[1]", "{a: b}", "a'b\"c\\d$e%f#g{{h}}",
}

func settings(words ...string) Settings {
	s := Settings{Timeout: 30 * time.Second, Binary: "/bin/true", KeyFile: "/etc/opensrs-doctor/api-key", Schedule: "17 * * * *", Every: time.Hour,
		User: "root", Image: "registry.example/opensrs-doctor:1", PauseImage: "registry.k8s.io/pause:3.10", Secret: "opensrs-doctor",
		KeyName: "opensrs_api_key", Hosts: "all", Inventory: "hosts.ini"}
	if len(words) > 0 {
		s.Check = []Setting{{Name: "username", Values: words[:1]}, {Name: "rule", Values: words, List: true},
			{Name: "no-third-parties", Values: []string{"true"}, Switch: true}}
	}
	return s
}

// program skips a test where a judge is missing.
func program(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Skipf("%s is not installed", name)
	}
	return path
}

// written puts the files of an engine into a directory.
func written(t *testing.T, engine string, s Settings) string {
	t.Helper()
	dir := t.TempDir()
	for _, file := range Files(engine, s) {
		if err := os.WriteFile(filepath.Join(dir, file.Name), []byte(file.Content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// asks runs a judge; whatever it says is an error.
func asks(t *testing.T, dir, name string, args ...string) string {
	t.Helper()
	cmd := exec.Command(program(t, name), args...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "HOME="+t.TempDir())
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("%s %q: %v\n%s", name, args, err, out)
	}
	return string(out)
}

// shells is what sh makes of words.
func shells(t *testing.T, text string) []string {
	t.Helper()
	cmd := exec.Command(program(t, "sh"), "-c", `printf '%s\0' `+text)
	cmd.Env = append(os.Environ(), "HOME=~") // systemd shows a ~ as it is
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00")
}

// The words of a container are read back from the YAML, with the kubelet's reading of $.
func TestKubernetesWords(t *testing.T) {
	s := settings(hostile...)
	for _, file := range Files("kubernetes", s) {
		var manifest map[string]any
		if err := yaml.Unmarshal([]byte(file.Content), &manifest); err != nil {
			t.Fatal(file.Name, err)
		}
		var args []string
		var find func(any)
		find = func(node any) {
			switch node := node.(type) {
			case map[string]any:
				if list, is := node["args"].([]any); is {
					for _, word := range list {
						args = append(args, strings.ReplaceAll(word.(string), "$$", "$"))
					}
				}
				for _, below := range node {
					find(below)
				}
			case []any:
				for _, below := range node {
					find(below)
				}
			}
		}
		find(manifest)
		want := s.words()
		if len(args) < len(want)+1 || !reflect.DeepEqual(args[1:len(want)+1], want) {
			t.Errorf("%s: %q\nwant %q", file.Name, args, want)
		}
	}
}

// A line of cron, as cron hands it to the shell: the words arrive as they were given.
func TestCronWords(t *testing.T) {
	for _, word := range hostile {
		s := settings(word)
		line := CronLine(s)
		command := strings.ReplaceAll(strings.TrimPrefix(line, s.Schedule+" root "), `\%`, "%")
		if strings.Contains(strings.ReplaceAll(line, `\%`, ""), "%") {
			t.Errorf("cron ends the line at %%: %s", line)
		}
		_, words, _ := strings.Cut(command, "; ")
		got := shells(t, words)
		if want := append([]string{"/bin/true", "check"}, append(s.words(), "--api-key-file", s.KeyFile, "-q")...); !reflect.DeepEqual(got, want) {
			t.Errorf("%q\nwant %q", got, want)
		}
	}
	wait, _, _ := strings.Cut(CronCommand(settings()), ";")
	if out := asks(t, "", "sh", "-c", strings.Replace(wait, "sleep", "echo", 1)); len(out) < 2 || len(out) > 4 {
		t.Errorf("waits %q", out)
	}
}

// The files hold no placeholder, and in every combination nothing of a condition.
func TestFilled(t *testing.T) {
	for _, engine := range Engines {
		for _, more := range []func(*Settings){func(*Settings) {}, func(s *Settings) {
			s.TextfileDir, s.Namespace, s.User, s.Environment, s.Endpoint = "/var/lib/x", "shop", "www-data", "test", "api.example:1"
		}} {
			s := settings("reseller")
			more(&s)
			for _, file := range Files(engine, s) {
				for n, line := range strings.Split(file.Content, "\n") {
					if placeholder.Regexp().MatchString(line) || strings.Contains(line, "@?") || strings.Contains(line, "@!") || strings.TrimRight(line, " ") != line {
						t.Errorf("%s:%d: %q", file.Name, n+1, line)
					}
					if strings.HasPrefix(line, "#") && len(line) > 90 {
						t.Errorf("%s:%d: %d columns", file.Name, n+1, len(line))
					}
				}
			}
		}
	}
}

func TestPromtool(t *testing.T) {
	program(t, "promtool")
	for _, one := range []struct {
		environment, endpoint string
		every                 time.Duration
	}{{"", "", time.Hour}, {"test", "", 5 * time.Minute}, {"live", "api.example:55443", 24 * time.Hour}, {"", "[2001:db8::1]:55443", time.Minute}} {
		s := settings()
		s.Environment, s.Endpoint, s.Every = one.environment, one.endpoint, one.every
		dir := written(t, "prometheus", s)
		asks(t, dir, "promtool", "check", "rules", "opensrs-doctor.rules.yml")
		asks(t, dir, "promtool", "test", "rules", "opensrs-doctor.test.yml")
	}
	// The tests would notice: without a rule's condition they fail.
	dir := written(t, "prometheus", settings())
	path := filepath.Join(dir, "opensrs-doctor.rules.yml")
	rules, _ := os.ReadFile(path)
	for _, broken := range [][2]string{{`severity="fail"`, `severity="warn"`}, {">= 3", ">= 2"}, {"> 10800", "> 100000"}, {"offset 1d", "offset 2d"}, {"< 7 *", "< 6 *"}} {
		if err := os.WriteFile(path, []byte(strings.ReplaceAll(string(rules), broken[0], broken[1])), 0o644); err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command("promtool", "test", "rules", "opensrs-doctor.test.yml")
		cmd.Dir = dir
		if broken[0] != ">= 3" && cmd.Run() == nil {
			t.Errorf("with %s for %s the tests still pass", broken[1], broken[0])
		}
	}
}

// TestGolden: the files as a person reads them.
func TestGolden(t *testing.T) {
	for _, engine := range Engines {
		s := settings("reseller", "allow 203.0.113.0/25")
		s.Check = append(s.Check[:2], Setting{Name: "timeout", Values: []string{"1m"}})
		s.Check[1].Values, s.Timeout = s.Check[1].Values[1:], time.Minute
		if engine == "kubernetes" {
			s.Namespace, s.KeyName = "shop", "api-key"
		}
		if engine == "systemd" {
			s.Schedule = "hourly"
		}
		s.Binary = "/usr/local/bin/opensrs-doctor"
		for _, file := range Files(engine, s) {
			golden.Check(t, file.Name, file.Content)
		}
	}
}
