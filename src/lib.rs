//! Segment-style analytics events in, Amazon DSP events out.
//!
//! One way through: **bytes -> read -> map -> Amazon event -> bytes**. The core is pure: no clock, no randomness, no
//! I/O. It cannot panic, and every event ends in exactly one [`Outcome`].
//!
//! ```
//! use amazon_dsp_events::{Config, Transformer};
//!
//! let config = Config::from_json(r#"{ "dataSetName": "web_events", "defaults": { "countryCode": "US" } }"#)?;
//! let transformer = Transformer::new(config);
//! let event = r#"{
//!     "type": "track", "event": "Product Added", "messageId": "m-1", "timestamp": "2026-11-20T10:00:00Z",
//!     "context": { "traits": { "email": "jane.doe@example.com" } }
//! }"#;
//! let now = 1_795_219_200_000; // 2026-11-21T00:00:00Z
//! let amazon_event = transformer.transform(event.as_bytes(), now).expect("it is mapped");
//! assert_eq!(amazon_event.event_id, "m-1");
//! assert!(amazon_event.to_json().contains(r#""conversionType":"ADD_TO_SHOPPING_CART""#));
//! # Ok::<(), amazon_dsp_events::ConfigError>(())
//! ```
//!
//! | Who has | calls |
//! | --- | --- |
//! | one event's JSON | [`Transformer::transform`]; [`Transformer::evaluate`] says why there is none, [`Transformer::explain`] where each field came from |
//! | many: NDJSON, an array, `{"batch":[…]}` | [`Transformer::transform_batch`], to the body of a request |
//! | a config | [`Config::from_json`]; an error names the key, what was expected and what came |
//!
//! # Features
//!
//! * `wasm` (off by default): the boundary to JavaScript, with wasm-bindgen and js-sys. Without it the crate needs serde and
//!   sha2 alone.
//!
//! An event may have [`MAX_EVENT_BYTES`] and 64 containers inside each other. The oldest Rust is the `rust-version` of
//! Cargo.toml.

mod amazon;
mod aref;
mod batch;
mod codes;
mod commerce;
mod config;
mod consent;
mod country;
mod decimal;
#[cfg(feature = "wasm")]
mod desk;
mod event;
mod explain;
mod fields;
mod fold;
mod identity;
mod ip_address;
mod log;
mod mapping;
mod nearest;
mod outcome;
mod plan;
mod read;
mod redact;
mod scan;
mod time;
mod transform;
mod trie;
#[cfg(feature = "wasm")]
pub mod wasm;
mod write;

pub use amazon::{
    AmazonConsent, AmazonEvent, Consent, ConsentStatus, ConversionType, CurrencyCode, CustomData,
    DataType, DeviceInfo, EventDescription, EventSource, EventTime, Geo, Identifier,
    IngestionMethod, MatchKey, MatchKeyType,
};
pub use batch::{Batch, Format, OUTCOME_CODES, OutcomeCode};
pub use commerce::Amount;
pub use config::{
    Config, ConfigError, ConsentConfig, Defaults, Emit, EventSetting, EventTimeConfig,
    EventTimeFormat, Extras, Input, OnDenied, Preset, RuleConfig, Source, UserIdAs, WhenUnknown,
};
pub use consent::{Flags as ConsentFlags, Signal as ConsentSignal};
pub use country::Country;
pub use explain::Trace;
pub use fields::{Field, NotByFields};
pub use identity::hash::Sha256Hex;
pub use log::{Tried, Unusable};
pub use outcome::{Detail, DropReason, Note, Outcome};
pub use read::MAX_EVENT_BYTES;
pub use time::Instant;

use identity::Hashing;
use log::Log;
use plan::Plan;
use read::Slots;
use transform::Dropped;

/// Maps events by one config, which it compiles once.
#[derive(Debug)]
pub struct Transformer {
    plan: Plan,
}

impl Default for Transformer {
    fn default() -> Self {
        Transformer::new(Config::default())
    }
}

impl Transformer {
    /// Compiles a config.
    #[must_use]
    pub fn new(config: Config) -> Self {
        Transformer { plan: Plan::compile(config) }
    }

    /// The Amazon event made from the JSON of one event, or nothing if it is dropped.
    ///
    /// `now` is in milliseconds since 1970: how old an event is, and its time if it has none, come from it.
    #[must_use]
    pub fn transform<'e>(&'e self, json: &'e [u8], now: i64) -> Option<AmazonEvent<'e>> {
        self.map(json, Instant(now), &mut Log::default()).ok()
    }

