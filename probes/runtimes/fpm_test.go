//go:build linux

package runtimes

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"opensrs-doctor/probes/evidence"
)

// startFPM starts Debian's php-fpm with pools of its own, and gives the file that configures them. In pools DIR stands for
// a directory with the sockets; every pool listens on DIR/NAME.sock and has one worker.
func startFPM(t *testing.T, pools map[string]string) (conf, dir string) {
	t.Helper()
	programs, _ := filepath.Glob("/usr/sbin/php-fpm[0-9]*")
	if len(programs) == 0 {
		if os.Getenv("OPENSRS_DOCTOR_LAB") == "require" {
			t.Fatal("php-fpm is not on this machine")
		}
		t.Skip("php-fpm is not on this machine")
	}
	dir = rootsDir(t)
	conf = filepath.Join(dir, "pools.conf")
	text := "[global]\nerror_log=" + dir + "/log\ndaemonize=no\n"
	var names []string
	for name := range pools {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		text += fmt.Sprintf("[%s]\nlisten = %s/$pool.sock\npm = static\npm.max_children = 1\n", name, dir)
		if asRoot() {
			text += "user = www-data\ngroup = www-data\nlisten.mode = 0666\n"
		}
		text += strings.ReplaceAll(pools[name], "DIR", dir) + "\n"
	}
	must(t, os.WriteFile(conf, []byte(text), 0o644))
	command := exec.Command(programs[len(programs)-1], "-F", "-y", conf)
	command.Env = []string{"PATH=/usr/bin:/bin", "SSL_CERT_FILE=/none/of-the-unit.pem"}
	must(t, command.Start())
	t.Cleanup(func() {
		command.Process.Signal(os.Interrupt)
		command.Wait()
	})
	deadline := time.Now().Add(20 * time.Second)
	for _, name := range names {
		for {
			conn, err := net.Dial("unix", filepath.Join(dir, name+".sock"))
			if err == nil {
				conn.Close()
				break
			}
			if time.Now().After(deadline) {
				log, _ := os.ReadFile(dir + "/log")
				t.Fatalf("php-fpm does not listen: %v\n%s", err, log)
			}
			time.Sleep(20 * time.Millisecond)
		}
	}
	return conf, dir
}

// fpm asks all pools of a configuration by their names.
func fpm(t *testing.T, p *peer, conf string, names ...string) map[string]evidence.Client {
	t.Helper()
	var only []string
	for _, name := range names {
		only = append(only, "fpm:"+name)
	}
	return look(t, p, Options{Env: host(), Pools: []string{conf}, Only: only})
}

