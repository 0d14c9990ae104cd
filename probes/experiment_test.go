package probes

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"opensrs-doctor/probes/evidence"
)

// Follow-ups are started while the run waits for others: whoever waits gets all that was begun before, and the race
// detector finds nothing.
func TestExperimentsBegunWhileWaiting(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	x := &experiments{ctx: ctx, begun: map[string]bool{}}
	var group sync.WaitGroup
	for n := range 200 {
		group.Go(func() {
			x.once(fmt.Sprint(n), statusTime, func(context.Context) {
				x.keep(func(f *findings) { f.controls = append(f.controls, evidence.Control{}) })
			})
			x.once(fmt.Sprint(n), statusTime, func(context.Context) { t.Error("begun twice") })
			if found := x.wait(ctx); len(found.controls) == 0 {
				t.Error("the one begun before is not there")
			}
		})
	}
	group.Wait()
	if found := x.wait(ctx); len(found.controls) != 200 {
		t.Errorf("%d of 200", len(found.controls))
	}
}
