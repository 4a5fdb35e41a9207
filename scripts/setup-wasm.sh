#!/usr/bin/env bash
# Makes sure that this machine can build, optimise and test the WebAssembly module: std for wasm32-unknown-unknown,
# wasm-bindgen of the version in Cargo.lock, wasm-pack, and wasm-opt. Says what it installs; silent if all is there.
#
# Prints a shell line that makes the tools usable:   eval "$(scripts/setup-wasm.sh)"
# WASM_STD=source builds std from source even where rustup could fetch it.
# Exit 3: there is no way to the std of the target here; everything but the wasm build still works.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/lib.sh
select_rust

target=wasm32-unknown-unknown
wasm_pack_version=0.15.1
tools=${XDG_CACHE_HOME:-$HOME/.cache}/amazon-dsp-events
log=$tools/log
mkdir -p "$tools/bin" "$log"
say() { printf 'setup: %s\n' "$*" >&2; }

# Runs quietly; shows the end of the log only if it fails.
logged() {
    local name=$1
    shift
    "$@" >"$log/$name.log" 2>&1 || { tail -n 20 "$log/$name.log" >&2; return 1; }
}

# --- std ---------------------------------------------------------------------------------------------------------

# Also false for a std that another compiler left behind.
std_works() {
    echo 'pub fn f() -> String { 1.to_string() }' |
        rustc --target $target --edition 2024 --crate-type cdylib -o "$tools/probe.wasm" - >"$log/probe.log" 2>&1
}

# A std put there by this script carries this file; no other is ever removed.
own_std() { [[ -e $(rustc --print sysroot)/lib/rustlib/$target/built-from-source ]]; }

std_from_rustup() {
    [[ ${WASM_STD:-} != source ]] && command -v rustup >/dev/null || return 1
    # rustup refuses to write over files it does not know.
    ! own_std || rm -rf "$(rustc --print sysroot)/lib/rustlib/$target"
    # A server that is not there may keep a connection open for ever.
    logged rustup timeout 120 rustup target add $target 2>/dev/null && std_works
}

# Debian ships the sources of Rust's std. An apt configuration of our own leaves the system's as it is.
fetch_debian_source() {
    local version=$1 into=$2 mirror package
    command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null || return 1
    mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep -E '/debian/$' | head -n 1)
    [[ -n $mirror ]] || return 1
    mkdir -p "$into"/apt/{etc/{sources.list,preferences,apt.conf}.d,lists/partial,cache/archives/partial}
    for suite in trixie-backports trixie bookworm-backports; do
        echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $suite main"
    done >"$into/apt/sources.list"
    cat >"$into/apt/apt.conf" <<CONF
Dir::Etc "$into/apt/etc";
Dir::Etc::SourceList "$into/apt/sources.list";
Dir::State::Lists "$into/apt/lists";
Dir::Cache "$into/apt/cache";
Acquire::Languages "none";
APT::Sandbox::User "root";
CONF
    export APT_CONFIG=$into/apt/apt.conf
    logged apt-update apt-get update || true # one missing suite is no failure
    package=$(apt-cache madison rust-src | awk -v version="$version+" 'index($3, version) == 1 { print $3; exit }')
    [[ -n $package ]] || { say "no Debian suite has the sources of Rust $version"; return 1; }
    (cd "$into" && logged apt-download apt-get download "rust-src=$package" && mkdir -p src &&
        dpkg-deb --fsys-tarfile rust-src_*.deb |
        tar -x -C src --strip-components=4 --wildcards --no-wildcards-match-slash './usr/src/*/library')
}

