# A client as the guide describes it, on Python's own libraries, right or with one mistake that Python makes easy.
# python3 client.py URL CA-FILE USERNAME KEY-FILE MISTAKE… prints a line for each, "right" being none: the reply's code,
# or "HTTP" and the status.
import base64
import hashlib
import hmac
import html
import http.client
import json
import ssl
import sys
import urllib.error
import urllib.parse
import urllib.request
from xml.dom import minidom
from xml.etree import ElementTree


def envelope():
    root = ElementTree.Element("OPS_envelope")
    ElementTree.SubElement(ElementTree.SubElement(root, "header"), "version").text = "0.9"
    block = ElementTree.SubElement(ElementTree.SubElement(root, "body"), "data_block")
    assoc = ElementTree.SubElement(block, "dt_assoc")
    for name, text in ("protocol", "XCP"), ("action", "GET_BALANCE"), ("object", "BALANCE"):
        ElementTree.SubElement(assoc, "item", key=name).text = text
    attributes = ElementTree.SubElement(ElementTree.SubElement(assoc, "item", key="attributes"), "dt_assoc")
    ElementTree.SubElement(attributes, "item", key="note").text = "Zo\u00eb & S\u00f6hne"
    ElementTree.indent(root)
    return ('<?xml version="1.0" encoding="UTF-8" standalone="no"?>\n'
            '<!DOCTYPE OPS_envelope SYSTEM "ops.dtd">\n' + ElementTree.tostring(root, encoding="unicode") + "\n")


def rounds(body, key, new=hashlib.md5):
    return new(new(body + key).hexdigest().encode() + key).hexdigest()


def call(url, ca, username, key_file, mistake):
    text = envelope()
    sent = signed = text.encode()
    key = open(key_file).read().strip()
    if mistake == "key-trailing-newline":
        key = open(key_file).read()
    elif mistake == "key-quoted":
        key = repr(key)
    elif mistake == "key-spaces":
        key = ("key = " + key).split("=")[1]
    elif mistake == "key-uppercase":
        key = key.upper()
    elif mistake == "wrong-key":
        key = key[::-1] + "0"
    key = bytes.fromhex(key) if mistake == "key-hex-decoded" else key.encode()

    if mistake == "body-latin1":
        signed = text.encode("latin-1")
    elif mistake == "body-utf16":
        signed = text.encode("utf-16-le")
    elif mistake == "body-bom":
        signed = text.encode("utf-8-sig")
    elif mistake == "body-html-escaped":
        signed = html.escape(text).encode()
    elif mistake == "body-url-encoded":
        signed = urllib.parse.quote_plus(text).encode()
    elif mistake == "body-crlf":
        signed = text.replace("\n", "\r\n").encode()
    elif mistake == "body-missing-trailing-newline":
        signed = text.strip().encode()
    elif mistake == "body-without-declaration":
        signed = text.split("\n", 1)[1].encode()
    elif mistake == "body-reindented":
        document = minidom.parseString("".join(line.strip() for line in text.splitlines()))
        signed, sent = document.toxml(encoding="UTF-8"), document.toprettyxml(encoding="UTF-8")
    elif mistake == "body-form-encoded":
        sent = urllib.parse.urlencode({"xml": text}).encode()
    elif mistake == "body-json":
        sent = json.dumps({"xml": text}).encode()
    elif mistake == "body-not-xml":
        sent = signed = str(sent).encode()
    elif mistake == "body-not-well-formed":
        sent = signed = text.replace("&amp;", "&").encode()
    elif mistake == "body-encoding":
        sent = signed = text.encode("latin-1")
    elif mistake == "protocol-missing":
        sent = signed = text.replace('key="protocol"', 'key="version"').encode()
    elif mistake == "command-missing":
        sent = signed = text.replace('key="action"', 'key="command"').encode()

    md5 = hashlib.md5
    signature = {
        "single-md5": lambda: md5(signed + key).hexdigest(),
        "triple-md5": lambda: md5(rounds(signed, key).encode() + key).hexdigest(),
        "missing-second-key": lambda: md5(md5(signed + key).hexdigest().encode()).hexdigest(),
        "key-first": lambda: md5(key + md5(key + signed).hexdigest().encode()).hexdigest(),
        "raw-digest": lambda: md5(md5(signed + key).digest() + key).hexdigest(),
        "hmac-md5": lambda: hmac.new(key, signed, "md5").hexdigest(),
        "sha1": lambda: rounds(signed, key, hashlib.sha1),
        "sha256": lambda: rounds(signed, key, hashlib.sha256),
        "uppercase-hex": lambda: rounds(signed, key).upper(),
        "base64-digest": lambda: base64.b64encode(bytes.fromhex(rounds(signed, key))).decode(),
        "username-in-hash": lambda: rounds(username.encode() + signed, key),
        "signature-cut": lambda: rounds(signed, key)[:16],
        "signature-malformed": lambda: str(md5(signed + key)),
    }.get(mistake, lambda: rounds(signed, key))()
    if mistake == "username":
        username = "somebody"

    headers = {"Content-Type": "text/xml", "X-Username": username, "X-Signature": signature}
    context = ssl.create_default_context(cafile=ca)
    try:
        if mistake == "content-type":  # what urllib says where nobody says anything
            del headers["Content-Type"]
            reply = urllib.request.urlopen(urllib.request.Request(url, data=sent, headers=headers), context=context)
        else:
            where = urllib.parse.urlsplit(url)
            connection = http.client.HTTPSConnection(where.hostname, where.port, context=context, timeout=20)
            method, path, body = "POST", "/", sent
            if mistake == "header-missing":
                del headers["X-Signature"]
            elif mistake == "header-name":
                headers["X_Username"] = headers.pop("X-Username")
            elif mistake == "content-length-wrong":
                headers["Content-Length"] = str(len(text))
            elif mistake == "chunked-body":
                body = (line for line in sent.splitlines(keepends=True))
            elif mistake == "method":
                method = "GET"
            elif mistake == "path":
                path = "/api"
            elif mistake == "empty-body":
                body = b""
            connection.request(method, path, body=body, headers=headers)
            reply = connection.getresponse()
        status, content = reply.status, reply.read()
    except urllib.error.HTTPError as error:
        status, content = error.code, b""
    except OSError as error:
        return str(error)
    if status != 200:
        return f"HTTP {status}"
    return ElementTree.fromstring(content).find(".//item[@key='response_code']").text


for mistake in sys.argv[5:]:
    print(call(*sys.argv[1:5], mistake))
