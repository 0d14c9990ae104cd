package classify

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"syscall"
	"testing"
	"time"

	"opensrs-doctor/probes/evidence"
)

// systemErrors is each error number of this system that says something, by its kind. system_unix_test.go and
// system_windows_test.go have the tables; the latter's runs wherever Wine does (make systems).
func TestSystemErrors(t *testing.T) {
	for kind, numbers := range systemErrors {
		for _, number := range numbers {
			for _, op := range []evidence.Op{evidence.OpConnect, evidence.OpHandshake, evidence.OpCall} {
				err := &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", number)}
				if got := Error(op, fmt.Errorf("tried: %w", err), nil); got.Kind != kind {
					t.Errorf("%s: %q (%d) is %s, want %s", op, number, int(number), got.Kind, kind)
				}
			}
		}
	}
	calls := map[evidence.Op]string{"connect": "connect", "listen": "bind", "handshake": "read"}
	for op, numbers := range connectErrors {
		for number, kind := range numbers {
			if got := Error(op, os.NewSyscallError(calls[op], number), nil).Kind; got != kind {
				t.Errorf("%s: %q (%d) is %s, want %s", op, number, int(number), got, kind)
			}
		}
	}
}

func TestOtherErrors(t *testing.T) {
	for _, test := range []struct {
		err  error
		kind evidence.Kind
	}{
		{context.Canceled, evidence.KindCanceled}, {fmt.Errorf("x: %w", context.DeadlineExceeded), evidence.KindTimeout},
		{os.ErrDeadlineExceeded, evidence.KindTimeout}, {&net.DNSError{IsTimeout: true}, evidence.KindTimeout},
		{tls.RecordHeaderError{Msg: "no TLS"}, evidence.KindNotTLS}, {&tls.CertificateVerificationError{Err: io.EOF}, evidence.KindUntrusted},
		{&net.OpError{Op: "remote error", Err: errors.New("tls: alert")}, evidence.KindAlert},
		{io.EOF, evidence.KindHungUp}, {io.ErrUnexpectedEOF, evidence.KindHungUp}, {net.ErrClosed, evidence.KindHungUp},
		{errors.New("something else"), evidence.KindUnclassified}, {syscall.Errno(0x7abcdef), evidence.KindUnclassified},
	} {
		if got := Error(evidence.OpHandshake, test.err, nil); got.Kind != test.kind {
			t.Errorf("%v is %s, want %s", test.err, got.Kind, test.kind)
		}
	}
	if Error(evidence.OpConnect, nil, nil) != nil {
		t.Error("no error is a failure")
	}
}

// What sockets of this system really return: no table can be wrong about that.
func TestErrorsOfSockets(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	to := listener.Addr().(*net.TCPAddr).AddrPort()

	_, err = net.Listen("tcp", to.String())
	if got := Error("listen", err, nil); got == nil || got.Kind != evidence.KindInUse {
		t.Errorf("a port that is taken: %v", got)
	}

	// Wine tells some resets as an orderly end, when they come before the read: of several, one has to be told as it is.
	var kinds []evidence.Kind
	for range 10 {
		kinds = append(kinds, resetOf(t, listener))
		if kinds[len(kinds)-1] == evidence.KindReset {
			break
		}
	}
	if kinds[len(kinds)-1] != evidence.KindReset || len(kinds) > 1 && runtime.GOOS != "windows" {
		t.Errorf("connections that are reset: %v", kinds)
	}

	silent, err := net.Dial("tcp", to.String()) // the kernel takes it, and nobody speaks
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	silent.SetReadDeadline(time.Now().Add(-time.Second))
	_, err = silent.Read(make([]byte, 1))
	if got := Error(evidence.OpHandshake, err, nil); got == nil || got.Kind != evidence.KindTimeout {
		t.Errorf("a deadline that has passed: %v", got)
	}

	listener.Close()
	dialer := &net.Dialer{}
	_, err = dialer.Dial("tcp", to.String())
	if got := Error(evidence.OpConnect, err, nil); got == nil || got.Kind != evidence.KindRefused {
		t.Errorf("a closed port: %+v", got)
	}
	dialer.LocalAddr = &net.TCPAddr{IP: net.IPv4(203, 0, 113, 99)}
	_, err = dialer.Dial("tcp", to.String())
	if got := Error(evidence.OpConnect, err, nil); got == nil || got.Kind != evidence.KindNoAddress {
		t.Errorf("a source address of somebody else: %+v", got)
	}
}

// resetOf is how a connection ends that its peer resets while it is read from.
func resetOf(t *testing.T, listener net.Listener) evidence.Kind {
	t.Helper()
	go func() {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		conn.Read(make([]byte, 1))
		conn.(*net.TCPConn).SetLinger(0)
		conn.Close()
	}()
	conn, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(10 * time.Second))
	conn.Write([]byte{1})
	if _, err = conn.Read(make([]byte, 1)); err == nil {
		t.Fatal("the peer said something")
	}
	return Error(evidence.OpHandshake, err, nil).Kind
}
