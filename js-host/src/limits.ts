// Reads options that are whole numbers.
import { invalidOption } from "./errors.js";

/**
 * The option's value, or the standard one if it is not set.
 *
 * @throws {@link UsageError} that names the option and its limits
 */
export function whole<Name extends string>(
  options: Readonly<Partial<Record<Name, unknown>>>,
  name: Name,
  min: number,
  max: number,
  standard: number,
): number {
  const value = options[name];
  if (value === undefined) return standard;
  if (typeof value === "number" && Number.isInteger(value) && value >= min && value <= max) return value;
  throw invalidOption(name, `a whole number from ${min} to ${max}`, value);
}
