package iprules

import (
	"net/netip"
	"slices"
)

// A demand whose ranges are wanted whole: an address of a range counts as let in only where the whole range is, or where
// it was asked for by itself, or within a smaller range that is let in whole.

// wants are all distinct prefixes asked for, nested ones too: a wide one before those in it.
func (d *Demand) wants() []uint64 {
	d.tidy()
	all := slices.Concat(d.items, d.nested)
	slices.Sort(all)
	return slices.CompactFunc(all, func(a, b uint64) bool { return a>>1 == b>>1 })
}

// complete are those of the addresses let in that count.
func (d *Demand) complete(letIn ranges) ranges {
	var counted ranges
	for _, item := range d.wants() {
		first, last, _ := open(item)
		letIn = letIn.from(first)
		whole := len(letIn) > 0 && letIn[0].first <= first && letIn[0].last >= last
		if n := len(counted); whole && (n == 0 || counted[n-1].last < last) {
			counted = counted.add(first, last)
		}
	}
	return counted
}

// wholes makes the plan for a demand whose ranges are wanted whole.
type wholes struct {
	most int
	out  ranges
}

// forest are the best lists for wanted prefixes, a wide one before those in it. inside: all of it lies in a range that is
// wanted, so that nothing that is let in was not asked for.
func (w *wholes) forest(items []uint64, inside bool) choices {
	total := choices{{}}
	for i := 0; i < len(items); {
		first, last, _ := open(items[i])
		if last-first < blockSize {
			last = first | (blockSize - 1)
		}
		end := i + 1
		for end < len(items) {
			if next, _, _ := open(items[end]); next > last {
				break
			}
			end++
		}
		part := w.block(items[i:end], inside)
		if bitsOf(items[i]) < limits.Widest {
			part = w.wide(items[i], items[i+1:end])
		}
		total = total.join(part, w.most)
		i = end
	}
	return total
}

// wide are the best lists for a range that takes several rules, with what is asked for in it by itself.
func (w *wholes) wide(item uint64, within []uint64) choices {
	best := w.forest(within, true)
	first, last, _ := open(item)
	n := int((uint64(last-first) + 1) / blockSize)
	if n > w.most || w.isOut(first, last) {
		return best
	}
	whole := list{covered: n * blockSize, count: n}
	for at := uint64(first); at <= uint64(last); at += blockSize {
		whole.rules = append(whole.rules, pack(uint32(at), blockSize))
	}
	for len(best) <= n {
		best = append(best, best[len(best)-1])
	}
	for k := n; k < len(best) && whole.compare(best[k]) < 0; k++ {
		best[k] = whole
	}
	return best
}

// isOut reports whether an address is among those that no rule lets in.
func (w *wholes) isOut(first, last uint32) bool {
	out := w.out.from(first)
	return len(out) > 0 && out[0].first <= last
}

// block are the best lists for wanted prefixes that lie in one /25 block.
func (w *wholes) block(items []uint64, inside bool) choices {
	if bitsOf(items[0]) < limits.Widest {
		return nil
	}
	first, _, _ := open(items[0])
	b := block{start: first &^ (blockSize - 1)}
	b.leaveOut(w.out)
	wanted := mask{}
	if inside {
		wanted.set(0, blockSize-1)
	}
	kept := make([]uint64, 0, len(items))
	for _, item := range items {
		first, last, _ := open(item)
		wanted.set(int(first-b.start), int(last-b.start))
		if !w.isOut(first, last) {
			kept = append(kept, item)
		}
	}
	for i := range wanted {
		wanted[i] |= b.out[i]
	}
	return b.whole(kept, &wanted, 0, blockSize, w.most)
}

// whole are the best lists for wanted prefixes that lie in the size addresses from at on; free are the addresses that cost
// nothing.
func (b *block) whole(items []uint64, free *mask, at, size, most int) choices {
	if len(items) == 0 || most == 0 {
		return choices{{}}
	}
	var asked mask
	for _, item := range items {
		first, last, _ := open(item)
		asked.set(int(first-b.start), int(last-b.start))
	}
	half := size / 2
	below := items
	if 1<<(32-bitsOf(items[0])) == size {
		below = items[1:]
	}
	middle, _ := slices.BinarySearchFunc(below, at+half, func(item uint64, place int) int {
		first, _, _ := open(item)
		return int(first-b.start) - place
	})
	low, high := below[:middle], below[middle:]
	switch { // a rule for the half admits no more than one for the whole, and is narrower
	case len(low) == len(items):
		return b.whole(low, free, at, half, most)
	case len(high) == len(items):
		return b.whole(high, free, at+half, half, most)
	}
	rule := b.single(at, size, asked.count(at, size), size-free.count(at, size))
	if rule[1].excess == 0 {
		return rule
	}
	best := b.whole(low, free, at, half, most).join(b.whole(high, free, at+half, half, most), most)
	for k := 1; k < len(best) && rule[1].compare(best[k]) < 0; k++ {
		best[k] = rule[1]
	}
	return best
}

// planWhole is Plan for such a demand.
func (d *Demand) planWhole(most int, without []netip.Prefix) Plan {
	w := &wholes{most: most, out: rangesOf(without)}
	total := w.forest(d.wants(), false)
	best := total[len(total)-1]
	return Plan{Prefixes: unpack(best.rules), Covered: uint64(best.covered), Excess: uint64(best.excess), without: without}
}
