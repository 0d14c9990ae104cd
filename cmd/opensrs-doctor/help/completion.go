package help

import (
	"bytes"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"opensrs-doctor/cmd/opensrs-doctor/console"
)

// DressCompletion gives cobra's command the words of this program.
func DressCompletion(root *cobra.Command, s *console.Streams) {
	root.InitDefaultCompletionCmd()
	for _, command := range root.Commands() {
		if command.Name() != "completion" {
			continue
		}
		command.Use, command.DisableFlagsInUseLine = "completion SHELL", true
		command.Short = "print the completion script of a shell"
		command.Args = func(_ *cobra.Command, args []string) error {
			return console.Usagef("completion takes one of bash, zsh, fish and powershell").
				WithHint("opensrs-doctor completion bash")
		}
		command.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Args(cmd, nil) }
		for _, shell := range command.Commands() {
			shell.Args = NoWords
			if shell.Name() == "bash" {
				shell.RunE = func(*cobra.Command, []string) error { return writeBashCompletion(s.Stdout, root) }
			}
		}
	}
}

// writeBashCompletion writes cobra's script so that it also works where the package bash-completion is missing, as it is on
// small servers: two of the package's functions have a stand-in.
func writeBashCompletion(w io.Writer, root *cobra.Command) error {
	var script bytes.Buffer
	if err := root.GenBashCompletionV2(&script, true); err != nil {
		return err
	}
	text := strings.ReplaceAll(script.String(), "_filedir", "__opensrs-doctor_filedir")
	text = strings.ReplaceAll(text, "_get_comp_words_by_ref", "__opensrs-doctor_words")
	_, err := io.WriteString(w, text+bashStandIns)
	return err
}

const bashStandIns = `
# What the package bash-completion does, where it is missing.

# The words up to the cursor. Bash cuts them at = and : too; here they are as they were typed.
__opensrs-doctor_words()
{
    if declare -F _get_comp_words_by_ref >/dev/null 2>&1; then
        _get_comp_words_by_ref "$@"
        return
    fi
    local line=${COMP_LINE:0:COMP_POINT} part i
    words=()
    for ((i = 0; i <= COMP_CWORD; i++)); do
        part=${COMP_WORDS[i]}
        if [[ ${#words[@]} -eq 0 || ${line} == [[:blank:]]* ]]; then
            words+=("")
            line=${line#"${line%%[![:blank:]]*}"}
        fi
        [[ ${line} == "${part}"* ]] || part=${line} # the cursor is inside of it
        words[${#words[@]}-1]+=${part}
        line=${line:${#part}}
    done
    cword=$((${#words[@]} - 1))
    cur=${words[cword]}
    prev=
    [[ ${cword} -eq 0 ]] || prev=${words[cword-1]}
}

# Files that end in one of EXTENSION|EXTENSION|, and directories; with -d directories alone.
__opensrs-doctor_filedir()
{
    if declare -F _filedir >/dev/null 2>&1; then
        _filedir "$@"
        return
    fi
    local name
    COMPREPLY=()
    while IFS= read -r name; do
        if [[ -d ${name} ]]; then
            COMPREPLY+=("${name}")
        elif [[ ${1-} != -d && -n ${name} && ( -z ${1-} || "|${1-}|" == *"|${name##*.}|"* ) ]]; then
            COMPREPLY+=("${name}")
        fi
    done < <(compgen -f -- "${cur}")
    compopt -o filenames 2>/dev/null
    return 0
}
`

const completionHelp = `
Shells: bash zsh fish powershell, as in: opensrs-doctor completion bash

The packages for Debian and RPM bring the scripts. Elsewhere, for one user:

  bash, with the package bash-completion or without it
    echo 'source <(opensrs-doctor completion bash)' >> ~/.bashrc
  zsh, with a line fpath=(~/.zfunc $fpath) before compinit in ~/.zshrc
    mkdir -p ~/.zfunc
    opensrs-doctor completion zsh > ~/.zfunc/_opensrs-doctor
  fish
    mkdir -p ~/.config/fish/completions
    opensrs-doctor completion fish \
      > ~/.config/fish/completions/opensrs-doctor.fish
  powershell, as a line of $PROFILE
    opensrs-doctor completion powershell | Out-String | Invoke-Expression

Or for everybody on the host, as root:

  bash  /usr/share/bash-completion/completions/opensrs-doctor
  zsh   /usr/local/share/zsh/site-functions/_opensrs-doctor
  fish  /usr/share/fish/vendor_completions.d/opensrs-doctor.fish
`
