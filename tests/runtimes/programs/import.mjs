// Imports one entry after the other, and says of each what it did beside being imported: it should be nothing.
import { createRequire, syncBuiltinESMExports } from "node:module";

const require = createRequire(import.meta.url);
const done = [];

Error.stackTraceLimit = 100;

/** Has a call of a function noted, and made. Node's own loader reads files and compiles; that is no package's doing. */
function watch(object, name, what) {
  const original = object[name];
  const note = function (...args) {
    if (new Error().stack.includes("/node_modules/")) done.push(what);
    return new.target ? Reflect.construct(original, args, new.target) : Reflect.apply(original, this, args);
  };
  note.prototype = original.prototype;
  object[name] = note;
}

// A getter that makes its value when it is first asked changes nothing, so all are asked beforehand.
const valueOf = (object, key) => {
  const property = Reflect.getOwnPropertyDescriptor(object, key);
  if (property && "value" in property) return property.value;
  try {
    return object[key];
  } catch {
    return undefined;
  }
};
const BUILT_IN = ["Array", "BigInt", "Date", "Error", "Function", "Map", "Number", "Object", "Promise", "RegExp", "Set", "String", "Uint8Array"];
const watched = () => [
  ["globalThis", globalThis],
  ["process", process],
  ["process.env", process.env],
  ...BUILT_IN.flatMap((name) => [
    [name, globalThis[name]],
    [`${name}.prototype`, globalThis[name].prototype],
  ]),
];
const snapshot = () =>
  new Map(watched().flatMap(([owner, object]) => Reflect.ownKeys(object).map((key) => [`${owner}.${String(key)}`, valueOf(object, key)])));
const changed = (before, after) => [...new Set([...before.keys(), ...after.keys()])].filter((key) => !Object.is(before.get(key), after.get(key)));
const listeners = () => process.eventNames().map((name) => `${String(name)}:${process.listenerCount(name)}`).join();

snapshot();
for (const name of ["fetch", "setTimeout", "setInterval", "setImmediate", "queueMicrotask"]) watch(globalThis, name, name);
for (const name of ["Module", "Instance", "compile", "instantiate"]) watch(WebAssembly, name, `WebAssembly.${name}`);
for (const [module, names] of [
  ["node:net", ["connect", "createConnection", "createServer"]],
  ["node:http", ["request", "createServer"]],
  ["node:fs", ["openSync", "open", "readFileSync", "mkdirSync", "writeFileSync"]],
  ["node:child_process", ["spawn", "spawnSync"]],
]) {
  for (const name of names) watch(require(module), name, `${module} ${name}`);
}
syncBuiltinESMExports();

export async function run(entries) {
  const lines = [];
  for (const entry of entries) {
    const before = { globals: snapshot(), listeners: listeners(), resources: process.getActiveResourcesInfo().sort().join() };
    done.length = 0;
    let failed;
    try {
      await import(entry);
    } catch (error) {
      failed = { code: error.code, message: error.message };
    }
    lines.push(
      JSON.stringify({
        entry,
        failed,
        called: [...done],
        globals: changed(before.globals, snapshot()),
        listeners: listeners() === before.listeners ? [] : listeners(),
        resources: process.getActiveResourcesInfo().sort().join() === before.resources ? [] : process.getActiveResourcesInfo(),
      }),
    );
  }
  return lines;
}
