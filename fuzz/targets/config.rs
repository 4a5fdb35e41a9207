//! A config is taken or refused with a place and a problem, never with a panic; one that was taken maps events.
#![no_main]

#[path = "common.rs"]
mod common;

use amazon_dsp_events::{Config, Transformer};
use common::NOW;
use libfuzzer_sys::fuzz_target;
use serde::de::IgnoredAny;

const EVENT: &[u8] = br#"{"type":"track","event":"Order Completed","messageId":"m","userId":"u","timestamp":"2026-11-20T10:00:00Z",
    "traits":{"email":"jane@example.com","country":"US"},"properties":{"total":"12.50","currency":"USD","plan":"pro"}}"#;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let bare = text.strip_prefix('\u{feff}').unwrap_or(text);
    match Config::from_json(text) {
        Ok(config) => {
            assert!(serde_json::from_str::<IgnoredAny>(bare).is_ok());
            let transformer = Transformer::new(config);
            assert_eq!(transformer.evaluate(EVENT, NOW), transformer.explain(EVENT, NOW).outcome);
        }
        Err(error) => {
            let words = error.to_string();
            assert!(words.starts_with("config "), "{words}");
            // 64 containers inside each other is where our reader ends.
            if words.starts_with("config is not JSON")
                && bare.matches(['{', '[']).count() <= 64
                && !bare.contains("\\u")
            {
                assert!(serde_json::from_str::<IgnoredAny>(bare).is_err(), "{words}");
            }
        }
    }
});
