// The commands of a set-up, from nothing to the first accepted event: their grammar and help.
import { Argument, Option, type Command } from "commander";

import { completion, SHELLS } from "./completion.js";
import { doctor, TEST_DATA_SET, type DoctorOptions } from "./doctor.js";
import type { ExitCode } from "./errors.js";
import { init, type InitOptions } from "./init.js";
import { CONFIG_FILE } from "./io.js";
import { login, type LoginOptions } from "./login.js";
import { configured, connecting, dotenv, region, timeout, whole } from "./options.js";
import { ENV_FILE } from "./parameters.js";
import { profiles, type ProfilesOptions } from "./profiles.js";

/** Adds the commands to the program. */
export function setUpCommands(root: Command, done: (exitCode: ExitCode) => void): void {
  const loggingIn = root
    .command("login")
    .summary("let the advertiser consent, and get the refresh token")
    .description(
      "Opens Login with Amazon, takes the code that comes back on this machine, and exchanges it for the refresh token, which goes " +
        "into a file that only you may read. The client's parameters are read from that file as well.",
    )
    .addOption(region())
    .option("--no-browser", "open nothing and listen to nothing: paste the address that the browser ends at, or the code")
    .option("--port <port>", "port of this machine that Amazon redirects to; http://localhost:PORT/callback must be an Allowed Return URL", whole(0, 65_535), 8765)
    .option("--redirect-uri <url>", "another Allowed Return URL; what comes back is pasted")
    .option("--dotenv <file>", `where the token goes, and parameters are found; other lines stay (default: ${ENV_FILE})`)
    .option("--print", "print the token once on standard output instead")
    .option("--wrangler", "print the `wrangler secret put` commands that bring it from the file into a Worker")
    .option("--json", "print where it went and how long it lives as one JSON object")
    .option("--timeout <seconds>", "how long to wait for the consent", whole(1, 3600), 300);
  connecting(loggingIn, ["CLIENT_ID", "CLIENT_SECRET", "BASE_URL", "TOKEN_URL"])
    .addHelpText(
      "after",
      `
Once, in Amazon's console: developer.amazon.com > Login with Amazon > your security profile > Web Settings > Allowed Return URLs:
  http://localhost:8765/callback

Exit codes: 0 the token is where it should be, 1 no consent or no answer, 2 wrong use or credentials.

Examples:
  amazon-dsp-events login                     # CLIENT_ID and CLIENT_SECRET are in .env or in the environment
  amazon-dsp-events login --region eu --dotenv production.env
  amazon-dsp-events login --no-browser --wrangler`,
    )
    .action(async (options: LoginOptions) => {
      done(await login(options));
    });

  const listing = dotenv(
    root
      .command("profiles")
      .summary("list profiles and DSP advertisers, and the ids to use")
      .description("Lists what the consent gives access to in the region: profiles, and the DSP advertisers of each."),
  )
    .addOption(region())
    .option("--save [advertiser-id]", "put ADVERTISER_ID and PROFILE_ID into the --dotenv file: of the only advertiser, or of the one named")
    .option("--json", "print both lists as one JSON object")
    .addOption(timeout());
  connecting(listing, ["CLIENT_ID", "CLIENT_SECRET", "REFRESH_TOKEN", "PROFILE_ID", "BASE_URL", "TOKEN_URL"])
    .addHelpText(
      "after",
      `
Exit codes: 0 there is an advertiser to use, 1 there is none or no answer, 2 wrong use or credentials.

Examples:
  amazon-dsp-events profiles --dotenv ${ENV_FILE}
  amazon-dsp-events profiles --dotenv ${ENV_FILE} --save 577012345678901234
  amazon-dsp-events profiles --region eu --json`,
    )
    .action(async (options: ProfilesOptions) => {
      done(await profiles(options));
    });

  const checking = configured(
    dotenv(
      root
        .command("doctor")
        .summary("check the set-up step by step")
        .description("Checks parameters, config, access token, clock, account, region and events endpoint. Each failure has its cause and its remedy."),
    ),
  )
    .addOption(region())
    .option("--send-test [data-set]", `send one marked event, to the data set ${TEST_DATA_SET} or the one named`)
    .option("--json", "print the checks as one JSON object")
    .addOption(timeout());
  connecting(checking)
    .addHelpText(
      "after",
      `
Without --send-test nothing is sent but an empty list, which Amazon refuses as one.

Exit codes: 0 all is well, 1 a check failed, 2 wrong use or credentials.

Examples:
  amazon-dsp-events doctor --dotenv ${ENV_FILE}
  amazon-dsp-events doctor --dotenv ${ENV_FILE} --send-test
  amazon-dsp-events doctor --json | jq '.checks[] | select(.status == "failed")'`,
    )
    .action(async (options: DoctorOptions) => {
      done(await doctor(options));
    });

  root
    .command("init")
    .summary("write a config to start from")
    .description(`Writes ${CONFIG_FILE}, which every command of this folder finds. It changes nothing but what was asked; editors explain each key by $schema.`)
    .option("--data-set <name>", "data set for events whose rule names none")
    .option("--country <code>", "country of events that name none")
    .option("--currency <code>", "currency of orders that name none")
    .addOption(new Option("--preset <name>", "the built-in event table").choices(["metarouter", "segment"]))
    .option("--out <file>", "write it there instead; never over a file that exists", CONFIG_FILE)
    .option("--force", "overwrite it")
    .option("-y, --yes", "ask nothing; also where nobody can be asked")
    .option("--json", "print the file's name and the config as one JSON object")
    .addHelpText(
      "after",
      `
Exit codes: 0 it is written, 2 wrong use or a file that exists.

Examples:
  amazon-dsp-events init
  amazon-dsp-events init --yes --data-set web_events --country US --currency USD`,
    )
    .action(async (options: InitOptions) => {
      done(await init(options));
    });

  root
    .command("completion")
    .summary("print a completion for your shell")
    .description("Prints a script that completes commands, options and values.")
    .addArgument(new Argument("<shell>", "the shell").choices(SHELLS))
    .addHelpText(
      "after",
      `
Examples:
  source <(amazon-dsp-events completion bash)                     # in ~/.bashrc
  source <(amazon-dsp-events completion zsh)                      # in ~/.zshrc, after compinit
  amazon-dsp-events completion fish | source                      # in ~/.config/fish/config.fish`,
    )
    .action(async (shell: string) => {
      done(await completion(shell, root));
    });
}
