// The playground without a browser: what its server hands out, the JSON with places, and the snippets that reproduce what is
// shown. The page itself is tested in tests/browser.
import assert from "node:assert/strict";
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test, type TestContext } from "node:test";
import { fileURLToPath } from "node:url";

import { Transformer } from "../dist/core.js";
import { examplesAt, manyAt } from "../dist/playground/page/examples.js";
import { compact, find, pretty, readJson } from "../dist/playground/page/json.js";
import { commandOf, fragmentOf, programOf, readFragment } from "../dist/playground/page/share.js";
import { startPlayground, type PlaygroundServerOptions } from "../dist/playground/server.js";

const bin = fileURLToPath(new URL("../bin/amazon-dsp-events.js", import.meta.url));
const NOW = Date.parse("2026-11-21T00:00:00Z");

async function serving(t: TestContext, options?: PlaygroundServerOptions): Promise<string> {
  const { url, close } = await startPlayground(options);
  t.after(close);
  return url;
}

/** `fetch` decides the Host header itself. */
async function status(url: string, path: string, options: { method?: string; host?: string } = {}): Promise<number | undefined> {
  const { port, host } = new URL(url);
  const asked = request({ host: "127.0.0.1", port, path, method: options.method ?? "GET", headers: { host: options.host ?? host } });
  asked.end();
  const [response] = (await once(asked, "response")) as [import("node:http").IncomingMessage];
  response.resume();
  return response.statusCode;
}

test("the page comes with a policy that lets it speak to its own server alone", async (t) => {
  const response = await fetch(await serving(t));
  assert.equal(response.status, 200);
  assert.equal(
    response.headers.get("content-security-policy"),
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; connect-src 'self'; style-src 'self'; img-src 'self'; " +
      "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types playground",
  );
  const html = await response.text();
  assert.doesNotMatch(html, /https?:|\sstyle=|\son\w+=|<script>/u);
});

test("every module that the page imports is served, and with its type", async (t) => {
  const url = await serving(t);
  const seen = new Set<string>();
  const follow = async (path: string): Promise<void> => {
    if (seen.has(path)) return;
    seen.add(path);
    const response = await fetch(new URL(path, url));
    assert.equal(response.status, 200, path);
    assert.equal(response.headers.get("content-type"), "text/javascript; charset=utf-8", path);
    const source = await response.text();
    for (const [, name = ""] of source.matchAll(/^(?:import|export) [^;]*?"(\.[^"]+)";$/gmu)) await follow(new URL(name, new URL(path, url)).pathname);
  };
  await follow("/playground/page/main.js");
  await follow("/playground/page/batch_worker.js");
  const modules = readdirSync(new URL("../dist/playground/page/", import.meta.url)).filter((name) => name.endsWith(".js") && name !== "batch_messages.js");
  assert.deepEqual([...seen].filter((path) => path.startsWith("/playground/page/")).map((path) => path.slice("/playground/page/".length)).sort(), modules.sort());
  const module = await fetch(new URL("/wasm/core.wasm", url));
  assert.equal(module.headers.get("content-type"), "application/wasm");
  assert.deepEqual(Buffer.from(await module.arrayBuffer()), readFileSync(new URL("../dist/wasm/core.wasm", import.meta.url)));
});

test("the server answers to its own names alone, takes nothing in, and has no file but the page's", async (t) => {
  const url = await serving(t, { config: async () => ({ name: "c.json", text: "{}" }) });
  const { port } = new URL(url);
  assert.equal(await status(url, "/config"), 200);
  assert.equal(await status(url, "/config", { host: `localhost:${port}` }), 200);
  assert.equal(await status(url, "/config", { host: `shop.example:${port}` }), 403);
  assert.equal(await status(url, "/config", { host: "127.0.0.1:1" }), 403);
  assert.equal(await status(url, "/", { method: "POST" }), 405);
  assert.equal(await status(url, "/", { method: "HEAD" }), 200);
  for (const path of ["/client.js", "/../package.json", "/%2e%2e/package.json", "/playground/page/", "/constructor"]) assert.equal(await status(url, path), 404, path);
});

test("the config is read again with each reload, and what hinders that is said", async (t) => {
  let text = '{"dataSetName":"first"}';
  const config = async (): Promise<{ name: string; text: string }> => {
    if (text === "") throw new Error("cannot read the config c.json: there is no such file");
    return { name: "c.json", text };
  };
  const url = await serving(t, { config });
  const given = async (): Promise<unknown> => (await fetch(new URL("/config", url))).json();
  assert.deepEqual(await given(), { name: "c.json", text: '{"dataSetName":"first"}' });
  text = "{ broken";
  assert.deepEqual(await given(), { name: "c.json", text: "{ broken" });
  text = "";
  assert.deepEqual(await given(), { problem: "cannot read the config c.json: there is no such file" });
  assert.equal(await (await fetch(new URL("/config", await serving(t)))).text(), "null");
});

