# shellcheck shell=bash
# Output of the scripts: a long step shows its name and progress, and a failure ends with a sentence that says what to
# do. Sourced. Runs on bash 3.2 too, which macOS has.

say() { printf '%s\n' "$*"; }

fail() {
    printf '\nerror: %s\n' "$*" >&2
    exit 1
}

have() { command -v "$1" >/dev/null 2>&1; }

# Commands to run when the script ends, for whatever reason; the last one registered runs first.
cleanups=()
at_exit() { cleanups=("$1" ${cleanups[@]+"${cleanups[@]}"}); }

run_cleanups() {
    local cleanup
    trap '' INT TERM HUP
    for cleanup in ${cleanups[@]+"${cleanups[@]}"}; do "$cleanup" || true; done
}

running_pid=

stop_running() {
    [ -z "$running_pid" ] || kill -TERM -- "-$running_pid" 2>/dev/null || true
}

interrupted() {
    stop_running
    printf '\nstopped.\n' >&2
    exit 130
}

trap interrupted INT TERM HUP
trap run_cleanups EXIT

# logged TITLE COMMAND…: runs the command with its output in a log file, which `last_log` names afterwards. A function
# given as COMMAND must chain its parts with &&, since `set -e` does not reach into it.
last_log=
logged() {
    local title=$1 started=$SECONDS elapsed=0 next_sign=20 status=0 wait_seconds=0.1
    shift
    mkdir -p "$LOGS"
    last_log="$LOGS/$(printf '%s' "$title" | tr -cs 'A-Za-z0-9' '-' | sed 's/-$//').log"
    [ -t 1 ] || say "$title …"
    # In a process group of its own, so that its children stop with it.
    set -m
    "$@" </dev/null >"$last_log" 2>&1 &
    running_pid=$!
    set +m
    while kill -0 "$running_pid" 2>/dev/null; do
        elapsed=$((SECONDS - started))
        if [ -t 1 ]; then
            printf '\r\033[K%s … %s s  %.60s' "$title" "$elapsed" "$(last_line "$last_log")"
        elif [ "$elapsed" -ge "$next_sign" ]; then
            say "  … $elapsed s: $(last_line "$last_log")"
            next_sign=$((elapsed + 20))
        fi
        sleep "$wait_seconds"
        [ "$elapsed" -lt 2 ] || wait_seconds=1
    done
    wait "$running_pid" || status=$?
    running_pid=
    [ ! -t 1 ] || printf '\r\033[K'
    elapsed=$((SECONDS - started))
    if [ "$status" = 0 ]; then say "$title: done in $elapsed s"; else say "$title: FAILED after $elapsed s"; fi
    return "$status"
}

last_line() { tail -c 400 "$1" 2>/dev/null | tr '\r' '\n' | grep -av '^ *$' | tail -n 1 | cut -c 1-100 || true; }

# show_log LINES
show_log() {
    say "  last lines of $last_log:"
    tail -n "$1" "$last_log" | sed 's/^/    /'
}

# step TITLE ADVICE COMMAND…: like `logged`, but a failure ends the script with the log's last lines and the advice.
step() {
    local title=$1 advice=$2
    shift 2
    logged "$title" "$@" || {
        show_log 30
        fail "$advice"
    }
}
