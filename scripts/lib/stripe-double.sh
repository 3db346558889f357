# shellcheck shell=bash
# Runs the Stripe double beside the shop. Sourced after serving.sh.

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
    local base shop
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
    shop=$(local_shop_url)
    case $shop in
        http://127.* | http://localhost:* | 'http://[::1]:'*) ;;
        *) fail "The double of Stripe sends nothing to $shop. Set LISTEN_ADDR to 127.0.0.1 and a port." ;;
    esac
    double_webhook=$shop/billing/webhook
    node "$ROOT/scripts/lib/port.mjs" check "127.0.0.1:$double_port" >/dev/null ||
        fail "Something listens on 127.0.0.1:$double_port already, perhaps another double of Stripe. Stop it, or choose" \
            "another port: STRIPE_API_BASE=http://127.0.0.1:12112 scripts/run --stripe-double"
}

double_pid=""

start_double() {
    local said=$LOGS/Stripe-double.log
    at_exit stop_double
    : >"$said"
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
}

stop_double() { stop_child "$double_pid"; }
