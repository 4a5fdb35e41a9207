// An app that sends to Segment, and that only its `host` makes send to a collector instead.
import { Analytics } from "@segment/analytics-node";

const analytics = new Analytics({ writeKey: process.env.WRITE_KEY ?? "wk_example", host: process.env.SEGMENT_HOST });
analytics.on("error", ({ reason }) => {
  console.error(reason);
  process.exitCode = 1;
});

analytics.track({ userId: "jane.doe@example.com", event: "Order Completed", properties: { order_id: "1017", total: 74.8, country: "US" } });
analytics.page({ userId: "jane.doe@example.com", name: "Thanks", properties: { country: "US" } });
await analytics.closeAndFlush();