# Builds std once, where rustup would have put it, so that plain stable cargo finds it ever after.
std_from_source() (
    sysroot=$(rustc --print sysroot)
    into=$sysroot/lib/rustlib/$target
    library=$sysroot/lib/rustlib/src/rust/library
    if [[ ! -w $sysroot/lib/rustlib ]] || { [[ -e $into ]] && ! own_std; }; then
        say "$into cannot be replaced"
        return 1
    fi
    work=$(mktemp -d "$tools/std.XXXXXX")
    trap 'rm -rf "$work"; [[ ! -L $library ]] || { rm "$library"; rmdir -p --ignore-fail-on-non-empty "${library%/*}"; }' EXIT
    if [[ ! -e $library/Cargo.lock ]]; then
        fetch_debian_source "$(rustc -vV | sed -n 's/^release: //p')" "$work" || return 1
        # cargo looks for the sources in the sysroot only; they are linked there while std is built.
        mkdir -p "${library%/*}"
        ln -sfn "$work/src/library" "$library"
    fi
    # Debian's sources hold std's dependencies; rustup's name them for cargo to fetch.
    config=()
    if [[ -d $library/vendor ]]; then
        config=(--offline --config 'source.crates-io.replace-with="vendor"'
            --config "source.vendor.directory=\"$library/vendor\"")
    fi
    mkdir -p "$work/std/src"
    echo '#![no_std]' >"$work/std/src/lib.rs"
    printf '[package]\nname = "std_build"\nedition = "2024"\n[profile.release]\ncodegen-units = 1\n[workspace]\n' \
        >"$work/std/Cargo.toml"
    say "building std for $target"
    # -Cembed-bitcode: a project's lto needs it. The remapped path is the one of the official std.
    cd "$work/std"
    RUSTC_BOOTSTRAP=1 CARGO_TARGET_DIR=$work/target RUSTFLAGS="-Cembed-bitcode=yes \
        --remap-path-prefix=$library=/rustc/$(rustc -vV | sed -n 's/^commit-hash: //p')/library" \
        logged std cargo build --release --target $target -Zbuild-std=std,panic_abort,test "${config[@]}" || return 1
    rm -rf "$into"
    mkdir -p "$into/lib"
    find "$work/target/$target/release/deps" -name '*.rlib' ! -name 'libstd_build-*' -exec cp -t "$into/lib" {} +
    touch "$into/built-from-source"
    std_works
)

# --- tools -------------------------------------------------------------------------------------------------------

# A crate's programs at one exact version. An unoptimised build takes half the time and still works in a blink. The
# crate's own lock file may name a version the registry does not have; that shows at once.
ensure_crate() {
    local crate=$1 version=$2 home=$tools/$1-$2
    if [[ ! -x $home/bin/${crate%-cli} ]]; then
        say "building $crate $version"
        local install=(env CARGO_PROFILE_DEV_DEBUG=0 CARGO_INCREMENTAL=0 cargo install "$crate" --version "$version" --debug
            --root "$home" --target-dir "$tools/build" "${@:3}")
        logged "$crate" "${install[@]}" --locked 2>/dev/null || logged "$crate" "${install[@]}"
        rm -rf "$tools/build"
    fi
    ln -sf "$home"/bin/* "$tools/bin/"
}

ensure_wasm_opt() {
    mkdir -p "$tools/npm"
    cp scripts/tools/package.json scripts/tools/package-lock.json "$tools/npm/"
    npm_packages "$tools/npm" --ignore-scripts
    ln -sf "$tools/npm/node_modules/.bin/wasm-opt" "$tools/bin/wasm-opt"
}

locked_version() {
    awk -F '"' -v name="$1" '$0 == "name = \"" name "\"" { getline; print $2; exit }' Cargo.lock
}

command -v cargo >/dev/null || { say "cargo is missing: install Rust first (https://rustup.rs)"; exit 1; }

# One set-up at a time.
if command -v flock >/dev/null; then
    exec 9>"$tools/lock"
    flock 9
fi

std_works || std_from_rustup || std_from_source || {
    grep -m 1 '^error' "$log/probe.log" >&2
    say "no std for $target to be had for $(rustc -V): neither from rustup nor from Debian's sources"
    exit 3
}
# TLS would only serve browsers on other machines.
ensure_crate wasm-bindgen-cli "$(locked_version wasm-bindgen)" --no-default-features
ensure_crate wasm-pack $wasm_pack_version
ensure_wasm_opt
# wasm-pack would keep a cache folder of its own.
echo "export PATH=\"$tools/bin:\$PATH\" WASM_PACK_CACHE=\"$tools/wasm-pack\""
