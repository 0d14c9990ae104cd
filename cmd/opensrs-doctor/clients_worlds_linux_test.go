//go:build linux

package main

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// clientsWorld is a host on which a real runtime gets elsewhere than this check, or does not. It is made by lines of the
// shell, in a network, with processes and with files of its own; see clientsHost.
type clientsWorld struct {
	name   string
	breaks string // sets it up
	mends  string // what the advice says, done
	cause  string // of the first diagnosis; "": all is well
	blames string // a title in its summary
	says   string // in its steps; W stands for the world's directory
	likely bool

	besides string // another cause that is told, and that stays
}

// clientsHost runs a world: $1 is its directory, $2 the program, $3 what breaks it, $4 what mends it. The service is the
// sandbox at 10.7.7.2, whose authority is in $CA, and every runtime that has a variable for it knows it by that.
const clientsHost = `set -e
W=$1 D=$2
ip link set lo up
ip link add a0 type veth peer name a1
ip link set a0 up
ip link set a1 up
ip addr add 10.7.7.2/24 dev a0
printf '127.0.0.1 localhost\n10.7.7.2 svc.test\n' >$W/hosts
printf 'hosts: files dns\n' >$W/nsswitch.conf
printf 'nameserver 10.7.7.53\n' >$W/resolv.conf
: >$W/gai.conf
mkdir $W/pool.d $W/ini $W/none
for file in hosts nsswitch.conf resolv.conf gai.conf; do [ -e /etc/$file ] && mount --bind $W/$file /etc/$file; done
POOLS=$(ls -d /etc/php/*/fpm/pool.d | tail -1) FPM=
mount --bind $W/pool.d $POOLS
sandbox() {
  $D sandbox --listen 10.7.7.2:55443 --name svc.test --ready-file $W/ready >$W/log 2>&1 &
  until [ -s $W/ready ]; do sleep 0.05; done
  cat $(sed -n 's/.*"ca_file": *"\([^"]*\)".*/\1/p' $W/ready) >$CA
}
issue() { # $1: the leaf's kind of key; the others: of the authority
  kind=$1
  shift
  printf '[req]\ndistinguished_name=dn\nx509_extensions=v3\n[dn]\n[v3]\nsubjectKeyIdentifier=hash\n' >$W/ca.cnf
  openssl req -x509 -newkey rsa:2048 -nodes -keyout $W/ca.key -out $CA -days 2 -subj '/CN=Company Root' -config $W/ca.cnf "$@"
  openssl req -newkey $kind -nodes -keyout $W/key.pem -out $W/req.pem -subj /CN=server
  printf 'subjectAltName=DNS:svc.test\nextendedKeyUsage=serverAuth\n' >$W/leaf.cnf
  openssl x509 -req -in $W/req.pem -CA $CA -CAkey $W/ca.key -CAcreateserial -days 1 -extfile $W/leaf.cnf -out $W/cert.pem
}
listening() { until (echo >/dev/tcp/$1/$2) 2>/dev/null; do sleep 0.05; done; }
fpm() { # $1: lines of the pool; the one before ends
  if [ "$FPM" ]; then
    kill $FPM
    wait $FPM || true
  fi
  printf '[global]\nerror_log='$W/fpm.log'\ndaemonize=no\ninclude='$POOLS'/*.conf\n' >$W/fpm.conf
  printf '[www]\nlisten='$W'/www.sock\nlisten.mode=0666\nuser=www-data\ngroup=www-data\npm=static\npm.max_children=1\n%b\n' "$1" >$W/pool.d/www.conf
  $(ls /usr/sbin/php-fpm[0-9]* | tail -1) -F -y $W/fpm.conf >/dev/null 2>&1 &
  FPM=$!
  until [ -S $W/www.sock ] || ss -ltn | grep -q :9000; do sleep 0.05; done
}
POOL="php_admin_value[curl.cainfo] = $W/ca.pem\nphp_admin_value[openssl.cafile] = $W/ca.pem"
CA=$W/ca.pem AUTHORITY="--ca-file $CA" ONLY=php,python3,ruby,perl,node,curl,getent SERVICE=sandbox INI=
SET="SSL_CERT_FILE=$CA CURL_CA_BUNDLE=$CA NODE_EXTRA_CA_CERTS=$CA PERL_LWP_SSL_CA_FILE=$CA"
MORE=
case "$3" in *issue*) ;; *) sandbox ;; esac
eval "$3"
clients() {
  printf 'curl.cainfo=%s\n%b' "${CAINFO-$CA}" "$INI" >$W/ini/99.ini
  env -i PATH=/usr/bin:/bin HOME=/proc/none LANG=C.UTF-8 PHP_INI_SCAN_DIR=${SCAN-:$W/ini} $SET $MORE \
    $D clients --config /dev/null --endpoint https://svc.test:55443 $AUTHORITY --only $ONLY -f json || [ $? = 1 ]
}
clients >$W/broken.json
eval "$4"
clients >$W/mended.json
`

