// An Express app: a collector for its pages, and an event of its own for each order.
import { amazonEvents, collector } from "amazon-dsp-events/adapters/express";
import express from "express";

import { amazon, closeWith, port } from "./amazon.mjs";

const app = express();
app.use(collector({ writeKeys: [process.env.WRITE_KEY ?? "wk_example"], amazon }));
app.use(amazonEvents({ amazon, events: (request, response) => response.locals.paid }));

app.post("/orders", express.json(), (request, response) => {
  const { id, email, total } = request.body;
  response.locals.paid = {
    type: "track",
    event: "Order Completed",
    messageId: `order-${id}`,
    timestamp: new Date().toISOString(),
    traits: { email },
    properties: { order_id: id, total },
  };
  response.json({ id });
});

const server = app.listen(port, "127.0.0.1", () => console.log(`http://127.0.0.1:${server.address().port}`));
closeWith(() => new Promise((resolve) => server.close(resolve).closeIdleConnections()));
