package main

import (
	"context"
	"flag"
	"fmt"
	"strings"

	"github.com/byzantine-finance/byzantine-go"
)

// newCompletionCommand makes the command that completes the others and itself.
func newCompletionCommand(others []*command) *command {
	return &command{
		name:    "completion",
		args:    "bash",
		summary: "print a script that completes commands, operations and fields",
		help: `
Prints a script for bash that completes commands, operations, the fields of a call, and file names.

  source <(byzantine completion bash)
`,
		prepare: func(*flag.FlagSet) action {
			return func(_ context.Context, p *process, args []string) error {
				if len(args) != 1 || args[0] != "bash" {
					return usagef("takes the name of the shell, which is bash")
				}
				names := append(known(others, func(c *command) string { return c.name }), "completion")
				_, err := fmt.Fprint(p.stdout, bashCompletion(names))
				return err
			}
		},
	}
}

func bashCompletion(commands []string) string {
	words := map[string][]string{} // what can follow the first word of a command
	var first []string
	for _, name := range commands {
		group, second, two := strings.Cut(name, " ")
		if two {
			words[group] = append(words[group], second)
		}
		if len(words[group]) < 2 {
			first = append(first, group)
		}
	}
	var fields strings.Builder
	var operations []string
	for op := range byzantine.Operations() {
		operations = append(operations, string(op.ID))
		var names []string
		for _, f := range fieldsOf(op) {
			names = append(names, f.Name+"=")
		}
		fmt.Fprintf(&fields, "\t\t%s) words='%s' ;;\n", op.ID, strings.Join(names, " "))
	}
	var groups strings.Builder
	for _, group := range first {
		if len(words[group]) > 0 {
			fmt.Fprintf(&groups, "\t%s:2) words='%s' ;;\n", group, strings.Join(words[group], " "))
		}
	}
	return fmt.Sprintf(`_byzantine() {
	local words='' current=${COMP_WORDS[COMP_CWORD]}
	case ${COMP_WORDS[1]}:$COMP_CWORD in
	*:1 | help:2) words='help %s' ;;
	call:2 | operations:2) words='%s' ;;
	trigger:2) words='%s' ;;
%s	call:*)
		case ${COMP_WORDS[2]} in
%s		esac ;;
	esac
	COMPREPLY=($(compgen -W "$words" -- "$current"))
	[[ ${COMPREPLY[0]} != *= ]] || compopt -o nospace 2>/dev/null
}
complete -o default -F _byzantine byzantine
`, strings.Join(first, " "), strings.Join(operations, " "), strings.Join(eventTypes(), " "), groups.String(), fields.String())
}
