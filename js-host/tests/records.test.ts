// Bytes into events, whatever the bytes and wherever the chunks end.
import assert from "node:assert/strict";
import { test } from "node:test";

import { Transformer } from "../dist/core.js";
import { Mapper } from "../dist/mapper.js";
import { RecordSplitter } from "../dist/records.js";

function split(input: string | Buffer, chunk = Number.POSITIVE_INFINITY): [number, string][] {
  const bytes = Buffer.from(input);
  const splitter = new RecordSplitter();
  const records = [];
  for (let at = 0; at < bytes.length; at += chunk) records.push(...splitter.push(bytes.subarray(at, at + chunk)));
  records.push(...splitter.end());
  return records.map(({ line, bytes: record }) => [line, Buffer.from(record).toString("utf8")]);
}

const cases: [string, string, [number, string][]][] = [
  ["an empty input has no events", "", []],
  ["blanks alone are no events", " \n\r\n\t", []],
  ["lines are events", '{"a":1}\n{"b":2}\n', [[1, '{"a":1}'], [2, '{"b":2}']]],
  ["the last line needs no end", '{"a":1}\n{"b":2}', [[1, '{"a":1}'], [2, '{"b":2}']]],
  ["blank lines are passed over and counted", '\n{"a":1}\n\n \n{"b":2}', [[2, '{"a":1}'], [5, '{"b":2}']]],
  ["carriage returns and blanks around are no part of it", ' {"a":1} \r\n{"b":2}\r\n', [[1, '{"a":1}'], [2, '{"b":2}']]],
  ["a line separator inside a text is data", '{"a":"x\u2028y\u2029z"}\n1', [[1, '{"a":"x\u2028y\u2029z"}'], [2, "1"]]],
  ["broken lines are events like others", '{"a":\nnull\n"x"', [[1, '{"a":'], [2, "null"], [3, '"x"']]],
  ["an array has its elements", '[{"a":1},{"b":[2,3]},"x,]"]', [[1, '{"a":1}'], [2, '{"b":[2,3]}'], [3, '"x,]"']]],
  ["an array may go over lines", '\n[\n  {"a":\n1},\n  {"b":2}\n]\n', [[1, '{"a":\n1}'], [2, '{"b":2}']]],
  ["an empty array has none", "[ ]", []],
  ["an element that is not there is one", "[,1,]", [[1, ""], [2, "1"], [3, ""]]],
  ["quotes and backslashes in texts end nothing", String.raw`["a\"],[",2,"\\"]`, [[1, String.raw`"a\"],["`], [2, "2"], [3, String.raw`"\\"`]]],
  ["an array that breaks off ends in one broken event", '[{"a":1},{"b":', [[1, '{"a":1}'], [2, '{"b":']]],
  ["what follows an array is one event", "[1] x\n[2]", [[1, "1"], [2, "x\n[2]"]]],
  ["lines of arrays are lines", "[1]\n[2]\n", [[1, "[1]"], [2, "[2]"]]],
  ["one line with an array is an array", "[1]\n\n", [[1, "1"]]],
];
for (const [name, input, expected] of cases) {
  test(name, () => {
    for (const chunk of [1, 2, 3, 7, Number.POSITIVE_INFINITY]) assert.deepEqual(split(input, chunk), expected, `chunks of ${chunk}`);
  });
}

test("an event over 1 MiB is cut one byte after it, and costs its neighbours nothing", () => {
  const large = `{"a":"${"x".repeat(3 * 2 ** 20)}"}`;
  for (const [input, array] of [[`1\n${large}\n2`, false], [`[1,${large},2]`, true]] as const) {
    for (const chunk of [65_536, Number.POSITIVE_INFINITY]) {
      const records = split(input, chunk);
      assert.deepEqual(records.map(([line]) => line), [1, 2, 3], String(array));
      assert.equal(records[1]?.[1].length, 2 ** 20 + 1);
      assert.equal(records[2]?.[1], "2");
    }
  }
});

test("every event has one result, however it is broken", () => {
  const mapper = new Mapper(new Transformer());
  const good = '{"type":"page","messageId":"m","timestamp":"2026-11-20T10:00:00Z","userId":"jane@example.com","properties":{"country":"US"}}';
  const inputs = ["", good, "null", "[1]", good.replaceAll(",", ",\n"), '{"type":"pa\nge"}', "x".repeat(2 ** 20 + 1), `\ufeff${good}`, `{"a":${"[".repeat(10_000)}`];
  const results = mapper.map(inputs.map((input) => Buffer.from(input)), Date.parse("2026-11-21"));
  assert.deepEqual(
    results.map((result) => (result.wire ? "mapped" : result.dropped.detail)),
    ["not_json", "mapped", "not_an_object", "not_an_object", "mapped", "not_json", "too_large", "mapped", "too_deep"],
  );
  assert.deepEqual(results[1]?.wire, results[4]?.wire);
});
