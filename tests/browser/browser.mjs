// The playground's command, and a real browser in front of it. Each visit is watched: nothing may be asked of another
// origin, and nothing may go wrong unseen.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { chromium } from "playwright-core";

export const bin = fileURLToPath(new URL("../../js-host/bin/amazon-dsp-events.js", import.meta.url));

const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";
/** Why the tests cannot be run here; false where they can. */
export const skip = existsSync(executablePath) ? false : `there is no ${executablePath}: apt-get install chromium, or set CHROMIUM`;

const ARGS = [
  "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync",
];

/** A browser. */
export const launch = () => chromium.launch({ executablePath, args: ARGS });

/** Runs `playground` with options; gives its URL. */
export async function playground(...options) {
  const child = spawn(process.execPath, [bin, "playground", "--port", "0", ...options], { stdio: ["ignore", "pipe", "inherit"] });
  const url = await new Promise((resolve, reject) => {
    child.stdout.once("data", (data) => resolve(String(data).trim()));
    child.once("exit", (code) => reject(new Error(`the command ended with ${code}`)));
  });
  return { url, close: () => child.kill() };
}

/** Opens a page, does something with it, and holds it to speaking with its own origin alone, without an error. */
export async function visit(browser, url, { width = 1440, scheme = "light", motion = "no-preference", ...more }, act) {
  const context = await browser.newContext({
    viewport: { width, height: 900 },
    colorScheme: scheme,
    reducedMotion: motion,
    permissions: ["clipboard-read", "clipboard-write"],
    ...more,
  });
  const elsewhere = [];
  const faults = [];
  try {
    await context.route("**/*", (route) => {
      if (new URL(route.request().url()).origin === new URL(url).origin) return route.continue();
      elsewhere.push(route.request().url());
      return route.abort();
    });
    const page = await context.newPage();
    page.on("console", (message) => ["error", "warning"].includes(message.type()) && faults.push(message.text()));
    page.on("pageerror", (error) => faults.push(error.message));
    await page.goto(url);
    await page.waitForSelector("body[data-ready]");
    await act(page, faults);
  } finally {
    await context.close();
  }
  assert.deepEqual(elsewhere, [], "requests to other origins");
  assert.deepEqual(faults, [], "errors of the page");
}
