// What each code means, in words for people. The codes are the core's; a code without words does not compile.
import type { Detail, DropReason, Note, Unusable } from "./core.js";

/** Why an event was dropped. */
export const REASONS: Readonly<Record<DropReason, string>> = {
  invalid_event: "it cannot be read as an event",
  unmapped_event: "no rule takes events of this name or type",
  disabled_event: "its rule is `false`",
  event_too_old: "it is older than `eventTime.lookbackDays`",
  event_in_future: "it lies further ahead than `eventTime.maxFutureHours`",
  country_missing: "no input names a country, and there is no default",
  consent_missing: "consent must have been given, and no signal says so",
  consent_denied: "the person said no",
  no_match_key: "no usable identifier is left",
};

/** What is wrong with an `invalid_event`. */
export const DETAILS: Readonly<Record<Detail, string>> = {
  not_json: "it is not JSON",
  not_an_object: "it is JSON, but no object",
  too_deep: "more than 64 containers are inside each other",
  too_large: "it has more than 1 MiB",
  type_unusable: "`type` is missing, or no text",
  event_unusable: "a track event without a name in `event`",
};

/** What was repaired or left out. */
export const NOTES: Readonly<Record<Note, string>> = {
  text_repaired: "half a character became U+FFFD",
  name_cleaned: "the event's name had characters Amazon forbids, or too many",
  time_defaulted: "no usable time: the time of mapping was taken",
  event_id_derived: "no `messageId`: the id is a hash of the event",
  country_defaulted: "no country: the default was taken",
  amounts_disagree: "the products' sum, total, revenue and value are not all the same",
  value_unusable: "there is an amount, but it is no number",
  value_without_currency: "an amount without a currency Amazon takes: both were left out",
  junk_identifier: "an identifier was none, and was left out",
  user_id_not_an_address: "the user id was hashed as EMAIL though it is no address",
  ad_tracking_disabled: "ad tracking is off: the advertising id was left out",
  tcf_unreadable: "a TCF string is broken, so it says nothing",
  gpp_unreadable: "a GPP string is broken, so it says nothing",
  consent_string_left_out: "a consent string says something else than was decided",
  invalid_ip_address: "the IP address is none, and was left out",
  custom_data_cleaned: "custom data had characters Amazon forbids, or too many",
  user_agent_cut: "the user agent was cut at 512 characters",
};

/** Why an input that has a value was not used. */
export const UNUSABLES: Readonly<Record<Unusable, string>> = {
  junk: "no identifier: empty, a placeholder, or malformed",
  wrong_type: "not of a type this field is made from",
  not_recognised: "no country, currency, device or time that is known",
  not_an_address: "no e-mail address",
  not_a_number: "no amount or count, or out of range",
  says_nothing: "says neither yes nor no",
  disagrees: "another amount was taken",
};
