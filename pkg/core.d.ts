/* tslint:disable */
/* eslint-disable */
/** An analytics event in Segment's form. Only what is mapped is named; anything else may be there and is passed over. */
export interface AnalyticsEvent {
    /** `track`, `page`, `screen`, `identify`, `group` or `alias`; may be left out where there is an `event`. */
    type?: string;
    /** The name of a track event. */
    event?: string;
    /** Becomes Amazon's `eventId`. */
    messageId?: string | number;
    userId?: string | number | null;
    anonymousId?: string | number | null;
    /** ISO 8601, or epoch seconds or milliseconds. */
    timestamp?: string | number | Date;
    originalTimestamp?: string | number | Date;
    sentAt?: string | number | Date;
    receivedAt?: string | number | Date;
    properties?: Record<string, unknown>;
    traits?: Record<string, unknown>;
    context?: Record<string, unknown>;
    [key: string]: unknown;
}

/** One element of `events[]` of Amazon's `POST /adsApi/v1/create/events`. */
export interface AmazonEvent {
    eventDescription: {
        name: string;
        conversionType: ConversionType;
        eventSource: EventSource;
        eventIngestionMethod: "SERVER_TO_SERVER";
        dataSetName?: string;
    };
    eventId: string;
    /** ISO 8601 in UTC; a number only by `eventTime.format`. */
    eventTime: string | number;
    /** ISO 3166-1 alpha-2. */
    countryCode: string;
    /** One of a type, each with exactly one value. */
    matchKeys: { type: MatchKeyType; values: [string] }[];
    value?: number;
    currencyCode?: string;
    unitsSold?: number;
    consent?: {
        geo?: { ipAddress: string };
        tcf?: string;
        gpp?: string;
        amazonConsent?: { amznUserData: ConsentStatus; amznAdStorage?: ConsentStatus };
    };
    customData?: { name: string; dataType: "STRING" | "INTEGER" | "TIMESTAMP"; value: string }[];
    deviceInfo?: { userAgent: string };
    arefMeasurementTokens?: string;
    partner?: string;
}

/** What an event means to Amazon (its OpenAPI document, `conversionType`). */
export type ConversionType =
| "ADD_TO_SHOPPING_CART" | "APPLICATION" | "CHECKOUT" | "CONTACT" | "LEAD" | "MOBILE_APP_FIRST_START"
| "OFF_AMAZON_PURCHASES" | "OTHER" | "PAGE_VIEW" | "SEARCH" | "SIGN_UP" | "SUBSCRIBE";
/** Where an event happened (the same, `eventSource`). */
export type EventSource = "ANDROID" | "FIRE_TV" | "IOS" | "MEASUREMENT_ATTRIBUTION_PARTNER" | "OFFLINE" | "WEBSITE";
/** What identifies a person (the same, `matchKeys`). */
export type MatchKeyType =
| "EMAIL" | "PHONE" | "FIRST_NAME" | "LAST_NAME" | "ADDRESS" | "CITY" | "STATE" | "POSTAL" | "MAID" | "MATCH_ID"
| "RAMP_ID" | "REAL_ID" | "MERKLE_ID" | "KANTAR_ID" | "FIP";
/** Amazon's word for one of its two consent flags. */
export type ConsentStatus = "GRANTED" | "DENIED";

/** Why an event was dropped. */
export type DropReason =
| "invalid_event" | "unmapped_event" | "disabled_event" | "event_too_old" | "event_in_future" | "country_missing"
| "consent_missing" | "consent_denied" | "no_match_key";
/** What is wrong with an `invalid_event`. */
export type Detail = "not_json" | "not_an_object" | "too_deep" | "too_large" | "type_unusable" | "event_unusable";
/** What was repaired or left out; never changes the outcome. */
export type Note =
| "text_repaired" | "name_cleaned" | "time_defaulted" | "event_id_derived" | "country_defaulted" | "amounts_disagree"
| "value_unusable" | "value_without_currency" | "junk_identifier" | "user_id_not_an_address" | "ad_tracking_disabled"
| "tcf_unreadable" | "gpp_unreadable" | "consent_string_left_out" | "invalid_ip_address" | "custom_data_cleaned"
| "user_agent_cut";
/** The core's final word on one event. */
export type Outcome =
| { outcome: "mapped"; event: AmazonEvent; notes: Note[] }
| { outcome: "dropped"; reason: DropReason; detail?: Detail; notes: Note[] };

