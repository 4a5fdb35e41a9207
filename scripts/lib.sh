# What the scripts share. Sourced, from the repository's root.

# rust-toolchain.toml names one exact compiler. Where rustup has it under another name (stable), that one will do, and
# must: with RUSTUP_AUTO_INSTALL=0, or without a network, rustup would only say that the name is missing.
select_rust() {
    local version name
    if [[ -n ${RUSTUP_TOOLCHAIN:-} ]] || ! command -v rustup >/dev/null || RUSTUP_AUTO_INSTALL=0 rustc -V >/dev/null 2>&1; then
        return
    fi
    version=$(sed -n 's/^channel = "\(.*\)"$/\1/p' rust-toolchain.toml)
    for name in $(rustup toolchain list | cut -d ' ' -f 1); do
        if [[ $(rustup run "$name" rustc -V 2>/dev/null) == "rustc $version "* ]]; then
            export RUSTUP_TOOLCHAIN=$name
            return
        fi
    done
}

require_node() {
    command -v node >/dev/null || { echo "Node 20 or newer is needed, and there is none (https://nodejs.org)" >&2; return 1; }
    local version
    version=$(node -v)
    version=${version#v}
    ((${version%%.*} >= 20)) || { echo "Node 20 or newer is needed, this is $version" >&2; return 1; }
}

# A folder's npm packages, exactly as its lock file has them. The copy of the lock file is written last, so that an
# installation cut short is done again.
npm_packages() {
    local folder=$1
    cmp -s "$folder/package-lock.json" "$folder/node_modules/.installed" && return
    echo "installing the npm packages of $folder" >&2
    (cd "$folder" && npm ci --no-audit --no-fund --no-update-notifier --loglevel=error "${@:2}" >/dev/null) &&
        cp "$folder/package-lock.json" "$folder/node_modules/.installed"
}
