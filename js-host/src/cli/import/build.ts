// From the model to a config of ours that does the same, and to a list of what it cannot do.
import type { Config } from "../../core.js";
import { Inputs } from "./inputs.js";
import type { Export, Ledger } from "./model.js";
import { Rules } from "./rules.js";

/** The config for an export. Whatever it cannot say is in the ledger. */
export function buildConfig(exported: Export, ledger: Ledger): Config {
  const active = exported.mappings.filter((mapping) => mapping.enabled);
  const { config: rules } = new Rules(exported, active, ledger);
  const { config: inputs } = new Inputs(exported, active, ledger);
  const config: Config = {
    ...(rules.preset && { preset: rules.preset }),
    ...(rules.dataSetName !== undefined && { dataSetName: rules.dataSetName }),
    ...(rules.events && { events: rules.events }),
    ...(rules.unmapped && { unmapped: rules.unmapped }),
    ...inputs,
  };
  // What says nothing is not written.
  return Object.fromEntries(
    Object.entries(config).filter(([, value]) => typeof value === "string" || Object.keys(value).length > 0),
  );
}
