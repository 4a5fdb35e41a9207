// Plain JavaScript: what most would write, with node:crypto's createHash.
import { createHash } from "node:crypto";

import { mappingOf } from "./mapping.mjs?plain";
import { stringifying } from "./stringify.mjs?plain";

export const plain = stringifying("plain JS", mappingOf((text) => createHash("sha256").update(text).digest("hex")));
