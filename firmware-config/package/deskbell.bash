# bash completion for deskbell(1)
_deskbell() {
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} words=
    case $before in
        --data) mapfile -t COMPREPLY < <(compgen -d -- "$word"); return ;;
        --config | --desk | --to | --from | --passphrase-file | --key-file | --socket | check | apply | make-key) mapfile -t COMPREPLY < <(compgen -f -- "$word"); return ;;
        --listen | --listen-sip) mapfile -t COMPREPLY < <(compgen -W "127.0.0.1:8443 0.0.0.0:8443" -- "$word"); return ;;
        --log) mapfile -t COMPREPLY < <(compgen -W "error warn info debug" -- "$word"); return ;;
        --profile) mapfile -t COMPREPLY < <(compgen -W "board-512m board-1g board-4g x86" -- "$word"); return ;;
        --until) mapfile -t COMPREPLY < <(compgen -W "stdin" -- "$word"); return ;;
        --roles) mapfile -t COMPREPLY < <(compgen -W "agent supervisor admin" -- "$word"); return ;;
        --clock-speed | --wall-clock | --keep | --record-mib | --name) return ;;
    esac
    if [ "$COMP_CWORD" -eq 1 ]; then
        words="--help demo serve relay desk user backup replay restore doctor help version"
    else
        case ${COMP_WORDS[1]} in
            demo) words="--listen --data --desk --clock-speed --wall-clock --profile --log --record-mib --listen-sip" ;;
            serve) words="--config" ;;
            relay) words="--socket --log --until" ;;
            desk) words="check export apply --data" ;;
            user) words="add password totp --data --name --roles --off" ;;
            backup) words="make-key --to --data --keep --passphrase-file --key-file" ;;
            replay) words="--desk $(compgen -f -- "$word")" ;;
            restore) words="--from --data --replace --passphrase-file --key-file" ;;
            doctor) words="--data --config --write-anew" ;;
            help) words="settings demo serve relay desk user backup replay restore doctor" ;;
        esac
    fi
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
}
complete -o filenames -F _deskbell deskbell
