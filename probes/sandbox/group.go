package sandbox

import (
	"context"
	"io"
	"maps"
	"net"
	"slices"
	"sync"
	"sync/atomic"
)

// maxConns is how many connections each listener keeps open at a time. For a further one the quietest of them
// makes room: whoever opens hundreds and says nothing keeps nobody else out.
const maxConns = 256

// group owns every listener, connection and goroutine of a sandbox, so that Close can end them all and
// wait until they are gone.
type group struct {
	ctx    context.Context // ends when the sandbox closes
	cancel context.CancelFunc
	wait   sync.WaitGroup

	big chan struct{} // a place for each big body that is being read

	mu      sync.Mutex
	closed  bool
	closers map[io.Closer]bool
}

func newGroup() *group {
	g := &group{closers: map[io.Closer]bool{}, big: make(chan struct{}, maxBig)}
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

// Bodies over bigBody bytes take their turns, so that all connections together stay within a few MiB.
const (
	bigBody = 64 << 10
	maxBig  = 8
)

// turn waits until a body of that length may be read, and gives what ends its turn.
func (g *group) turn(length int64) (end func()) {
	if length <= bigBody {
		return func() {}
	}
	select {
	case g.big <- struct{}{}:
		return func() { <-g.big }
	case <-g.ctx.Done():
		return func() {}
	}
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
	owned := &ownedConn{Conn: conn, listener: l}
	owned.moved()
	l.mu.Lock()
	var quietest *ownedConn
	if len(l.open) >= maxConns {
		for one := range l.open {
			if quietest == nil || one.last.Load() < quietest.last.Load() {
				quietest = one
			}
		}
		delete(l.open, quietest)
	}
	l.open[owned] = true
	l.mu.Unlock()
	if quietest != nil {
		quietest.Close()
	}
	l.group.own(owned)
	return owned, nil
}

// ownedConn knows when it last moved, and is forgotten when it is closed.
type ownedConn struct {
	net.Conn
	listener *boundedListener
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
