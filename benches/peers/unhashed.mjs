// The same without any hashing: what JavaScript would cost if hashes were free. Its bodies are wrong, and not compared.
import { mappingOf } from "./mapping.mjs?unhashed";
import { stringifying } from "./stringify.mjs?unhashed";

const HASH = "0".repeat(64);

export const unhashed = stringifying("JS without hashing", mappingOf(() => HASH));
