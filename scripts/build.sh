#!/usr/bin/env bash
# Makes the host runnable: npm packages and the TypeScript build. Silent, and quick, where nothing has changed.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/lib.sh

require_node
npm_packages js-host
cd js-host

# Not in dist/: npm would publish it.
stamp=node_modules/.built
if [[ ! -e dist/index.js || ! -e $stamp ]] ||
    [[ -n $(find src scripts package.json tsconfig*.json ../pkg -newer $stamp -print -quit) ]]; then
    # Older than anything edited while the build runs.
    touch $stamp.new
    npm run --silent build >&2 || { echo "the build of js-host failed" >&2; exit 1; }
    mv $stamp.new $stamp
fi
