/**
 * Reads every module of the pages as a browser would: parses it, finds what it imports by the import map, and looks
 * whether what it names there is there. Nothing is run. `node --experimental-vm-modules link_modules.mjs <web>` writes
 * JSON: {faults: [sentence], words: {"fr/core": {key: words}}}.
 */

import { readFileSync, readdirSync } from "node:fs";
import { join, relative } from "node:path";
import { SourceTextModule } from "node:vm";

const root = process.argv[2];
const { imports } = JSON.parse(readFileSync(join(root, "importmap.json"), "utf8"));
const prefixes = Object.keys(imports).filter((name) => name.endsWith("/")).sort((a, b) => b.length - a.length);
const modules = new Map();
const faults = [];

/** The file that an import means, by the rules of browsers. */
function resolve(specifier, from) {
  if (specifier.startsWith("/web/")) return join(root, specifier.slice(5));
  if (/^\.{1,2}\//.test(specifier)) return join(from, "..", specifier);
  const prefix = prefixes.find((name) => specifier.startsWith(name));
  const address = imports[specifier] ?? (prefix && imports[prefix] + specifier.slice(prefix.length));
  if (!address) throw new Error(`${specifier} is nowhere in the import map`);
  return join(root, address.slice("/web/".length));
}

function moduleOf(file) {
  if (!modules.has(file)) modules.set(file, new SourceTextModule(readFileSync(file, "utf8"), { identifier: file }));
  return modules.get(file);
}

async function check(file) {
  try {
    const made = moduleOf(file);
    if (made.status === "unlinked") await made.link((specifier, from) => moduleOf(resolve(specifier, from.identifier)));
  } catch (error) {
    faults.push(`${relative(root, file)}: ${error.message.split("\n")[0]}`);
  }
}

const own = readdirSync(root, { recursive: true })
  .filter((name) => /\.m?js$/.test(name) && !name.startsWith("vendor"))
  .sort();
for (const name of own) await check(join(root, name));

const words = {};
for (const name of own.filter((each) => each.startsWith("i18n"))) {
  const text = readFileSync(join(root, name), "utf8");
  try {
    words[name.slice("i18n/".length, -3)] = (await import(`data:text/javascript,${encodeURIComponent(text)}`)).default;
  } catch (error) {
    faults.push(`${name}: ${error.message.split("\n")[0]}`);
  }
}
console.log(JSON.stringify({ faults, words }));
