// Provenance says which repository a package was made from, so both manifests must name the same one:   node scripts/repository.mjs
import { readFileSync } from "node:fs";

const root = new URL("../", import.meta.url);
const plain = (url) => url?.replace(/^git\+/u, "").replace(/\.git$/u, "");
const [, ofCrate] = /^repository = "(.+)"$/mu.exec(readFileSync(new URL("Cargo.toml", root), "utf8")) ?? [];
const { repository } = JSON.parse(readFileSync(new URL("js-host/package.json", root), "utf8"));
const ofPackage = typeof repository === "string" ? repository : repository?.url;

if (!ofCrate || plain(ofCrate) !== plain(ofPackage)) {
  console.error(`repository: Cargo.toml names ${ofCrate ?? "none"}, js-host/package.json ${ofPackage ?? "none"}; they must be the same`);
  process.exit(1);
}
