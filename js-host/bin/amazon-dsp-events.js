#!/usr/bin/env node
// The command line. `--help` says what it can do.
import { main } from "../dist/cli/main.js";

await main(process.argv);
