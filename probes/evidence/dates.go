package evidence

import "time"

// oldRoots is the age from which the carried roots may simply not know a new public authority.
const oldRoots = 400 * 24 * time.Hour

// OldRoots reports whether the carried public roots were too old at that time to call a root that only
// this host trusts an interception.
func OldRoots(roots, at time.Time) bool { return !roots.IsZero() && at.Sub(roots) > oldRoots }

// ExpiresSoon reports whether a certificate that the chain needs ends within 14 days, or within a third of its
// lifetime where that is shorter.
func (t *Trust) ExpiresSoon(at time.Time) bool {
	if t == nil || t.FirstToEnd == nil {
		return false
	}
	first := t.FirstToEnd
	soon := min(14*24*time.Hour, first.NotAfter.Sub(first.NotBefore)/3)
	left := first.NotAfter.Sub(at)
	return left > 0 && left < soon
}

// DatesFitAt reports whether the presented chain would be in its dates at that time.
func (t *Trust) DatesFitAt(at time.Time) bool {
	for _, certificate := range []*Certificate{t.Expired, t.NotYetValid} {
		if certificate != nil && (at.After(certificate.NotAfter) || at.Before(certificate.NotBefore)) {
			return false
		}
	}
	return true
}
