// What ships, as CycloneDX 1.6 in JSON:   node scripts/sbom.mjs crate|npm > sbom.json
//
// Of the crate: the crates that a program gets with it. Of the npm package: its npm packages, and the crates in its module.
// From `cargo metadata` and the lock files, which have the hashes; the same input gives the same bytes.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../", import.meta.url));
const CRATE = "amazon_dsp_events";
// Older crates write a slash for OR.
const licensed = (expression) => [{ expression: expression.replaceAll("/", " OR ") }];
const sorted = (list, key) => [...list].sort((a, b) => (a[key] < b[key] ? -1 : a[key] > b[key] ? 1 : 0));

/**
 * The crates that come with the crate, and who needs whom.
 *
 * @param metadata - what `cargo metadata` says, of one target
 * @param lock - Cargo.lock, for the hashes
 */
export function cratesOf(metadata, lock) {
  const packages = new Map(metadata.packages.map((one) => [one.id, one]));
  const nodes = new Map(metadata.resolve.nodes.map((node) => [node.id, node]));
  const checksums = new Map([...lock.matchAll(/name = "(.+)"\nversion = "(.+)"\nsource = ".+"\nchecksum = "(.+)"/gu)].map(([, name, version, sum]) => [`${name} ${version}`, sum]));
  const top = metadata.packages.find(({ name }) => name === CRATE);
  const reached = new Map();
  const reach = (id) => {
    if (reached.has(id)) return;
    const needed = nodes.get(id).deps.filter(({ dep_kinds: kinds }) => kinds.some(({ kind }) => kind !== "dev")).map(({ pkg }) => pkg);
    reached.set(id, needed);
    needed.forEach(reach);
  };
  reach(top.id);
  const refOf = (id) => {
    const { name, version } = packages.get(id);
    return `pkg:cargo/${name}@${version}`;
  };
  const components = [...reached.keys()].map((id) => {
    const { name, version, license, description, repository } = packages.get(id);
    const checksum = checksums.get(`${name} ${version}`);
    return {
      type: "library",
      "bom-ref": refOf(id),
      name,
      version,
      ...(description && { description: description.replace(/\s+/gu, " ").trim() }),
      ...(checksum && { hashes: [{ alg: "SHA-256", content: checksum }] }),
      licenses: licensed(license),
      purl: refOf(id),
      ...(repository && { externalReferences: [{ type: "vcs", url: repository }] }),
    };
  });
  const dependencies = [...reached].map(([id, needed]) => ({ ref: refOf(id), dependsOn: [...new Set(needed.map(refOf))].sort() }));
  return { top: refOf(top.id), components: sorted(components, "bom-ref"), dependencies: sorted(dependencies, "ref") };
}

/** The npm packages that a user gets with the package: no tools of its own, and no optional peer. */
export function npmPackagesOf({ packages }) {
  const refOf = (name, version) => `pkg:npm/${name.replace("@", "%40")}@${version}`;
  const [, { name, version, license }] = Object.entries(packages).find(([path]) => path === "");
  const shipped = Object.entries(packages).filter(([path, { dev, peer, devOptional }]) => path !== "" && !dev && !peer && !devOptional);
  const component = (name, { version, license, integrity, resolved }) => ({
    type: "library",
    "bom-ref": refOf(name, version),
    name,
    version,
    ...(integrity && { hashes: [{ alg: "SHA-512", content: Buffer.from(integrity.replace("sha512-", ""), "base64").toString("hex") }] }),
    licenses: licensed(license),
    purl: refOf(name, version),
    ...(resolved && { externalReferences: [{ type: "distribution", url: resolved }] }),
  });
  const nameOf = (path) => path.replace(/^.*node_modules\//u, "");
  const versions = new Map(shipped.map(([path, { version }]) => [nameOf(path), version]));
  const needs = ({ dependencies = {} }) => Object.keys(dependencies).filter((one) => versions.has(one)).map((one) => refOf(one, versions.get(one))).sort();
  const top = component(name, { version, license });
  return {
    top,
    components: sorted(shipped.map(([path, one]) => component(nameOf(path), one)), "bom-ref"),
    dependencies: [
      { ref: top["bom-ref"], dependsOn: needs(packages[""]) },
      ...sorted(shipped.map(([path, one]) => ({ ref: refOf(nameOf(path), one.version), dependsOn: needs(one) })), "ref"),
    ],
  };
}

/** The whole document. Its serial number is of what it says, so that the same says the same. */
export function documentOf(component, components, dependencies, timestamp) {
  const content = {
    metadata: { ...(timestamp && { timestamp }), tools: { components: [{ type: "application", name: "scripts/sbom.mjs", group: "amazon-dsp-events" }] }, component },
    components,
    dependencies,
  };
  const hash = createHash("sha256").update(JSON.stringify(content)).digest("hex");
  // RFC 9562: version 8 is whatever its maker makes of it.
  const serial = `${hash.slice(0, 8)}-${hash.slice(8, 12)}-8${hash.slice(13, 16)}-a${hash.slice(17, 20)}-${hash.slice(20, 32)}`;
  return { $schema: "http://cyclonedx.org/schema/bom-1.6.schema.json", bomFormat: "CycloneDX", specVersion: "1.6", serialNumber: `urn:uuid:${serial}`, version: 1, ...content };
}

/** The document of the crate. */
export function ofCrate(crates, timestamp) {
  const top = crates.components.find((one) => one["bom-ref"] === crates.top);
  return documentOf(top, crates.components.filter((one) => one !== top), crates.dependencies, timestamp);
}

/**
 * The document of the npm package, with the crates of the module in it.
 *
 * @param crates - those of wasm32-unknown-unknown, with the feature `wasm`
 * @param module - the module's bytes
 */
export function ofPackage(npm, crates, module, timestamp) {
  const wasm = { type: "file", "bom-ref": "core.wasm", name: "dist/wasm/core.wasm", hashes: [{ alg: "SHA-256", content: createHash("sha256").update(module).digest("hex") }] };
  const [top, ...others] = npm.dependencies;
  return documentOf(
    npm.top,
    [...npm.components, wasm, ...crates.components],
    [{ ...top, dependsOn: [...top.dependsOn, wasm["bom-ref"]] }, ...others, { ref: wasm["bom-ref"], dependsOn: [crates.top] }, ...crates.dependencies],
    timestamp,
  );
}

function metadata(...options) {
  const args = ["metadata", "--format-version", "1", "--locked", ...options];
  return JSON.parse(execFileSync("cargo", args, { cwd: root, encoding: "utf8", maxBuffer: 2 ** 28, stdio: ["ignore", "pipe", "inherit"] }));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const read = (name) => readFileSync(root + name, "utf8");
  // Of what is packed, not of the day it was packed on.
  const timestamp = execFileSync("git", ["log", "-1", "--format=%cI"], { cwd: root, encoding: "utf8" }).trim();
  let sbom;
  switch (process.argv[2]) {
    case "crate":
      sbom = ofCrate(cratesOf(metadata("--all-features"), read("Cargo.lock")), timestamp);
      break;
    case "npm": {
      const crates = cratesOf(metadata("--features", "wasm", "--filter-platform", "wasm32-unknown-unknown"), read("Cargo.lock"));
      sbom = ofPackage(npmPackagesOf(JSON.parse(read("js-host/package-lock.json"))), crates, readFileSync(`${root}pkg/core_bg.wasm`), timestamp);
      break;
    }
    default:
      console.error("usage: node scripts/sbom.mjs crate|npm");
      process.exit(2);
  }
  console.log(JSON.stringify(sbom, null, 2));
}
