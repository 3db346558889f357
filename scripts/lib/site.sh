# shellcheck shell=bash
# The shop in plain steps: front end, wasm-bindgen, CSS, compression, server. `cargo leptos build` does the same, but for
# the compression, and puts the files in the same places; names and folders come from Cargo.toml's
# [[workspace.metadata.leptos]]. Sourced after tools.sh.

leptos_setting() {
    awk -v key="$1" '/^\[\[workspace.metadata.leptos\]\]/ { inside = 1; next } /^\[/ { inside = 0 }
        inside && $1 == key { gsub(/^[^=]*= *"|"$/, ""); print; exit }' "$ROOT/Cargo.toml"
}

# A database that the shop shall use is none of the compiler's business: SQL is checked against what is in .sqlx.
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
    step "Bind it to JavaScript" "wasm-bindgen failed: see the lines above." \
        bind_wasm "$CARGO_TARGET_DIR/front/wasm32-unknown-unknown/$profile/frontend.wasm" "$pkg" "$name"
    step "Write the style sheet" "Tailwind failed: see the lines above." \
        "$ROOT/style/node_modules/.bin/tailwindcss" --input "$ROOT/$(leptos_setting tailwind-input-file)" \
        --output "$pkg/$name.css" --minify
    step "Compress it" "The front end could not be compressed: see the lines above." \
        node "$ROOT/scripts/pack-site.mjs" "$pkg" "$name"
    copy_assets "$ROOT/$(leptos_setting assets-dir)" "$site" "${pkg#"$site"/}"
}

# bind_wasm WASM FOLDER NAME: what was bound before, and is as it was then, is not bound again.
bind_wasm() {
    local stamp=$1.bound
    cksum "$1" "$2/$3.js" "$2/$3.wasm" 2>/dev/null | cmp -s - "$stamp" && return
    # The names of functions would be more than half of what the browser loads. Leptos asks for NAME.wasm, while
    # wasm-bindgen writes NAME_bg.wasm.
    wasm-bindgen "$1" --target web --no-typescript --remove-name-section --remove-producers-section --out-dir "$2" \
        --out-name "$3" && mv -f "$2/$3_bg.wasm" "$2/$3.wasm" && cksum "$1" "$2/$3.js" "$2/$3.wasm" >"$stamp"
}

# What public/ no longer has must not stay in the site.
copy_assets() {
    find "$2" -mindepth 1 -maxdepth 1 ! -name "$3" -exec rm -rf {} +
    cp -R "$1/." "$2/"
}

build_server() {
    step "Compile the server" "The server does not compile: see the lines above." build_cargo build -p server
}

server_binary() { say "$CARGO_TARGET_DIR/debug/server"; }