    /// As [`Transformer::transform`], of an event that comes as fields: what an object has at the paths of
    /// [`Transformer::paths`]. Who has no JSON text need not write one.
    ///
    /// `texts` has the texts of all the fields, one behind the other, as UTF-8. What is null or missing has none, nor has what is in
    /// a list.
    ///
    /// # Errors
    ///
    /// [`NotByFields`]: they are not so, or they cannot say what the event is: a value is nested too deep or has half of a
    /// surrogate pair. The event's JSON can say it.
    pub fn transform_fields<'e>(
        &'e self,
        texts: &'e [u8],
        fields: &[Field],
        now: i64,
    ) -> Result<Option<AmazonEvent<'e>>, NotByFields> {
        let mut hashing = Hashing::new();
        let slots = &mut Slots::new(&self.plan);
        let (fields, log) = (fields.iter().copied(), &mut Log::default());
        let mapped = self.map_fields(texts, fields, Instant(now), slots, &mut hashing, log)?;
        Ok(mapped.map(|mut event| {
            hashing.finish(&mut event);
            event
        }))
    }

    /// The places in [`Transformer::paths`] of lists that hold the lines of an order: of each of their elements only `price` and
    /// `quantity` are looked at, if it is an object.
    pub fn lines(&self) -> impl Iterator<Item = usize> {
        self.plan.lines().map(|slot| slot.0)
    }

    /// What becomes of the JSON of one event, with the reason of a drop and notes.
    #[must_use]
    pub fn evaluate<'e>(&'e self, json: &'e [u8], now: i64) -> Outcome<'e> {
        let mut log = Log::default();
        let mapped = self.map(json, Instant(now), &mut log);
        outcome(mapped, log.finish().0)
    }

    /// As [`Transformer::evaluate`], and which inputs were tried on the way, what was repaired, and for a drop what would
    /// have to change.
    #[must_use]
    pub fn explain(&self, json: &[u8], now: i64) -> Trace {
        let mut log = Log::tracing();
        let mapped = self.map(json, Instant(now), &mut log);
        let (notes, tried) = log.finish();
        let outcome = outcome(mapped, notes).into_owned();
        explain::trace(&self.plan, json, Instant(now), outcome, tried)
    }

    /// What becomes of many events at once.
    #[must_use]
    pub fn transform_batch(&self, input: &[u8], now: i64, format: Format) -> Batch {
        self.transform_batch_in(Vec::new(), input, now, format)
    }

    /// As [`Transformer::transform_batch`], with the body in memory that has served another one.
    fn transform_batch_in(&self, memory: Vec<u8>, input: &[u8], now: i64, format: Format) -> Batch {
        batch::transform(self, memory, input, Instant(now), format)
    }

    /// The paths of everything that this config looks at in an event, keys joined by dots: nothing else changes what
    /// becomes of it.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        self.plan.paths()
    }

    fn map<'e>(
        &'e self,
        json: &'e [u8],
        now: Instant,
        log: &mut Log,
    ) -> Result<AmazonEvent<'e>, Dropped> {
        let mut hashing = Hashing::new();
        let mut event = self.map_json(json, now, &mut Slots::new(&self.plan), &mut hashing, log)?;
        hashing.finish(&mut event);
        Ok(event)
    }

    /// The hashes come with `hashing`.
    fn map_json<'e>(
        &'e self,
        json: &'e [u8],
        now: Instant,
        slots: &mut Slots,
        hashing: &mut Hashing,
        log: &mut Log,
    ) -> Result<AmazonEvent<'e>, Dropped> {
        if json.len() > MAX_EVENT_BYTES {
            return Err(Detail::TooLarge.into());
        }
        let text = std::str::from_utf8(json).map_err(|_| Detail::NotJson)?;
        transform::map(&self.plan, text, now, slots, hashing, log)
    }

    /// As [`Transformer::map_json`], of fields.
    fn map_fields<'e>(
        &'e self,
        texts: &'e [u8],
        fields: impl Iterator<Item = Field>,
        now: Instant,
        slots: &mut Slots,
        hashing: &mut Hashing,
        log: &mut Log,
    ) -> Result<Option<AmazonEvent<'e>>, NotByFields> {
        if texts.len() > MAX_EVENT_BYTES {
            return Err(NotByFields);
        }
        let texts = std::str::from_utf8(texts).map_err(|_| NotByFields)?;
        fields::fill(texts, fields, &self.plan, slots)?;
        Ok(transform::map_read(&self.plan, texts, slots, now, hashing, log).ok())
    }
}

fn outcome(mapped: Result<AmazonEvent<'_>, Dropped>, notes: Vec<Note>) -> Outcome<'_> {
    match mapped {
        Ok(event) => Outcome::Mapped { event: Box::new(event), notes },
        Err(Dropped { reason, detail }) => Outcome::Dropped { reason, detail, notes },
    }
}

/// The version of this crate.
#[must_use]
pub const fn version() -> &'static str {
    env!("CARGO_PKG_VERSION")
}
