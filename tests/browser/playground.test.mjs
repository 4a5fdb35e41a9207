// The playground as a person meets it: typed into, clicked, read aloud, in the dark, on a telephone.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test as nodeTest } from "node:test";
import { fileURLToPath } from "node:url";

import { Transformer } from "../../js-host/dist/core.js";
import { bin, launch, playground, skip, visit } from "./browser.mjs";

const test = (name, act) => nodeTest(name, { skip, timeout: 180_000 }, act);
const path = (relative) => fileURLToPath(new URL(relative, import.meta.url));
const EVENTS = path("../../examples/events.ndjson");
const NOW = "2026-11-21T00:00:00Z";
const CONFIG = '{ "dataSetName": "web_events", "defaults": { "currencyCode": "USD" } }';

const folder = mkdtempSync(join(tmpdir(), "browser-"));
let browser;
let served;
before(async () => {
  if (!skip) [browser, served] = await Promise.all([launch(), playground()]);
});
after(async () => {
  served?.close();
  await browser?.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Replaces what stands in a field, key by key. */
async function type(page, selector, text) {
  await page.click(selector);
  await page.keyboard.press("ControlOrMeta+A");
  await page.keyboard.type(text);
}
const texts = (page, selector) => page.locator(selector).allInnerTexts();
const amazonEvent = async (page) => JSON.parse(await page.locator("#amazon").innerText());
const counted = (page) => page.waitForFunction(() => document.querySelector("#batch-running").hidden && document.querySelector("#batch-results").children.length > 0);

const order = {
  type: "track",
  event: "Order Completed",
  messageId: "order-1",
  timestamp: "2026-11-20T10:00:00Z",
  traits: { email: "jane@example.com", phone: "n/a", address: { country: "DE" } },
  properties: { total: 12, revenue: 13, currency: "EUR" },
  context: { consent: { amazonConsent: { amznUserData: "yes", amznAdStorage: "granted" } } },
};

test("an event that is typed is mapped at once, and the inputs that fed it are pointed out", async () => {
  await visit(browser, served.url, {}, async (page) => {
    await type(page, "#config-text", CONFIG);
    await type(page, "#now", NOW);
    await type(page, "#event-text", JSON.stringify(order));
    assert.deepEqual(await amazonEvent(page), new Transformer(JSON.parse(CONFIG)).transform(order, Date.parse(NOW)));
    assert.equal(await page.locator("#outcome .headline").innerText(), "✓\nMapped\nOFF_AMAZON_PURCHASES");
    const lines = "#event-text ~ .lines, .lines:has(~ #event-text)";
    assert.deepEqual(await texts(page, `:is(${lines}) .won`), ['"Order Completed"', '"order-1"', '"2026-11-20T10:00:00Z"', '"jane@example.com"', '"DE"', "12", '"EUR"', '"yes"', '"granted"']);
    assert.deepEqual(await texts(page, `:is(${lines}) .refused`), ['"n/a"', "13"]);
    const trace = await texts(page, "#trace .row");
    assert.ok(trace.includes("EMAIL\nj***@e***.com\ntraits.email"), trace.join("\n\n"));
    assert.ok(trace.includes("PHONE\nn*** (3 characters)\ntraits.phone\nnot used: no identifier: empty, a placeholder, or malformed"), trace.join("\n\n"));
    assert.deepEqual(await texts(page, "#consent li"), [
      "amznUserData\nGranted\nby context.consent.amazonConsent.amznUserData; sent as GRANTED",
      "amznAdStorage\nGranted\nby context.consent.amazonConsent.amznAdStorage; sent as GRANTED",
    ]);
  });
});

test("a row of the explanation leads to its input, and lights up both ends", async () => {
  await visit(browser, served.url, {}, async (page) => {
    const path = page.locator("#trace button.path", { hasText: "traits.email" });
    await path.focus();
    assert.deepEqual(await texts(page, ".lit"), ['"Jane.Doe@example.com"', `"${(await amazonEvent(page)).matchKeys[0].values[0]}"`]);
    // Below what can be seen of the event, until it is pointed at.
    await page.locator("#trace .row", { hasText: "properties.currency" }).hover();
    assert.equal((await texts(page, ".lit"))[0], '"USD"');
    assert.ok(
      await page.evaluate(() => {
        const [lit, view] = [document.querySelector(".lines .lit"), document.querySelector(".editor.tall")].map((one) => one.getBoundingClientRect());
        return lit.top >= view.top && lit.bottom <= view.bottom;
      }),
    );
    await page.mouse.move(0, 0);
    assert.equal((await texts(page, ".lit"))[0], '"Jane.Doe@example.com"');
    await page.keyboard.press("Enter");
    assert.equal(await page.evaluate(() => document.getSelection().toString()), '"Jane.Doe@example.com"');
    assert.equal(await page.evaluate(() => document.activeElement.id), "event-text");
  });
});

test("a drop says its reason and what would have to change", async () => {
  await visit(browser, served.url, {}, async (page) => {
    await page.selectOption("#example", { label: "Page in Germany: nobody was asked" });
    assert.match(await page.locator("#outcome").innerText(), /^✕\nDropped\nconsent_missing\s+Consent must have been given, and no signal says so\.\s+To change this: in DE consent must have been given/u);
    assert.equal(await page.locator("#card-amazon").isVisible(), false);
    assert.equal(await page.locator("#consent .hint").innerText(), "Nothing is sent.");
    await page.selectOption("#example", { label: "Half a line: not JSON" });
    assert.match(await page.locator("#outcome").innerText(), /^✕\nDropped\ninvalid_event\s+It is not JSON\. This text has no end on its line/u);
    assert.equal(await page.locator(".wrong").count() > 0, true);
  });
});

test("an error of the config stands at the place that it names, and goes when it is mended", async () => {
  await visit(browser, served.url, {}, async (page) => {
    const wrong = () => texts(page, ".lines:has(~ #config-text) .wrong");
    const stale = "The config is wrong: what is shown is by the last one that was right.";
    await type(page, "#config-text", '{ "dataSetName": "web", "defaults": { "countryCode": "ZZ" } }');
    assert.deepEqual(await wrong(), ['"ZZ"']);
    assert.equal(await page.locator("#config-problem p").innerText(), 'config defaults.countryCode must be a country code such as US, not "ZZ"');
    assert.equal(await page.getAttribute("#config-text", "aria-invalid"), "true");
    assert.equal(await page.locator("#stale").innerText(), stale);
    await page.click("#config-problem button");
    assert.equal(await page.evaluate(() => document.getSelection().toString()), '"ZZ"');
    await page.keyboard.type('"FR"');
    assert.equal(await page.locator("#config-problem").isVisible(), false);
    assert.equal(await page.locator("#stale").isVisible(), false);
    assert.equal(await page.getAttribute("#config-text", "aria-invalid"), "false");
    await type(page, "#config-text", '{ "dataset": "web" }');
    assert.deepEqual(await wrong(), ['"dataset"']);
    await type(page, "#config-text", '{ "events": { "Lead": {} } }');
    assert.deepEqual(await wrong(), ['"Lead"']);
    await type(page, "#config-text", '{ "dataSetName": web }');
    assert.deepEqual(await wrong(), ["web"]);
    assert.equal(await page.locator("#config-problem p").innerText(), "it is not JSON: a value should stand here");
    assert.equal(await page.locator("#config-problem button").innerText(), "Go to line 1, column 18");
  });
});

test("an instant that is none is said beside its field, and the clock is one key away", async () => {
  await visit(browser, served.url, {}, async (page) => {
    await type(page, "#now", "yesterday");
    assert.equal(await page.locator("#now-problem").innerText(), "It must be an ISO 8601 instant such as 2026-11-21T00:00:00Z.");
    assert.equal(await page.locator("#outcome").innerText(), "Nothing is mapped until “Map at” is an instant.");
    await type(page, "#now", "2020-01-01");
    assert.match(await page.locator("#outcome").innerText(), /event_in_future/u);
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    assert.match(await page.locator("#outcome").innerText(), /^✓\nMapped/u);
  });
});

test("tabs are changed by arrows, Home and End, and are one stop of the Tab key", async () => {
  await visit(browser, served.url, {}, async (page) => {
    const focused = () => page.evaluate(() => document.activeElement.id);
    const shown = () => page.evaluate(() => [...document.querySelectorAll('[role="tabpanel"]')].filter((panel) => !panel.hidden).map(({ id }) => id));
    await page.keyboard.press("Tab");
    assert.equal(await page.evaluate(() => document.activeElement.textContent), "Skip to the playground");
    assert.ok((await page.locator(".skip").boundingBox()).y >= 0);
    await page.keyboard.press("Enter");
    assert.equal(await focused(), "main");
    await page.keyboard.press("Tab");
    assert.equal(await focused(), "tab-event");
    assert.match(await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle), /solid|auto/u);
    for (const [key, name] of [["ArrowRight", "batch"], ["ArrowRight", "share"], ["ArrowRight", "event"], ["ArrowLeft", "share"], ["Home", "event"], ["End", "share"], ["ArrowLeft", "batch"]]) {
      await page.keyboard.press(key);
      assert.equal(await focused(), `tab-${name}`, key);
      assert.deepEqual(await shown(), [`panel-${name}`], key);
      assert.equal(await page.getAttribute(`#tab-${name}`, "aria-selected"), "true");
    }
    await page.keyboard.press("Tab");
    assert.equal(await focused(), "batch-clear");
    await page.keyboard.press("Shift+Tab");
    assert.equal(await focused(), "tab-batch");
  });
});

test("a batch is counted as `coverage` counts it, and the first event of each reason can be opened", async () => {
  const config = readFileSync(path("../../examples/amazon-dsp-events.json"), "utf8");
  const expected = JSON.parse(
    execFileSync(process.execPath, [bin, "coverage", EVENTS, "--json", "--now", NOW, "--config", path("../../examples/amazon-dsp-events.json")], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }),
  );
  await visit(browser, served.url, {}, async (page) => {
    await page.fill("#config-text", config);
    await page.fill("#now", NOW);
    await page.click("#tab-batch");
    await page.setInputFiles("#batch-file", EVENTS);
    await counted(page);
    const n = (count) => count.toLocaleString("en-US");
    assert.match(await page.locator("#batch-source-name").innerText(), /^events\.ndjson 1\.4 MiB$/u);
    assert.deepEqual((await texts(page, ".figure dd")).map((text) => text.split(" ")[0]), [n(expected.events), n(expected.mapped), n(expected.events - expected.mapped)]);
    const rows = (caption) =>
      page.evaluate((name) => {
        const table = [...document.querySelectorAll("table.bars")].find((one) => one.caption.textContent === name);
        return Object.fromEntries([...table.tBodies[0].rows].map((row) => [row.querySelector("code").textContent, Number(row.querySelector(".count").textContent.replaceAll(",", ""))]));
      }, caption);
    assert.deepEqual(await rows("Dropped events by reason"), expected.dropped);
    assert.deepEqual(await rows("Mapped events by match key"), expected.matchKeys);
    assert.deepEqual(await rows("Events by note"), expected.notes);
    assert.equal((await texts(page, ".fixes li")).length, expected.fixes.length);
    assert.equal((await texts(page, "table.grid tbody tr")).length, expected.byEvent.length);
    await page.click('button[aria-label$=": show the first event with country_missing"]');
    assert.match(await page.locator("#outcome").innerText(), /^✕\nDropped\ncountry_missing/u);
    assert.equal(await page.evaluate(() => document.activeElement.id), "tab-event");
  });
});

