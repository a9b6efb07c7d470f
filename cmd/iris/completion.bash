# The package bash-completion has this function. Where it is not there, words that bash
# parted at = and : are put together again, for that is all that is asked of it.
if ! declare -F _get_comp_words_by_ref >/dev/null; then
_get_comp_words_by_ref() {
    local rest=$COMP_LINE word before last='' i
    words=() cword=0
    for ((i = 0; i < ${#COMP_WORDS[@]}; i++)); do
        word=${COMP_WORDS[i]}
        before=${rest%%[![:space:]]*}
        if ((i > 0)) && [[ -z $before && ( $word =~ ^[=:]+$ || $last =~ ^[=:]+$ ) ]]; then
            words[${#words[@]} - 1]+=$word
        else
            words[${#words[@]}]=$word
        fi
        ((i == COMP_CWORD)) && cword=$((${#words[@]} - 1))
        rest=${rest#"$before"}
        rest=${rest#"$word"}
        last=$word
    done
    cur=${words[cword]}
    prev=
    ((cword > 0)) && prev=${words[cword - 1]}
    return 0
}
fi

