# Connects and verifies as Python's own scripts do: by the ssl module, and by requests' store where certifi is there.
import json, os, socket, ssl, sys

host, port, wait = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])


def settings():
    found = {"executable": sys.executable or ""}
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "OPENSSL_CONF",
                 "https_proxy", "HTTPS_PROXY", "http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY"):
        if os.environ.get(name):
            found["env " + name] = os.environ[name]
    return found


def proxy_for():
    from urllib.request import getproxies, proxy_bypass
    url = getproxies().get("https")
    if not url or proxy_bypass(host):
        return None
    return url


# As socket.create_connection does it, but for two things: the address is known where it fails, and an address that is
# silent is the end, for a program waits there for minutes.
def connect(r, name, number):
    r["stage"] = "resolve"
    found = socket.getaddrinfo(name, number, 0, socket.SOCK_STREAM)
    r["stage"] = "connect"
    last = None
    for family, kind, protocol, _, at in found:
        s = socket.socket(family, kind, protocol)
        try:
            s.settimeout(wait)
            s.connect(at)
            return s
        except OSError as e:
            s.close()
            last = e
            if "proxy" not in r:
                r["address"] = at[0]
            if isinstance(e, socket.timeout):
                raise OSError("no answer from %s within %g s" % (at[0], wait))
    raise last or OSError("no address")


def reach(r):
    url = proxy_for()
    if not url:
        return connect(r, host, port)
    from urllib.parse import urlsplit, unquote
    import base64
    r["proxy"] = url
    at = urlsplit(url if "://" in url else "http://" + url)
    s = connect(r, at.hostname, at.port or 80)
    name = "[%s]" % host if ":" in host else host
    head = "CONNECT %s:%d HTTP/1.1\r\nHost: %s:%d\r\n" % (name, port, name, port)
    if at.username:
        login = "%s:%s" % (unquote(at.username), unquote(at.password or ""))
        head += "Proxy-Authorization: Basic %s\r\n" % base64.b64encode(login.encode()).decode()
    s.sendall((head + "\r\n").encode())
    got = b""
    while b"\r\n\r\n" not in got and len(got) < 8192:
        piece = s.recv(1)
        if not piece:
            raise OSError("the proxy closed the connection")
        got += piece
    line = got.split(b"\r\n")[0].decode("latin-1")
    if " 200" not in line[:14]:
        raise OSError("Tunnel connection failed: " + line[9:60])
    return s


def look(library, cafile, store, before=None):
    r = {"look": 1, "version": sys.version.split()[0], "library": library, "stage": "resolve", "trust_store": store, "settings": settings()}
    if before and before.get("error") and before["stage"] in ("resolve", "connect"):  # no other store helps
        for name in ("stage", "address", "proxy", "errno", "error"):
            if name in before:
                r[name] = before[name]
        print("\n" + json.dumps(r), flush=True)
        return r
    try:
        try:
            context = ssl.create_default_context(cafile=cafile)
        except OSError as e:
            r["stage"] = "verify"
            raise OSError("%s: %s" % (cafile, e))
        with reach(r) as plain:
            if "proxy" not in r:
                r["address"] = plain.getpeername()[0]
            r["local_address"] = plain.getsockname()[0]
            r["stage"] = "tls"
            with context.wrap_socket(plain, server_hostname=host) as s:
                r["tls_version"] = s.version() or ""
        r["stage"] = "verify"
    except Exception as e:
        if isinstance(e, getattr(ssl, "SSLCertVerificationError", ssl.CertificateError)) or "CERTIFICATE_VERIFY" in str(e):
            r["stage"] = "verify"
        r["errno"] = getattr(e, "errno", None) or 0
        r["error"] = str(e) or type(e).__name__
    print("\n" + json.dumps(r), flush=True)
    return r


at = ssl.get_default_verify_paths()
first = look("ssl, " + ssl.OPENSSL_VERSION, None, [p for p in (os.environ.get("SSL_CERT_FILE") or at.cafile, at.capath) if p])
try:
    import certifi
    bundle = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE") or certifi.where()
    look("requests' store, certifi %s, %s" % (getattr(certifi, "__version__", ""), ssl.OPENSSL_VERSION), bundle, [bundle], first)
except ImportError:
    pass
