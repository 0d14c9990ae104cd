package help

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"opensrs-doctor/cmd/opensrs-doctor/config"
)

const fleetHelp = `
  merge        one answer from the reports of many hosts
  deploy       ready files for the engines that run the check on every host

  opensrs-doctor fleet merge reports/
  opensrs-doctor fleet deploy --help      which engines
`

const mergeAfter = `
Read are files with one report, with several, or with one a line, also those
that gzip has made, and in folders what ends in .json, .jsonl or .ndjson. What
cannot be read is named, and stops nothing. Of several reports of one host the
newest counts.

It shows the hosts by root cause, the fact that those which fail share and the
healthy ones lack, keys by their fingerprints, public addresses, and the access
rules for the whole fleet. A fact is named only where chance does not explain it.

Exit status: 0 all pass or warn, 1 some fail or are incomplete, 2 a wrong flag,
file or value, 3 no report could be read.
`

const deployHelp = `
  ansible      a playbook: check every host, fetch the reports, make one answer
  kubernetes   a Job for a first try, a CronJob, and a DaemonSet for every node
  systemd      a service and a timer for each host
  cron         a file for /etc/cron.d of each host
  prometheus   alert rules for what check -f prometheus writes, and their tests

  opensrs-doctor fleet deploy ansible --username NAME --output fleet
  opensrs-doctor fleet deploy kubernetes --image IMAGE --file job.yaml |
    kubectl apply -f -
  opensrs-doctor fleet deploy ansible --help      all flags of one of them

The files are complete: flags and the config file fill them, and comments in
them say how to use them. None ever holds a key, and no key is read: each file
names the vault, the Secret or the file on a host that holds it. Nothing is
contacted.
`

// writeDeployHelp is the help of one engine's command.
func writeDeployHelp(w io.Writer, cmd *cobra.Command) {
	fmt.Fprintf(w, "Usage:  %s [flags]\n\n%s.\n", strings.TrimSuffix(cmd.UseLine(), " [flags]"), sentence(cmd.Short))
	writeKeys(w, config.KeysOf(commandWords(cmd)))
	fmt.Fprint(w, deployAfter)
}

const deployAfter = `
      --config PATH          the config file; what the flags leave out is taken
                             from there

Without --output the files are printed, one after the other. With -f json they
are {"schema", "files": [{"name", "content"}]}, or "paths" with --output.

Exit status: 0 written, 2 a wrong flag, file or value, 3 it could not be written.
`