test("a batch may be pasted, dropped, typed as an array, or be none at all", async () => {
  const events = Array.from({ length: 3000 }, (_, index) => ({ ...order, messageId: `m-${index}` }));
  const total = async (page) => (await texts(page, ".figure dd"))[0];
  await visit(browser, served.url, {}, async (page) => {
    await page.fill("#now", NOW);
    await page.click("#tab-batch");
    assert.match(await page.locator("#batch-empty").innerText(), /^What is a file of events worth at Amazon\?/u);
    await page.evaluate((text) => navigator.clipboard.writeText(text), events.map((event) => JSON.stringify(event)).join("\n"));
    await page.focus("#batch-text");
    await page.keyboard.press("ControlOrMeta+V");
    await counted(page);
    assert.match(await page.locator("#batch-source-name").innerText(), /^what you pasted /u);
    assert.equal(await total(page), "3,000");
    await page.click("#batch-clear");
    await page.waitForSelector("#batch-empty:not([hidden])");
    await type(page, "#batch-text", JSON.stringify(events.slice(0, 3)));
    await counted(page);
    assert.equal(await total(page), "3");
    await page.evaluate((text) => {
      const data = new DataTransfer();
      data.items.add(new File([text], "dropped.json"));
      document.querySelector("#batch-drop").dispatchEvent(new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true }));
    }, JSON.stringify(events.slice(0, 7)));
    await page.waitForFunction(() => document.querySelector(".figure dd")?.textContent === "7");
    assert.match(await page.locator("#batch-source-name").innerText(), /^dropped\.json /u);
    await page.click("#batch-clear");
    await type(page, "#batch-text", "[]");
    await page.waitForFunction(() => document.querySelector("#batch-status").textContent === "There is no event in it.");
  });
});

