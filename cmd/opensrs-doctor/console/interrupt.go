package console

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// Interruptible gives a context that ends with the first SIGINT, SIGTERM or one of more, and what ends the listening.
// A signal that comes later than oneStop ends the program as if nobody had listened.
func Interruptible(more ...os.Signal) (ctx context.Context, stop context.CancelFunc) {
	ctx, deafen := signal.NotifyContext(context.Background(), append(more, os.Interrupt, syscall.SIGTERM)...)
	context.AfterFunc(ctx, func() { time.AfterFunc(oneStop, deafen) })
	return ctx, func() {
		if ctx.Err() == nil { // else the same signal may come once more, while the program ends
			deafen()
		}
	}
}

// oneStop is how long signals count as one: timeout(1) sends its own to the program and then to its process group, and
// what is known shall still be written.
const oneStop = time.Second / 2
