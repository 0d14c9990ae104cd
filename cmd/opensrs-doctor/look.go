package main

import "opensrs-doctor/cmd/opensrs-doctor/console"

// look is how the words of a report are set: by flags and file, else as the environment has it.
func (s *settings) look() (v console.View, err error) {
	v = console.View{Quiet: s.bool("quiet"), Verbose: s.bool("verbose"), ASCII: s.bool("ascii")}
	if v.Color, err = s.choice("color", "auto", "always", "never"); err != nil {
		return v, err
	}
	if s.bool("no-color") {
		if s.given("color") && v.Color != "never" && s.merged["color"].from == s.merged["no-color"].from {
			return v, console.Usagef("%s and %s contradict each other", s.merged["no-color"].place(0), s.merged["color"].place(0))
		}
		if s.merged["color"].from != "flag" {
			v.Color = "never"
		}
	}
	return v, nil
}
