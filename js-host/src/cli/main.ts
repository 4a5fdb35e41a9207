// The command line's grammar: commands, options, help, exit codes.
import { Command, Option } from "commander";

import { PARAMETERS } from "../connection.js";
import { version } from "../core.js";
import { messageOf } from "../errors.js";
import { MOST_PER_SECOND, RANGES } from "../limits.js";
import { DEAD_LETTER_REASONS } from "../outcome.js";
import { redact } from "../redact.js";
import { coverage, type CoverageOptions } from "./coverage.js";
import { CommandError, type ExitCode } from "./errors.js";
import { explain, type ExplainOptions } from "./explain.js";
import { importConfig, type ImportConfigOptions } from "./import_config.js";
import { say } from "./io.js";
import { FAULTS_HELP, mock, type MockOptions } from "./mock.js";
import { playground, type PlaygroundOptions } from "./playground.js";
import { configured, connecting, dotenv, mapping, positive, timeout, whole } from "./options.js";
import { replay, type ReplayOptions } from "./replay.js";
import { send, type SendOptions } from "./send.js";
import { serve, type ServeOptions } from "./serve.js";
import { setUpCommands } from "./setup_commands.js";
import { transform, type TransformOptions } from "./transform.js";

/** Runs the command that the arguments name, and ends the process. */
export async function main(argv: readonly string[]): Promise<void> {
  let exitCode: ExitCode = 0;
  try {
    await program((code) => {
      exitCode = code;
    }).parseAsync(argv);
  } catch (error) {
    if (error instanceof CommandError) {
      say(`error: ${error.message}`);
      exitCode = error.exitCode;
    } else if (isCommanderExit(error)) {
      // It has said what is wrong already; help and version are not wrong.
      exitCode = error.exitCode === 0 ? 0 : 2;
    } else {
      const secrets = PARAMETERS.filter(({ secret }) => secret).map(({ name }) => process.env[name] ?? "");
      say(redact(`error: ${error instanceof Error && error.stack ? error.stack : messageOf(error)}`, secrets));
      exitCode = 1;
    }
  }
  // Idle connections would keep the process for seconds.
  process.exit(exitCode);
}

