// A Fastify app: a collector for its pages, and an event of its own for each order.
import { amazonEvents, collector } from "amazon-dsp-events/adapters/fastify";
import { fastify } from "fastify";

import { amazon, closeWith, port } from "./amazon.mjs";

const app = fastify();
app.register(collector({ writeKeys: [process.env.WRITE_KEY ?? "wk_example"], amazon }));
app.register(amazonEvents({ amazon, events: (request) => request.paid }));
app.decorateRequest("paid", null);

app.post("/orders", async (request) => {
  const { id, email, total } = request.body;
  request.paid = {
    type: "track",
    event: "Order Completed",
    messageId: `order-${id}`,
    timestamp: new Date().toISOString(),
    traits: { email },
    properties: { order_id: id, total },
  };
  return { id };
});

console.log(await app.listen({ port, host: "127.0.0.1" }));
closeWith(() => app.close());
