// The same with the hash that is most used where there is no node:crypto, @noble/hashes.
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";

import { mappingOf } from "./mapping.mjs?noble";
import { stringifying } from "./stringify.mjs?noble";

export const noble = stringifying("JS with @noble/hashes", mappingOf((text) => bytesToHex(sha256(utf8ToBytes(text)))));