function program(done: (exitCode: ExitCode) => void): Command {
  const root = new Command("amazon-dsp-events")
    .description("Analytics events in, Amazon DSP events out")
    .version(version())
    .configureHelp({ showGlobalOptions: true })
    .exitOverride();

  setUpCommands(root, done);

  mapping(
    root
      .command("transform")
      .summary("map events, send nothing")
      .description("Maps events (NDJSON or a JSON array) and prints one line for each, in order.")
      .argument("[file]", "events; `-` or nothing: standard input"),
  )
    .addHelpText(
      "after",
      `
Examples:
  amazon-dsp-events transform events.ndjson --config amazon-dsp-events.json
  tail -f events.ndjson | amazon-dsp-events transform | grep '"dropped"'`,
    )
    .action(async (file: string | undefined, options: TransformOptions) => {
      done(await transform(file, options));
    });

  mapping(
    root
      .command("explain")
      .summary("say where each field comes from, and why events are dropped")
      .description(
        "Prints for each event (NDJSON or a JSON array) the outcome, the input that fed each field, those that were refused and why, " +
          "and for a drop what would have to change. Values are redacted.",
      )
      .argument("[file]", "events; `-` or nothing: standard input"),
  )
    .option("--event-id <id>", "only the event with this messageId, or with this eventId at Amazon")
    .option("--line <number>", "only the event at this line", whole(1, Number.MAX_SAFE_INTEGER))
    .option("--reason <code>", "only events dropped for this reason")
    .option("--json", "one JSON object an event instead of words")
    .addHelpText(
      "after",
      `
Exit codes: 0 something was explained, 1 no such event, 2 wrong use.

Examples:
  amazon-dsp-events explain events.ndjson --event-id order-1017
  amazon-dsp-events explain events.ndjson --reason no_match_key | less`,
    )
    .action(async (file: string | undefined, options: ExplainOptions) => {
      done(await explain(file, options));
    });

  mapping(
    root
      .command("coverage")
      .summary("say which match keys events have, and what would help most")
      .description("Maps events (NDJSON or a JSON array) and counts: match keys by event, drop reasons, notes, and the three most valuable fixes.")
      .argument("[file]", "events; `-` or nothing: standard input"),
  )
    .option("--json", "one JSON object instead of a table")
    .addHelpText("after", "\nExample:\n  amazon-dsp-events coverage events.ndjson --config amazon-dsp-events.json")
    .action(async (file: string | undefined, options: CoverageOptions) => {
      done(await coverage(file, options));
    });

  delivering(
    mapping(
      root
        .command("send")
        .summary("deliver events to Amazon")
        .description("Maps events (NDJSON or a JSON array), delivers them, and reports what became of each.")
        .argument("[file]", "events; `-` or nothing: standard input"),
    )
      .option("--dry-run", "map and count; send nothing, need no credentials"),
    `
Examples:
  amazon-dsp-events send events.ndjson --dry-run
  amazon-dsp-events send events.ndjson --state ./job --dead-letters dead.ndjson --report report.json
  zcat events.ndjson.gz | amazon-dsp-events send -`,
  ).action(async (file: string | undefined, options: SendOptions) => {
    done(await send(file, options));
  });

  delivering(
    root
      .command("replay")
      .summary("send dead letters again, or list them")
      .description(
        "Sends the events of a file of dead letters again, as they were: the same ids, the same bytes, nothing mapped anew.\n" +
          "The file itself stays as it is.",
      )
      .argument("[file]", "dead letters, as `send --dead-letters` writes them; `-` or nothing: standard input")
      .option("--list", "send nothing: show how many there are by reason, the oldest, and each; as data with --json")
      .addOption(new Option("--reason <reason>", "only dead letters with this reason").choices(DEAD_LETTER_REASONS))
      .option("--event-id <id>", "only the event with this id")
      .option("--dry-run", "read and count; send nothing, need no credentials"),
    `
Examples:
  amazon-dsp-events replay dead.ndjson --list
  amazon-dsp-events replay dead.ndjson --reason attempts_exhausted --dead-letters dead-again.ndjson
  amazon-dsp-events replay dead.ndjson --state ./replay-job`,
  ).action(async (file: string | undefined, options: ReplayOptions) => {
    done(await replay(file, options));
  });

  root
    .command("import-config")
    .summary("make a config from another system's mapping")
    .description(
      "Reads a Segment mapping of the Amazon destination (JSON) or a table as MetaRouter has it (CSV or Markdown), prints a config " +
        "that does the same, and lists on standard error what could not be carried over.",
    )
    .argument("[file]", "the mapping; `-` or nothing: standard input")
    .option("--out <file>", "write the config there instead; never over a file that exists")
    .option("--force", "with --out: overwrite it")
    .option("--json", "print the config and both lists as one JSON object")
    .addHelpText(
      "after",
      `
Exit codes: 0 the config was made, with or without things left out, 2 wrong use or a file that is no mapping.

Examples:
  amazon-dsp-events import-config segment.json --out amazon-dsp-events.json
  amazon-dsp-events import-config metarouter.md > amazon-dsp-events.json`,
    )
    .action(async (file: string | undefined, options: ImportConfigOptions) => {
      done(await importConfig(file, options));
    });

  const serving = configured(
    dotenv(
      root
        .command("serve")
        .summary("take events over HTTP, as Segment does, and deliver them")
        .description("Serves /v1/track, /v1/batch and their like for any of Segment's clients, and delivers what comes until it is stopped."),
    ),
  )
    .option("--port <port>", "port; 0 takes a free one", whole(0, 65_535), 8788)
    .option("--host <address>", "address to listen on; 0.0.0.0 for all", "127.0.0.1")
    .option("--write-key <key...>", "keys that may send (better in the environment: WRITE_KEY, several with commas)")
    .option("--store <file>", "keep events there until they have their outcome, over restarts")
    .option("--dead-letters <file>", "append events that were given up there, as NDJSON")
    .option("--upstream <url>", "hand each request on to this server, whose answer is the answer")
    .option("--cors <origin...>", "origins whose pages may send; `*` for all")
    .option("--trust-proxy <count>", "proxies in front that add to X-Forwarded-For", whole(0, 100), 0)
    .option("--max-body <bytes>", "the most bytes in a body", whole(1, 2 ** 30), 512_000)
    .option("--max-connections <count>", "the most connections at once; more are closed when they come", whole(1, 100_000), 1000)
    .option("--max-queue <events>", "the most events on their way; more are refused with 503", whole(1, 100_000_000), 100_000)
    .option("--grace <seconds>", "how long to go on when told to stop", whole(0, 3600), 25);
  connecting(serving)
    .addHelpText(
      "after",
      `
Exit codes: 0 stopped by SIGTERM or Ctrl-C, 2 wrong use.

Examples:
  WRITE_KEY=wk_live amazon-dsp-events serve --host 0.0.0.0 --store /var/lib/amazon-dsp-events/queue.db
  amazon-dsp-events serve --upstream https://api.segment.io`,
    )
    .action(async (options: ServeOptions) => {
      done(await serve(options));
    });

  root
    .command("mock")
    .summary("run a stand-in for Amazon")
    .description("Serves Amazon's token, events and profiles endpoints on loopback, with faults on demand.")
    .option("--port <port>", "port; 0 takes a free one", whole(0, 65_535), 0)
    .option("--plan <file>", "what it is to do, as JSON; the options below go before it")
    .option("--faults <list>", "faults with their shares, such as 429:0.1,500:0.05,reset:0.02")
    .option("--seed <number>", "makes chance the same every time (default: 1)", whole(0, 2 ** 31))
    .option("--token-lifetime <seconds>", "how long an access token lives (default: 3600)", whole(1, 86_400))
    .option("--log <file>", "append each request there, as NDJSON without secrets")
    .addOption(new Option("--remember <what>", "`counts` keeps nothing that grows, for long runs").choices(["ids", "counts"]).default("ids"))
    .option("--no-validate", "take any event, for speed")
    .option("--json", "print the parameters as one JSON object")
    .addHelpText(
      "after",
      `${FAULTS_HELP}

Examples:
  amazon-dsp-events mock --port 8787 --faults 429:0.1,item:0.05
  amazon-dsp-events mock --plan plan.json --log requests.ndjson`,
    )
    .action(async (options: MockOptions) => {
      done(await mock(options));
    });

  configured(
    root
      .command("playground")
      .summary("try events and configs in a local web page")
      .description("Serves a page on loopback that maps events in the browser: what becomes of each, why, and what a file of them is worth.")
      .option("--port <port>", "port; 0 takes a free one", whole(0, 65_535), 8789),
  )
    .addHelpText(
      "after",
      `
The page begins with the config, and reads it again with each reload.

Examples:
  amazon-dsp-events playground
  amazon-dsp-events playground --config other.json --port 0`,
    )
    .action(async (options: PlaygroundOptions) => {
      done(await playground(options));
    });

  return root;
}

