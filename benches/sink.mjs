// A stand-in for Amazon that only counts and answers, in a process of its own: what it costs is nobody's here.
import { createServer } from "node:http";

const EVENT = Buffer.from('{"eventDescription"');
const replies = new Map();
const replyFor = (count) => {
  if (!replies.has(count)) replies.set(count, JSON.stringify({ success: Array.from({ length: count }, (_, index) => ({ index })), error: [] }));
  return replies.get(count);
};

const server = createServer((request, response) => {
  const parts = [];
  request.on("data", (part) => parts.push(part));
  request.on("end", () => {
    const body = Buffer.concat(parts);
    const json = { "content-type": "application/json" };
    if (request.url === "/token") {
      response.writeHead(200, json).end('{"access_token":"Atza|bench","expires_in":3600,"token_type":"bearer"}');
      return;
    }
    let count = 0;
    for (let at = body.indexOf(EVENT); at >= 0; at = body.indexOf(EVENT, at + EVENT.length)) count++;
    response.writeHead(207, json).end(replyFor(count));
  });
});
server.keepAliveTimeout = 60_000;
server.listen(0, "127.0.0.1", () => process.send(server.address().port));
process.on("disconnect", () => process.exit());
