# shellcheck shell=bash
# Runs the shop, and what stands beside it, as children of the script, which stops them. Sourced after machine.sh.

# Reads a setting as the server does: from the environment, or from .env.
setting() {
    local name=$1 default=$2 value=${!1-}
    [ -n "$value" ] || [ ! -r .env ] || value=$(sed -n "s/^ *$name *= *//p" .env | tail -n 1 | tr -d "\"'")
    say "${value:-$default}"
}

# The shop's address for programs on this machine.
local_shop_url() {
    local address host
    address=$(setting LISTEN_ADDR "$(leptos_setting site-addr)")
    host=${address%:*}
    case $host in 0.0.0.0) host=127.0.0.1 ;; '[::]') host='[::1]' ;; esac
    case ${address##*:} in 0) fail "What runs beside the shop must know its address: name a port in LISTEN_ADDR." ;; esac
    say "http://$host:${address##*:}"
}

server_pid=""

# In a process group of its own, so that Ctrl-C reaches only this script, which stops its children one after the other.
start_server() {
    at_exit stop_server
    set -m
    "$(server_binary)" "$@" </dev/null &
    server_pid=$!
    set +m
}

stop_server() { stop_child "$server_pid"; }

# stop_child PID: sends SIGTERM and waits. The server finishes requests for up to ten seconds.
stop_child() {
    local ticks=0
    [ -n "$1" ] || return 0
    kill -TERM "$1" 2>/dev/null || return 0
    while kill -0 "$1" 2>/dev/null && [ "$ticks" -lt 150 ]; do
        sleep 0.1
        ticks=$((ticks + 1))
    done
    kill -KILL "$1" 2>/dev/null || true
}
