# bash completion for deskbell(1)
_deskbell() {
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} words=
    case $before in
        --data) mapfile -t COMPREPLY < <(compgen -d -- "$word"); return ;;
        --config | --desk | --to | --from | --passphrase-file | --key-file | check | apply | make-key) mapfile -t COMPREPLY < <(compgen -f -- "$word"); return ;;
        --listen) mapfile -t COMPREPLY < <(compgen -W "127.0.0.1:8443 0.0.0.0:8443" -- "$word"); return ;;
        --clock-speed | --wall-clock) return ;;
    esac
    if [ "$COMP_CWORD" -eq 1 ]; then
        words="--help demo serve desk backup restore user doctor help version"
    else
        case ${COMP_WORDS[1]} in
            demo) words="--listen --data --desk --clock-speed --wall-clock --listen-sip" ;;
            serve) words="--config" ;;
            desk) words="check export apply --data" ;;
            backup) words="--to --data --keep --passphrase-file --key-file make-key" ;;
            restore) words="--from --replace --data --passphrase-file --key-file" ;;
            user) words="add password totp --data --name --roles --off" ;;
            doctor) words="--data --config" ;;
        esac
    fi
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
}
complete -o filenames -F _deskbell deskbell
