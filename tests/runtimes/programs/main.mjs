// Runs one program in a process: its argument is JSON on standard input, its lines go to standard output.
import process from "node:process";

const decoder = new TextDecoder();
let input = "";
for await (const chunk of process.stdin) input += decoder.decode(chunk, { stream: true });
const { run } = await import(`./${process.argv[2]}.mjs`);
console.log((await run(JSON.parse(input))).join("\n"));
