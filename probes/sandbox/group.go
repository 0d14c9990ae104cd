package sandbox

import (
	"context"
	"io"
	"maps"
	"net"
	"slices"
	"sync"
)

// maxConns is how many connections each listener keeps open at a time. A further one waits in the
// kernel's queue until another ends.
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
}

func newGroup() *group {
	g := &group{closers: map[io.Closer]bool{}}
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
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, err
	}
	g.own(listener)
	return g.bounded(listener), nil
}

// bounded keeps at most maxConns of a listener's connections open.
func (g *group) bounded(listener net.Listener) *boundedListener {
	return &boundedListener{Listener: listener, group: g, slots: make(chan struct{}, maxConns)}
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
	group *group
	slots chan struct{}
}

// Accept waits for a free place, then for a connection.
func (l *boundedListener) Accept() (net.Conn, error) {
	select {
	case l.slots <- struct{}{}:
	case <-l.group.ctx.Done():
		return nil, net.ErrClosed
	}
	conn, err := l.Listener.Accept()
	if err != nil {
		<-l.slots
		return nil, err
	}
	owned := &ownedConn{Conn: conn, listener: l}
	l.group.own(owned)
	return owned, nil
}

// ownedConn gives its place back when it is closed.
type ownedConn struct {
	net.Conn
	listener *boundedListener
	once     sync.Once
	err      error
}

// Close closes the connection; a second time does nothing.
func (c *ownedConn) Close() error {
	c.once.Do(func() {
		c.err = c.Conn.Close()
		<-c.listener.slots
		c.listener.group.forget(c)
	})
	return c.err
}

// NetConn gives the TCP connection below.
func (c *ownedConn) NetConn() net.Conn { return c.Conn }
