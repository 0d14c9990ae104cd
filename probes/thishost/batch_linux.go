package thishost

import (
	"encoding/binary"
	"errors"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// batch is netlink messages that take effect as a whole or not at all. open is where lists of attributes begin that are
// not closed yet.
type batch struct {
	bytes []byte
	open  []int
	begun int // messages that the kernel acknowledges
}

func (b *batch) u16(value uint16) { b.bytes = binary.NativeEndian.AppendUint16(b.bytes, value) }

func (b *batch) u32(value uint32) { b.bytes = binary.NativeEndian.AppendUint32(b.bytes, value) }

// message begins one; resource is for the ends of a batch.
func (b *batch) message(kind, flags uint16, family byte, resource uint16) {
	b.open = append(b.open[:0], len(b.bytes))
	if flags&unix.NLM_F_ACK != 0 {
		b.begun++
	}
	b.u32(0) // the length: see end
	b.u16(kind)
	b.u16(unix.NLM_F_REQUEST | flags)
	b.u32(uint32(b.begun))
	b.u32(0)
	b.bytes = append(b.bytes, family, 0, byte(resource>>8), byte(resource)) // struct nfgenmsg
}

// end ends the message, whose length is 32 bits wide.
func (b *batch) end() {
	binary.NativeEndian.PutUint32(b.bytes[b.open[0]:], uint32(len(b.bytes)-b.open[0]))
}

// list begins a list of attributes; done ends it.
//
//go:noinline
func (b *batch) list(kind uint16) {
	b.open = append(b.open, len(b.bytes))
	b.u16(0)
	b.u16(kind | unix.NLA_F_NESTED)
}

//go:noinline
func (b *batch) done() {
	last := len(b.open) - 1
	binary.NativeEndian.PutUint16(b.bytes[b.open[last]:], uint16(len(b.bytes)-b.open[last]))
	b.open = b.open[:last]
}

//go:noinline
func (b *batch) value(kind uint16, value []byte) {
	b.u16(uint16(unix.SizeofNlAttr + len(value)))
	b.u16(kind)
	b.bytes = append(b.bytes, value...)
	for len(b.bytes)%unix.NLA_ALIGNTO != 0 {
		b.bytes = append(b.bytes, 0)
	}
}

//go:noinline
func (b *batch) name(kind uint16, name string) { b.value(kind, []byte(name+"\x00")) }

//go:noinline
func (b *batch) number(kind uint16, value uint32) {
	b.value(kind, binary.BigEndian.AppendUint32(nil, value))
}

// expression begins one of a rule; two lists are done at its end.
//
//go:noinline
func (b *batch) expression(name string) {
	b.list(unix.NFTA_LIST_ELEM)
	b.name(unix.NFTA_EXPR_NAME, name)
	b.list(unix.NFTA_EXPR_DATA)
}

// equal asks that bytes of a header are these.
func (b *batch) equal(base, offset uint32, value []byte) {
	b.expression("payload")
	b.number(unix.NFTA_PAYLOAD_DREG, unix.NFT_REG_1)
	b.number(unix.NFTA_PAYLOAD_BASE, base)
	b.number(unix.NFTA_PAYLOAD_OFFSET, offset)
	b.number(unix.NFTA_PAYLOAD_LEN, uint32(len(value)))
	b.done()
	b.done()
	b.expression("cmp")
	b.number(unix.NFTA_CMP_SREG, unix.NFT_REG_1)
	b.number(unix.NFTA_CMP_OP, unix.NFT_CMP_EQ)
	b.list(unix.NFTA_CMP_DATA)
	b.value(unix.NFTA_DATA_VALUE, value)
	b.done()
	b.done()
	b.done()
}

// install waits for the kernel's word on each part.
func install(fd int, b *batch) error {
	if err := unix.Sendto(fd, b.bytes, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return err
	}
	left := b.begun
	err := receive(fd, time.Now().Add(readTime), func(message syscall.NetlinkMessage) (bool, error) {
		if message.Header.Type == unix.NLMSG_ERROR && len(message.Data) >= 4 {
			if errno := -int32(binary.NativeEndian.Uint32(message.Data)); errno != 0 {
				return false, syscall.Errno(errno)
			}
			left--
		}
		return left > 0, nil
	})
	if err == nil && left > 0 {
		err = errors.New("the kernel does not answer")
	}
	return err
}