/** The options of every command that delivers. */
function delivering(command: Command, examples: string): Command {
  const [fewestAtOnce, mostAtOnce, atOnce] = RANGES.concurrency;
  const [fewestAttempts, mostAttempts, attempts] = RANGES.maxAttempts;
  dotenv(command)
    .option("--report <file>", "write the report there as one JSON object")
    .option("--json", "print the report on standard output as one JSON object")
    .option("--state <dir>", "keep a journal there: the same command goes on after any end")
    .option("--dead-letters <file>", "append events that were given up there, as NDJSON")
    .option("--concurrency <count>", "requests at once", whole(fewestAtOnce, mostAtOnce), atOnce)
    .option("--max-attempts <count>", "requests that may carry an event before it is given up", whole(fewestAttempts, mostAttempts), attempts)
    .addOption(timeout())
    .option("--max-requests-per-second <number>", "a ceiling of requests; default none", positive(MOST_PER_SECOND.requests))
    .option("--max-events-per-second <number>", "a ceiling of events; default none", positive(MOST_PER_SECOND.events));
  return connecting(command).addHelpText(
    "after",
    `
Exit codes: 0 all accepted or dropped by rule, 1 something was rejected, given up, left or unreadable, 2 wrong use or credentials.
${examples}`,
  );
}

function isCommanderExit(error: unknown): error is Error & { exitCode: number } {
  return error instanceof Error && "exitCode" in error && "code" in error && String(error.code).startsWith("commander.");
}
