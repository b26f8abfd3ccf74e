// Drives a browser for tests: reads one JSON request per line from stdin, and writes one JSON answer per line to stdout.
//
// The first argument is the browser's program. Requests have a name (`do`) and arguments; answers are
// {"value": ...} or {"error": ...}. What the page writes to the console, and what it requests, is kept for `seen`.

import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";

import { chromium } from "playwright-core";

const SECONDS = 20_000;
const axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const isRoot = process.getuid?.() === 0;
const browser = await chromium.launch({ executablePath: process.argv[2], chromiumSandbox: !isRoot, timeout: 60_000 });
let page;
let seen;

const actions = {
  // Opens a file in a window of a size, in light or dark, and returns the milliseconds until it is ready.
  async open({ url, width = 1280, height = 900, scheme = "light" }) {
    await page?.context().close();
    seen = { console: [], requests: [] };
    const context = await browser.newContext({ viewport: { width, height }, colorScheme: scheme, reducedMotion: "reduce", permissions: [] });
    context.setDefaultTimeout(SECONDS);
    page = await context.newPage();
    page.on("console", (message) => seen.console.push(`${message.type()}: ${message.text()}`));
    page.on("pageerror", (error) => seen.console.push(`error: ${error.message}`));
    page.on("request", (request) => seen.requests.push(request.url()));
    const begin = performance.now();
    await page.goto(url);
    await page.waitForSelector("html[data-ready]");
    return performance.now() - begin;
  },
  seen: () => seen,
  evaluate: ({ expression }) => page.evaluate(expression),
  click: ({ selector, number = 0 }) => page.locator(selector).nth(number).click({ force: true }),
  hover: ({ selector, number = 0 }) => page.locator(selector).nth(number).hover({ force: true }),
  fill: ({ selector, text }) => page.fill(selector, text),
  press: ({ key }) => page.keyboard.press(key),
  focus: ({ selector, number = 0 }) => page.locator(selector).nth(number).focus(),
  texts: ({ selector }) => page.locator(selector).allInnerTexts(),
  address: () => page.url(),
  // The faults of accessibility that axe finds.
  async faults() {
    await page.evaluate(axe);
    const { violations } = await page.evaluate(() => globalThis.axe.run());
    return violations.map(({ id, impact, nodes }) => ({ id, impact, nodes: nodes.map(({ html, failureSummary }) => `${html} ${failureSummary}`) }));
  },
  async picture({ path, selector = null, whole = true }) {
    if (selector) await page.locator(selector).screenshot({ path });
    else await page.screenshot({ path, fullPage: whole });
  },
  // The page as on paper, or on a screen again.
  media: ({ media }) => page.emulateMedia({ media }),
};

for await (const line of createInterface({ input: process.stdin })) {
  const { do: name, ...given } = JSON.parse(line);
  let answer;
  try {
    answer = { value: (await actions[name](given)) ?? null };
  } catch (error) {
    answer = { error: String(error.message ?? error) };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
await browser.close();
