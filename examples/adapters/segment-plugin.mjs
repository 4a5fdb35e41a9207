// An app that sends to Segment: one line more, and every event goes to Amazon as well.
import { Analytics } from "@segment/analytics-node";
import { amazonEvents } from "amazon-dsp-events/adapters/analytics-node";

import { amazon } from "./amazon.mjs";

const analytics = new Analytics({ writeKey: process.env.WRITE_KEY ?? "wk_example", host: process.env.SEGMENT_HOST });
await analytics.register(amazonEvents({ amazon }));

analytics.track({ userId: "jane.doe@example.com", event: "Order Completed", properties: { order_id: "1017", total: 74.8 } });
await analytics.closeAndFlush();
await amazon.close();
