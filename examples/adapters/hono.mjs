// A Hono app: a collector for its pages, and an event of its own for each order.
import { createServer } from "node:http";

import { amazonEvents, collector } from "amazon-dsp-events/adapters/hono";
import { nodeHandler } from "amazon-dsp-events/adapters/node";
import { Hono } from "hono";

import { amazon, closeWith, port } from "./amazon.mjs";

const app = new Hono();
app.use(collector({ writeKeys: [process.env.WRITE_KEY ?? "wk_example"], amazon }));
app.use(amazonEvents({ amazon, events: (c) => c.get("paid") }));

app.post("/orders", async (c) => {
  const { id, email, total } = await c.req.json();
  c.set("paid", {
    type: "track",
    event: "Order Completed",
    messageId: `order-${id}`,
    timestamp: new Date().toISOString(),
    traits: { email },
    properties: { order_id: id, total },
  });
  return c.json({ id });
});

const server = createServer(nodeHandler((request) => app.fetch(request)));
server.listen(port, "127.0.0.1", () => console.log(`http://127.0.0.1:${server.address().port}`));
closeWith(() => new Promise((resolve) => server.close(resolve).closeIdleConnections()));