// Of the makings of worlds that several have.
const (
	ownerRule = `nft add table inet fault; nft add chain inet fault out '{ type filter hook output priority 0; }'; ` +
		`nft add rule inet fault out meta skuid www-data tcp dport 55443 `
	serve = `openssl s_server -accept 10.7.7.2:55443 -cert $W/cert.pem -key $W/key.pem -www >/dev/null 2>&1 & listening 10.7.7.2 55443; `
)

var clientsWorlds = []clientsWorld{
	{name: "all is well", breaks: `fpm "$POOL"`},
	{name: "authority in SSL_CERT_FILE only", breaks: `ONLY=php; CAINFO=`, cause: "client.store-differs", blames: "(curl)",
		says: "Set curl.cainfo = W/ca.pem in /etc/php/", mends: `CAINFO=$CA`},
	{name: "LWP does not read SSL_CERT_FILE", breaks: `ONLY=perl; SET="SSL_CERT_FILE=$CA"`, cause: "client.store-differs", blames: "perl (LWP)",
		says: "Set PERL_LWP_SSL_CA_FILE=W/ca.pem in the environment", mends: `MORE=PERL_LWP_SSL_CA_FILE=$CA`},
	{name: "authority in the system's store only", cause: "client.store-differs", blames: "node", says: "Set NODE_EXTRA_CA_CERTS=",
		breaks: `CAINFO=; SET=; AUTHORITY=; cp -a /etc/ssl/certs/. $W/none; cat $CA >>$W/none/ca-certificates.crt; cp $CA $W/none/test-root.pem; ` +
			`openssl rehash $W/none 2>/dev/null; mount --bind $W/none /etc/ssl/certs`,
		besides: "tls.intercepted", mends: `MORE="NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt"`},
	{name: "pool knows no authority", breaks: `fpm ""; ONLY=fpm`, cause: "client.store-differs", blames: "-fpm:www",
		says: "or php_admin_value[curl.cainfo] in", mends: `fpm "$POOL"`},
	{name: "outdated cainfo", breaks: `cp /etc/ssl/certs/ISRG_Root_X1.pem $W/old.pem; CAINFO=$W/old.pem; ONLY=php`, cause: "client.store-differs",
		blames: "(curl)", says: "(now: W/old.pem)", mends: `CAINFO=$CA`},
	{name: "missing cainfo", breaks: `CAINFO=$W/none/roots.pem; ONLY=php`, cause: "client.store-differs", blames: "(curl)",
		says: "(now: W/none/roots.pem)", mends: `CAINFO=$CA`},
	{name: "pool sets an old store itself", breaks: `fpm "php_admin_value[openssl.cafile] = /etc/ssl/certs/ISRG_Root_X1.pem"; ONLY=fpm`,
		cause: "client.store-differs", says: "/fpm/pool.d/www.conf, where the pool sets it itself", mends: `fpm "$POOL"`},
	{name: "authority without critical constraints", cause: "client.strict", blames: "python3", says: "VERIFY_X509_STRICT",
		breaks: `issue rsa:2048 -addext basicConstraints=CA:TRUE; ` + serve + `MORE=PYTHONPATH=$W/none
cat >$W/none/sitecustomize.py <<'end'
import ssl
plain = ssl.create_default_context
def strict(*args, **named):
    context = plain(*args, **named)
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    return context
ssl.create_default_context = strict
end`,
		mends: `sed -i s/STRICT/PARTIAL_CHAIN/ $W/none/sitecustomize.py`},
	{name: "key of 1024 bits", cause: "client.strict", blames: "php", says: "CipherString = DEFAULT@SECLEVEL=1 in W/ssl.cnf", breaks: `ONLY=php,python3,ruby,perl,curl,getent
MORE=OPENSSL_CONF=$W/ssl.cnf; level() { printf 'openssl_conf=a\n[a]\nssl_conf=b\n[b]\nsystem_default=system_default_sect\n[system_default_sect]\n%b\n' "$1" >$W/ssl.cnf; }
level 'CipherString = DEFAULT@SECLEVEL=2'
issue rsa:1024 -addext basicConstraints=critical,CA:TRUE
openssl s_server -accept 10.7.7.2:55443 -cert $W/cert.pem -key $W/key.pem -cipher DEFAULT@SECLEVEL=0 -www >/dev/null 2>&1 & listening 10.7.7.2 55443`,
		mends: `ONLY=python3,curl,getent; level 'CipherString = DEFAULT@SECLEVEL=1'`},
	{name: "no secure renegotiation", cause: "client.strict", blames: "php", says: "UnsafeLegacyServerConnect under [system_default_sect] in openssl.cnf",
		breaks: `ONLY=php,python3,perl,curl,getent; issue rsa:2048 -addext basicConstraints=critical,CA:TRUE
gnutls-serv --http --port 55443 --x509certfile $W/cert.pem --x509keyfile $W/key.pem --priority NORMAL:-VERS-TLS1.3:%DISABLE_SAFE_RENEGOTIATION >/dev/null 2>&1 & listening 10.7.7.2 55443`,
		mends: `MORE=OPENSSL_CONF=$W/ssl.cnf; ONLY=python3,perl,curl,getent
printf 'openssl_conf=a\n[a]\nssl_conf=b\n[b]\nsystem_default=system_default_sect\n[system_default_sect]\nOptions = UnsafeLegacyServerConnect\n' >$W/ssl.cnf`},
	{name: "old TLS only by OPENSSL_CONF", cause: "client.tls-too-old", blames: "python3", likely: true,
		says: "Check MinProtocol, MaxProtocol and CipherString in W/ssl.cnf, the file that OPENSSL_CONF names", breaks: `ONLY=python3,curl,getent; MORE=OPENSSL_CONF=$W/ssl.cnf
printf 'openssl_conf=a\n[a]\nssl_conf=b\n[b]\nsystem_default=c\n[c]\nMaxProtocol = TLSv1.1\nCipherString = DEFAULT@SECLEVEL=0\n' >$W/ssl.cnf`,
		mends: `sed -i /MaxProtocol/d $W/ssl.cnf`},
	{name: "IPv6 first and dead", cause: "client.path-differs", blames: "php", likely: true, says: "in /etc/gai.conf: precedence ::ffff:0:0/96 100",
		breaks: `ONLY=php,curl,getent; ip -6 addr add 2001:db8::2/64 dev a0 nodad; ip -6 route add default via 2001:db8::99; ` +
			`ip -6 neigh add 2001:db8::99 lladdr 02:00:00:00:00:99 dev a0; echo '2001:db9::1 svc.test' >>$W/hosts`,
		mends: `echo 'precedence ::ffff:0:0/96 100' >>$W/gai.conf`},
	{name: "nsswitch has files only", cause: "client.dns-differs", blames: "php", says: "Add dns to the line hosts: /etc/nsswitch.conf:1",
		breaks: `printf 'hosts: files\n' >$W/nsswitch.conf; printf '127.0.0.1 localhost\n' >$W/hosts; ip addr add 10.7.7.53/24 dev a0
cat >$W/dns.py <<'end'
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("10.7.7.53", 53))
while True:
    q, at = s.recvfrom(600)
    end = q.index(b"\0", 12) + 5
    a = q[end - 4:end - 2] == b"\0\1"
    s.sendto(q[:2] + b"\x85\x80\0\1\0" + bytes([a]) + b"\0\0\0\0" + q[12:end] + (b"\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\x0a\7\7\2" if a else b""), at)
end
python3 $W/dns.py & until ss -lun | grep -q 10.7.7.53:53; do sleep 0.05; done`,
		mends: `printf 'hosts: files dns\n' >$W/nsswitch.conf`},
	{name: "chroot without resolv.conf", cause: "client.dns-differs", blames: "-fpm:www", says: "Copy resolv.conf, hosts and nsswitch.conf from /etc into W/jail/etc",
		breaks: `mkdir $W/jail; ONLY=fpm,getent; fpm "chroot = $W/jail\nphp_admin_value[curl.cainfo] = /ca.pem\nphp_admin_value[openssl.cafile] = /ca.pem"; cp $CA $W/jail`,
		mends: `mkdir $W/jail/etc; cp $W/hosts $W/resolv.conf $W/nsswitch.conf $W/jail/etc
fpm "chroot = $W/jail\nphp_admin_value[curl.cainfo] = /ca.pem\nphp_admin_value[openssl.cafile] = /ca.pem"`},
	{name: "proxy in the pool only, and dead", cause: "client.path-differs", blames: "-fpm:www (curl)", says: "Check https_proxy, which sends php",
		breaks: `ONLY=fpm,curl; fpm "$POOL\nenv[https_proxy] = http://10.7.7.2:3128"`, mends: `fpm "$POOL"`},
	{name: "proxy in lower case only", cause: "client.path-differs", blames: "ruby", says: "Set env[https_proxy] = http://10.7.7.2:7080 in /etc/php/",
		breaks: `MORE=https_proxy=http://10.7.7.2:7080; fpm "$POOL"
cat >$W/proxy.py <<'end'
import socket, threading
def pump(a, b):
    while True:
        data = a.recv(65536)
        if not data:
            return b.shutdown(1)
        b.sendall(data)
def serve(c):
    head = b""
    while b"\r\n\r\n" not in head:
        head += c.recv(4096)
    host, port = head.split()[1].decode().rsplit(":", 1)
    to = socket.create_connection((host, int(port)))
    c.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    threading.Thread(target=pump, args=(to, c)).start()
    pump(c, to)
s = socket.create_server(("10.7.7.2", 7080))
while True:
    threading.Thread(target=serve, args=(s.accept()[0],)).start()
end
python3 $W/proxy.py 2>/dev/null & until ss -ltn | grep -q 10.7.7.2:7080; do sleep 0.05; done`,
		besides: "proxy.direct-way", mends: `MORE=`},
	{name: "pool's user is refused", cause: "client.blocked", blames: "-fpm:www", likely: true, says: "Run sudo opensrs-doctor --as user:www-data",
		breaks: `ONLY=php; fpm "$POOL"; ` + ownerRule + `reject with tcp reset`, mends: `nft flush ruleset`},
	{name: "pool's user meets silence", cause: "client.blocked", blames: "-fpm:www", likely: true, says: "--as user:www-data",
		breaks: `ONLY=fpm; fpm "$POOL"; ` + ownerRule + `drop`, mends: `nft flush ruleset`},
	{name: "pool may not use curl_exec, nor the script json_encode", cause: "client.missing-extension", blames: "-fpm:www",
		says:   "Take curl_exec out of disable_functions in /etc/php/",
		breaks: `ONLY=fpm; fpm "$POOL\nphp_admin_value[disable_functions] = curl_exec,json_encode"`, mends: `fpm "$POOL"`},
	{name: "PHP without curl", cause: "client.missing-extension", blames: "(curl)", says: "-curl on Debian and Ubuntu", breaks: `ONLY=php; SCAN=$W/ini`, mends: `SCAN=:$W/ini`},
	{name: "pool with open_basedir", breaks: `ONLY=fpm; fpm "$POOL\nphp_admin_value[open_basedir] = /run:/usr/share"`},
}

