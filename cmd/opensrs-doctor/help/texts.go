package help

const rootHelp = `opensrs-doctor shows why this host can't reach the OpenSRS API, and what to do.

Usage:  opensrs-doctor [check] [flags]
        opensrs-doctor COMMAND

  check        find out why this host can't reach the API (the main job)
  clients      does each language runtime on this host get through too
  rules        lint the access rules, check addresses against them, plan them
  sign         compute the signature of a body, and the headers of its call
  sign verify  find out why a client's signature, or its request, is wrong
  sandbox      an OpenSRS-like service on this machine, for clients
  ticket       check, and write the bundle for a support ticket
  render       render a saved report in any format
  diff         what changed between two saved reports
  fleet        many hosts: one answer from their reports; files to deploy
  explain      what a cause, a code or the text of an error means
  version      version, and date of the carried root certificates (-V)
  completion   print the completion script of a shell
  help         help on a command

To begin:
  opensrs-doctor --sandbox            try it out: no account, no internet
  opensrs-doctor --username NAME --api-key-file PATH --rule "allow ADDRESS"
  opensrs-doctor check --help         the flags
`

const checkHelp = `Find out why this host can't reach the OpenSRS API, and what to do.

Usage:  opensrs-doctor [check] [flags]
`

const checkShort = `
These are the flags that most people need. check --help-all shows the others,
and describes the config file, the environment and the exit status.
`

const checkAfter = `
      --config PATH          the config file; default
                             $XDG_CONFIG_HOME/opensrs-doctor/config.yaml, else
                             /etc/opensrs-doctor/config.yaml

Every flag but --config is a key of the config file too, with the same name. A
flag beats the environment, and the environment beats the file. In the file, ~
is the home directory, and a relative path to read starts at the file's own
directory. Variables: OPENSRS_USERNAME, OPENSRS_API_KEY, OPENSRS_CONFIG. There
is no flag that takes the key itself: others can read a command line.

Exit status: 0 pass or warn, 1 fail (with --fail-on warn also warn), 2 a wrong
flag, file or value, 3 the tool itself failed or was interrupted. With -f nagios
on standard output 0 pass, 1 warn, 2 fail, 3 everything else, as monitoring
plugins have it; --fail-on does not matter then.
`

const clientsHelp = `
PHP of every version and its php-fpm pools, Python, Ruby, Perl, Node, Java,
curl and libc's resolver each resolve, connect, shake hands and verify by
themselves, with their own TLS library, trust store, ini files and proxy
settings. This check's own look at the same moment is what they are compared
with. No key is read, no request is made, nothing is sent.
`

const clientsAfter = `
      --config PATH          the config file; its endpoint and network settings
                             count here too

As root only programs that root owns and other users cannot change are run;
the others are listed as not asked. All together take at most 5 s, Java 10 s.

Exit status: 0 pass or warn, 1 fail (with --fail-on warn also warn), 2 a wrong
flag, file or value, or no such runtime, 3 the run was interrupted.
`

const diffAfter = `
Compared are the causes, how each probe ended, addresses, certificates, proxy,
resolvers, rules, key, versions, and times that are at least twice as long or
half as short, and 100 ms apart.

Exit status: 0 nothing differs, 1 something does, 2 a file is not a report.
`

const explainHelp = `
  opensrs-doctor explain port.filtered    a cause
  opensrs-doctor explain rules            the IP access rules, on one screen
  opensrs-doctor explain 401              a code: of OpenSRS, HTTP, cURL, errno
  opensrs-doctor explain cURL error 60    what a client printed
  opensrs-doctor explain 'Unable to establish socket: (110)'
  tail -n 50 error.log | opensrs-doctor explain -

Quotes, case, line ends, time stamps, paths and numbers around the text do not
matter. A shell takes ( ) $ ! & and quotes for itself: put such a text into
single quotes, or give it to standard input with -. After -- it may begin with
a dash. More than 64 KiB are refused: give the end of a longer log. Nothing of
the text is repeated: a log can hold a key.
`

const explainAfter = `
The likeliest cause comes first, and of several errors the deepest. With -f json
a text gives {"known", "texts": [{"text", "from", "reading", "role", "means",
"causes": [{"cause", "why"}], "also", "next"}], "notes", "run", "run_why",
"nearest"}; "cause" is null where there is no page for it.

Exit status: 0 explained, 1 the text is not known, 2 a wrong flag, no such
cause, or no text.
`

const ticketHelp = `Check, and write one zip for a support ticket. It answers what support asks
for, curl icanhazip.com, ping, traceroute and openssl s_client, and holds the
report and a letter to the support engineer. A run takes some seconds longer
than check.

Usage:  opensrs-doctor ticket [flags of check] [--output PATH] [--compare FILE]
`

const ticketAfter = `
      --config PATH          the config file; default
                             $XDG_CONFIG_HOME/opensrs-doctor/config.yaml, else
                             /etc/opensrs-doctor/config.yaml

The bundle never holds the API key, the signature, proxy passwords and the
balance. IP addresses, host names and the username stay, unless --anonymize is
given. What follows opensrs-doctor check --help-all is true here too: the config
file, the variables and the exit status.
`

const signAfter = `
It prints the headers for copying into a client's test, and is the only command
that prints a signature. The body is taken byte for byte.

  opensrs-doctor sign verify    find out why a client's signature is wrong

Exit status: 0 signed, 2 a wrong flag, file or value.
`

const verifyAfter = `
It names the mistake, or two made together, that give the client's signature,
and what to do in PHP, Python, Ruby, Node and Perl. It never prints the right
signature: opensrs-doctor sign does. With --request it looks at the headers too;
without a key at the headers alone.

Exit status: 0 all is right, 1 something is wrong, 2 a wrong flag, file or value.
`

const sandboxAfter = `
It runs until it is interrupted, and prints for each request what was right or
wrong with it. What it is not given it makes: a certificate for its address, a
user, a key. Files of its own are removed at the end. With --format json the
standard output is what the ready file gets, and the log goes to standard error.
With --log-format json the log is one JSON object a line, and standard output
holds nothing else.

  opensrs-doctor sandbox -- php test.php

runs a client's test with the sandbox, and ends with it. The test finds it by
OPENSRS_URL, OPENSRS_HOST, OPENSRS_PORT, OPENSRS_USERNAME, OPENSRS_API_KEY_FILE,
OPENSRS_CA_FILE and SSL_CERT_FILE. It has the standard streams, and the log goes
to standard error. Signals are passed on; what the test leaves running is ended,
except on a terminal.

Every caller from this machine counts as 203.0.113.10, and the rules judge that
address; without rules all are allowed. GET /ip on the API's port answers with
the address that a caller counts as. The printed check runs against it.

Exit status: 0 interrupted, 2 a wrong flag, file or value, 3 it failed itself.
With a command, the command's own: 128 and the signal's number where a signal
ended it, 127 not found, 126 cannot be run; and 1 where the command ended with 0
and the log holds a mistake.
`
