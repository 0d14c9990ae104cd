package mistakes

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// Mistakes as they are made in the languages that clients are written in, by their own libraries. Each script
// reads the files body and key, and prints a line "MISTAKE[+MISTAKE] SIGNATURE" for each way to go wrong.
var scripts = []struct{ name, program, args, text string }{
	{"PHP", "php", "-n", `<?php
$b = file_get_contents('body'); $k = file_get_contents('key');
function sign($b, $k) { return md5(md5($b . $k) . $k); }
function say($id, $s) { echo "$id $s\n"; }
say('match', sign($b, $k));
say('uppercase-hex', strtoupper(sign($b, $k)));
say('base64-digest', base64_encode(md5(md5($b . $k) . $k, true)));
say('base64-digest', base64_encode(sign($b, $k)));
say('single-md5', md5($b . $k));
say('triple-md5', md5(sign($b, $k) . $k));
say('missing-second-key', md5(md5($b . $k)));
say('key-first', md5($k . md5($k . $b)));
say('raw-digest', md5(md5($b . $k, true) . $k));
say('hmac-md5', hash_hmac('md5', $b, $k));
say('hmac-md5', hash_hmac('md5', $k, $b));
say('sha1', sha1(sha1($b . $k) . $k));
say('sha256', hash('sha256', hash('sha256', $b . $k) . $k));
say('single-md5+sha1', sha1($b . $k));
say('username-in-hash', md5(md5('bob' . $b . $k) . $k));
say('body-trailing-newline', sign($b . PHP_EOL, $k));
say('body-trailing-nul', sign(pack('Z*', $b), $k));
say('body-missing-trailing-newline', sign(rtrim($b), $k));
say('body-missing-trailing-newline', sign(trim($b), $k));
say('body-crlf', sign(str_replace("\n", "\r\n", $b), $k));
say('body-bom', sign("\xEF\xBB\xBF" . $b, $k));
say('body-without-declaration', sign(preg_replace('/^<\?xml.*?\?>\n/', '', $b), $k));
say('body-html-escaped', sign(htmlspecialchars($b), $k));
say('body-html-escaped', sign(htmlspecialchars($b, ENT_COMPAT), $k));
say('body-html-escaped', sign(htmlspecialchars($b, ENT_QUOTES), $k));
say('body-html-escaped', sign(htmlspecialchars($b, ENT_QUOTES | ENT_HTML5), $k));
say('body-html-escaped', sign(htmlspecialchars($b, ENT_NOQUOTES), $k));
say('body-url-encoded', sign(urlencode($b), $k));
say('body-url-encoded', sign(rawurlencode($b), $k));
say('key-trailing-newline', sign($b, $k . "\n"));
say('key-quoted', sign($b, '"' . $k . '"'));
say('key-quoted', sign($b, var_export($k, true)));
say('key-spaces', sign($b, explode('=', "key= $k")[1]));
say('key-uppercase', sign($b, strtoupper($k)));
say('key-lowercase', sign($b, strtolower($k)));
say('key-hex-decoded', sign($b, hex2bin($k)));
say('key-hex-decoded', sign($b, pack('H*', $k)));
say('key-empty', sign($b, getenv('NO_SUCH_VARIABLE')));
say('body-html-escaped+body-missing-trailing-newline', sign(htmlspecialchars(trim($b)), $k));
say('body-url-encoded+key-trailing-newline', sign(urlencode($b), "$k\r\n"));
`},
	{"Python", "python3", "-", `
import base64, hashlib, hmac, html, urllib.parse
b = open('body', 'rb').read(); k = open('key', 'rb').read()
t = b.decode()
md5 = lambda data: hashlib.md5(data).hexdigest().encode()
sign = lambda b, k: md5(md5(b + k) + k).decode()
say = lambda id, s: print(id, s)
say('match', sign(b, k))
say('uppercase-hex', sign(b, k).upper())
say('signature-format', hex(int(sign(b, k), 16)))
say('signature-format', repr(sign(b, k)))
say('base64-digest', base64.b64encode(bytes.fromhex(sign(b, k))).decode())
say('base64-digest', base64.urlsafe_b64encode(bytes.fromhex(sign(b, k))).decode())
say('single-md5', hashlib.md5(b + k).hexdigest())
say('missing-second-key', md5(md5(b + k)).decode())
say('key-first', md5(k + md5(k + b)).decode())
say('raw-digest', hashlib.md5(hashlib.md5(b + k).digest() + k).hexdigest())
say('hmac-md5', hmac.new(k, b, 'md5').hexdigest())
say('hmac-md5+sha1', hmac.new(k, b, 'sha1').hexdigest())
say('sha256', hashlib.sha256(hashlib.sha256(b + k).hexdigest().encode() + k).hexdigest())
say('username-in-hash', md5(md5(b'bob' + b + k) + k).decode())
say('body-missing-trailing-newline', sign(b.strip(), k))
say('body-crlf', sign(b.replace(b'\n', b'\r\n'), k))
say('body-bom', sign(t.encode('utf-8-sig'), k))
say('body-without-declaration', sign(b.split(b'\n', 1)[1], k))
say('body-utf16', sign(t.encode('utf-16-le'), k))
say('body-utf16', sign(t.encode('utf-16'), k))
say('body-utf16', sign(t.encode('utf-16-be'), k))
say('body-latin1', sign(t.encode('latin-1', 'replace'), k))
say('body-latin1', sign(t.encode('latin-1', 'ignore'), k))
say('body-latin1', sign(t.encode('latin-1', 'xmlcharrefreplace'), k))
say('body-latin1', sign(t.encode('cp1252'), k))
say('body-latin1', sign(t.encode('ascii', 'xmlcharrefreplace'), k))
say('body-html-escaped', sign(html.escape(t).encode(), k))
say('body-html-escaped', sign(html.escape(t, quote=False).encode(), k))
say('body-url-encoded', sign(urllib.parse.quote(t).encode(), k))
say('body-url-encoded', sign(urllib.parse.quote(t, safe='').encode(), k))
say('body-url-encoded', sign(urllib.parse.quote_plus(t).encode(), k))
say('key-trailing-newline', sign(b, k + b'\n'))
say('key-uppercase', sign(b, k.upper()))
say('key-lowercase', sign(b, k.lower()))
say('key-hex-decoded', sign(b, bytes.fromhex(k.decode())))
say('key-empty', sign(b, b''))
say('body-utf16+key-hex-decoded', sign(t.encode('utf-16-le'), bytes.fromhex(k.decode())))
say('body-latin1+body-url-encoded', sign(urllib.parse.quote(t, encoding='latin-1', errors='replace').encode(), k))
`},
	{"Ruby", "ruby", "-", `
require 'digest'; require 'openssl'; require 'cgi'; require 'erb'; require 'uri'
b = File.binread('body'); k = File.binread('key')
t = b.dup.force_encoding('UTF-8')
def h(s) = Digest::MD5.hexdigest(s)
def sign(b, k) = h(h(b.b + k) + k)
def say(id, s) = puts("#{id} #{s}")
say 'match', sign(b, k)
say 'base64-digest', Digest::MD5.base64digest(h(b + k) + k)
say 'signature-format', sign(b, k).inspect
say 'single-md5', h(b + k)
say 'raw-digest', h(Digest::MD5.digest(b + k) + k)
say 'hmac-md5', OpenSSL::HMAC.hexdigest('MD5', k, b)
say 'sha1', Digest::SHA1.hexdigest(Digest::SHA1.hexdigest(b + k) + k)
say 'body-trailing-nul', sign([b].pack('Z*'), k)
say 'body-missing-trailing-newline', sign(b.chomp, k)
say 'body-crlf', sign(b.encode(crlf_newline: true), k)
say 'body-utf16', sign(t.encode('UTF-16LE'), k)
say 'body-latin1', sign(t.encode('ISO-8859-1', undef: :replace), k)
say 'body-html-escaped', sign(CGI.escapeHTML(t), k)
say 'body-url-encoded', sign(CGI.escape(t), k)
say 'body-url-encoded', sign(ERB::Util.url_encode(t), k)
say 'body-url-encoded', sign(URI.encode_www_form_component(t), k)
say 'key-trailing-newline', sign(b, k + "\r\n")
say 'key-hex-decoded', sign(b, [k].pack('H*'))
say 'key-empty', sign(b, ENV['NO_SUCH_VARIABLE'].to_s)
say 'body-missing-trailing-newline+key-uppercase', sign(b.strip, k.upcase)
`},
	{"Node", "node", "-", `
const { createHash, createHmac } = require('crypto'), fs = require('fs');
const b = fs.readFileSync('body', 'utf8'), k = fs.readFileSync('key', 'utf8');
const md5 = (s, e) => createHash('md5').update(s, e).digest('hex');
const sign = (b, k) => md5(md5(b + k) + k);
const say = (id, s) => console.log(id, s);
const bytes = (b, k) => md5(md5(Buffer.concat([b, Buffer.from(k)])) + k);
say('match', sign(b, k));
say('uppercase-hex', sign(b, k).toUpperCase());
say('base64-digest', Buffer.from(sign(b, k), 'hex').toString('base64'));
say('base64-digest', Buffer.from(sign(b, k), 'hex').toString('base64url'));
say('signature-format', JSON.stringify(sign(b, k)));
say('raw-digest', createHash('md5').update(createHash('md5').update(b + k).digest()).update(k).digest('hex'));
say('hmac-md5', createHmac('md5', k).update(b).digest('hex'));
say('hmac-md5+sha256', createHmac('sha256', k).update(b).digest('hex'));
say('body-missing-trailing-newline', sign(b.trim(), k));
say('body-crlf', sign(b.replace(/\n/g, '\r\n'), k));
say('body-bom', sign('\uFEFF' + b, k));
say('body-utf16', bytes(Buffer.from(b, 'utf16le'), k));
say('body-latin1', bytes(Buffer.from(b.replace('€', '?'), 'latin1'), k));
say('body-latin1', bytes(Buffer.from(fs.readFileSync('body', 'latin1'), 'utf8'), k));
say('body-url-encoded', sign(encodeURIComponent(b), k));
say('body-url-encoded', sign(encodeURI(b), k));
say('body-url-encoded', sign(new URLSearchParams({ '': b }).toString().slice(1), k));
say('body-url-encoded', sign(require('querystring').escape(b), k));
say('key-spaces', sign(b, ('key = ' + k).split('=')[1]));
say('key-quoted', sign(b, JSON.stringify(k)));
say('key-empty', sign(b, process.env.NO_SUCH_VARIABLE || ''));
say('body-trailing-newline+key-quoted', sign(b + '\n', "'" + k + "'"));
`},
	{"Perl", "perl", "-", `
use strict; use Digest::MD5 qw(md5 md5_hex md5_base64); use Digest::SHA qw(sha1_hex); use Encode;
sub slurp { open my $f, '<:raw', $_[0] or die; local $/; <$f> }
my ($b, $k) = (slurp('body'), slurp('key'));
my $t = decode('UTF-8', $b);
sub sign { md5_hex(md5_hex($_[0] . $_[1]) . $_[1]) }
sub say_ { print "$_[0] $_[1]\n" }
say_('match', sign($b, $k));
say_('uppercase-hex', uc sign($b, $k));
say_('base64-digest', md5_base64(md5_hex($b . $k) . $k));
say_('single-md5', md5_hex($b, $k));
say_('key-first', md5_hex($k, md5_hex($k, $b)));
say_('raw-digest', md5_hex(md5($b, $k), $k));
say_('sha1', sha1_hex(sha1_hex($b . $k) . $k));
say_('body-trailing-nul', sign(pack('Z*', $b), $k));
say_('body-missing-trailing-newline', do { chomp(my $c = $b); sign($c, $k) });
say_('body-latin1', sign(encode('ISO-8859-1', $t), $k));
say_('body-utf16', sign(encode('UTF-16LE', $t), $k));
say_('body-utf16', sign(encode('UTF-16', $t), $k));
say_('key-uppercase', sign($b, uc $k));
say_('key-hex-decoded', sign($b, pack('H*', $k)));
say_('key-trailing-newline+uppercase-hex', uc sign($b, "$k\n"));
`},
}

