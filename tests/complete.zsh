# What zsh offers behind a line that somebody types, one word after another in one line,
# sorted. The completion system runs in a terminal of its own (zpty), as in a shell.
# usage: zsh -f complete.zsh FOLDER LINE
zmodload zsh/zpty
folder=$1
setup=$(cat <<'END'
fpath=($FOLDER $fpath)
autoload -Uz compinit
compinit -D -u
PROMPT=
zstyle ":completion:*" verbose no
# Every candidate goes to the terminal. A call with -O, -A or -D only computes.
compadd() {
	local -a found
	if [[ " ${@[1,(i)(-|--)]} " != *" -"[OAD]" "* ]]; then
		builtin compadd -A found "$@"
		(( $#found )) && print -l -- ${found/#/offer:}
	fi
	builtin compadd "$@"
}
zle -C offer list-choices _main_complete
complete-once() { zle offer; print; print ov''er; }
zle -N complete-once
bindkey "^I" complete-once
print rea''dy
END
)
export FOLDER=$folder
zpty -b shell zsh -f -i
zpty -w shell "$setup"
zpty -r -m shell text '*ready*'
zpty -n -w shell "$2"$'\t'
zpty -r -m shell text '*over*'
print -r -- "$text" | tr -d '\r' | sed -n 's/.*offer:\([^ ]*\).*/\1/p' | sort -u |
	tr '\n' ' ' | sed 's/ $//'
zpty -d shell