// A pool that answers others only is not asked, and that is what is said; nobody is blamed.
func TestClientsOfAPoolForOthers(t *testing.T) {
	rootOnly(t)
	broken, _, _ := clientsIn(t, `ONLY=fpm; fpm "listen = 10.7.7.2:9000\nlisten.allowed_clients = 192.0.2.9\n$POOL"`, "")
	if broken.Verdict != "pass" || len(broken.Clients) != 1 || broken.Clients[0].Status != "skip" ||
		!strings.Contains(broken.Clients[0].Error, "not listen on this host") {
		t.Errorf("%+v", broken)
	}
	broken, _, _ = clientsIn(t, `ONLY=fpm; fpm "listen = 127.0.0.1:9000\nlisten.allowed_clients = 192.0.2.9\n$POOL"`, "")
	if len(broken.Clients) != 1 || !strings.Contains(broken.Clients[0].Error, "it answers others only, by listen.allowed_clients = 192.0.2.9") {
		t.Errorf("%+v", broken)
	}
}

// Every world: the right cause with the right thing to change, and once that is done, nothing is left of it.
func TestClientsInWorlds(t *testing.T) {
	rootOnly(t)
	for _, needed := range []string{"php", "/usr/bin/python3", "ruby", "perl", "node", "curl", "openssl", "gnutls-serv", "nft", "ip"} {
		program(t, needed)
	}
	for _, world := range clientsWorlds {
		t.Run(strings.ReplaceAll(world.name, " ", "-"), func(t *testing.T) {
			broken, mended, dir := clientsIn(t, world.breaks, world.mends)
			world.check(t, dir, broken)
			for _, d := range mended.Diagnoses {
				if d.Cause != world.besides {
					t.Errorf("mended: %+v", mended)
				}
			}
		})
	}
}

