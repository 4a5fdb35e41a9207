#!/usr/bin/env bash
# Starts Envoy with the configuration beside this file, and shows an event accepted. Nothing is left behind.
source "$(dirname "$0")/../mirror.sh"
configured "$(dirname "$0")/envoy.yaml" >"$work/envoy.yaml"
"${ENVOY:-envoy}" -c "$work/envoy.yaml" --use-dynamic-base-id --concurrency 1 --log-path "$work/envoy.log" &
pids+=($!)
prove