test("the page answers while 50,000 events are counted, and can stop that", async () => {
  const lines = Array.from({ length: 50_000 }, (_, index) => JSON.stringify({ ...order, messageId: `m-${index}` }));
  const file = join(folder, "large.ndjson");
  writeFileSync(file, lines.join("\n"));
  await visit(browser, served.url, {}, async (page) => {
    await page.fill("#now", NOW);
    await page.click("#tab-batch");
    const start = async () => {
      await page.setInputFiles("#batch-file", file);
      await page.waitForFunction(() => document.querySelector(".figure dd") !== null && !document.querySelector("#batch-running").hidden);
    };
    await start();
    await page.click("#batch-stop");
    assert.equal(await page.locator("#batch-status").innerText(), "Stopped: what is shown is of the events until then.");
    await start();
    // Another tab, while the counting goes on.
    await page.click("#tab-event");
    await type(page, "#event-text", '{"type":"page"}');
    assert.match(await page.locator("#outcome").innerText(), /country_missing/u);
    assert.equal(await page.evaluate(() => document.querySelector("#batch-running").hidden), false);
    await page.click("#tab-batch");
    await counted(page);
    assert.deepEqual(await texts(page, ".figure dd"), ["50,000", "50,000 100%", "0 ·"]);
  });
});

