# shellcheck shell=bash
# Runs the shop and the Stripe double as children of the script, which stops both. Sourced after machine.sh.

DOUBLE_KEY=sk_test_double
DOUBLE_SECRET=whsec_double
DOUBLE_BASE=http://127.0.0.1:12111

# contradicts NAME MEANT: fails instead of overriding a setting of the user.
contradicts() {
    fail "$1 is set, in the environment or in .env, but with --stripe-double it is $2." \
        "Unset it, or leave out --stripe-double."
}

# set_for_double NAME VALUE
set_for_double() {
    local name=$1 value=$2
    [ "$(setting "$name" "$value")" = "$value" ] || contradicts "$name" "$value"
    export "$name=$value"
}

# Sets `double_port`, `double_webhook` and the shop's settings. STRIPE_API_BASE may choose the port.
settle_double() {
    local base address host
    base=$(setting STRIPE_API_BASE "$DOUBLE_BASE")
    base=${base%/}
    double_port=${base#http://127.0.0.1:}
    case $double_port in '' | 0 | *[!0-9]*) contradicts STRIPE_API_BASE "http://127.0.0.1: and a port" ;; esac
    set_for_double STRIPE_SECRET_KEY "$DOUBLE_KEY"
    set_for_double STRIPE_WEBHOOK_SECRET "$DOUBLE_SECRET"
    export STRIPE_API_BASE=$base
    # A database of its own: mock mode refuses one that has sales by Stripe.
    [ -n "$(setting DATABASE_URL "")" ] || export DATABASE_URL=sqlite://data/stripe-double.db

    # The double delivers to loopback addresses only.
    address=$(setting LISTEN_ADDR "$(leptos_setting site-addr)")
    host=${address%:*}
    case $host in
        127.* | localhost | '[::1]') ;;
        0.0.0.0) host=127.0.0.1 ;;
        '[::]') host='[::1]' ;;
        *) fail "The double of Stripe sends nothing to LISTEN_ADDR $address. Set that to 127.0.0.1 and a port." ;;
    esac
    case ${address##*:} in 0) fail "The double of Stripe must know where to send to: name a port in LISTEN_ADDR." ;; esac
    double_webhook=http://$host:${address##*:}/billing/webhook
    node "$ROOT/scripts/lib/port.mjs" check "127.0.0.1:$double_port" >/dev/null ||
        fail "Something listens on 127.0.0.1:$double_port already, perhaps another double of Stripe. Stop it, or choose" \
            "another port: STRIPE_API_BASE=http://127.0.0.1:12112 scripts/run --stripe-double"
}

double_pid="" server_pid=""

# serve_with_double ARGUMENT…: serves until the server ends, and returns its exit status.
serve_with_double() {
    local status=0 said=$LOGS/Stripe-double.log
    at_exit stop_double
    at_exit stop_server
    : >"$said"
    # In process groups of their own, so that Ctrl-C reaches only this script, which stops the server before the double.
    set -m
    node "$ROOT/end2end/stripe-double/server.mjs" --port "$double_port" --webhook-url "$double_webhook" \
        --webhook-secret "$DOUBLE_SECRET" </dev/null >"$said" &
    double_pid=$!
    set +m
    until grep . "$said"; do
        kill -0 "$double_pid" 2>/dev/null || fail "The double of Stripe did not start: see the lines above."
        sleep 0.1
    done
    say "What can be done there: end2end/stripe-double/README.md. Make an account first: the demo account is mock mode's."
    set -m
    "$(server_binary)" "$@" </dev/null &
    server_pid=$!
    set +m
    wait "$server_pid" || status=$?
    return "$status"
}

stop_double() { stop_child "$double_pid"; }
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
