// Runs one program in a Worker: its argument is the request's body, its lines are the response's.
import * as deliver from "./deliver.mjs";
import * as table from "./table.mjs";

const programs = { deliver, table };

export default {
  async fetch(request) {
    const { run } = programs[new URL(request.url).pathname.slice(1)];
    const lines = await run(await request.json());
    return new Response(lines.join("\n"));
  },
};
