package config

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"opensrs-doctor/cmd/opensrs-doctor/console"
)

// cronFields are the fields of a schedule as cron and Kubernetes have it.
var cronFields = []struct {
	name     string
	from, to int
	names    []string
}{
	{"minute", 0, 59, nil}, {"hour", 0, 23, nil}, {"day of the month", 1, 31, nil},
	{"month", 1, 12, []string{"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"}},
	{"day of the week", 0, 7, []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}},
}

// fiveFields judges a schedule as cron and Kubernetes both take it.
func fiveFields(schedule string) error {
	fields := strings.Fields(schedule)
	if len(fields) != len(cronFields) {
		return errors.New(`a schedule has five fields: minute, hour, day, month, day of the week, as in "*/15 * * * *"`)
	}
	for i, field := range fields {
		of := cronFields[i]
		for _, part := range strings.Split(field, ",") {
			if !cronPart(part, of.from, of.to, of.names) {
				return fmt.Errorf("%s is not a %s: give * or numbers from %d to %d, as in */2, 1-3 or 1,5", console.Shown(part), of.name, of.from, of.to)
			}
		}
	}
	return nil
}

// cronPart judges *, N, N-M, each also with /STEP.
func cronPart(part string, from, to int, names []string) bool {
	part, step, stepped := strings.Cut(part, "/")
	if stepped {
		if n, err := strconv.ParseUint(step, 10, 16); err != nil || n < 1 || int(n) > to {
			return false
		}
	}
	if part == "*" {
		return true
	}
	number := func(text string) int {
		if at := slices.Index(names, strings.ToLower(text)); at >= 0 {
			return at + from
		}
		n, err := strconv.ParseUint(text, 10, 8)
		if err != nil || len(text) > 2 {
			return -1
		}
		return int(n)
	}
	first, last, ranged := strings.Cut(part, "-")
	a, b := number(first), number(first)
	if ranged {
		b = number(last)
	} else if stepped { // cron and Kubernetes read N/STEP differently
		return false
	}
	return a >= from && b <= to && a <= b
}

// calendar judges the letters of a systemd calendar event; systemd-analyze calendar judges the rest.
func calendar(schedule string) error {
	switch {
	case schedule == "":
		return errors.New("the schedule is empty; give one as in hourly or *:0/15")
	case fiveFields(schedule) == nil:
		return errors.New("this is a schedule of cron; systemd has it as in hourly, daily, *:0/15 or Mon..Fri 08:00")
	case strings.Trim(schedule, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789*:,./~_+- ") != "":
		return errors.New("the schedule has a sign that no calendar event of systemd has; give one as in hourly or *:0/15")
	}
	return nil
}
