# shellcheck shell=bash
# The build tools, pinned, in a folder of the project: the wasm32 target, npm packages, and wasm-bindgen for
# cargo-leptos. Installed once. Sourced after machine.sh.

# Without optimisation, because a tool compiles for minutes and runs for seconds.
quick_tool_build() {
    CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16 CARGO_PROFILE_RELEASE_OPT_LEVEL=0 \
        cargo install --root "$TOOLS" --target-dir "$CARGO_TARGET_DIR/tools" --force "$@" &&
        rm -rf "$CARGO_TARGET_DIR/tools"
}

locked_version() {
    awk -v name="name = \"$1\"" '$0 == name { getline; gsub(/version = |"/, ""); print; exit }' "$ROOT/Cargo.lock"
}

# Cargo for the front end: the default toolchain, or Debian's if only that has the wasm32 target.
front_toolchain=
front_cargo() {
    local subcommand=$1
    shift
    cargo ${front_toolchain:+"+$front_toolchain"} "$subcommand" --target wasm32-unknown-unknown \
        --target-dir "$CARGO_TARGET_DIR/front" "$@"
}

has_wasm_std() { compgen -G "$1/libstd-*.rlib" >/dev/null; }

has_wasm_target() { has_wasm_std "$(rustc --print target-libdir --target wasm32-unknown-unknown)"; }

DEBIAN_WASM_STD=/usr/lib/rustlib/wasm32-unknown-unknown/lib

need_wasm_target() {
    has_wasm_target && return
    if has_wasm_std "$DEBIAN_WASM_STD" && rustup toolchain list | grep -q '^system'; then
        front_toolchain=system
        return
    fi
    if have rustup; then
        logged "Add the wasm32 target" rustup target add wasm32-unknown-unknown && has_wasm_target && return
        show_log 5
    fi
    if [ "$(id -u)" != 0 ] || ! apt-cache show rust-web-src >/dev/null 2>&1; then
        fail "Rust's wasm32 target is missing. Install it (rustup target add wasm32-unknown-unknown) and start again."
    fi
    say "Taking Debian's Rust for the front end instead."
    debian_wasm_target
    front_toolchain=system
}

debian_wasm_target() {
    if ! [ -x /usr/bin/cargo ] || ! [ -d /usr/lib/rustlib/src ] || ! have lld-22; then
        install_packages "Debian's Rust" rustc-web cargo-web rust-web-src rust-web-llvm rust-web-clippy lld-22
    fi
    has_wasm_std "$DEBIAN_WASM_STD" ||
        step "Build Rust's standard library for wasm32" "Debian's Rust could not build it: see the lines above." \
            build_wasm_std "$DEBIAN_WASM_STD"
    rustup toolchain list | grep -q '^system' || rustup toolchain link system /usr
}

build_wasm_std() {
    local scratch
    scratch=$(mktemp -d) && mkdir "$scratch/src" && : >"$scratch/src/lib.rs" &&
        printf '[package]\nname = "std-for-wasm32"\nedition = "2024"\n[lib]\ncrate-type = ["cdylib"]\n' >"$scratch/Cargo.toml" &&
        (cd "$scratch" && RUSTC_BOOTSTRAP=1 RUSTC=/usr/bin/rustc CARGO_TARGET_DIR=$scratch/target /usr/bin/cargo build \
            --release -Zbuild-std=std,panic_abort --target wasm32-unknown-unknown) &&
        mkdir -p "$1" && cp "$scratch"/target/wasm32-unknown-unknown/release/deps/*.rlib "$1" && rm -rf "$scratch"
}

# Only for cargo-leptos, which runs wasm-bindgen's command line; the other scripts use scripts/bind-wasm. Must be the
# version that the front end is compiled with.
need_wasm_bindgen() {
    local version
    version=$(locked_version wasm-bindgen)
    [ "$(wasm-bindgen --version 2>/dev/null)" = "wasm-bindgen $version" ] && return
    if have cargo-binstall && logged "Download wasm-bindgen $version" \
        cargo binstall --no-confirm --disable-telemetry --force --root "$TOOLS" "wasm-bindgen-cli@$version"; then return; fi
    step "Compile wasm-bindgen $version (once, 2 to 4 minutes)" \
        "Compile it by hand: cargo install wasm-bindgen-cli --version $version" \
        quick_tool_build wasm-bindgen-cli --version "$version"
}

# need_npm_packages FOLDER: installs from its lock file, if that has changed since the last time.
need_npm_packages() {
    local folder=$1
    cmp -s "$ROOT/$folder/package-lock.json" "$ROOT/$folder/node_modules/.installed-lock.json" && return
    step "Install npm packages in $folder/" "npm could not install them: is the registry reachable?" npm_install "$folder"
}

npm_install() {
    cd "$ROOT/$1" && PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD=1 npm ci --no-audit --no-fund &&
        cp package-lock.json node_modules/.installed-lock.json
}
