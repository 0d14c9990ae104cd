package config

import "opensrs-doctor/cmd/opensrs-doctor/outfile"

// Inputs are the files that this run reads, by outfile.Key, and the setting of each.
func (s *Settings) Inputs() map[string]string {
	found := map[string]string{}
	for _, name := range []string{"api-key-file", "rules-file", "ca-file", "public-roots", "system-roots"} {
		if path := s.Text(name); path != "" && path != "-" && s.merged[name].from != "environment" {
			found[outfile.Key(path)] = name
		}
	}
	for _, one := range s.merged {
		if one.from == "file" {
			found[outfile.Key(one.file)] = "config"
		}
	}
	return found
}