var saying = regexp.MustCompile(`(?m)^say_?[( ]'`)

// TestLanguages: what real programs of five languages sign when they go wrong is named.
func TestLanguages(t *testing.T) {
	body := "<?xml version='1.0' encoding=\"UTF-8\"?>\n<OPS_envelope>\n <a b='c d/~e'>é€ &amp; (f*!)</a>\n</OPS_envelope>\n"
	dir := t.TempDir()
	for name, content := range map[string]string{"body": body, "key": clientKey} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, script := range scripts {
		t.Run(script.name, func(t *testing.T) {
			program, err := exec.LookPath(script.program)
			if err != nil {
				t.Skipf("%s is not installed", script.program)
			}
			command := exec.Command(program, script.args)
			if script.args == "-n" {
				command.Args = append(command.Args, "--")
			}
			command.Dir, command.Stdin = dir, strings.NewReader(script.text)
			command.Env = append(os.Environ(), "LC_ALL=C.UTF-8")
			var stderr strings.Builder
			command.Stderr = &stderr
			out, err := command.Output()
			if err != nil || stderr.Len() > 0 {
				t.Fatalf("%v: %s", err, stderr.String())
			}
			if lines, asked := strings.Count(string(out), "\n"), len(saying.FindAllString(script.text, -1)); lines != asked {
				t.Errorf("%d signatures of %d", lines, asked)
			}
			for line := range strings.Lines(string(out)) {
				mistakes, signature, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
				var want []string
				if mistakes != "match" {
					want = inTableOrder(strings.Split(mistakes, "+")...)
				}
				if got := explain(t, body, clientKey, signature); !slices.Equal(got, want) {
					t.Errorf("%s: %v", mistakes, got)
				}
			}
		})
	}
}
