package evidence

import "time"

// Milliseconds is a duration as the facts have it, with a microsecond's resolution.
func Milliseconds(took time.Duration) float64 { return float64(took.Microseconds()) / 1000 }