// clientsIn makes a world in a directory, and gives what was found as it was broken, and as it was mended.
func clientsIn(t *testing.T, breaks, mends string) (broken, mended lookDocument, dir string) {
	t.Helper()
	binary, err := theBinary()
	if err == nil {
		dir, err = os.MkdirTemp("/run", "opensrs-doctor-test")
	}
	if err == nil {
		t.Cleanup(func() { os.RemoveAll(dir) })
		err = os.Chmod(dir, 0o755)
	}
	if err != nil {
		t.Fatal(err)
	}
	host := exec.CommandContext(t.Context(), "unshare", "-nmpf", "--kill-child", "--mount-proc", "bash", "-c", clientsHost, "bash", dir, binary, breaks, mends)
	host.Env = []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8"}
	var words bytes.Buffer
	host.Stderr = &words
	if err := host.Run(); err != nil {
		t.Fatalf("%v\n%s", err, words.String())
	}
	return lookedAt(t, dir, "broken"), lookedAt(t, dir, "mended"), dir
}

func lookedAt(t *testing.T, dir, name string) (found lookDocument) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, name+".json"))
	if err == nil {
		err = json.Unmarshal(text, &found)
	}
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// check compares what was found with what the world is.
func (w clientsWorld) check(t *testing.T, dir string, found lookDocument) {
	t.Helper()
	if w.cause == "" {
		if found.Verdict != "pass" || slices.ContainsFunc(found.Clients, func(c lookedClient) bool { return c.Status != "pass" }) {
			t.Errorf("%+v", found)
		}
		return
	}
	if len(found.Diagnoses) == 0 || len(found.Diagnoses) > 1 && (len(found.Diagnoses) > 2 || found.Diagnoses[1].Cause != w.besides) {
		t.Fatalf("%d diagnoses: %+v", len(found.Diagnoses), found)
	}
	first, confidence := found.Diagnoses[0], map[bool]string{true: "likely", false: "certain"}[w.likely]
	if first.Cause != w.cause || first.Confidence != confidence || !strings.Contains(first.Summary, w.blames) ||
		!strings.Contains(strings.Join(first.Fixes, "\n"), strings.ReplaceAll(w.says, "W/", dir+"/")) {
		t.Errorf("want %s, %s, %s: %s\n%+v", w.cause, confidence, w.blames, w.says, found)
	}
}
