//go:build unix

package runtimes

import (
	"context"
	"errors"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/probes/foreign"
)

// maxPools bounds how many pools are asked.
const maxPools = 20

// poolFiles are where distributions and control panels keep the pools of php-fpm.
var poolFiles = []string{
	"/etc/php/*/fpm/pool.d/*.conf", "/etc/php-fpm.d/*.conf", "/etc/opt/remi/php*/php-fpm.d/*.conf",
	"/opt/cpanel/ea-php*/root/etc/php-fpm.d/*.conf", "/opt/plesk/php/*/etc/php-fpm.d/*.conf", "/opt/alt/php*/etc/php-fpm.d/*.conf",
	"/usr/local/etc/php-fpm.d/*.conf", "/usr/local/php*/etc/php-fpm.d/*.conf", "/www/server/php/*/etc/php-fpm.conf",
}

// fpmPool is a pool as its configuration has it.
type fpmPool struct {
	evidence.Pool
	listen  string   // a path, or HOST:PORT
	basedir []string // open_basedir, where the pool sets it
	allowed string   // listen.allowed_clients: of which addresses it answers; "": of all
}

// pools are the pools of php-fpm to ask: of each version the first (www where there is one), and those that were asked for.
func (r *run) pools() (found []looker) {
	first, all, www := map[string]bool{}, r.allPools(), map[string]bool{}
	for _, pool := range all {
		www[filepath.Dir(pool.File)] = www[filepath.Dir(pool.File)] || pool.Name == "www"
	}
	for _, pool := range all {
		version := filepath.Dir(pool.File)
		named := slices.ContainsFunc(r.o.Only, func(only string) bool {
			return only == "fpm:"+pool.Name || strings.HasSuffix(only, "-fpm:"+pool.Name)
		})
		byName := slices.ContainsFunc(r.o.Only, func(only string) bool { return strings.Contains(only, "fpm:") })
		if !named && (first[version] || www[version] && pool.Name != "www" || byName && !slices.Contains(r.o.Only, "php") && !slices.Contains(r.o.Only, "fpm")) {
			continue
		}
		first[version] = true
		l := looker{name: "php-fpm:" + pool.Name, path: pool.listen, pool: &pool.Pool}
		l.ask = func(ctx context.Context, l *looker) []evidence.Client { return r.askPool(ctx, l, pool) }
		if why := untrusted(pool.File); asRoot() && why != "" {
			l.skip = foreign.Join(foreign.Ours("not asked as root:"), r.quote(pool.File+": "+why))
		}
		found = append(found, l)
	}
	return found[:min(len(found), maxPools)]
}

// allPools reads every configuration that is in a known place or that a running master names.
func (r *run) allPools() (pools []fpmPool) {
	var files []string
	patterns := r.o.Pools
	if patterns == nil && r.o.Env == nil {
		patterns = slices.Concat(poolFiles, mastersFiles())
	}
	for _, pattern := range patterns {
		matches, _ := filepath.Glob(pattern)
		slices.Sort(matches)
		for _, file := range matches {
			if !slices.Contains(files, file) {
				files = append(files, file)
			}
		}
	}
	seen := map[string]bool{}
	for _, file := range files {
		for _, pool := range readPools(file) {
			if key := pool.Name + " " + pool.listen; !seen[key] { // one file may have two paths
				seen[key] = true
				pools = append(pools, pool)
			}
		}
	}
	return pools
}

// mastersFiles are the files that the running masters of php-fpm were started with, and those that these include.
func mastersFiles() (files []string) {
	lines, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, path := range lines {
		text, err := readSmall(path)
		if err != nil {
			continue
		}
		_, rest, is := strings.Cut(strings.TrimRight(text, "\x00 "), "php-fpm: master process (")
		file, _, closed := strings.Cut(rest, ")")
		if !is || !closed || !filepath.IsAbs(file) || slices.Contains(files, file) {
			continue
		}
		files = append(files, file)
		content, _ := readSmall(file)
		for line := range strings.Lines(content) {
			name, value, has := strings.Cut(line, "=")
			if value = strings.Trim(strings.TrimSpace(value), `"'`); has && strings.TrimSpace(name) == "include" && filepath.IsAbs(value) {
				files = append(files, value)
			}
		}
	}
	return files
}

// readPools reads the pools of one file. Lines that it does not know are passed over.
func readPools(path string) (pools []fpmPool) {
	content, err := readSmall(path)
	if err != nil {
		return nil
	}
	var pool *fpmPool
	for line := range strings.Lines(content) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "[") && strings.HasSuffix(line, "]") {
			pool = nil
			if name := strings.Trim(line, "[] "); name != "global" && name != "" && len(pools) < maxPools {
				pools = append(pools, fpmPool{Pool: evidence.Pool{Name: foreign.Clean(name), File: path}})
				pool = &pools[len(pools)-1]
			}
			continue
		}
		name, value, has := strings.Cut(line, "=")
		if pool == nil || !has || strings.HasPrefix(line, ";") || strings.HasPrefix(line, "#") {
			continue
		}
		value, _, _ = strings.Cut(value, ";")
		value = strings.ReplaceAll(strings.Trim(strings.TrimSpace(value), `"'`), "$pool", pool.Name)
		switch strings.TrimSpace(name) {
		case "listen":
			pool.listen = value
		case "user":
			pool.User = foreign.Clean(value)
		case "chroot":
			pool.Chroot = foreign.Clean(value)
		case "listen.allowed_clients":
			pool.allowed = value
		}
		pool.setting(strings.TrimSpace(name), value)
	}
	return slices.DeleteFunc(pools, func(p fpmPool) bool { return p.listen == "" })
}

