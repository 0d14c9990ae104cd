//go:build unix

package runtimes

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"maps"
	"net"
	"slices"
	"time"
)

// The records of FastCGI that a request needs (FastCGI Specification, 1996, sections 3.3, 5 and 8).
const (
	fcgiBegin  = 1
	fcgiEnd    = 3
	fcgiParams = 4
	fcgiStdin  = 5
	fcgiStdout = 6
	fcgiStderr = 7

	fcgiResponder = 1
	fcgiRequest   = 1 // our request's number
)

// fastCGI makes one request without a body, and gives what the responder printed after its headers, and its errors: with an
// error what came before it. Both are bounded by maxOutput, and the time by the context.
func fastCGI(ctx context.Context, network, address string, params map[string]string) (printed []byte, errs string, err error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, network, address)
	if err != nil {
		return nil, "", err
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	var pairs bytes.Buffer
	for _, name := range slices.Sorted(maps.Keys(params)) {
		for _, text := range []string{name, params[name]} {
			if len(text) < 128 {
				pairs.WriteByte(byte(len(text)))
			} else {
				pairs.Write(binary.BigEndian.AppendUint32(nil, uint32(len(text))|1<<31))
			}
		}
		pairs.WriteString(name + params[name])
	}
	var out bytes.Buffer
	record(&out, fcgiBegin, []byte{0, fcgiResponder, 0, 0, 0, 0, 0, 0})
	record(&out, fcgiParams, pairs.Bytes())
	record(&out, fcgiParams, nil)
	record(&out, fcgiStdin, nil)
	if _, err := conn.Write(out.Bytes()); err != nil {
		return nil, "", err
	}
	stdout, stderr := &capped{most: maxOutput}, &capped{most: maxOutput}
	body := func() []byte {
		_, printed, _ := bytes.Cut(stdout.kept.Bytes(), []byte("\r\n\r\n"))
		return printed
	}
	for total := 0; !stdout.full && !stderr.full && total <= 4*maxOutput; {
		var head [8]byte
		if _, err := io.ReadFull(conn, head[:]); err != nil {
			return body(), stderr.kept.String(), err
		}
		content := make([]byte, int(binary.BigEndian.Uint16(head[4:6]))+int(head[6]))
		if _, err := io.ReadFull(conn, content); err != nil {
			return body(), stderr.kept.String(), err
		}
		total += len(head) + len(content)
		content = content[:len(content)-int(head[6])]
		switch head[1] {
		case fcgiStdout:
			stdout.Write(content)
		case fcgiStderr:
			stderr.Write(content)
		case fcgiEnd:
			return body(), stderr.kept.String(), nil
		}
	}
	return nil, "", errors.New("it printed too much")
}

// record adds one record of our request; what is longer than a record holds is never sent.
func record(out *bytes.Buffer, kind byte, content []byte) {
	content = content[:min(len(content), 65535)]
	out.Write([]byte{1, kind, 0, fcgiRequest, byte(len(content) >> 8), byte(len(content)), 0, 0})
	out.Write(content)
}
