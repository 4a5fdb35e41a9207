// The Worker under test: takes the table, answers the outcomes.
import { Transformer } from "amazon-dsp-events/core";
import { run } from "./table.mjs";

export default {
  async fetch(request) {
    return Response.json(run(Transformer, await request.json()));
  },
};