test("several events in the first tab are offered to the batch", async () => {
  await visit(browser, served.url, {}, async (page) => {
    await page.fill("#event-text", `${JSON.stringify(order)}\n${JSON.stringify(order)}\n`);
    await page.click("#many-open");
    await counted(page);
    assert.equal((await texts(page, ".figure dd"))[0], "2");
  });
});

test("the snippets and the link give what is shown", async () => {
  mkdirSync(join(folder, "node_modules"));
  symlinkSync(path("../../js-host"), join(folder, "node_modules/amazon-dsp-events"));
  writeFileSync(join(folder, "amazon-dsp-events"), `#!/bin/sh\nexec "${process.execPath}" "${bin}" "$@"\n`, { mode: 0o755 });
  const env = { PATH: `${folder}:${process.env.PATH}` };
  await visit(browser, served.url, {}, async (page) => {
    await page.fill("#config-text", '{\n  "dataSetName": "it_s_shared",\n  "defaults": { "countryCode": "US" }\n}');
    await page.selectOption("#example", { label: "Order Completed: a purchase" });
    const shown = await amazonEvent(page);
    assert.equal(shown.eventDescription.dataSetName, "it_s_shared");
    await page.click("#tab-share");
    const copied = async (name) => {
      await page.evaluate(() => navigator.clipboard.writeText("nothing"));
      await page.click(`#${name}-actions button`);
      await page.waitForFunction(async (what) => document.querySelector(`#${what}-actions button`).textContent === "Copied", name);
      const text = await page.evaluate(() => navigator.clipboard.readText());
      assert.equal(text, await page.locator(`#${name}-text`).textContent());
      return text;
    };
    assert.match(await page.locator(".warning").innerText(), /^Look before you paste it anywhere: each of the three holds the event and the config as you typed them/u);
    const command = execFileSync("sh", ["-c", await copied("command")], { cwd: folder, env, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
    assert.deepEqual(JSON.parse(command).event, shown);
    writeFileSync(join(folder, "program.mjs"), await copied("program"));
    assert.deepEqual(JSON.parse(execFileSync(process.execPath, ["program.mjs"], { cwd: folder, encoding: "utf8" })).event, shown);
    const link = await copied("link");
    await visit(browser, link, {}, async (other) => {
      assert.deepEqual(await amazonEvent(other), shown);
      assert.equal(await other.evaluate(() => location.hash), "");
      assert.equal(await other.locator("#notice-text").innerText(), "Event, config and instant come from the link.");
    });
    await page.click("#tab-event");
    await page.fill("#event-text", "");
    await page.click("#tab-share");
    assert.match(await page.locator("#share-nothing").innerText(), /^There is nothing to share yet\./u);
  });
});

test("no request could leave the page, whatever it tried", async () => {
  await visit(browser, served.url, {}, async (page, faults) => {
    const tried = await page.evaluate(async () => {
      const fetched = await fetch("https://shop.example/").then(() => "sent", () => "refused");
      const image = await new Promise((resolve) => Object.assign(new Image(), { onload: () => resolve("sent"), onerror: () => resolve("refused"), src: "https://shop.example/x.png" }));
      let html = "refused";
      try {
        document.body.innerHTML += "";
        html = "taken";
      } catch (error) {
        if (!(error instanceof TypeError)) throw error;
      }
      return { fetched, image, html };
    });
    assert.deepEqual(tried, { fetched: "refused", image: "refused", html: "refused" });
    assert.ok(faults.length >= 3 && faults.some((fault) => fault.includes("Content Security Policy")), faults.join("\n"));
    faults.length = 0;
  });
});

test("dark and light follow the system, and the button, which is remembered", async () => {
  const ground = (page) => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const [light, dark] = ["rgb(245, 244, 240)", "rgb(19, 22, 24)"];
  await visit(browser, served.url, { scheme: "light" }, async (page) => {
    assert.equal(await ground(page), light);
    await page.emulateMedia({ colorScheme: "dark" });
    assert.equal(await ground(page), dark);
    // The page's programs hear of it a moment later than its styles.
    await page.waitForSelector('#theme[aria-pressed="true"]');
    await page.click("#theme");
    assert.equal(await ground(page), light);
    await page.reload();
    await page.waitForSelector("body[data-ready]");
    assert.equal(await ground(page), light);
    assert.equal(await page.getAttribute("#theme", "aria-pressed"), "false");
    assert.deepEqual(await page.evaluate(() => Object.keys(localStorage)), ["playground-theme"]);
  });
});

test("nothing moves for those who asked for that", async () => {
  const moving = (page) => page.evaluate(() => [...document.querySelectorAll("*")].filter((one) => !/^(0s(, )?)+$/u.test(getComputedStyle(one).transitionDuration)).length);
  await visit(browser, served.url, {}, async (page) => assert.ok((await moving(page)) > 0));
  await visit(browser, served.url, { motion: "reduce" }, async (page) => assert.equal(await moving(page), 0));
});

/** Where there is little room, the config is folded away. */
async function unfold(page) {
  if (await page.locator("#fold").isVisible()) await page.click("#fold");
}

/** Brings the page into each of its states. */
const STATES = {
  "an event": async () => undefined,
  "a drop": (page) => page.selectOption("#example", { label: "Page in Germany: nobody was asked" }),
  "an event with long values": (page) =>
    page.fill("#event-text", JSON.stringify({ ...order, timestamp: new Date().toISOString(), messageId: "m".repeat(300), event: `Order Completed`, traits: { ...order.traits, email: `${"x".repeat(200)}@example.com`, ["k".repeat(200)]: 1 } })),
  "a wrong config": async (page) => {
    await unfold(page);
    await page.fill("#config-text", `{ "${"nowhere".repeat(30)}": 1 }`);
  },
  "a wrong instant": async (page) => {
    await unfold(page);
    await page.fill("#now", "yesterday");
  },
  "a batch": async (page) => {
    await page.click("#tab-batch");
    await page.click("#batch-example");
    await counted(page);
  },
  "no batch": (page) => page.click("#tab-batch"),
  "something to share": (page) => page.click("#tab-share"),
};

test("on a telephone the config is folded away, until it is asked for or wrong", async () => {
  await visit(browser, served.url, { width: 400 }, async (page) => {
    assert.equal(await page.locator("#config-text").isVisible(), false);
    assert.equal(await page.getAttribute("#fold", "aria-expanded"), "false");
    await page.focus("#fold");
    await page.keyboard.press("Enter");
    assert.equal(await page.locator("#config-text").isVisible(), true);
    assert.equal(await page.getAttribute("#fold", "aria-expanded"), "true");
    await page.keyboard.press("Enter");
    assert.equal(await page.locator("#config-text").isVisible(), false);
  });
  await visit(browser, `${served.url}#event=%7B%7D&config=%7B%22nope%22%3A1%7D`, { width: 400 }, async (page) => {
    assert.match(await page.locator("#config-problem").innerText(), /^config nope is not a known key/u);
  });
  await visit(browser, served.url, {}, async (page) => {
    assert.equal(await page.locator("#config-text").isVisible(), true);
    assert.equal(await page.locator("#fold").isVisible(), false);
  });
});

for (const width of [400, 900, 1440]) {
  test(`at ${width} px nothing is cut off at the side`, async () => {
    for (const [state, bring] of Object.entries(STATES)) {
      await visit(browser, served.url, { width }, async (page) => {
        await bring(page);
        assert.ok((await page.evaluate(() => document.documentElement.scrollWidth)) <= width, state);
      });
    }
  });
}

const axe = skip ? "" : readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
for (const scheme of ["light", "dark"]) {
  test(`axe finds no fault in any state, ${scheme}`, async () => {
    for (const [state, bring] of Object.entries(STATES)) {
      for (const width of [400, 1440]) {
        // Reduced, so that no colour is on its way to another one.
        await visit(browser, served.url, { scheme, width, motion: "reduce" }, async (page) => {
          await bring(page);
          await page.evaluate(axe);
          const { violations, passes } = await page.evaluate(() => globalThis.axe.run({ runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] }));
          assert.ok(passes.length > 20, state);
          assert.deepEqual(violations.map(({ id, impact, nodes }) => `${impact} ${id}: ${nodes.map(({ html, failureSummary }) => `${html} ${failureSummary}`).join("; ")}`), [], `${state}, ${width} px`);
        });
      }
    }
  });
}

test("the page begins with the file of --config, right or wrong, and reads it again", async () => {
  const file = join(folder, "shop.json");
  writeFileSync(file, '{ "dataSetName": "from_a_file" }');
  const other = await playground("--config", file);
  try {
    await visit(browser, other.url, {}, async (page) => {
      assert.equal(await page.inputValue("#config-text"), '{ "dataSetName": "from_a_file" }');
      assert.equal(await page.locator("#config-origin").innerText(), "shop.json");
      assert.equal((await amazonEvent(page)).eventDescription.dataSetName, "from_a_file");
      writeFileSync(file, '{ "dataSetName": 5 }');
      await page.reload();
      await page.waitForSelector("body[data-ready]");
      assert.match(await page.locator("#config-problem").innerText(), /^config dataSetName must be/u);
      assert.equal(await page.locator("#outcome").innerText(), "Nothing is mapped while the config is wrong.");
      rmSync(file);
      await page.reload();
      await page.waitForSelector("body[data-ready]");
      assert.match(await page.locator("#notice-text").innerText(), /there is no such file$/u);
    });
  } finally {
    other.close();
  }
});
