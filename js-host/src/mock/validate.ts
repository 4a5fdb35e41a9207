// Amazon's rules for a request, as strict as they are known. A fault of form sinks the whole request (400); a fault of
// value costs only its event (207).
import { isIP } from "node:net";

import { isObject } from "../json.js";
import {
  CONVERSION_TYPES,
  COUNTRY_CODES,
  CURRENCY_CODES,
  CUSTOM_DATA_TYPES,
  EVENT_SOURCES,
  HASHED_MATCH_KEY_TYPES,
  MATCH_KEY_TYPES,
} from "./enums.js";

/** One thing that is wrong. */
export interface Violation {
  /** The event it is in; undefined for the request itself. */
  readonly index: number | undefined;
  readonly fieldLocation: string;
  readonly message: string;
  /** Whether the whole request is refused for it. */
  readonly sinks: boolean;
}

type Json = Record<string, unknown>;
type Report = (field: string, message: string) => void;

const LOOKBACK_MS = 21 * 86_400_000;
const FORBIDDEN_IN_NAMES = /[!@#$%^&*|+=(){}[\]<>?\\/~;]/;
const MAX_INT32 = 2_147_483_647;
const MAX_MATCH_ID_CHARS = 100;
const AREF_TOKENS = /^[\w-]{10}\.\d{13}(\|[\w-]{10}\.\d{13})*$/;
const DESCRIPTION_KEYS = new Set(["name", "conversionType", "eventSource", "eventIngestionMethod", "dataSetName"]);
const MATCH_KEY_KEYS = new Set(["type", "values"]);
const CONSENT_KEYS = new Set(["geo", "amazonConsent", "tcf", "gpp"]);
const GEO_KEYS = new Set(["ipAddress"]);
const AMAZON_CONSENT_KEYS = new Set(["amznUserData", "amznAdStorage"]);
const CUSTOM_DATA_KEYS = new Set(["name", "value", "dataType"]);
const DEVICE_KEYS = new Set(["userAgent"]);
const OPTIONS_KEYS = new Set(["options"]);
const EVENT_KEYS = new Set(
  "eventDescription eventId eventTime countryCode matchKeys value currencyCode unitsSold consent customData dataProcessingOptions deviceInfo amazonAdEventKey arefMeasurementTokens partner".split(" "),
);

/**
 * All that is wrong with the body of a request.
 *
 * @param now - what the age of events is measured from; epoch milliseconds. Undefined: age is not looked at
 */
export function validateRequest(body: unknown, now?: number): Violation[] {
  const violations: Violation[] = [];
  const request: Report = (fieldLocation, message) => violations.push({ index: undefined, fieldLocation, message, sinks: true });
  if (!isObject(body)) {
    request("$", "must be an object");
    return violations;
  }
  for (const key of Object.keys(body)) if (key !== "events") request(`$.${key}`, "is not known");
  const { events } = body;
  if (!Array.isArray(events)) request("$.events", "must be a list");
  else if (events.length < 1 || events.length > 500) request("$.events", `must have 1 to 500 events, has ${events.length}`);
  else {
    for (const [index, event] of (events as unknown[]).entries()) {
      const at = (sinks: boolean): Report => (field, message) =>
        violations.push({ index, fieldLocation: `$.events[${index}]${field}`, message, sinks });
      validateEvent(event, at(true), at(false), now);
    }
  }
  return violations;
}

function validateEvent(event: unknown, form: Report, value: Report, now: number | undefined): void {
  if (!isObject(event)) return form("", "must be an object");
  known(event, EVENT_KEYS, "", form);
  const { eventDescription: description } = event;
  let isPurchase = false;
  if (!isObject(description)) form(".eventDescription", "is required");
  else {
    isPurchase = description["conversionType"] === "OFF_AMAZON_PURCHASES";
    validateDescription(description, form, value);
  }
  member(event["countryCode"], COUNTRY_CODES, ".countryCode", form);
  validateTime(event["eventTime"], form, value, now);
  validateMatchKeys(event["matchKeys"], form, value);
  validateMoney(event, isPurchase, form, value);
  optional(event["eventId"], ".eventId", "string", form);
  validateConsent(event["consent"], form, value);
  validateCustomData(event["customData"], form, value);
  validateDevice(event["deviceInfo"], form, value);
  validateOptions(event["dataProcessingOptions"], form);
  for (const name of ["amazonAdEventKey", "arefMeasurementTokens", "partner"]) optional(event[name], `.${name}`, "string", form);
  const { arefMeasurementTokens: tokens } = event;
  if (typeof tokens === "string" && !AREF_TOKENS.test(tokens)) {
    value(".arefMeasurementTokens", "must be pairs of a token of 10 characters and 13 digits, with a dot between, joined by |");
  }
}

function validateDevice(device: unknown, form: Report, value: Report): void {
  if (device === undefined) return;
  if (!isObject(device)) return form(".deviceInfo", "must be an object");
  known(device, DEVICE_KEYS, ".deviceInfo", form);
  const { userAgent } = device;
  optional(userAgent, ".deviceInfo.userAgent", "string", form);
  if (typeof userAgent === "string" && userAgent.length > 512) value(".deviceInfo.userAgent", "must have at most 512 characters");
}

function validateOptions(options: unknown, form: Report): void {
  if (options === undefined) return;
  if (!isObject(options)) return form(".dataProcessingOptions", "must be an object");
  known(options, OPTIONS_KEYS, ".dataProcessingOptions", form);
  if (options["options"] !== undefined && options["options"] !== "LIMITED_DATA_USE") {
    form(".dataProcessingOptions.options", "must be LIMITED_DATA_USE");
  }
}

function validateDescription(description: Json, form: Report, value: Report): void {
  known(description, DESCRIPTION_KEYS, ".eventDescription", form);
  const { name, dataSetName } = description;
  if (typeof name !== "string" || name === "") form(".eventDescription.name", "is required");
  else if (name.length > 256 || FORBIDDEN_IN_NAMES.test(name)) {
    value(".eventDescription.name", "must have at most 256 characters and none of the forbidden ones");
  }
  member(description["conversionType"], CONVERSION_TYPES, ".eventDescription.conversionType", form);
  member(description["eventSource"], EVENT_SOURCES, ".eventDescription.eventSource", form);
  if (description["eventIngestionMethod"] !== "SERVER_TO_SERVER") {
    form(".eventDescription.eventIngestionMethod", "must be SERVER_TO_SERVER");
  }
  if (dataSetName !== undefined && !(typeof dataSetName === "string" && /^[A-Za-z][A-Za-z0-9_-]{0,99}$/.test(dataSetName))) {
    value(".eventDescription.dataSetName", "must be 1 to 100 letters, digits, _ and -, beginning with a letter");
  }
}

function validateTime(time: unknown, form: Report, value: Report, now: number | undefined): void {
  if (typeof time !== "string") return form(".eventTime", "must be a text");
  const [, year, month, day] = /^(\d{4})-(\d\d)-(\d\d)T\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/.exec(time) ?? [];
  const millis = day === undefined ? Number.NaN : Date.parse(time);
  // The engine takes the 30th of February for the 1st of March.
  const isDay = new Date(Date.UTC(Number(year), Number(month) - 1, Number(day))).getUTCDate() === Number(day);
  if (Number.isNaN(millis) || !isDay) value(".eventTime", "not a date-time");
  else if (now !== undefined && millis < now - LOOKBACK_MS) value(".eventTime", "more than 21 days ago");
}

function validateMatchKeys(keys: unknown, form: Report, value: Report): void {
  if (!Array.isArray(keys) || keys.length < 1 || keys.length > 15) return form(".matchKeys", "must be a list of 1 to 15");
  const seen = new Set<string>();
  for (const [index, key] of (keys as unknown[]).entries()) {
    const field = `.matchKeys[${index}]`;
    if (!isObject(key)) {
      form(field, "must be an object");
      continue;
    }
    known(key, MATCH_KEY_KEYS, field, form);
    const { type, values } = key;
    member(type, MATCH_KEY_TYPES, `${field}.type`, form);
    if (seen.has(String(type))) value(`${field}.type`, "must be there once");
    seen.add(String(type));
    if (!Array.isArray(values) || values.length !== 1 || typeof values[0] !== "string" || values[0] === "") {
      form(`${field}.values`, "must have exactly one text");
    } else if (HASHED_MATCH_KEY_TYPES.has(String(type)) && !/^[0-9a-f]{64}$/.test(values[0])) {
      value(`${field}.values[0]`, "must be SHA-256 in lower-case hex");
    } else if (type === "FIP" && isIP(values[0]) === 0) {
      value(`${field}.values[0]`, "must be an IP address");
    } else if (type === "MATCH_ID" && values[0].length > MAX_MATCH_ID_CHARS) {
      value(`${field}.values[0]`, `must have at most ${MAX_MATCH_ID_CHARS} characters`);
    }
  }
}

function validateMoney(event: Json, isPurchase: boolean, form: Report, value: Report): void {
  const { value: amount, currencyCode, unitsSold } = event;
  optional(amount, ".value", "number", form);
  if (typeof amount === "number") {
    if (isPurchase && amount < 0) value(".value", "must not be negative for a purchase");
    if (Math.abs(Math.round(amount * 100) - amount * 100) > 1e-4) value(".value", "must have at most 2 decimals");
    if (isPurchase && currencyCode === undefined) value(".currencyCode", "is required for a purchase with a value");
  }
  if (currencyCode !== undefined) {
    member(currencyCode, CURRENCY_CODES, ".currencyCode", form);
    if (!isPurchase) value(".currencyCode", "is for purchases");
  }
  if (unitsSold !== undefined) {
    if (!Number.isInteger(unitsSold) || Number(unitsSold) < 1 || Number(unitsSold) > MAX_INT32) form(".unitsSold", "must be a whole number from 1 to 2147483647");
    if (!isPurchase) value(".unitsSold", "is for purchases");
  }
}

function validateConsent(consent: unknown, form: Report, value: Report): void {
  if (consent === undefined) return;
  if (!isObject(consent)) return form(".consent", "must be an object");
  known(consent, CONSENT_KEYS, ".consent", form);
  const { geo, amazonConsent, tcf, gpp } = consent;
  optional(tcf, ".consent.tcf", "string", form);
  optional(gpp, ".consent.gpp", "string", form);
  if (geo !== undefined) {
    if (isObject(geo)) known(geo, GEO_KEYS, ".consent.geo", form);
    if (!isObject(geo) || typeof geo["ipAddress"] !== "string") form(".consent.geo.ipAddress", "is required");
    else if (isIP(geo["ipAddress"]) === 0) value(".consent.geo.ipAddress", "must be an IP address");
  }
  if (amazonConsent === undefined) return;
  if (!isObject(amazonConsent)) return form(".consent.amazonConsent", "must be an object");
  known(amazonConsent, AMAZON_CONSENT_KEYS, ".consent.amazonConsent", form);
  const isStatus = (status: unknown): boolean => status === "GRANTED" || status === "DENIED";
  if (!isStatus(amazonConsent["amznUserData"])) form(".consent.amazonConsent.amznUserData", "must be GRANTED or DENIED");
  if (amazonConsent["amznAdStorage"] !== undefined && !isStatus(amazonConsent["amznAdStorage"])) {
    form(".consent.amazonConsent.amznAdStorage", "must be GRANTED or DENIED");
  }
}

function validateCustomData(data: unknown, form: Report, value: Report): void {
  if (data === undefined) return;
  if (!Array.isArray(data) || data.length > 13) return form(".customData", "must be a list of at most 13");
  for (const [index, attribute] of (data as unknown[]).entries()) {
    const field = `.customData[${index}]`;
    if (!isObject(attribute) || typeof attribute["name"] !== "string" || typeof attribute["value"] !== "string") {
      form(field, "must have a name and a value, both texts");
      continue;
    }
    known(attribute, CUSTOM_DATA_KEYS, field, form);
    if (!/^\w+$/.test(attribute["name"]) || !/^\w{1,256}$/.test(attribute["value"])) {
      value(field, "name and value must be letters, digits and _");
    }
    if (attribute["dataType"] !== undefined) member(attribute["dataType"], CUSTOM_DATA_TYPES, `${field}.dataType`, form);
    if (attribute["dataType"] === "INTEGER" && !(/^\d+$/.test(attribute["value"]) && Number(attribute["value"]) <= MAX_INT32)) {
      value(`${field}.value`, "must be a whole number of 32 bits");
    }
  }
}

function known(object: Json, keys: ReadonlySet<string>, field: string, report: Report): void {
  for (const key of Object.keys(object)) if (!keys.has(key)) report(`${field}.${key}`, "is not known");
}

function member(value: unknown, allowed: ReadonlySet<string>, field: string, report: Report): void {
  if (value === undefined) report(field, "is required");
  else if (typeof value !== "string" || !allowed.has(value)) report(field, "is not one of the values that are allowed");
}

function optional(value: unknown, field: string, type: "string" | "number", report: Report): void {
  if (value !== undefined && typeof value !== type) report(field, `must be a ${type}`);
}

