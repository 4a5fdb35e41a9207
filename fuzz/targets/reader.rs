//! The reader takes exactly the objects that serde_json takes, and a batch accounts for each of its events.
#![no_main]

#[path = "common.rs"]
mod common;

use std::sync::LazyLock;

use amazon_dsp_events::{Config, Detail, DropReason, Format, MAX_EVENT_BYTES, Transformer};
use common::NOW;
use libfuzzer_sys::fuzz_target;
use serde::de::IgnoredAny;

static TRANSFORMER: LazyLock<Transformer> = LazyLock::new(|| {
    let config = r#"{"unmapped":"OTHER","defaults":{"countryCode":"US","currencyCode":"USD"},"extras":["userAgent","aref"]}"#;
    Transformer::new(Config::from_json(config).unwrap())
});

/// How many containers are inside each other, texts apart.
fn depth(text: &str) -> usize {
    let (mut depth, mut most, mut in_text, mut escaped) = (0_usize, 0, false, false);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_text => escaped = true,
            b'"' => in_text = !in_text,
            b'{' | b'[' if !in_text => {
                depth += 1;
                most = most.max(depth);
            }
            b'}' | b']' if !in_text => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    most
}

fuzz_target!(|data: &[u8]| {
    let outcome = TRANSFORMER.evaluate(data, NOW);
    assert_eq!(TRANSFORMER.explain(data, NOW).outcome, outcome);
    let is_json = std::str::from_utf8(data).is_ok_and(|text| {
        serde_json::from_str::<IgnoredAny>(text.strip_prefix('\u{feff}').unwrap_or(text)).is_ok()
    });
    let refused = outcome.reason() == Some((DropReason::InvalidEvent, Some(Detail::NotJson)));
    if std::str::from_utf8(data).is_ok_and(|text| depth(text) <= 64)
        && data.len() <= MAX_EVENT_BYTES
    {
        assert_eq!(refused, !is_json);
    }
    for format in [Format::Auto, Format::Ndjson, Format::Event] {
        let batch = TRANSFORMER.transform_batch(data, NOW, format);
        let mapped = batch.outcomes.iter().filter(|code| **code == 0).count();
        assert_eq!(batch.offsets.len(), 2 * mapped);
        let body = format!("[{}]", std::str::from_utf8(batch.events()).unwrap());
        assert_eq!(serde_json::from_str::<Vec<IgnoredAny>>(&body).unwrap().len(), mapped);
    }
});
