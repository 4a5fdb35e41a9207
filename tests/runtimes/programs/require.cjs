// Loads entries by `require`, and prints what each has.
const entries = process.argv.slice(2);
console.log(JSON.stringify(Object.fromEntries(entries.map((entry) => [entry, Object.keys(require(entry)).sort()]))));
