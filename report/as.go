package report

// As is the process that a check was made as, and what this shell sees otherwise.
type As struct {
	Target       string       `json:"target" anonymize:"process"` // as given: a process number, unit:NAME, user:NAME, process:NAME, container:ID
	Name         string       `json:"name" anonymize:"process"`   // for people: "php8.2-fpm.service (uid 33)"
	PID          int          `json:"pid"`                        // 0: a user without a process
	UID          int          `json:"uid"`
	GID          int          `json:"gid"`
	Unit         string       `json:"unit" anonymize:"process"` // of systemd; "" where there is none
	TakenOver    []string     `json:"taken_over" anonymize:"text"`
	NotTakenOver []NotTaken   `json:"not_taken_over"`
	Differences  []Difference `json:"differences"`
	Here         *HereRun     `json:"here"` // the same check from this shell; null where that was not made
}

// NotTaken is something of the process that a check cannot take over.
type NotTaken struct {
	What string `json:"what" anonymize:"text"`
	Why  string `json:"why" anonymize:"text"`
}

// Difference is one thing that is another one for the process than for this shell. "" is: none, or not known.
type Difference struct {
	What  string `json:"what" anonymize:"text"`
	Here  string `json:"here" anonymize:"quote"`
	There string `json:"there" anonymize:"quote"`
}

// HereRun is how the same check ended from this shell.
type HereRun struct {
	Verdict string `json:"verdict" anonymize:"keep"`
	Cause   string `json:"cause" anonymize:"keep"` // "" where nothing is wrong
}
