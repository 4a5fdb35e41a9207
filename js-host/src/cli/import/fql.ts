// Segment's trigger language, as far as it compares `type` and `event` with texts.
import { NAMELESS_TYPES } from "./built_in.js";
import type { Selection } from "./model.js";

/** A trigger that says more than a list of events can. */
export class FqlError extends Error {}

// What must hold together.
interface Terms {
  readonly type?: string;
  readonly event?: string;
}

const TOKEN = /\s*("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|\w[\w.-]*|[!<>]=|\S)/gy;
// Parentheses multiply; nobody writes this many by hand.
const MAX_TERMS = 1000;
const HELP = "only `type` and `event`, compared by `=` with texts and joined by `and` and `or`, can be";

/**
 * The events a trigger selects. `and` binds more tightly than `or`.
 *
 * @throws {@link FqlError} for anything else than equalities of `type` and `event`
 */
export function selectionOf(trigger: string): Selection {
  const tokens = [...trigger.matchAll(TOKEN)].map(([token]) => token.trim());
  let at = 0;
  const takes = (wanted: string): boolean => tokens[at]?.toLowerCase() === wanted && ++at > 0;

  const either = (): Terms[] => {
    const terms = both();
    while (takes("or")) terms.push(...both());
    if (terms.length > MAX_TERMS) throw new FqlError(`its trigger has more than ${MAX_TERMS} cases`);
    return terms;
  };
  const both = (): Terms[] => {
    let terms = one();
    while (takes("and")) {
      const more = one();
      if (terms.length * more.length > MAX_TERMS) throw new FqlError(`its trigger has more than ${MAX_TERMS} cases`);
      terms = terms.flatMap((left) => more.flatMap((right) => join(left, right)));
    }
    return terms;
  };
  const one = (): Terms[] => {
    if (takes("(")) {
      const terms = either();
      if (!takes(")")) throw new FqlError("a parenthesis of its trigger is not closed");
      return terms;
    }
    const [key, sign, value] = tokens.slice(at, at + 3);
    if (key === undefined) throw new FqlError("its trigger ends too early");
    const quoted = value !== undefined && /^(["']).*\1$/s.test(value);
    if (!/^(type|event)$/i.test(key) || sign !== "=" || !quoted) {
      throw new FqlError(
        `\`${[key, sign, value].filter((part) => part !== undefined).join(" ")}\` in its trigger is not carried over: ${HELP}`,
      );
    }
    at += 3;
    const text = value.slice(1, -1).replace(/\\(.)/g, "$1").trim();
    return [key.toLowerCase() === "type" ? { type: text.toLowerCase() } : { event: text }];
  };

  if (tokens.length === 0) throw new FqlError("its trigger is empty");
  const terms = either();
  if (at < tokens.length) throw new FqlError(`\`${tokens.slice(at).join(" ")}\` in its trigger is not carried over: ${HELP}`);
  return select(terms);
}

function join(left: Terms, right: Terms): Terms[] {
  const differ = (key: keyof Terms): boolean => left[key] !== undefined && right[key] !== undefined && left[key] !== right[key];
  return differ("type") || differ("event") ? [] : [{ ...left, ...right }];
}

function select(terms: readonly Terms[]): Selection {
  const events = new Set<string>();
  const types = new Set<string>();
  let everyTrack = false;
  for (const { type = "track", event } of terms) {
    if (type !== "track" && !NAMELESS_TYPES.includes(type)) throw new FqlError(`there is no type \`${type}\``);
    if (event !== undefined && NAMELESS_TYPES.includes(event.toLowerCase())) {
      throw new FqlError(`an event named \`${event}\` cannot be told from the type of that name`);
    }
    if (type !== "track") {
      // Such a call has no event name, so a condition on it never holds.
      if (event === undefined) types.add(type);
    } else if (event === undefined) everyTrack = true;
    else if (event !== "") events.add(event);
  }
  return { events: [...events], types: [...types], everyTrack };
}
