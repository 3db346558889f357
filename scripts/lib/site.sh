# shellcheck shell=bash
# Builds the shop in plain steps: front end, JavaScript around it, CSS, compression, server. `cargo leptos build` does
# the same without the compression, and writes to the same places; names and folders come from Cargo.toml's
# [[workspace.metadata.leptos]]. Sourced after tools.sh.

# The server's Cargo profile: the one that compiles fastest, except for `scripts/run --release`. The front end always
# has the same profile: without optimisation it would compile no faster, because most of its code is in dependencies.
server_profile=dev

leptos_setting() {
    awk -v key="$1" '/^\[\[workspace.metadata.leptos\]\]/ { inside = 1; next } /^\[/ { inside = 0 }
        inside && $1 == key { gsub(/^[^=]*= *"|"$/, ""); print; exit }' "$ROOT/Cargo.toml"
}

# Without DATABASE_URL, which is the shop's: SQL is checked against the .sqlx folders.
build_cargo() { env -u DATABASE_URL SQLX_OFFLINE=true cargo "$@"; }

site_pkg() { say "$ROOT/$(leptos_setting site-root)/$(leptos_setting site-pkg-dir)"; }

build_site() {
    local name site pkg profile
    name=$(leptos_setting output-name)
    site=$ROOT/$(leptos_setting site-root)
    pkg=$(site_pkg)
    profile=$(leptos_setting lib-profile-release)
    mkdir -p "$pkg"
    step "Compile the front end" "The front end does not compile: see the lines above." \
        front_cargo build -p frontend --lib --profile "$profile"
    step "Compile what binds it to JavaScript" "It does not compile: see the lines above." build_cargo build -p bind-wasm
    step "Bind it to JavaScript" "wasm-bindgen failed: see the lines above." \
        bind_wasm "$CARGO_TARGET_DIR/front/wasm32-unknown-unknown/$profile/frontend.wasm" "$pkg" "$name"
    step "Write the style sheet" "Tailwind failed: see the lines above." \
        "$ROOT/style/node_modules/.bin/tailwindcss" --input "$ROOT/$(leptos_setting tailwind-input-file)" \
        --output "$pkg/$name.css" --minify
    step "Compress it" "The front end could not be compressed: see the lines above." \
        node "$ROOT/scripts/pack-site.mjs" "$pkg" "$name"
    copy_assets "$ROOT/$(leptos_setting assets-dir)" "$site" "${pkg#"$site"/}"
}

# Cargo's folder for a profile.
profile_folder() { if [ "$1" = dev ]; then say debug; else say "$1"; fi; }

# bind_wasm WASM FOLDER NAME: does nothing if the files are up to date.
bind_wasm() {
    local stamp=$1.bound
    cksum "$1" "$2/$3.js" "$2/$3.wasm" 2>/dev/null | cmp -s - "$stamp" && return
    "$CARGO_TARGET_DIR/debug/bind-wasm" "$@" && cksum "$1" "$2/$3.js" "$2/$3.wasm" >"$stamp"
}

# Replaces everything except the front end, so that a file that was removed from public/ is removed from the site too.
copy_assets() {
    find "$2" -mindepth 1 -maxdepth 1 ! -name "$3" -exec rm -rf {} +
    cp -R "$1/." "$2/"
}

build_server() {
    step "Compile the server" "The server does not compile: see the lines above." \
        build_cargo build -p server --profile "$server_profile"
}

server_binary() { say "$CARGO_TARGET_DIR/$(profile_folder "$server_profile")/server"; }
