// Builds the page of `aitrail report`: one HTML file in which the report's data has its place. `--check` only compares.
//
// The same sources give the same bytes. The licenses of the libraries in the page are at the beginning of its script.

import { createHash } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

import { build } from "esbuild";

const HERE = dirname(fileURLToPath(import.meta.url));
const BUILT = join(HERE, "../aitrail/report/page.html");

async function bundled(entry) {
  const { outputFiles, metafile } = await build({
    absWorkingDir: HERE,
    entryPoints: [entry],
    bundle: true,
    minify: true,
    charset: "ascii",
    format: "iife",
    target: ["chrome111", "firefox113", "safari16.4"],
    legalComments: "none",
    metafile: true,
    write: false,
  });
  return { text: outputFiles[0].text.trim(), inputs: Object.keys(metafile.inputs) };
}

async function licenses(inputs) {
  const names = new Set(inputs.map((path) => /^node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1]).filter(Boolean));
  const parts = await Promise.all([...names].sort().map(async (name) => {
    const folder = join(HERE, "node_modules", name);
    const { version } = JSON.parse(await readFile(join(folder, "package.json"), "utf8"));
    return `${name} ${version}\n\n${(await readFile(join(folder, "LICENSE"), "utf8")).trim()}`;
  }));
  return `/*\nThis script contains these libraries:\n\n${parts.join("\n\n----\n\n").replaceAll("*/", "* /")}\n*/\n`;
}

const hash = (text) => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;

async function page() {
  const [script, style, frame] = await Promise.all([bundled("src/main.js"), bundled("src/page.css"), readFile(join(HERE, "src/page.html"), "utf8")]);
  const code = (await licenses(script.inputs)) + script.text;
  if (/<\/script|<!--/i.test(code)) throw new Error("The script contains what ends or hides it in HTML.");
  const policy = `default-src 'none'; script-src ${hash(code)}; style-src ${hash(style.text)}; base-uri 'none'; form-action 'none'`;
  return frame.replace("%CSP%", () => policy).replace("%STYLE%", () => style.text).replace("%SCRIPT%", () => code);
}

const built = await page();
if (!process.argv.includes("--check")) {
  await writeFile(BUILT, built);
} else if ((await readFile(BUILT, "utf8")) !== built) {
  console.error("aitrail/report/page.html is not what the sources in page build: run `make page`.");
  process.exitCode = 1;
}
