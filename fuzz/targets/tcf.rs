//! A TCF string never panics, and never grants what its bits do not.
#![no_main]

#[path = "common.rs"]
mod common;

use std::sync::LazyLock;

use amazon_dsp_events::{Config, DropReason, Outcome, Transformer};
use common::{NOW, base64url, bit};
use libfuzzer_sys::fuzz_target;

static TRANSFORMER: LazyLock<Transformer> = LazyLock::new(|| Transformer::new(Config::default()));

/// Where a TCF core string has its version, and its purposes' consents (IAB TCF v2.2, core string).
const VERSION: std::ops::Range<usize> = 0..6;
const PURPOSE_CONSENT: usize = 152;

fuzz_target!(|data: &[u8]| {
    let Some((first, rest)) = data.split_first() else { return };
    let text = match first % 3 {
        0 => String::from_utf8_lossy(rest).into_owned(),
        // Version 2 in front, so that the rest is looked at.
        1 => base64url(&[&[0b0000_1000], rest].concat()),
        _ => base64url(rest),
    };
    let event = serde_json::json!({
        "type": "page", "messageId": "m", "userId": "u", "traits": { "country": "DE" },
        "context": { "consent": { "tcf": text } }
    });
    match TRANSFORMER.evaluate(event.to_string().as_bytes(), NOW) {
        Outcome::Mapped { event, .. } => {
            let core = text.trim().split('.').next().unwrap_or_default();
            let version =
                VERSION.fold(0, |version, at| version << 1 | u8::from(bit(core, at).unwrap()));
            assert_eq!(version, 2);
            for purpose in [1, 7] {
                assert_eq!(
                    bit(core, PURPOSE_CONSENT + purpose - 1),
                    Some(true),
                    "purpose {purpose}"
                );
            }
            assert_eq!(event.consent.unwrap().tcf.as_deref(), Some(text.trim()));
        }
        Outcome::Dropped { reason, .. } => {
            assert!(
                matches!(reason, DropReason::ConsentMissing | DropReason::ConsentDenied),
                "{reason}"
            );
        }
    }
});