test("the command prints its URL, and ends with 0 when it is stopped", async (t) => {
  const child = spawn(process.execPath, [bin, "playground", "--port", "0"], { stdio: ["ignore", "pipe", "pipe"], env: { PATH: process.env["PATH"] } });
  t.after(() => child.kill("SIGKILL"));
  const [line] = (await once(child.stdout, "data")) as [Buffer];
  assert.match(line.toString(), /^http:\/\/127\.0\.0\.1:\d+\/\n$/u);
  assert.equal((await fetch(line.toString().trim())).status, 200);
  child.kill("SIGTERM");
  assert.deepEqual(await once(child, "exit"), [0, null]);
});

test("the command says what is wrong with its options, and exits with 2", async (t) => {
  const { port } = new URL(await serving(t));
  const said = (...options: string[]): [number | null, string] => {
    const { status, stderr } = spawnSync(process.execPath, [bin, "playground", ...options], { encoding: "utf8", env: { PATH: process.env["PATH"] } });
    return [status, stderr];
  };
  assert.deepEqual(said("--config", "nowhere.json"), [2, "error: cannot read the config nowhere.json: there is no such file\n"]);
  assert.deepEqual(said("--port", port), [2, `error: cannot listen on port ${port}: another program listens there; choose another port, or 0 for a free one\n`]);
});

test("JSON is read as JSON.parse reads it", () => {
  const texts = [
    '{"a":[1,-2.5e+3,true,null,"\\u00e9\\n\\"x"],"":{},"b":[]}', "[]", "7", '"x"', " \n{ }\t", '{"a":1,"a":2}', '{"\\u0061":1}',
    "", " ", "{", "[1,]", '{"a":1,}', "{a:1}", "'x'", "01", "1.", ".5", "+1", "1e", "-", "nul", "nullx", "truefalse", '"\n"', '"\\x"', '"\\u12"', '"abc', "[1 2]", "{}{}", '{"a" 1}', '{"a":}', "\u00a0{}", "{}\u00a0", "{}\v", "\ufeff{}", "NaN", "1a", '"a"b', "]", ",",
  ];
  for (const text of texts) {
    const json = readJson(text);
    let parsed: unknown;
    try {
      parsed = JSON.parse(text);
    } catch {
      assert.ok(json.root === undefined && json.problem !== undefined, `not JSON: ${text}`);
      assert.ok(json.problem.at >= 0 && json.problem.at <= text.length, text);
      continue;
    }
    assert.equal(json.problem, undefined, text);
    assert.deepEqual(JSON.parse(compact(json)), parsed, text);
    assert.deepEqual(JSON.parse(pretty(json) ?? ""), parsed, text);
  }
});

test("what is laid out anew keeps every value as it was written", () => {
  const json = readJson('{"price":12.10,"big":12345678901234567890,"e":"\\u00e9","list":[{"a":1},[]]}');
  assert.equal(compact(json), '{"price":12.10,"big":12345678901234567890,"e":"\\u00e9","list":[{"a":1},[]]}');
  assert.equal(pretty(json), '{\n  "price": 12.10,\n  "big": 12345678901234567890,\n  "e": "\\u00e9",\n  "list": [\n    {\n      "a": 1\n    },\n    []\n  ]\n}');
});

test("where a text stops being JSON is said in words", () => {
  const problem = (text: string): unknown => readJson(text).problem;
  assert.deepEqual(problem('{"a":1,}'), { at: 7, message: "a key in quotes should stand here" });
  assert.deepEqual(problem('{"a":1 "b":2}'), { at: 7, message: "`,` or `}` should stand here" });
  assert.deepEqual(problem('{"a"'), { at: 4, message: "the text ends where `:` should follow" });
  assert.deepEqual(problem('{"a":'), { at: 5, message: "the text ends where a value should follow" });
  assert.deepEqual(problem('{"a":"x\n}'), { at: 5, message: "this text has no end on its line, or a character that JSON wants escaped" });
  assert.deepEqual(problem("{} {}"), { at: 3, message: "nothing more should stand here" });
  assert.deepEqual(problem("[".repeat(5000)), { at: 201, message: "too many containers are inside each other" });
});

test("a path finds its value: keys with dots, numbers in lists, the last of equal keys", () => {
  const { text, root } = readJson('{"a":{"b.c":{"d":1},"b":{"c":2}},"list":[5,{"x":6}],"twice":1,"twice":2}');
  assert.ok(root);
  const found = (path: string): [string, boolean] => {
    const { node, isExact } = find(root, path);
    return [text.slice(node.start, node.end), isExact];
  };
  assert.deepEqual(found("a.b.c.d"), ["1", true]);
  assert.deepEqual(found("a.b.c"), ["2", true]);
  assert.deepEqual(found("list.1.x"), ["6", true]);
  assert.deepEqual(found("twice"), ["2", true]);
  assert.deepEqual(found(""), [text, true]);
  assert.deepEqual(found("a.b.missing"), ['{"c":2}', false]);
  assert.deepEqual(found("nowhere"), [text, false]);
});

