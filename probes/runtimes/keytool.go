package runtimes

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"net"
	"net/netip"
	"path/filepath"
	"strconv"

	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/probes/foreign"
)

// maxStore is the largest list of certificates that is read of keytool, in bytes: 150 roots take 300 KiB.
const maxStore = 4 << 20

// askCacerts is for a Java that has no compiler: its store is read by its own keytool, and the peer's certificate judged
// by that. Resolver, proxy and library are not Java's then, and the library's name says so.
func (r *run) askCacerts(ctx context.Context, l *looker) (c evidence.Client, asked bool) {
	java, err := filepath.EvalSymlinks(l.path)
	if err != nil {
		return c, false
	}
	keytool := filepath.Join(filepath.Dir(java), "keytool")
	if !executable(keytool) || asRoot() && untrusted(keytool) != "" {
		return c, false
	}
	store := filepath.Join(filepath.Dir(filepath.Dir(java)), "lib", "security", "cacerts")
	end := r.printing(ctx, maxStore, keytool, nil, "-list", "-rfc", "-keystore", store, "-storepass", "changeit")
	pool, count := x509.NewCertPool(), 0
	for block, rest := pem.Decode(end.output); block != nil; block, rest = pem.Decode(rest) {
		if certificate, err := x509.ParseCertificate(block.Bytes); err == nil {
			pool.AddCert(certificate)
			count++
		}
	}
	if end.code != 0 || count == 0 {
		return c, false
	}
	c = evidence.Client{Name: l.name, Path: l.path, Status: evidence.Pass, Stage: evidence.StageVerify,
		Library: foreign.Ours("its cacerts only, as keytool lists it"), TrustStore: []foreign.Text{r.quote(store)}}
	stage, err := r.verifyBy(ctx, pool, &c)
	if c.Stage = stage; err != nil {
		c.Status, c.Error = evidence.Fail, r.quote(err.Error())
	}
	return c, true
}

// verifyBy connects and verifies by a list of roots; the stage is the last that was reached.
func (r *run) verifyBy(ctx context.Context, pool *x509.CertPool, c *evidence.Client) (evidence.Stage, error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", net.JoinHostPort(r.o.Host, strconv.Itoa(int(r.o.Port))))
	var unresolved *net.DNSError
	switch {
	case errors.As(err, &unresolved):
		return evidence.StageResolve, err
	case err != nil:
		return evidence.StageConnect, err
	}
	defer conn.Close()
	if at, err := netip.ParseAddrPort(conn.RemoteAddr().String()); err == nil {
		c.Address = at.Addr().Unmap()
	}
	if at, err := netip.ParseAddrPort(conn.LocalAddr().String()); err == nil {
		c.LocalAddress = at.Addr().Unmap()
	}
	stream := tls.Client(conn, &tls.Config{ServerName: r.o.Host, RootCAs: pool})
	err = stream.HandshakeContext(ctx)
	var unverified *tls.CertificateVerificationError
	switch {
	case errors.As(err, &unverified):
		return evidence.StageVerify, err
	case err != nil:
		return evidence.StageTLS, err
	}
	c.TLSVersion = r.quote(tls.VersionName(stream.ConnectionState().Version))
	return evidence.StageVerify, nil
}
