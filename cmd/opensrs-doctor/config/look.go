package config

import "opensrs-doctor/cmd/opensrs-doctor/console"

// Look is how the words of a report are set: by flags and file, else as the environment has it.
func (s *Settings) Look() (v console.View, err error) {
	v = console.View{Quiet: s.Bool("quiet"), Verbose: s.Bool("verbose"), ASCII: s.Bool("ascii")}
	if v.Color, err = s.Choice("color", "auto", "always", "never"); err != nil {
		return v, err
	}
	if s.Bool("no-color") {
		if s.Given("color") && v.Color != "never" && s.merged["color"].from == s.merged["no-color"].from {
			return v, console.Usagef("%s and %s contradict each other", s.merged["no-color"].place(0), s.merged["color"].place(0))
		}
		if s.merged["color"].from != "flag" {
			v.Color = "never"
		}
	}
	return v, nil
}