func TestPools(t *testing.T) {
	p := newPeer(t, nil)
	chroot := rootsDir(t)
	conf, dir := startFPM(t, map[string]string{
		"www":      "",
		"env":      "env[SSL_CERT_FILE] = " + p.ca + "\nphp_admin_value[curl.cainfo] = " + p.ca,
		"unit":     "clear_env = no",
		"disabled": "php_admin_value[disable_functions] = curl_exec,fsockopen",
		"based":    "php_admin_value[open_basedir] = /run:/usr/share",
		"nowhere":  "php_admin_value[open_basedir] = /proc/none",
		"busy":     "",
		"jail":     map[bool]string{true: "chroot = " + chroot}[asRoot()],
	})
	found := fpm(t, p, conf, "www", "env", "unit", "disabled", "nowhere")
	expect(t, found, map[string]string{
		"fpm:www (streams)": "fail verify", "fpm:www (curl)": "fail verify",
		"fpm:env (streams)": "pass", "fpm:env (curl)": "pass",
		"fpm:unit (streams)": "fail verify", "fpm:disabled (streams)": "fail connect", "fpm:disabled (curl)": "fail connect",
		"fpm:nowhere (?)": "skip",
	})
	c := found["fpm:www (curl)"]
	if c.Pool == nil || c.Pool.File != conf || c.Path != filepath.Join(dir, "www.sock") || c.Settings.Of("sapi") != "fpm-fcgi" ||
		!strings.HasSuffix(c.Settings.Of("ini"), "/fpm/php.ini") || !strings.HasPrefix(c.Name, "php8.") && !strings.HasPrefix(c.Name, "php7.") {
		t.Errorf("%+v", c)
	}
	if asRoot() && (c.Pool.User != "www-data" || c.Settings.Of("uid") == "0") {
		t.Errorf("%+v runs as %s", c.Pool, c.Settings.Of("uid"))
	}
	for pool, want := range map[string]string{"www": "", "unit": "/none/of-the-unit.pem", "env": p.ca} {
		if is := found["fpm:"+pool+" (streams)"].Settings.Of("env SSL_CERT_FILE"); is != want {
			t.Errorf("pool %s has SSL_CERT_FILE %q, want %q", pool, is, want)
		}
	}
	if sets := found["fpm:env (curl)"].Pool.Sets; !slices.Equal(sets, []string{"curl.cainfo"}) || len(c.Pool.Sets) > 0 {
		t.Errorf("the pools set %q and %q", sets, c.Pool.Sets)
	}
	if asRoot() {
		expect(t, fpm(t, p, conf, "based", "jail"), map[string]string{"fpm:based (streams)": "fail verify", "fpm:jail (streams)": "fail verify"})
		must(t, os.Chmod(chroot, 0o777))
		if c := fpm(t, p, conf, "jail")["fpm:jail (?)"]; c.Status != evidence.Skip || !strings.Contains(c.Error.String(), "chroot") {
			t.Errorf("a chroot that others can write: %+v", c)
		}
	}
	for _, place := range []string{"/run", "/tmp", chroot} {
		if left, _ := filepath.Glob(place + "/opensrs-doctor-[0-9]*"); len(left) > 0 {
			t.Errorf("script files are left: %v", left)
		}
	}
	// One pool a version, www first; php stands for it too.
	if found := look(t, p, Options{Env: host(), Pools: []string{conf}, Only: []string{"fpm"}}); len(found) != 2 || found["fpm:www (curl)"].Pool == nil {
		t.Errorf("%v", found)
	}
}

// A worker that is busy, and a socket that says what it likes.
func TestPoolThatDoesNotAnswer(t *testing.T) {
	dir := rootsDir(t)
	conf := filepath.Join(dir, "pools.conf")
	hangsUp := func() string {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		must(t, err)
		t.Cleanup(func() { listener.Close() })
		go func() {
			for {
				conn, err := listener.Accept()
				if err != nil {
					return
				}
				conn.Close()
			}
		}()
		return listener.Addr().String()
	}
	must(t, os.WriteFile(conf, []byte("[mute]\nlisten = "+dir+"/mute\n[loud]\nlisten="+dir+"/loud\n[gone]\nlisten="+dir+"/gone\n[far]\nlisten=192.0.2.1:9000\n"+
		"[dead]\nlisten="+hangsUp()+"\n[shy]\nlisten="+hangsUp()+"\nlisten.allowed_clients = 192.0.2.9 ; not us\n"), 0o644))
	for name, says := range map[string][]byte{"mute": nil, "loud": slices.Repeat([]byte{1, fcgiStdout, 0, 1, 0xff, 0xff, 0, 0}, 1<<17)} {
		listener, err := net.Listen("unix", filepath.Join(dir, name))
		must(t, err)
		t.Cleanup(func() { listener.Close() })
		go func() {
			for {
				conn, err := listener.Accept()
				if err != nil {
					return
				}
				conn.Write(says)
			}
		}()
	}
	for name, want := range map[string]string{"mute": "no worker answered in time", "loud": "too much", "gone": "not running: nothing listens at ", "shy": "it answers others only, by listen.allowed_clients = 192.0.2.9",
		"dead": "closed the connection without an answer", "far": "not listen on this host"} {
		found := look(t, nil, Options{Port: 9, Env: host(), Pools: []string{conf}, Only: []string{"fpm:" + name}, Wait: time.Second})
		if c := found["fpm:"+name+" (?)"]; c.Status != evidence.Skip || !strings.Contains(c.Error.String(), want) {
			t.Errorf("%s: %v", name, found)
		}
	}
}