/** One input that had a value. */
export interface Tried {
    /** The Amazon field it was for; a match key by its type. */
    field: string;
    /**
     * Where it stood, keys joined by dots. What is not from the event: `const` for a `{ "const": … }`, `config.…` for another
     * setting, `clock` for the time of mapping, `derived` for a hash of the event.
     */
    path: string;
    /**
     * Redacted (an address as `j***@e***.com`, a hash as its first eight digits), unless it is a country, a time, an amount or
     * another word that was understood.
     */
    value: string;
    /** What a signal of consent says. */
    says?: { amznUserData: ConsentSignal; amznAdStorage: ConsentSignal };
    /** What was repaired in it, or why it was left out. */
    note?: Note;
    /** Why it was not used; absent for the one that won. */
    unusable?: Unusable;
}
/** What a source says of one of the two flags. */
export type ConsentSignal = "granted" | "denied" | "unknown";
/** Why an input that has a value was not used. */
export type Unusable =
| "junk" | "wrong_type" | "not_recognised" | "not_an_address" | "not_a_number" | "says_nothing" | "disagrees";
/** The explanation of one event. */
export interface Trace {
    outcome: "mapped" | "dropped";
    reason?: DropReason;
    detail?: Detail;
    /** For a drop: what would have to change, in words. */
    remedy?: string;
    notes: Note[];
    /**
     * Every input that had a value and was looked at, in order; of a mapped event also where the fields come from that no input
     * fed.
     */
    tried: Tried[];
}

/** What a number in `Batch.outcomes` stands for. */
export type OutcomeCode = { outcome: "mapped" } | { outcome: "dropped"; reason: DropReason; detail?: Detail };
/** What became of many events. */
export interface Batch {
    /** The body of a request with all mapped events, `{"events":[…]}`. Amazon takes 1 to 500 of them. */
    body: Uint8Array;
    /** The mapped events' JSON, joined by commas: a part of `body`. */
    events: Uint8Array;
    /** For each mapped event where it starts and ends in `events`: two numbers an event. */
    offsets: Uint32Array;
    /** One code per event of the input: its place in `outcomeCodes()`. */
    outcomes: Uint8Array;
}

/** A path (keys joined by dots), a list of paths of which the first usable wins, or the same value for every event. */
export type Source = string | string[] | { const: string | number };
/** The settings. Every key is optional; an unknown one is an error. */
export interface Config {
    /** The built-in event table. Default `metarouter`. */
    preset?: "metarouter" | "segment";
    /** For events whose rule names none: 1 to 100 letters, digits, `_`, `-`, beginning with a letter. */
    dataSetName?: string;
    /** By event name, case-insensitive; page, screen, identify, group and alias by type. `false` switches an event off. */
    events?: Record<string, false | EventRule>;
    /** A conversion type for everything without a rule. Default `drop`. */
    unmapped?: "drop" | ConversionType;
    /** Where to look instead of the built-in paths. */
    inputs?: Partial<Record<InputName, Source>>;
    identity?: {
        /** The match keys that are sent. Default all but ADDRESS and FIP. */
        matchKeys?: MatchKeyType[];
        /** What to make of the user id. Default `email`. */
        userIdAs?: "email" | "email_if_address" | "match_id" | "none";
    };
    consent?: {
        /** The consent categories that speak for each flag. Default C0004, targeting, advertising, marketing. */
        categories?: { amznUserData?: string[]; amznAdStorage?: string[] };
        /** Where consent must have been given. Default EU-27, GB, NO, IS, LI. */
        optInCountries?: string[];
        /** When the person said no: `auto` drops where consent is required, and sends with DENIED elsewhere. Default `auto`. */
        onDenied?: "auto" | "drop" | "send";
        /** When no signal says anything: `auto` drops where consent is required, and sends with GRANTED elsewhere. Default `auto`. */
        whenUnknown?: "auto" | "drop" | "grant" | "omit";
        /** Whether the IP address is sent. Default true. */
        geoIp?: boolean;
        /** The strongest signal alone, or every one present. Default `one`. */
        emit?: "one" | "all";
    };
    /** What stands in where the event says nothing. Default: `WEBSITE`, and no country or currency. */
    defaults?: { countryCode?: string; currencyCode?: string; eventSource?: EventSource };
    eventTime?: {
        /** Amazon's API takes text; gateways in front of it may ask for a number. Default `iso8601`. */
        format?: "iso8601" | "epoch_seconds" | "epoch_millis";
        /** The oldest event that is sent, in days. Default 21. */
        lookbackDays?: number;
        /** How far ahead an event may lie, in hours. Default 24. */
        maxFutureHours?: number;
    };
    /** Signals that are sent only if they are asked for. Default none. */
    extras?: ("userAgent" | "aref" | `partner:${string}`)[];
}
/** A rule for one event. */
export interface EventRule {
    /** Required where the preset has no rule for the event. */
    conversionType?: ConversionType;
    /** What the event is called at Amazon. */
    name?: string;
    dataSetName?: string;
    value?: Source;
    /** At most 13 attributes. */
    customData?: Record<string, Source>;
}
/** The names `inputs` knows. */
export type InputName =
| "email" | "phone" | "firstName" | "lastName" | "city" | "state" | "postal" | "address" | "maid" | "matchId" | "rampId"
| "realId" | "merkleId" | "kantarId" | "fip" | "userId" | "messageId" | "eventTime" | "country" | "deviceType" | "ip"
| "userAgent" | "tcf" | "gpp" | "optOut" | "products" | "currency";



/**
 * Maps events by one config, which it compiles once.
 */
