// How many requests `serve` takes on loopback, and how much it adds to a proxied one, beside a bare proxy in the same run.
//   node scripts/bench-serve.mjs
import { spawn } from "node:child_process";
import { Agent, createServer, request } from "node:http";
import { fileURLToPath } from "node:url";

import { startMock } from "../dist/mock/index.js";

const ROUNDS = 2000;
const LOAD = 10_000;
const CONNECTIONS = 32;
const bin = fileURLToPath(new URL("../bin/amazon-dsp-events.js", import.meta.url));
const agent = new Agent({ keepAlive: true });

const listening = (server) => new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(`http://127.0.0.1:${server.address().port}`)));

const origin = createServer((incoming, outgoing) => incoming.resume().on("end", () => outgoing.end("ok")));
const originUrl = await listening(origin);
const bare = createServer((incoming, outgoing) => {
  const { method, headers, url } = incoming;
  incoming.pipe(
    request(originUrl + url, { method, headers, agent }, (answer) => answer.pipe(outgoing.writeHead(answer.statusCode, answer.headers))),
  );
});

const mock = await startMock();
const children = [];
function serve(parameters, ...args) {
  const env = { PATH: process.env.PATH, ...parameters, WRITE_KEY: "wk" };
  const child = spawn(process.execPath, [bin, "serve", "--port", "0", "--grace", "1", ...args], { env, stdio: ["ignore", "pipe", "ignore"] });
  children.push(child);
  return new Promise((resolve) => child.stdout.once("data", (data) => resolve(String(data).trim())));
}

let sent = 0;
/** Posts one event, and resolves to the milliseconds that its answer took. */
function post(url) {
  const event = {
    type: "track",
    event: "Product Added",
    messageId: `m-${sent++}`,
    timestamp: new Date().toISOString(),
    context: { traits: { email: "jane.doe@example.com", address: { country: "US" } } },
  };
  const body = JSON.stringify(event);
  const headers = { authorization: `Basic ${btoa("wk:")}`, "content-type": "application/json", "content-length": body.length };
  return new Promise((resolve, reject) => {
    const start = performance.now();
    request(`${url}/v1/track`, { method: "POST", agent, headers }, (answer) => {
      if (answer.statusCode !== 200) reject(new Error(`status ${answer.statusCode}`));
      answer.resume().on("end", () => resolve(performance.now() - start));
    })
      .on("error", reject)
      .end(body);
  });
}

const dead = { ...mock.parameters, BASE_URL: "http://127.0.0.1:1", TOKEN_URL: "http://127.0.0.1:1/token" };
const targets = {
  "the origin itself": originUrl,
  "a bare proxy": await listening(bare),
  "serve --upstream": await serve(mock.parameters, "--upstream", originUrl),
  "the same, Amazon dead": await serve(dead, "--upstream", originUrl),
  "serve": await serve(mock.parameters),
};
const times = Object.fromEntries(Object.keys(targets).map((name) => [name, []]));
for (let round = -200; round < ROUNDS; round++) {
  for (const [name, url] of Object.entries(targets)) {
    const time = await post(url);
    if (round >= 0) times[name].push(time);
  }
}
for (const [name, all] of Object.entries(times)) {
  all.sort((a, b) => a - b);
  const at = (share) => all[Math.floor(all.length * share)].toFixed(2).padStart(6);
  console.log(`${name.padEnd(22)} median ${at(0.5)} ms, 90 % ${at(0.9)} ms, 99 % ${at(0.99)} ms`);
}

for (let run = 0; run < 2; run++) {
  const start = performance.now();
  let left = LOAD;
  const sender = async () => {
    while (left-- > 0) await post(targets.serve);
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, sender));
  console.log(`serve, ${CONNECTIONS} connections: ${Math.round(LOAD / ((performance.now() - start) / 1000))} requests/s, one event each`);
}

await Promise.all(children.map((child) => new Promise((resolve) => child.once("close", resolve).kill())));
await mock.close();
for (const server of [origin, bare]) server.close().closeAllConnections();
agent.destroy();
