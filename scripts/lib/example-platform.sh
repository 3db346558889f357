# shellcheck shell=bash
# Runs the example platform beside the shop. Sourced after serving.sh.

PLATFORM_NAME=example-platform
EXAMPLE_PLATFORM_PORT=${EXAMPLE_PLATFORM_PORT:-3100}
PLATFORM_KEY_FILE=data/example-platform.key

settle_platform() {
    platform_shop_url=$(local_shop_url)
    need_free_address "127.0.0.1:$EXAMPLE_PLATFORM_PORT"
    need_writable "$ROOT/data"
    # The platform listens on this machine alone.
    export WEBHOOK_ALLOW_PRIVATE=yes
}

# Makes a new API key at each start, and revokes the one of the last start.
make_platform_key() {
    local server scope options=()
    server=$(server_binary)
    for scope in tenants:write balance:read spend; do options+=(--scope "$scope"); done
    step "Bring the database up to date" "See the lines above." "$server" migrate
    "$server" keys revoke "$PLATFORM_NAME" >/dev/null 2>&1 || true
    (umask 077 && rm -f "$PLATFORM_KEY_FILE" &&
        "$server" keys create --name "$PLATFORM_NAME" "${options[@]}" >"$PLATFORM_KEY_FILE" 2>"$LOGS/API-key.log") ||
        fail "No API key could be made: $(tail -n 1 "$LOGS/API-key.log")"
}

# Adds the platform's webhook endpoint, in place of the one of the last start. Sets `platform_secret`.
add_platform_endpoint() {
    local server url id
    server=$(server_binary)
    url=http://127.0.0.1:$EXAMPLE_PLATFORM_PORT/webhooks
    for id in $("$server" webhooks endpoints 2>/dev/null | awk -v url="$url:" '$2 == url { print $1 }'); do
        "$server" webhooks endpoints remove "$id" >/dev/null 2>&1
    done
    platform_secret=$("$server" webhooks endpoints add "$url" 2>"$LOGS/webhook-endpoint.log") ||
        fail "No webhook endpoint could be added: $(tail -n 1 "$LOGS/webhook-endpoint.log")"
}

platform_pid=""

start_platform() {
    at_exit stop_platform
    set -m
    SHOP_URL=$platform_shop_url SHOP_API_KEY=$(cat "$PLATFORM_KEY_FILE") WEBHOOK_SECRET=$platform_secret \
        PORT=$EXAMPLE_PLATFORM_PORT \
        node "$ROOT/end2end/example-platform/server.mjs" </dev/null &
    platform_pid=$!
    set +m
    say "The API key of the example platform is in $PLATFORM_KEY_FILE, for calls of your own."
}

stop_platform() { stop_child "$platform_pid"; }