export class Transformer {
    free(): void;
    [Symbol.dispose](): void;
    /**
     * As `evaluate`, from the UTF-8 bytes of one event's JSON to the JSON text of its outcome.
     */
    evaluateJson(json: Uint8Array | number[], now?: number | null): string;
    /**
     * What becomes of an event, with the reason of a drop and notes.
     */
    evaluate(event: AnalyticsEvent, now?: number | null): Outcome;
    /**
     * As `explain`, from the UTF-8 bytes of one event's JSON to the JSON text of the trace.
     */
    explainJson(json: Uint8Array | number[], now?: number | null): string;
    /**
     * Which inputs fed each field, which were refused and why. Values are redacted.
     */
    explain(event: AnalyticsEvent, now?: number | null): Trace;
    /**
     * The places in `paths` of lists that hold the lines of an order: of each of their elements only `price` and `quantity`
     * are looked at, if it is an object.
     */
    lines(): Uint32Array;
    /**
     * Compiles a config; without one the defaults hold.
     *
     * @throws ConfigError that names the path, what was expected, and what came.
     */
    constructor(config?: Config);
    /**
     * The paths of everything that this config looks at in an event, keys joined by dots: nothing else changes what becomes
     * of it.
     */
    paths(): string[];
    /**
     * What becomes of many events: NDJSON, a JSON array or `{"batch":[…]}` bytes in, wire bytes out.
     */
    transformBatch(input: Uint8Array | number[], now?: number | null, format?: 'auto' | 'ndjson' | 'event'): Batch;
    /**
     * As `transform`, from the UTF-8 bytes of one event's JSON to those of the Amazon event's.
     */
    transformJson(json: Uint8Array | number[], now?: number | null): Uint8Array | undefined;
    /**
     * The Amazon event made from an event, or undefined if it is dropped. `now` is epoch milliseconds, by default the
     * host's clock.
     */
    transform(event: AnalyticsEvent, now?: number | null): AmazonEvent | undefined;
}

/**
 * What the numbers in a batch's `outcomes` stand for.
 */
export function outcomeCodes(): OutcomeCode[];

/**
 * The Amazon event made from an event by the default config, or undefined if it is dropped.
 */
export function transform(event: AnalyticsEvent, now?: number | null): AmazonEvent | undefined;

/**
 * The version of the core.
 */
export function version(): string;

export type InitInput = RequestInfo | URL | Response | BufferSource | WebAssembly.Module;

export interface InitOutput {
    readonly memory: WebAssembly.Memory;
    readonly __wbg_transformer_free: (a: number, b: number) => void;
    readonly made: () => number;
    readonly outcomeCodes: () => [number, number, number];
    readonly room: () => number;
    readonly transform: (a: any, b: number, c: number) => [number, number, number];
    readonly transformer_evaluate: (a: number, b: any, c: number, d: number) => [number, number, number];
    readonly transformer_evaluateJson: (a: number, b: number, c: number, d: number, e: number) => [number, number];
    readonly transformer_explain: (a: number, b: any, c: number, d: number) => [number, number, number];
    readonly transformer_explainJson: (a: number, b: number, c: number, d: number, e: number) => [number, number];
    readonly transformer_lines: (a: number) => [number, number];
    readonly transformer_new: (a: any) => [number, number, number];
    readonly transformer_paths: (a: number) => any;
    readonly transformer_spares: (a: number) => [number, number];
    readonly transformer_transform: (a: number, b: any, c: number, d: number) => [number, number, number];
    readonly transformer_transformBatch: (a: number, b: number, c: number, d: number, e: number, f: any) => [number, number, number];
    readonly transformer_transformJson: (a: number, b: number, c: number, d: number, e: number) => [number, number];
    readonly transformer_transformRoom: (a: number, b: number, c: number, d: number) => number;
    readonly transformer_transformRoomFields: (a: number, b: number, c: number, d: number, e: number, f: number) => number;
    readonly version: () => [number, number];
    readonly __wbindgen_malloc: (a: number, b: number) => number;
    readonly __wbindgen_realloc: (a: number, b: number, c: number, d: number) => number;
    readonly __wbindgen_free: (a: number, b: number, c: number) => void;
    readonly __wbindgen_exn_store: (a: number) => void;
    readonly __externref_table_alloc: () => number;
    readonly __wbindgen_externrefs: WebAssembly.Table;
    readonly __externref_table_dealloc: (a: number) => void;
    readonly __wbindgen_start: () => void;
}

export type SyncInitInput = BufferSource | WebAssembly.Module;

/**
 * Instantiates the given `module`, which can either be bytes or
 * a precompiled `WebAssembly.Module`.
 *
 * @param {{ module: SyncInitInput }} module - Passing `SyncInitInput` directly is deprecated.
 *
 * @returns {InitOutput}
 */
export function initSync(module: { module: SyncInitInput } | SyncInitInput): InitOutput;

/**
 * If `module_or_path` is {RequestInfo} or {URL}, makes a request and
 * for everything else, calls `WebAssembly.instantiate` directly.
 *
 * @param {{ module_or_path: InitInput | Promise<InitInput> }} module_or_path - Passing `InitInput` directly is deprecated.
 *
 * @returns {Promise<InitOutput>}
 */
export default function __wbg_init (module_or_path: { module_or_path: InitInput | Promise<InitInput> } | InitInput | Promise<InitInput>): Promise<InitOutput>;
