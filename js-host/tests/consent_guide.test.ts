// The examples of docs/consent.md, run.
import assert from "node:assert/strict";
import { test } from "node:test";

import { Transformer, type Config } from "../dist/core.js";
import { documents } from "./markdown.js";

const NOW = Date.parse("2026-11-21T00:00:00Z");

// By the names that the document gives to strings nobody would read.
const STRINGS = {
  "TCF YES": "CQuAQVAQuAQVAAfBABENB-EgAIIAAAAAAAYgGMwAYAAgYyAAAAA",
  "TCF NO": "CQuAQVAQuAQVAAfBABENB-EgAIIAAAAAAAYgAAAAAAAA",
  "GPP YES": "DBABLA~BVVqAAAAAQA",
  "GPP SALE": "DBABLA~BVVaAAAAAQA",
};

/** What Amazon gets, in the document's words. */
function told(consent: object, country: string, config: Config["consent"]): string {
  const event = { type: "page", timestamp: "2026-11-20T00:00:00Z", userId: "jane.doe@example.com", properties: { country }, context: { consent } };
  const outcome = new Transformer({ consent: config ?? {} }).evaluate(event, NOW);
  if (outcome.outcome === "dropped") return `dropped, \`${outcome.reason}\``;
  const { tcf, gpp, amazonConsent } = outcome.event.consent ?? {};
  const words = amazonConsent && `user data ${amazonConsent.amznUserData}${amazonConsent.amznAdStorage ? `, storage ${amazonConsent.amznAdStorage}` : ""}`;
  return [tcf && "the TCF string", gpp && "the GPP string", words].filter(Boolean).join("; ") || "nothing of consent";
}

test("each example of the consent guide becomes what it says", () => {
  const guide = documents.find(({ path }) => path === "docs/consent.md");
  const rows = [...(guide?.text ?? "").matchAll(/^\| `(\{.*?\})` \| ([A-Z]{2}) \| (?:`(\{.*?\})`)? ?\| (.*) \|$/gm)];
  assert.ok(rows.length >= 30, `only ${rows.length} examples were found`);
  for (const [row, consent = "", country = "", config = "{}", expected] of rows) {
    let text = consent;
    for (const [name, string] of Object.entries(STRINGS)) text = text.replace(`"${name}"`, JSON.stringify(string));
    assert.equal(told(JSON.parse(text) as object, country, JSON.parse(config) as Config["consent"]), expected, row);
  }
});
