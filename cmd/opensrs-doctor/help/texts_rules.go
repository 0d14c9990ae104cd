package help

const rulesHelp = `
  lint         what is wrong or doubtful in a list of rules
  check        what a list says of addresses
  plan         the best list for some addresses, and the steps to it

Nothing is looked up: it is arithmetic. opensrs-doctor explain rules says
what access rules are.

  opensrs-doctor rules lint --rules-file rules.txt
  opensrs-doctor rules check --rules-file rules.txt 203.0.113.10
  opensrs-doctor rules plan --ips servers.csv --current-rule "allow 203.0.113.7"
  opensrs-doctor help rules plan      all flags of one of them
`

const rulesAfter = `
      --config PATH          the config file; without flags the rules are taken
                             from there
`

const lintAfter = `
Problems are in the order of the rules' lines. With --ips it also says which
ranges no one uses, and which are far wider than the addresses in use.

Exit status: 0 no error, though there may be warnings; 1 an error; 2 a wrong
flag or file.
`

const rulesCheckAfter = `
An address is allowed if all three ways to read the list allow it, and it can be
public at all. Each distinct address is printed once, with the number of its
lines. -f json prints one object a line, for every line of the input; a line
without an address is {"line": …, "error": …}.

Exit status: 0 every address is allowed; 1 some address is not, or some line has
no address, or there is none; 2 a wrong flag or file.
`

const planConfig = `
      --config PATH          the config file; only no-color and ascii count here
`

const planAfter = `
Best means, in this order: it covers the most distinct addresses, admits the
fewest others, has the fewest rules, and the smallest addresses. Proven, not
guessed. Lines hold an address or a CIDR range: give the addresses that your own
servers call from. With --whole a range of which a part would stay out counts
for nothing, so the places go to what fits. A Deny rule that is there now is kept, and what it refuses is
not covered. What is printed is a list that rules lint, rules check and
--rules-file take: whatever is not a rule is a comment.

Exit status: 0 a plan was made, whatever it has to leave out; 1 there was no
address to plan for, or with --require-all one stays out; 2 a wrong flag or
file.
`
