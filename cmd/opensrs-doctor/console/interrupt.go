package console

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

// Interruptible gives a context that ends with the first SIGINT, SIGTERM or one of more; the second one ends the
// program as if nobody had listened.
func Interruptible(more ...os.Signal) (ctx context.Context, stop context.CancelFunc) {
	ctx, stop = signal.NotifyContext(context.Background(), append(more, os.Interrupt, syscall.SIGTERM)...)
	context.AfterFunc(ctx, stop)
	return ctx, stop
}
