#!/usr/bin/env bash
# Makes pkg/ from the sources, whole or not at all:   scripts/pkg.sh
# Proves that the committed pkg/ is what the sources make:   scripts/pkg.sh --check
set -euo pipefail
cd "$(dirname "$0")/.."

target=wasm32-unknown-unknown
max_raw=$((300 * 1024)) max_brotli=$((110 * 1024))
say() { printf 'pkg: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }
sha256() { sha256sum | cut -d' ' -f1; }

# Everything that decides what the module is, but for the tools, which are recorded by version.
source_hash() {
    git ls-files -z --cached --others --exclude-standard Cargo.toml Cargo.lock rust-toolchain.toml src scripts/pkg.sh |
        LC_ALL=C sort -z | xargs -0 sha256sum | sha256
}

# The official std and one built from source differ by a few bytes, so a module is compared only with its like.
std_hash() {
    find "$(rustc --print sysroot)/lib/rustlib/$target/lib" -name 'libstd-*.rlib' -exec cat {} + | sha256
}

build() {
    local into=$1 cargo_home=${CARGO_HOME:-$HOME/.cargo} flags
    # No path of the builder's machine may get into the module, or no two machines would make the same.
    flags=("-Ctarget-feature=+simd128" "--remap-path-prefix=$PWD=/amazon-dsp-events" "--remap-path-prefix=$cargo_home=/cargo"
        "--remap-path-prefix=$(rustc --print sysroot)=/rust")
    CARGO_ENCODED_RUSTFLAGS=$(IFS=$'\x1f' && printf '%s' "${flags[*]}")
    export CARGO_ENCODED_RUSTFLAGS
    wasm-pack --log-level warn build --release --target web --out-dir "$into" --out-name core --no-pack -- --locked --features wasm \
        >"$into.log" 2>&1 || { tail -n 40 "$into.log" >&2; die "wasm-pack failed"; }
    # No feature flags: wasm-opt reads the features from the module, and more of them would not load on Node 20.
    wasm-opt -Oz -o "$into/core_bg.wasm" "$into/core_bg.wasm"
    # wasm-pack's ignores everything, and npm obeys it.
    rm -f "$into/.gitignore"
    node scripts/pkg-info.mjs "$into" "$(source_hash)" "$(std_hash)" "$(rustc -V)" "$(wasm-bindgen -V)" "$(wasm-opt --version)"
}

check_budget() {
    node -e '
        const { raw, brotli } = JSON.parse(require("fs").readFileSync(process.argv[1] + "/build.json", "utf8")).bytes;
        const [maxRaw, maxBrotli] = process.argv.slice(2).map(Number);
        console.error(`pkg: core_bg.wasm is ${raw} bytes (limit ${maxRaw}), brotli ${brotli} (limit ${maxBrotli})`);
        process.exit(raw <= maxRaw && brotli <= maxBrotli ? 0 : 1);
    ' "$1" $max_raw $max_brotli || die "core_bg.wasm is over its budget"
}

recorded() { node -p "JSON.parse(require('fs').readFileSync('pkg/build.json', 'utf8')).$1"; }

stale() { die "pkg/ is stale ($1): run \`make pkg\` and commit it"; }

tools=$(scripts/setup-wasm.sh) || {
    status=$?
    [[ ${1:-} == --check && $status == 3 ]] || exit "$status"
    say "the module cannot be built here; comparing the sources' hash alone"
    [[ $(recorded sources) == "$(source_hash)" ]] || stale "its sources have changed"
    exit 0
}
eval "$tools"
staging=$PWD/target/pkg
rm -rf "$staging" && mkdir -p "$staging"
build "$staging"
check_budget "$staging"

if [[ ${1:-} != --check ]]; then
    rm -rf pkg
    mv "$staging" pkg
    exit 0
fi
[[ $(recorded sources) == "$(source_hash)" ]] || stale "its sources have changed"
if [[ $(recorded std) == "$(std_hash)" ]]; then
    diff -rq "$staging" pkg >&2 || stale "a rebuild differs"
    say "pkg/ is byte for byte what the sources make"
else
    for file in core.js core.d.ts core_bg.wasm.d.ts package.json; do
        cmp "$staging/$file" "pkg/$file" >&2 || stale "$file differs"
    done
    say "std here is another build than the recorded one: sources and glue are the same, the module was not compared"
fi
