package evidence

import "slices"

// What the TLS experiments show together: the same handshake, each with one thing changed.

// Failed reports whether the handshake did not complete, in one of these ways; of no kind, in any.
func (t *TLS) Failed(kinds ...Kind) bool {
	if t == nil || t.Connected || t.Failure == nil {
		return false
	}
	return len(kinds) == 0 || slices.Contains(kinds, t.Failure.Kind)
}

// Variant is one of the TLS experiments; nil where it was not made.
func (t *TLS) Variant(name string) *Variant {
	for i := range t.Variants {
		if t.Variants[i].Name == name {
			return &t.Variants[i]
		}
	}
	return nil
}

// Works reports whether the handshake worked with that one thing changed, VariantSmall and its like.
func (t *TLS) Works(name string) bool {
	v := t.Variant(name)
	return v != nil && v.Works
}

// NowAndThen: an experiment that was made again ended the other way, so what was changed in it tells nothing.
func (t *TLS) NowAndThen() bool {
	return slices.ContainsFunc(t.Variants, func(v Variant) bool { return v.Fickle }) && !t.Learned()
}

// Learned: what was small worked each time, what was big failed, and the plain handshake works after that. So one end has
// learned meanwhile how much the path carries: Linux keeps that for ten minutes, and offers smaller segments from then on.
func (t *TLS) Learned() bool {
	if !t.Failed(KindTimeout) || t.Works(VariantAsIs) || !t.Works(VariantSmall) {
		return false
	}
	for _, v := range t.Variants {
		big := v.Name == VariantNoSNI || v.Name == VariantOld
		if v.Fickle != (v.Name == VariantAsIs) || big && (v.Works || v.NotMade != "") {
			return false
		}
	}
	return true
}

// Telling is the experiment that works and so tells the cause, apart from the plain repetition; "" where none does.
func (t *TLS) Telling() string {
	if t.Works(VariantAsIs) || t.NowAndThen() {
		return ""
	}
	switch {
	case t.Works(VariantSmall) && !t.Works(VariantNoSNI):
		return VariantSmall
	case t.Works(VariantClassic) && !t.Works(VariantNoSNI):
		return VariantClassic
	case t.Works(VariantNoSNI):
		return VariantNoSNI
	case t.Works(VariantNo13):
		return VariantNo13
	case t.Works(VariantOld):
		return VariantOld
	}
	return ""
}
