// Loaded in front of a program: when it ends, writes what it took to the file that USAGE_FILE names.
import { writeFileSync } from "node:fs";

process.on("exit", () => {
  const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
  writeFileSync(process.env.USAGE_FILE, JSON.stringify({ cpu: userCPUTime + systemCPUTime, resident: maxRSS }));
});
