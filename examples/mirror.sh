# What the try.sh of nginx and of Envoy share: a stand-in for Amazon, a collector and an origin, each on a free port, and the
# proof that an event which passes the proxy reaches both. Sourced; ends what it started.
set -euo pipefail
host=$(cd "$(dirname "${BASH_SOURCE[0]}")/../js-host" && pwd)
work=$(mktemp -d)
pids=()
cleanup() {
    for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
    wait 2>/dev/null || true
    rm -rf "$work"
}
trap cleanup EXIT

# Waits until a condition holds, for ten seconds.
until_true() {
    for _ in $(seq 100); do
        "$@" && return
        sleep 0.1
    done
    echo "in vain: $*" >&2
    cat "$work"/*.log >&2
    return 1
}

# Runs a Node program, and waits for what it prints first.
background() {
    local name=$1
    shift
    node "$@" >"$work/$name.out" 2>"$work/$name.log" &
    pids+=($!)
    until_true test -s "$work/$name.out"
}

free_port() { node -e 'const s = require("net").createServer().listen(0, "127.0.0.1", () => { console.log(s.address().port); s.close() })'; }

# Answers with what it was sent.
origin() {
    cat <<'JS'
const server = require("http").createServer((request, response) => {
  const { method, url, headers } = request;
  let body = "";
  request.setEncoding("utf8").on("data", (data) => (body += data));
  request.on("end", () => response.end(JSON.stringify([method, url, headers.authorization, headers["content-type"], body])));
});
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
JS
}

background mock "$host/bin/amazon-dsp-events.js" mock
set -a
# shellcheck source=/dev/null
. "$work/mock.out"
set +a
WRITE_KEY=wk_example background collector "$host/bin/amazon-dsp-events.js" serve --port 0 --trust-proxy 1
collector_pid=${pids[-1]}
background origin -e "$(origin)"
origin_port=$(cat "$work/origin.out")
collector_port=$(sed 's/.*://' "$work/collector.out")
proxy_port=$(free_port)

# The configuration with this run's ports.
configured() { sed -e "s/9000/$origin_port/; s/8788/$collector_port/; s/8080/$proxy_port/" "$1"; }

listens() { (exec 3<>"/dev/tcp/127.0.0.1/$proxy_port") 2>/dev/null; }

# Says what came back, and whether the origin was sent what the proxy was.
send() {
    node -e '
const [method, path, key, type] = ["POST", "/v1/track?from=page", `Basic ${btoa("wk_example:")}`, "application/json"];
const body = JSON.stringify({ event: "Product Added", messageId: "m-1", userId: "jane.doe@example.com", properties: { country: "US" } });
fetch(process.argv[1] + path, { method, headers: { authorization: key, "content-type": type }, body }).then(async (answer) => {
  const text = await answer.text();
  console.log(answer.status, text === JSON.stringify([method, path, key, type, body]) ? "for the request as it was sent" : text);
});' "http://127.0.0.1:$proxy_port"
}

accepted() { node -e 'fetch(process.argv[1]).then((answer) => answer.json()).then(({ accepted }) => console.log(accepted))' "$BASE_URL/__stats"; }
has_one() { [[ $(accepted) == 1 ]]; }

# Call it when the proxy has been started.
prove() {
    until_true listens
    echo "origin answered: $(send)"
    until_true has_one
    echo "accepted at Amazon's stand-in: $(accepted)"
    kill "$collector_pid"
    wait "$collector_pid" || true
    echo "with the collector dead, the origin answered: $(send)"
}
