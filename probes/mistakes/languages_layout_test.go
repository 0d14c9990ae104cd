package mistakes

import (
	"encoding/base64"
	"encoding/xml"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Layouts as the XML libraries of these languages write them. Each script reads the files body and key, and prints a
// line "BASE64-OF-WHAT-IS-SENT SIGNATURE-OF-ANOTHER-LAYOUT" for each way to go wrong.
var layoutScripts = []struct{ name, program, args, needs, text string }{
	{"PHP", "php", "--", "", `<?php
$k = file_get_contents('key');
function say($sent, $signed) { global $k; echo base64_encode($sent), ' ', md5(md5($signed . $k) . $k), "\n"; }
$d = new DOMDocument; $d->preserveWhiteSpace = false; $d->load('body');
$plain = $d->saveXML(); $d->formatOutput = true; $pretty = $d->saveXML();
say($pretty, $plain);
say($plain, $pretty);
say($pretty, trim($plain));
say($plain, trim($pretty));
say($pretty, preg_replace('/>\s+</', '><', $pretty));
say($pretty, str_replace(["\r", "\n"], '', $pretty));
say($pretty, implode('', array_map('trim', explode("\n", $pretty))));
say($pretty, implode("\n", array_map('trim', explode("\n", $pretty))));
say($pretty, preg_replace('/\s+/', ' ', trim($pretty)));
say($pretty, simplexml_load_string($plain)->asXML());
function copied($w, $from) {
    foreach ($from->childNodes as $node) {
        if ($node->nodeType === XML_TEXT_NODE) { $w->text($node->data); continue; }
        $w->startElement($node->nodeName);
        foreach ($node->attributes as $a) { $w->writeAttribute($a->name, $a->value); }
        copied($w, $node);
        $w->endElement();
    }
}
$written = function ($indent) use ($d) {
    $w = new XMLWriter; $w->openMemory();
    if ($indent !== '') { $w->setIndent(true); $w->setIndentString($indent); }
    $w->startDocument('1.0', 'UTF-8'); copied($w, $e = (function ($d) { $f = $d->createDocumentFragment();
        $f->appendChild($d->documentElement->cloneNode(true)); return $f; })($d)); $w->endDocument();
    return $w->outputMemory();
};
say($written(' '), $written(''));
say($written(''), $written(' '));
say($written("\t"), $written('    '));
`},
	{"Python", "python3", "-", "", `
import base64, hashlib, re, xml.dom.minidom, xml.etree.ElementTree as ET
k = open('key', 'rb').read()
md5 = lambda data: hashlib.md5(data).hexdigest().encode()
def say(sent, signed): print(base64.b64encode(sent).decode(), md5(md5(signed + k) + k).decode())
dom = xml.dom.minidom.parse('body')
for indent in '\t', '  ', '    ', ' ', '':
    pretty = dom.toprettyxml(indent=indent, encoding='UTF-8')
    say(pretty, dom.toxml(encoding='UTF-8'))
    for other in '\t', '  ', '    ', ' ', '':
        if other != indent: say(pretty, dom.toprettyxml(indent=other, encoding='UTF-8'))
root = ET.parse('body').getroot()
plain = ET.tostring(root, encoding='UTF-8', xml_declaration=True)
ET.indent(root); two = ET.tostring(root, encoding='UTF-8', xml_declaration=True)
ET.indent(root, '\t'); tab = ET.tostring(root, encoding='UTF-8', xml_declaration=True)
say(two, plain)
say(plain, two)
say(tab, plain)
say(plain, tab)
say(tab, two)
say(two, plain + b'\n')
say(two, re.sub(rb'\s*\n\s*', b'', two))
`},
	{"Ruby", "ruby", "-", "require 'rexml/document'", `
require 'rexml/document'; require 'digest'; require 'base64'
$k = File.binread('key')
def h(s) = Digest::MD5.hexdigest(s)
def say(sent, signed) = puts("#{Base64.strict_encode64(sent.b)} #{h(h(signed.b + $k) + $k)}")
d = REXML::Document.new(File.read('body').gsub(">\n", '>'))
plain = d.to_s
pretty = ->(f) { o = +''; f.write(d, o); o }
own = pretty[REXML::Formatters::Pretty.new]
four = pretty[REXML::Formatters::Pretty.new(4)]
f = REXML::Formatters::Pretty.new(2); f.compact = true; compact = pretty[f]
say own, plain
say plain, own
say compact, plain
say plain, compact
say own, compact
say compact, own
say four, plain
say compact, compact.gsub(/>\s+</, '><')
say compact, compact.lines.map(&:strip).join
say compact, compact.squeeze(' ').gsub("\n", ' ').gsub(/\s+/, ' ')
`},
	{"Nokogiri", "ruby", "-", "require 'nokogiri'; require 'builder'", `
require 'nokogiri'; require 'builder'; require 'digest'; require 'base64'
$k = File.binread('key')
def h(s) = Digest::MD5.hexdigest(s)
def say(sent, signed) = puts("#{Base64.strict_encode64(sent.b)} #{h(h(signed.b + $k) + $k)}")
d = Nokogiri::XML(File.read('body')) { |c| c.noblanks }
plain = d.to_xml(save_with: 0)
say d.to_xml, plain
say plain, d.to_xml
say d.to_xml(indent: 4), plain
say d.to_xml(indent: 1, indent_text: "\t"), plain
say d.to_xml(indent: 1, indent_text: "\t"), d.to_xml
say d.root.to_xml, d.root.to_xml(save_with: Nokogiri::XML::Node::SaveOptions::NO_DECLARATION)
build = ->(b) { b.instruct!; b.a { b.item('XCP', key: 'protocol'); b.c { b.item('é & x', key: 'd') } }; b.target! }
say build[Builder::XmlMarkup.new(indent: 2)], build[Builder::XmlMarkup.new]
say build[Builder::XmlMarkup.new], build[Builder::XmlMarkup.new(indent: 2)]
`},
	{"Perl", "perl", "-", "use XML::LibXML", `
use strict; use Digest::MD5 qw(md5_hex); use MIME::Base64; use XML::LibXML;
sub slurp { open my $f, '<:raw', $_[0] or die; local $/; <$f> }
my $k = slurp('key');
sub say_ { print encode_base64($_[0], ''), ' ', md5_hex(md5_hex($_[1] . $k) . $k), "\n" }
my $d = XML::LibXML->load_xml(location => 'body', no_blanks => 1);
my ($plain, $pretty) = ($d->toString, $d->toString(1));
say_($pretty, $plain);
say_($plain, $pretty);
say_($pretty, join '', map { s/^\s+|\s+$//gr } split /\n/, $pretty);
say_($pretty, $pretty =~ s/>\s+</></gr);
say_($pretty, $plain =~ s/\s*\n\s*//gr);
`},
	{"Twig", "perl", "-", "use XML::Twig", `
use strict; use Digest::MD5 qw(md5_hex); use MIME::Base64; use XML::Twig; use Encode;
sub slurp { open my $f, '<:raw', $_[0] or die; local $/; <$f> }
my $k = slurp('key');
sub say_ { print encode_base64($_[0], ''), ' ', md5_hex(md5_hex($_[1] . $k) . $k), "\n" }
my %as;
for my $style (qw(indented nice none)) {
	my $t = XML::Twig->new(pretty_print => $style); $t->parsefile('body'); $as{$style} = encode('UTF-8', $t->sprint);
}
say_($as{indented}, $as{none});
say_($as{none}, $as{indented});
say_($as{nice}, $as{none});
say_($as{none}, $as{nice});
say_($as{indented}, $as{nice});
`},
	{"Node", "node", "-", "", `
const { createHash } = require('crypto'), fs = require('fs');
const x = fs.readFileSync('body', 'utf8'), k = fs.readFileSync('key', 'utf8');
const md5 = s => createHash('md5').update(s).digest('hex');
const say = (sent, signed) => console.log(Buffer.from(sent).toString('base64'), md5(md5(signed + k) + k));
// Node has no XML library of its own. These are the one-liners that its users write, and what they make of them.
const min = x.replace(/>\s+</g, '><').trim();
let depth = 0;
const pretty = unit => { depth = 0; return min.replace(/(<\/?[^>]+>)([^<]*)/g, (all, tag, text) => {
	if (tag.startsWith('</')) depth--;
	const line = (last === 'text' && tag.startsWith('</') ? '' : '\n' + unit.repeat(depth)) + tag + text;
	if (!/^<[\/?!]/.test(tag) && !tag.endsWith('/>')) depth++;
	last = text ? 'text' : ''; return line; }).trim(); };
let last = '';
for (const unit of ['  ', '    ', '\t', ' ', '']) { say(pretty(unit), min); last = ''; say(min, pretty(unit)); last = ''; }
say(pretty('  '), pretty('  ').split('\n').map(l => l.trim()).join(''));
`},
}

// TestLayouts: what real libraries of these languages sign in one layout and send in another is named, and together
// with a second mistake too.
func TestLayouts(t *testing.T) {
	body := `<?xml version="1.0" encoding="UTF-8"?>` + "\n" + `<!DOCTYPE OPS_envelope SYSTEM "ops.dtd">` + "\n" + `<OPS_envelope><header><version>0.9</version></header><body><data_block><dt_assoc>` +
		`<item key="protocol">XCP</item><item key="attributes"><dt_assoc><item key="a">é € &amp; x</item></dt_assoc></item></dt_assoc></data_block></body></OPS_envelope>`
	dir := t.TempDir()
	for name, content := range map[string]string{"body": body, "key": clientKey} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, script := range layoutScripts {
		t.Run(script.name, func(t *testing.T) {
			program, err := exec.LookPath(script.program)
			if err != nil {
				t.Skipf("%s is not installed", script.program)
			}
			if script.needs != "" && exec.Command(program, "-e", script.needs).Run() != nil {
				t.Skipf("%s has not what it takes: %s", script.program, script.needs)
			}
			command := exec.Command(program, script.args)
			command.Dir, command.Stdin = dir, strings.NewReader(script.text)
			command.Env = append(os.Environ(), "LC_ALL=C.UTF-8")
			var stderr strings.Builder
			command.Stderr = &stderr
			out, err := command.Output()
			if err != nil || stderr.Len() > 0 {
				t.Fatalf("%v: %s", err, stderr.String())
			}
			number := 0
			for line := range strings.Lines(string(out)) {
				number++
				sent, signature, _ := strings.Cut(strings.TrimSpace(line), " ")
				text, err := base64.StdEncoding.DecodeString(sent)
				if err != nil {
					t.Fatal(err)
				}
				if got := explain(t, string(text), clientKey, signature); !slices.Equal(got, []string{BodyReindented}) {
					t.Errorf("%d: %v, sent %q", number, got, text)
				}
			}
			if number < 4 {
				t.Errorf("only %d signatures", number)
			}
		})
	}
	t.Run("Go", func(t *testing.T) {
		type item struct {
			Key  string `xml:"key,attr"`
			Text string `xml:",chardata"`
		}
		tree := struct {
			XMLName xml.Name `xml:"OPS_envelope"`
			Items   []item   `xml:"body>data_block>dt_assoc>item"`
		}{Items: []item{{Key: "protocol", Text: "XCP"}, {Key: "empty"}, {Key: "é & <"}}}
		plain, err := xml.Marshal(tree)
		if err != nil {
			t.Fatal(err)
		}
		for _, indent := range []string{"  ", "    ", "\t", " "} {
			pretty, _ := xml.MarshalIndent(tree, "", indent)
			for sent, signed := range map[string]string{string(pretty): string(plain), string(plain): string(pretty),
				xml.Header + string(pretty): xml.Header + string(plain)} {
				if got := explain(t, sent, clientKey, right(signed, clientKey)); !slices.Equal(got, []string{BodyReindented}) {
					t.Errorf("%q: %v, sent %q", indent, got, sent)
				}
			}
		}
	})
}
