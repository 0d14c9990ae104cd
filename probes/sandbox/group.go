package sandbox

import (
	"context"
	"io"
	"maps"
	"net"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
)

// maxConns is how many connections each listener keeps open at a time. For a further one the quietest of the address
// that has most makes room: whoever opens hundreds, silent ones or busy ones, keeps nobody else out.
const maxConns = 256

// group owns every listener, connection and goroutine of a sandbox, so that Close can end them all and
// wait until they are gone.
type group struct {
	ctx    context.Context // ends when the sandbox closes
	cancel context.CancelFunc
	wait   sync.WaitGroup

	mu      sync.Mutex
	closed  bool
	closers map[io.Closer]bool
	reading map[caller]int // big bodies that are being read, by who sends them
	freed   chan struct{}  // closed when one of them ends
}

func newGroup() *group {
	g := &group{closers: map[io.Closer]bool{}, reading: map[caller]int{}, freed: make(chan struct{})}
	g.ctx, g.cancel = context.WithCancel(context.Background())
	return g
}

// own closes c with the sandbox; false, and c closed at once, where that happened already.
func (g *group) own(c io.Closer) bool {
	g.mu.Lock()
	closed := g.closed
	if !closed {
		g.closers[c] = true
	}
	g.mu.Unlock()
	if closed {
		c.Close() // not under the lock: a connection's Close takes it too
	}
	return !closed
}

// forget is for something that was closed before the sandbox is.
func (g *group) forget(c io.Closer) {
	g.mu.Lock()
	delete(g.closers, c)
	g.mu.Unlock()
}

// Bodies over bigBody bytes take their turns, so that all connections together stay within a few MiB: maxBig of them at
// a time from this machine, and as many from elsewhere, one an address. So none who sends slowly is in others' way.
const (
	bigBody = 64 << 10
	maxBig  = 4
)

// turn waits until a body of that length may be read, and gives what ends its turn.
func (g *group) turn(length int64, from caller) (end func()) {
	if length <= bigBody {
		return func() {}
	}
	for {
		g.mu.Lock()
		freed, may := g.freed, g.mayRead(from)
		if may {
			g.reading[from]++
		}
		g.mu.Unlock()
		if may {
			return func() { g.ended(from) }
		}
		select {
		case <-freed:
		case <-g.ctx.Done():
			return func() {}
		}
	}
}

// mayRead reports whether there is room for one more big body. The lock is held.
func (g *group) mayRead(from caller) bool {
	if from.local {
		return g.reading[from] < maxBig
	}
	others := 0
	for one := range g.reading {
		if !one.local {
			others++
		}
	}
	return g.reading[from] == 0 && others < maxBig
}

func (g *group) ended(from caller) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.reading[from]--; g.reading[from] == 0 {
		delete(g.reading, from)
	}
	close(g.freed)
	g.freed = make(chan struct{})
}

// run starts work that Close waits for. Called from Start, or from work that runs already.
func (g *group) run(work func()) { g.wait.Go(work) }

func (g *group) close() {
	g.cancel()
	g.mu.Lock()
	g.closed = true
	all := slices.Collect(maps.Keys(g.closers))
	g.mu.Unlock()
	for _, c := range all {
		c.Close()
	}
	g.wait.Wait()
}

// listen opens a listener that bounds and owns its connections. Port 0 takes a free one.
func (g *group) listen(address string) (net.Listener, error) {
	listener, err := net.Listen("tcp4", address)
	if err != nil {
		return nil, err
	}
	g.own(listener)
	return g.bounded(listener), nil
}

// bounded keeps at most maxConns of a listener's connections open.
func (g *group) bounded(listener net.Listener) *boundedListener {
	return &boundedListener{Listener: listener, group: g, open: map[*ownedConn]bool{}}
}

// serve hands every connection of a listener to handle, and closes it afterwards.
func (g *group) serve(listener net.Listener, handle func(net.Conn)) {
	g.run(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			g.run(func() {
				defer conn.Close()
				handle(conn)
			})
		}
	})
}

type boundedListener struct {
	net.Listener
	group  *group
	events atomic.Int64 // how often something moved on any of the connections

	mu   sync.Mutex
	open map[*ownedConn]bool
}

// idle reports whether none of its connections is open.
func (l *boundedListener) idle() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.open) == 0
}

// Accept waits for a connection, and makes room for it.
func (l *boundedListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	owned := &ownedConn{Conn: conn, listener: l, from: addressOf(conn.RemoteAddr())}
	owned.moved()
	l.mu.Lock()
	var surplus *ownedConn
	if len(l.open) >= maxConns {
		surplus = l.surplus()
		delete(l.open, surplus)
	}
	l.open[owned] = true
	l.mu.Unlock()
	if surplus != nil {
		surplus.Close()
	}
	l.group.own(owned)
	return owned, nil
}

// surplus is the quietest connection of the address that has most of them open. The lock is held.
func (l *boundedListener) surplus() *ownedConn {
	of := map[netip.Addr]int{}
	for one := range l.open {
		of[one.from]++
	}
	var out *ownedConn
	for one := range l.open {
		if out == nil || of[one.from] > of[out.from] || of[one.from] == of[out.from] && one.last.Load() < out.last.Load() {
			out = one
		}
	}
	return out
}

// ownedConn knows when it last moved, and is forgotten when it is closed.
type ownedConn struct {
	net.Conn
	listener *boundedListener
	from     netip.Addr
	last     atomic.Int64
	once     sync.Once
	err      error
}

func (c *ownedConn) moved() { c.last.Store(c.listener.events.Add(1)) }

func (c *ownedConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.moved()
	return n, err
}

func (c *ownedConn) Write(b []byte) (int, error) {
	c.moved()
	return c.Conn.Write(b)
}

// Close closes the connection; a second time does nothing.
func (c *ownedConn) Close() error {
	c.once.Do(func() {
		c.err = c.Conn.Close()
		c.listener.mu.Lock()
		delete(c.listener.open, c)
		c.listener.mu.Unlock()
		c.listener.group.forget(c)
	})
	return c.err
}

// NetConn gives the TCP connection below.
func (c *ownedConn) NetConn() net.Conn { return c.Conn }
