//! The core natively, and a peer: what one would write in Rust with serde_json and sha2.

pub mod ordinary;

use amazon_dsp_events::{Config, Format, Transformer};

/// A transformer with a config's JSON.
///
/// # Panics
///
/// If it is no config.
#[must_use]
pub fn transformer(config: &str) -> Transformer {
    Transformer::new(Config::from_json(config).expect("a config"))
}

/// NDJSON to the body of a request, by the core.
#[must_use]
pub fn core_body(transformer: &Transformer, chunk: &[u8], now: i64) -> Vec<u8> {
    transformer.transform_batch(chunk, now, Format::Ndjson).body
}
