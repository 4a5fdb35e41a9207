// JSON with places: what to colour, which text a path names, and where a text stops being JSON.

/** What a piece of text is. */
export type TokenKind = "key" | "text" | "number" | "word" | "mark" | "blank" | "wrong";

/** A piece of text. */
export interface Token {
  kind: TokenKind;
  readonly start: number;
  readonly end: number;
}

/** A range of text. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

/** A value, with the place where it stands. */
export interface Node extends Range {
  readonly kind: "object" | "list" | "scalar";
  /** Its key in the object around it. */
  readonly key: (Range & { readonly name: string }) | undefined;
  /** In order; what stands in a list is known by its number. */
  readonly children: readonly Node[];
}

/** A text that was read. */
export interface Json {
  readonly text: string;
  readonly tokens: readonly Token[];
  /** Undefined where the text is not JSON. */
  readonly root: Node | undefined;
  /** Where it stops being JSON, and what should stand there. */
  readonly problem: { readonly at: number; readonly message: string } | undefined;
}

const TOKEN =
  /([ \t\r\n]+)|("(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[\da-fA-F]{4}))*")|(-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)(?![\w.])|((?:true|false|null)(?!\w))|([{}[\],:])|("[^"\n]*"?|[^ \t\r\n{}[\],:"]+)/uy;
const KINDS: readonly TokenKind[] = ["blank", "text", "number", "word", "mark", "wrong"];
/** The core reads 64 containers inside each other. */
const MOST_DEPTH = 200;

/** Reads a text. Never throws. */
export function readJson(text: string): Json {
  const tokens: Token[] = [];
  TOKEN.lastIndex = 0;
  for (let match = TOKEN.exec(text); match; match = TOKEN.exec(text)) {
    const kind = KINDS[match.slice(1).findIndex((group) => group !== undefined)] ?? "wrong";
    tokens.push({ kind, start: match.index, end: TOKEN.lastIndex });
  }
  try {
    return { text, tokens, root: new Reader(text, tokens).whole(), problem: undefined };
  } catch (error) {
    if (!(error instanceof NotJson)) throw error;
    return { text, tokens, root: undefined, problem: { at: error.at, message: error.message } };
  }
}

class NotJson extends Error {
  readonly at: number;

  constructor(at: number, message: string) {
    super(message);
    this.at = at;
  }
}

class Reader {
  readonly #text: string;
  readonly #tokens: readonly Token[];
  #next = 0;

  constructor(text: string, tokens: readonly Token[]) {
    this.#text = text;
    this.#tokens = tokens.filter(({ kind }) => kind !== "blank");
  }

  whole(): Node {
    const root = this.#value(undefined, 0, "a value");
    if (this.#next < this.#tokens.length) this.#expected("nothing more");
    return root;
  }

  #is(mark: string): boolean {
    const token = this.#tokens[this.#next];
    return token?.kind === "mark" && this.#text[token.start] === mark;
  }

  #take(): Token {
    const token = this.#tokens[this.#next++];
    if (token === undefined) throw new NotJson(this.#text.length, "the text ends too early");
    return token;
  }

  #expected(what: string): never {
    const token = this.#tokens[this.#next];
    if (token === undefined) throw new NotJson(this.#text.trimEnd().length, `the text ends where ${what} should follow`);
    const found = this.#text.slice(token.start, token.end);
    const broken = token.kind === "wrong" && found.startsWith('"');
    throw new NotJson(token.start, broken ? "this text has no end on its line, or a character that JSON wants escaped" : `${what} should stand here`);
  }

  #value(key: Node["key"], depth: number, what: string): Node {
    const token = this.#tokens[this.#next];
    if (token && ["text", "number", "word"].includes(token.kind)) {
      this.#next++;
      return { kind: "scalar", key, start: token.start, end: token.end, children: [] };
    }
    const isObject = this.#is("{");
    if (!isObject && !this.#is("[")) this.#expected(what);
    if (depth > MOST_DEPTH) throw new NotJson(token?.start ?? 0, "too many containers are inside each other");
    const { start } = this.#take();
    const close = isObject ? "}" : "]";
    const children: Node[] = [];
    while (!this.#is(close)) {
      if (children.length > 0) {
        if (!this.#is(",")) this.#expected(`\`,\` or \`${close}\``);
        this.#next++;
      }
      children.push(isObject ? this.#member(depth) : this.#value(undefined, depth + 1, "a value"));
    }
    return { kind: isObject ? "object" : "list", key, start, end: this.#take().end, children };
  }

  #member(depth: number): Node {
    const token = this.#tokens[this.#next];
    if (token?.kind !== "text") this.#expected("a key in quotes");
    const { start, end } = this.#take();
    (token as Token).kind = "key";
    if (!this.#is(":")) this.#expected("`:`");
    this.#next++;
    return this.#value({ start, end, name: JSON.parse(this.#text.slice(start, end)) as string }, depth + 1, "a value");
  }
}

/** What a path names, or else the innermost container around where it would stand. */
export interface Found {
  readonly node: Node;
  readonly isExact: boolean;
}

/**
 * Looks a path up.
 *
 * @param path - keys joined by dots, as in a trace or an error of a config; keys may have dots themselves
 */
export function find(root: Node, path: string): Found {
  return search(root, path).found;
}

function search(node: Node, path: string): { readonly found: Found; readonly left: number } {
  if (path === "") return { found: { node, isExact: true }, left: 0 };
  let best = { found: { node, isExact: false }, left: path.length };
  // Of equal keys the last one counts.
  for (let index = node.children.length - 1; index >= 0; index--) {
    const child = node.children[index] as Node;
    const name = child.key?.name ?? String(index);
    if (path !== name && !path.startsWith(`${name}.`)) continue;
    const inner = search(child, path.slice(name.length + 1));
    if (inner.found.isExact) return inner;
    if (inner.left < best.left) best = inner;
  }
  return best;
}

/** The text on one line, every value exactly as it was written. */
export function compact({ text, tokens }: Json): string {
  return tokens.map(({ kind, start, end }) => (kind === "blank" ? "" : text.slice(start, end))).join("");
}

/** The text over lines, every value exactly as it was written; undefined where it is not JSON. */
export function pretty({ text, root }: Json): string | undefined {
  return root && layOut(text, root, "");
}

const MOST_ON_A_LINE = 76;

function layOut(text: string, node: Node, indent: string): string {
  if (node.kind === "scalar") return text.slice(node.start, node.end);
  const inner = `${indent}  `;
  const [open, close] = node.kind === "object" ? ["{", "}"] : ["[", "]"];
  if (node.children.length === 0) return open + close;
  const parts = node.children.map((child) => (child.key ? `${text.slice(child.key.start, child.key.end)}: ` : "") + layOut(text, child, inner));
  if (node.key && node.children.every(({ kind }) => kind === "scalar")) {
    const line = node.kind === "object" ? `${open} ${parts.join(", ")} ${close}` : open + parts.join(", ") + close;
    if (inner.length + line.length <= MOST_ON_A_LINE) return line;
  }
  return `${open}\n${parts.map((part) => inner + part).join(",\n")}\n${indent}${close}`;
}
