// Completion as a shell does it, and that commands, their help and the documents say the same.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import { documents } from "./markdown.js";

const bin = fileURLToPath(new URL("../bin/amazon-dsp-events.js", import.meta.url));

function cli(...args: string[]): string {
  const { stdout, stderr, status } = spawnSync(process.execPath, [bin, ...args], { encoding: "utf8", cwd: tmpdir(), env: { PATH: process.env["PATH"] } });
  assert.equal(status, 0, stderr);
  return stdout;
}

/** A folder with a file, a folder, and the completion for a shell. */
function place(shell: string): string {
  const cwd = mkdtempSync(join(tmpdir(), "amazon-dsp-events-"));
  writeFileSync(join(cwd, "events.ndjson"), "");
  mkdirSync(join(cwd, "elsewhere"));
  writeFileSync(join(cwd, "completion"), cli("completion", shell));
  return cwd;
}

/** By the help: every command, and every long option of each but the program's own. */
const commands: readonly string[] = [...cli("--help").matchAll(/^ {2}([a-z][\w-]*) (?:\[|<| )/gm)].map(([, name]) => name ?? "").filter((name) => name !== "");
const optionsOf = (command: string): string[] => [...cli(command, "--help").matchAll(/^ {2}(?:-\w, )?(--[\w-]+)/gm)].map(([, flag]) => flag ?? "").filter((flag) => flag !== "--version").sort();

const typed: [string, string[], string[]][] = [
  ["commands by their beginning", ["se"], ["send", "serve"]],
  ["options", ["send", "--dr"], ["--dry-run"]],
  ["the values of an option", ["login", "--region", ""], ["eu", "fe", "na"]],
  ["the reasons of dead letters", ["replay", "--reason", "c"], ["closed", "credentials_refused"]],
  ["files where a file stands", ["send", "e"], ["elsewhere", "events.ndjson"]],
  ["files after an option for one", ["send", "--report", "ev"], ["events.ndjson"]],
  ["folders alone after an option for one", ["send", "--state", "e"], ["elsewhere"]],
  ["nothing where anything may stand", ["replay", "--event-id", ""], []],
  ["shells", ["completion", ""], ["bash", "fish", "zsh"]],
  ["commands to be helped with", ["help", "lo"], ["login"]],
];

/** What bash offers for the words of a line. */
function bash(cwd: string, words: readonly string[]): string[] {
  const line = ["amazon-dsp-events", ...words].map((word) => `'${word}'`).join(" ");
  const script = `source ./completion; COMP_WORDS=(${line}); COMP_CWORD=${words.length}; _amazon_dsp_events; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout, stderr, status } = spawnSync("bash", ["-c", script], { cwd, encoding: "utf8" });
  assert.deepEqual([stderr, status], ["", 0]);
  return stdout.split("\n").filter((word) => word !== "").sort();
}

test("bash completes commands, options, values and files", () => {
  const cwd = place("bash");
  for (const [what, words, offered] of typed) assert.deepEqual(bash(cwd, words), offered, what);
  assert.deepEqual(bash(cwd, [""]).filter((word) => !word.startsWith("--")), [...commands].sort());
});

test("bash completes every option that the help of a command has, and no other", () => {
  const cwd = place("bash");
  for (const command of commands.filter((name) => name !== "help")) {
    assert.deepEqual(bash(cwd, [command, "--"]), optionsOf(command), command);
  }
});

const missing = (shell: string): string | false => (spawnSync(shell, ["-c", "true"]).status === 0 ? false : `${shell} is not installed`);

test("fish completes commands, options, values and files", { skip: missing("fish") }, () => {
  const cwd = place("fish");
  for (const [what, words, offered] of typed) {
    const line = ["amazon-dsp-events", ...words].join(" ");
    const { stdout } = spawnSync("fish", ["--no-config", "-c", `source ./completion; complete -C '${line}'`], { cwd, encoding: "utf8" });
    const offers = stdout.split("\n").map((one) => one.split("\t")[0]?.replace(/\/$/, "") ?? "").filter((word) => word !== "");
    assert.deepEqual([...new Set(offers)].sort(), offered, what);
  }
});

test("zsh takes the completion", { skip: missing("zsh") }, () => {
  const cwd = place("zsh");
  const script = "autoload -U compinit; compinit -u -D; source ./completion; print -r -- $_comps[amazon-dsp-events]; whence -w _amazon_dsp_events";
  const { stdout, stderr } = spawnSync("zsh", ["-f", "-c", script], { cwd, encoding: "utf8" });
  assert.deepEqual([stdout, stderr], ["_amazon_dsp_events\n_amazon_dsp_events: function\n", ""]);
});

test("the help of every command has examples, which its options allow", () => {
  for (const command of commands.filter((name) => name !== "help")) {
    const help = cli(command, "--help");
    const examples = help.split(/\nExamples?:\n/)[1] ?? "";
    assert.match(examples, new RegExp(`amazon-dsp-events ${command}\\b`), command);
    assertKnown(examples);
  }
});

test("the documents name commands and options that there are", () => {
  for (const { text } of documents) assertKnown(text);
});

/** Checks every call of the program in a text. */
function assertKnown(text: string): void {
  for (const [call, command = "", rest = ""] of text.matchAll(/amazon-dsp-events ([a-z][\w-]*)((?: +[^\s|<>`#;&)]+)*)/g)) {
    // "amazon-dsp-events and …" in a sentence is no call.
    if (!commands.includes(command)) {
      assert.doesNotMatch(rest, /--/, `${call}: no such command`);
      continue;
    }
    const known = optionsOf(command);
    for (const [flag] of rest.matchAll(/(?<=\s)--[a-z][\w-]*/g)) assert.ok(known.includes(flag), `${call}: no such option`);
  }
}
