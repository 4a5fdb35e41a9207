// The tuned peer with Node's own: crypto.hash, and Buffer's decoder, which is quicker than TextDecoder for short texts.
import { hash } from "node:crypto";

import { tunedWith } from "./tuned.mjs";

const decode = (bytes, start, end) => Buffer.prototype.utf8Slice.call(bytes, start, end);

export const tuned = tunedWith("tuned JS", (text) => hash("sha256", text, "hex"), decode);
