// The collector on Node's http server: what the command `serve` does, to build on.
import { createServer } from "node:http";

import { collector } from "amazon-dsp-events/adapters/collector";
import { nodeHandler } from "amazon-dsp-events/adapters/node";

import { amazon, closeWith, port } from "./amazon.mjs";

const handle = collector({ writeKeys: [process.env.WRITE_KEY ?? "wk_example"], cors: ["https://shop.example"], amazon });
const server = createServer(nodeHandler(handle));
server.listen(port, "127.0.0.1", () => console.log(`http://127.0.0.1:${server.address().port}`));
closeWith(() => new Promise((resolve) => server.close(resolve).closeIdleConnections()));
