//! A GPP string never panics, says the same each time, and where it cannot be read it grants nothing.
#![no_main]

#[path = "common.rs"]
mod common;

use std::sync::LazyLock;

use amazon_dsp_events::{Config, DropReason, Note, Outcome, Transformer};
use common::{NOW, base64url};
use libfuzzer_sys::fuzz_target;

static TRANSFORMER: LazyLock<Transformer> = LazyLock::new(|| Transformer::new(Config::default()));

fuzz_target!(|data: &[u8]| {
    let Some((first, rest)) = data.split_first() else { return };
    let text = match first % 4 {
        0 => String::from_utf8_lossy(rest).into_owned(),
        // A header of version 1, and each section's bits.
        1 => {
            let mut parts = rest.split(|byte| *byte == b'~');
            let header = base64url(
                &[&[0b0000_1100, 0b0001_0000], parts.next().unwrap_or_default()].concat(),
            );
            parts.fold(header, |text, part| format!("{text}~{}", base64url(part)))
        }
        // Real headers (US national, California, TCF EU), and the section's bits.
        2 => format!("DBABLA~{}", base64url(rest)),
        _ => format!("DBABMA~{}", base64url(&[&[0b0000_1000], rest].concat())),
    };
    let event = serde_json::json!({
        "type": "page", "messageId": "m", "userId": "u", "traits": { "country": "DE" },
        "context": { "consent": { "gpp": text } }
    });
    let json = event.to_string();
    let outcome = TRANSFORMER.evaluate(json.as_bytes(), NOW);
    assert_eq!(outcome, TRANSFORMER.evaluate(json.as_bytes(), NOW));
    let unreadable = outcome.notes().contains(&Note::GppUnreadable);
    match outcome {
        Outcome::Mapped { event, .. } => {
            assert!(!unreadable);
            assert_eq!(event.consent.unwrap().gpp.as_deref(), Some(text.trim()));
        }
        Outcome::Dropped { reason, .. } => {
            assert!(
                matches!(reason, DropReason::ConsentMissing | DropReason::ConsentDenied),
                "{reason}"
            );
            assert!(!unreadable || reason == DropReason::ConsentMissing);
        }
    }
});
