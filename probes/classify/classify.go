// Package classify turns the errors of sockets, TLS and the system into failures of a closed list of kinds. It is the one
// place that looks inside errors.
package classify

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"strings"
	"syscall"

	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/probes/foreign"
)

// Error turns the error of operation op into a Failure, by type; nil stays nil. The original words, which may be a
// peer's, come in by scrub's gate.
func Error(op evidence.Op, err error, scrub *foreign.Scrubber) *evidence.Failure {
	return ErrorBy(op, err, scrub.Quote)
}

// Gate is how the words of one peer come in: Quote of a foreign.Scrubber, or a stricter one.
type Gate func(said string, limit int) foreign.Text

// ErrorBy is Error with another gate for the words.
func ErrorBy(op evidence.Op, err error, words Gate) *evidence.Failure {
	if err == nil {
		return nil
	}
	var f *evidence.Failure
	if errors.As(err, &f) {
		return f
	}
	return &evidence.Failure{Op: op, Kind: Kind(op, err), Detail: words(Plain(err), 300), Err: err}
}

// Kind is what the error of operation op means; KindUnclassified for one that is not known.
func Kind(op evidence.Op, err error) evidence.Kind {
	var (
		header  tls.RecordHeaderError
		verify  *tls.CertificateVerificationError
		opError *net.OpError
		timeout net.Error
		errno   syscall.Errno
	)
	switch {
	case errors.Is(err, context.Canceled):
		return evidence.KindCanceled
	case errors.As(err, &errno) && systemKind(op, systemCall(err), errno) != evidence.KindUnclassified:
		return systemKind(op, systemCall(err), errno)
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded):
		return evidence.KindTimeout
	case errors.As(err, &header):
		return evidence.KindNotTLS
	case errors.As(err, &verify):
		return evidence.KindUntrusted
	case errors.As(err, &opError) && opError.Op == "remote error":
		return evidence.KindAlert
	case errors.As(err, &timeout) && timeout.Timeout():
		return evidence.KindTimeout
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, net.ErrClosed):
		return evidence.KindHungUp
	}
	return evidence.KindUnclassified
}

// systemCall is the name of the system call that failed, such as "connect"; "connect6" for one to an IPv6 address, which
// fails for reasons of its own. Empty where the error does not say.
func systemCall(err error) string {
	var (
		call    *os.SyscallError
		opError *net.OpError
	)
	if !errors.As(err, &call) {
		return ""
	}
	if call.Syscall == "connect" && errors.As(err, &opError) && opError.Addr != nil {
		if to, err := netip.ParseAddrPort(opError.Addr.String()); err == nil && to.Addr().Is6() && !to.Addr().Is4In6() {
			return "connect6"
		}
	}
	return call.Syscall
}

// Plain is the innermost text of an error: without the addresses and operations that
// net.OpError puts around it, which the evidence has already.
func Plain(err error) string {
	var op *net.OpError
	for errors.As(err, &op) && op.Err != nil {
		err = op.Err
		op = nil
	}
	var sys *os.SyscallError
	if errors.As(err, &sys) {
		err = sys.Err
	}
	return strings.TrimSuffix(strings.TrimSpace(err.Error()), ".") // Windows ends its texts as sentences
}

// IsTimeout reports whether an operation took longer than it was given.
func IsTimeout(err error) bool {
	var timeout net.Error
	return errors.Is(err, context.DeadlineExceeded) || errors.As(err, &timeout) && timeout.Timeout()
}
