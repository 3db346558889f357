# shellcheck shell=bash
# Checks the machine's requirements. Installs what is missing if it can, and otherwise names it. Sourced after steps.sh.

# install_packages WHAT PACKAGE…: Debian's packages, for root.
install_packages() {
    local what=$1
    shift
    if [ "$(id -u)" != 0 ] || ! have apt-get; then
        fail "$what is missing. Install it and start again; on Debian and Ubuntu: sudo apt-get install $*"
    fi
    step "Install $what" "apt could not install $*: look at the lines above, install by hand and start again." \
        apt_install "$@"
}

apt_install() {
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -q && apt-get install -y -q --no-install-recommends -o DPkg::Lock::Timeout=120 "$@"
}

# at_least WANTED HAVE: compares dotted versions.
at_least() { [ "$(printf '%s\n%s\n' "$1" "$2" | sort -V | head -n 1)" = "$1" ]; }

need_rust() {
    local wanted version
    have cargo || fail "cargo is missing. Install Rust by https://rustup.rs and start again."
    wanted=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' "$ROOT/Cargo.toml")
    version=$(rustc --version | cut -d ' ' -f 2)
    at_least "$wanted" "$version" || fail "Rust $wanted or newer is needed, here is $version. Run: rustup update stable"
}

need_node() {
    local version
    if ! have node || ! have npm; then fail "Node 20 or newer with npm is missing. Install it from https://nodejs.org"; fi
    version=$(node --version)
    at_least 20 "${version#v}" || fail "Node 20 or newer is needed, here is $version."
}

# Crates with C inside (SQLite, TLS) need a compiler and libc's headers.
need_c_compiler() {
    local missing=()
    have cc || missing+=(gcc libc6-dev)
    [ "$(uname)" != Linux ] || [ -e /etc/ssl/certs/ca-certificates.crt ] || ! have apt-get || missing+=(ca-certificates)
    [ ${#missing[@]} = 0 ] || install_packages "a C compiler" "${missing[@]}"
}

# need_writable FOLDER…: creates it if it is missing.
need_writable() {
    local folder probe
    for folder in "$@"; do
        probe="$folder/.write-probe.$$"
        { mkdir -p "$folder" && : >"$probe" && rm -f "$probe"; } 2>/dev/null ||
            fail "The folder $folder cannot be written. Change its owner or mode, or name another one."
    done
}

# need_free_address HOST:PORT
need_free_address() {
    local outcome
    outcome=$(node "$ROOT/scripts/lib/port.mjs" check "$1") || fail "$outcome"
}

free_port() { node "$ROOT/scripts/lib/port.mjs" free; }

# For Stripe's Python SDK, which tests the double of Stripe.
need_python() {
    python3 -c 'import ensurepip, venv' 2>/dev/null || install_packages "Python with venv" python3 python3-venv
}

# To compress the front end; Node has zstd itself from 22.15 on.
need_zstd() {
    have zstd || node -e 'process.exit(require("zlib").zstdCompressSync ? 0 : 1)' || install_packages zstd zstd
}

# The browser for the journeys: $CHROMIUM, or Debian's package.
need_browser() {
    [ -z "${CHROMIUM-}" ] || [ -x "$CHROMIUM" ] || fail "CHROMIUM names no program: $CHROMIUM"
    [ -n "${CHROMIUM-}" ] || have chromium || install_packages "Chromium" chromium
    export CHROMIUM=${CHROMIUM:-$(command -v chromium)}
}
