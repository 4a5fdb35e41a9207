// Leaves events in an SQLite file with a client that cannot reach Amazon, and delivers them with the next one.
import { createAmazonEvents } from "amazon-dsp-events";
import { sqliteStore } from "amazon-dsp-events/stores/sqlite";

export async function run({ parameters, events, path }) {
  let store;
  try {
    store = sqliteStore({ path });
  } catch (error) {
    return [JSON.stringify({ code: error.code, message: error.message })];
  }
  const first = createAmazonEvents({ ...parameters, store, fetch: () => Promise.reject(new TypeError("no network")) });
  for (const event of events) await first.send(event);
  await first.close({ deadlineMs: 1 });

  store = sqliteStore({ path });
  const left = store.events;
  const second = createAmazonEvents({ ...parameters, store });
  await second.flush();
  const delivered = second.stats().accepted;
  const after = store.events;
  await second.close();
  return [JSON.stringify({ left, delivered, after })];
}
