// The entries that need files or a server: starts the stand-in, delivers to it, and has a refused event kept in a file.
import { createAmazonEvents } from "amazon-dsp-events";
import { fileDeadLetters } from "amazon-dsp-events/dead-letters/file";
import { startMock } from "amazon-dsp-events/mock";

export async function run({ events, path }) {
  const mock = await startMock();
  mock.script({ kind: "status", status: 403 });
  const deadLetters = fileDeadLetters(path);
  const amazon = createAmazonEvents({ ...mock.parameters, deadLetters, maxBatchEvents: 10 });
  for (const event of events) await amazon.send(event);
  await amazon.close();
  const { accepted, deadLettered, rejected } = amazon.stats();
  const answer = { accepted, deadLettered, rejected, taken: mock.stats().accepted };
  await mock.close();
  return [JSON.stringify(answer)];
}