/** A folder where the package is installed and its command is at hand. */
function project(): { folder: string; env: NodeJS.ProcessEnv } {
  const folder = mkdtempSync(join(tmpdir(), "playground-"));
  after(() => rmSync(folder, { recursive: true, force: true }));
  mkdirSync(join(folder, "node_modules"));
  symlinkSync(fileURLToPath(new URL("../", import.meta.url)), join(folder, "node_modules/amazon-dsp-events"));
  writeFileSync(join(folder, "amazon-dsp-events"), `#!/bin/sh\nexec "${process.execPath}" "${bin}" "$@"\n`, { mode: 0o755 });
  return { folder, env: { PATH: `${folder}:${process.env["PATH"]}` } };
}

const ODD: readonly string[] = [
  '{"type":"page","userId":12345678901234567890,"properties":{"country":"US"}}',
  '{"type":"page","__proto__":{"x":1},"userId":"it\'s $HOME `x` \\\\ \\u00e9","traits":{"country":"US"}}',
  '[{"type":"page"}]',
  "nonsense\nover two lines",
  '"EVENT"',
  '{"type":"page","userId":"a\nb"}',
];

test("command and program give what the page shows, for each example and for odd ones", () => {
  const { folder, env } = project();
  const config = '{\n  "dataSetName": "web_events",\n  "defaults": { "currencyCode": "USD", "countryCode": "US" }\n}';
  const transformer = new Transformer(JSON.parse(config) as object);
  for (const event of [...examplesAt(NOW).map(({ text }) => text), ...ODD]) {
    const outcome = JSON.parse(transformer.evaluateJson(Buffer.from(event.trim()), NOW)) as unknown;
    const shown = { event, config, now: NOW };
    const printed = execFileSync("sh", ["-c", commandOf(shown) ?? ""], { cwd: folder, env, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
    assert.deepEqual(JSON.parse(printed), { line: 1, ...(outcome as object) }, event);
    writeFileSync(join(folder, "program.mjs"), programOf(shown) ?? "");
    assert.deepEqual(JSON.parse(execFileSync(process.execPath, ["program.mjs"], { cwd: folder, encoding: "utf8" })), outcome, event);
  }
});

test("a command without a config names none, and what is not there is not shared", () => {
  const event = '{ "type": "page" }';
  assert.equal(commandOf({ event, config: " {} ", now: NOW }), "amazon-dsp-events transform --now 2026-11-21T00:00:00.000Z <<'EVENT'\n{\"type\":\"page\"}\nEVENT");
  for (const share of [commandOf, programOf]) {
    assert.equal(share({ event: " ", config: "{}", now: NOW }), undefined);
    assert.equal(share({ event, config: "{ broken", now: NOW }), undefined);
  }
});

test("a link holds event, config and instant, and other fragments hold nothing", () => {
  const event = '{"price":12.10,"note":"a&b=c#d é 😀"}';
  assert.deepEqual(readFragment(fragmentOf({ event, config: '{ "dataSetName": "x" }', now: NOW })), { event, config: '{"dataSetName":"x"}', now: "2026-11-21T00:00:00.000Z" });
  assert.deepEqual(readFragment(fragmentOf({ event: "half a { line", config: "{}", now: NOW }))?.event, "half a { line");
  assert.equal(readFragment("#main"), undefined);
  assert.equal(readFragment(""), undefined);
});

test("each example shows another thing that can become of an event", () => {
  const transformer = new Transformer({ defaults: { currencyCode: "USD" } });
  const told = examplesAt(NOW).map(({ text }) => {
    const trace = JSON.parse(transformer.explainJson(Buffer.from(text), NOW)) as { reason?: string; notes: string[] };
    return [trace.reason ?? "mapped", ...trace.notes].join(" ");
  });
  assert.deepEqual(told, [
    "mapped",
    "mapped user_id_not_an_address",
    "mapped",
    "consent_missing",
    "mapped",
    "mapped",
    "mapped event_id_derived amounts_disagree junk_identifier invalid_ip_address",
    "no_match_key",
    "unmapped_event",
    "event_too_old",
    "invalid_event",
  ]);
  const outcomes = transformer.transformBatch(Buffer.from(manyAt(NOW)), NOW, "ndjson").outcomes;
  assert.equal(outcomes.length, manyAt(NOW).trimEnd().split("\n").length);
});