// setting notes one of PHP's settings that the pool's file has itself.
func (p *fpmPool) setting(name, value string) {
	option, is := strings.CutPrefix(strings.Replace(name, "php_value[", "php_admin_value[", 1), "php_admin_value[")
	if option = strings.TrimSuffix(option, "]"); !is || !slices.Contains(decisive, option) {
		return
	}
	p.Sets = append(p.Sets, option)
	if option == "open_basedir" {
		p.basedir = strings.Split(value, ":")
	}
}

// decisive are the settings of PHP whose place the diagnosis names.
var decisive = []string{"curl.cainfo", "openssl.cafile", "disable_functions", "open_basedir"}

// dial is where a pool listens: a socket's path, or a port of this host. ok is false for another host.
func (p fpmPool) dial() (network, address string, ok bool) {
	if filepath.IsAbs(p.listen) {
		return "unix", p.listen, true
	}
	host, port, has := cutLast(p.listen, ":")
	if !has {
		host, port = "", p.listen
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return "", "", false
	}
	switch host = strings.Trim(host, "[]"); host {
	case "", "0.0.0.0", "localhost", "*":
		host = "127.0.0.1"
	case "::":
		host = "::1"
	}
	at, err := netip.ParseAddr(host)
	if err != nil || !at.IsLoopback() {
		return "", "", false
	}
	bracketed := host
	if at.Is6() {
		bracketed = "[" + host + "]"
	}
	return "tcp", bracketed + ":" + port, true
}

func cutLast(text, at string) (before, after string, found bool) {
	i := strings.LastIndex(text, at)
	if i < 0 {
		return text, "", false
	}
	return text[:i], text[i+len(at):], true
}

// askPool asks one pool of php-fpm by FastCGI, with a script file that is there for that long.
func (r *run) askPool(ctx context.Context, l *looker, pool fpmPool) []evidence.Client {
	network, address, ok := pool.dial()
	if !ok {
		return []evidence.Client{r.skipped(l, foreign.Ours("it does not listen on this host"))}
	}
	seen, why := r.files.put(pool)
	if !why.Empty() {
		return []evidence.Client{r.skipped(l, why)}
	}
	output, words, err := fastCGI(ctx, network, address, map[string]string{
		"SCRIPT_FILENAME": seen, "SCRIPT_NAME": "/" + filepath.Base(seen), "REQUEST_METHOD": "GET", "REQUEST_URI": "/" + filepath.Base(seen),
		"QUERY_STRING": "", "SERVER_PROTOCOL": "HTTP/1.1", "GATEWAY_INTERFACE": "CGI/1.1", "SERVER_SOFTWARE": "opensrs-doctor",
		"REMOTE_ADDR": "127.0.0.1", "LOOK_HOST": r.o.Host, "LOOK_PORT": strconv.Itoa(int(r.o.Port)), "LOOK_WAIT": strconv.Itoa(r.scriptWait(l)),
	})
	answer := foreign.Ours("it did not run the test script")
	switch {
	case err != nil && ctx.Err() != nil:
		answer = foreign.Ours("no worker answered in time")
	case err != nil:
		answer = r.unanswered(pool, err)
	case strings.Contains(words, "open_basedir"):
		answer = foreign.Ours("its open_basedir does not let it read the test script")
	case words != "":
		answer = foreign.Join(foreign.Ours("it did not run the test script:"), r.quote(lastLine([]byte(words))))
	}
	return r.clients(l, output, answer)
}

// unanswered is why a pool's socket gave no answer.
func (r *run) unanswered(pool fpmPool, err error) foreign.Text {
	hungUp := errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
	switch {
	case errors.Is(err, os.ErrNotExist), errors.Is(err, syscall.ECONNREFUSED):
		return foreign.Join(foreign.Ours("not running: nothing listens at"), r.quote(pool.listen))
	case errors.Is(err, os.ErrPermission):
		return foreign.Ours("this user may not ask it: run with sudo")
	case hungUp && pool.allowed != "":
		return foreign.Join(foreign.Ours("it answers others only, by listen.allowed_clients ="), r.quote(pool.allowed))
	case hungUp:
		return foreign.Ours("it closed the connection without an answer")
	}
	return foreign.Join(foreign.Ours("its socket does not answer:"), r.quote(plainError(err)))
}

// readSmall reads a regular file, or one of /proc, of at most 256 KiB, and never waits for one that is none.
func readSmall(path string) (string, error) {
	file, err := os.OpenFile(path, os.O_RDONLY|nonBlock, 0)
	if err != nil {
		return "", err
	}
	defer file.Close()
	if info, err := file.Stat(); err != nil || !info.Mode().IsRegular() {
		return "", os.ErrInvalid
	}
	content := make([]byte, 256<<10)
	n := 0
	for n < len(content) {
		more, err := file.Read(content[n:])
		if n += more; err != nil || more == 0 {
			break
		}
	}
	return string(content[:n]), nil
}
