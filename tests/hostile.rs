//! Events that somebody has made to do harm, one by one: each ends in an outcome, the same by every way in, whatever comes
//! out is JSON, and nothing raw is in it. What holds for any bytes is in laws.rs; what is JSON, in reader.rs.

#![cfg(not(target_arch = "wasm32"))]
#![expect(clippy::unwrap_used, reason = "a test that panics has failed")]

use amazon_dsp_events::{Config, Field, Format, NotByFields, OUTCOME_CODES, Outcome, Transformer};
use serde_json::Value;

/// 2026-11-21T00:00:00Z.
const NOW: i64 = 1_795_219_120_000;
const SECRETS: &[&str] = &["jane.quill", "4155550100", "Quillington", "quillington"];
const EVENT: &str = r#"{"type":"track","event":"Order Completed","messageId":"m-1","userId":"u-1","timestamp":"2026-11-20T10:00:00.5Z","traits":{"email":"jane.quill@example.com","phone":"+1 4155550100","firstName":"Jané","lastName":"Quillington","address":{"street":"1 Quillington Rd","city":"Quillington","state":"CA","postalCode":"94105-1234","country":"US"}},"properties":{"total":"1,299.50","currency":"USD","products":[{"price":9.99,"quantity":2},{"price":"5"}]},"context":{"ip":"203.0.113.7","device":{"type":"ios","advertisingId":"6D92078A-8246-4BA4-AE5B-76104861E7DC"},"consent":{"tcf":"CPXxRfAPXxRfAAfKABENB-CgAAAAAAAAAAYgAAAAAAAA","optOut":{"advertising":false}}}}"#;

fn transformer() -> Transformer {
    let config = r#"{
        "unmapped": "OTHER", "defaults": { "countryCode": "US", "currencyCode": "USD" },
        "identity": { "matchKeys": ["EMAIL", "PHONE", "FIRST_NAME", "LAST_NAME", "ADDRESS", "CITY", "STATE", "POSTAL", "MAID"] }
    }"#;
    Transformer::new(Config::from_json(config).unwrap())
}

/// Holds an event against what must be so in any case; its outcome.
fn judge<'a>(transformer: &'a Transformer, bytes: &'a [u8]) -> Outcome<'a> {
    let outcome = transformer.evaluate(bytes, NOW);
    let told = transformer.explain(bytes, NOW).to_json();
    for text in [outcome.to_json(), told] {
        assert!(serde_json::from_str::<Value>(&text).is_ok(), "no JSON: {text}");
        for secret in SECRETS {
            assert!(!text.contains(secret), "{secret} in {text}");
        }
    }
    let batch = transformer.transform_batch(bytes, NOW, Format::Event);
    let codes: Vec<_> =
        batch.outcomes.iter().map(|code| OUTCOME_CODES.get(usize::from(*code))).collect();
    assert_eq!(codes, [Some(&outcome.reason())]);
    match &outcome {
        Outcome::Mapped { event, .. } => assert_eq!(batch.events(), event.to_json().into_bytes()),
        Outcome::Dropped { .. } => assert!(batch.events().is_empty()),
    }
    outcome
}

fn detail(transformer: &Transformer, bytes: &[u8]) -> Option<&'static str> {
    judge(transformer, bytes)
        .reason()
        .map(|(reason, detail)| detail.map_or(reason.as_str(), |detail| detail.as_str()))
}

#[test]
fn an_event_that_is_cut_anywhere_is_no_json() {
    let transformer = transformer();
    assert_eq!(detail(&transformer, EVENT.as_bytes()), None);
    for end in 0..EVENT.len() {
        let cut = &EVENT.as_bytes()[..end];
        assert_eq!(detail(&transformer, cut), Some("not_json"), "cut at {end}");
        // What is left of a list costs none that stood in front.
        let list = [b"[", EVENT.as_bytes(), b",", cut].concat();
        let batch = transformer.transform_batch(&list, NOW, Format::Auto);
        assert_eq!(batch.outcomes.first(), Some(&0), "cut at {end}");
        assert_eq!(batch.offsets.len(), 2, "cut at {end}");
    }
}

#[test]
fn whatever_is_hostile_ends_in_an_outcome() {
    let transformer = transformer();
    for at in 0..EVENT.len() {
        let mut bytes = EVENT.as_bytes().to_vec();
        // Ends of texts and containers, half a character, a control character, an end of text in C, the highest byte.
        for byte in [b'"', b'\\', b'{', b'}', b'[', b',', b'-', 0xc3, 0x1b, 0, 0xff] {
            bytes[at] = byte;
            judge(&transformer, &bytes);
        }
        bytes.remove(at);
        judge(&transformer, &bytes);
    }
}

#[test]
fn a_batch_with_any_byte_changed_gives_no_more_than_it_has() {
    let transformer = transformer();
    let body = format!(r#"{{"batch":[{EVENT},{EVENT}],"sentAt":"2026-11-20T10:00:00Z"}}"#);
    for at in 0..body.len() {
        let mut bytes = body.clone().into_bytes();
        for byte in [b'"', b'}', b']', b'\n', 0xff] {
            bytes[at] = byte;
            for format in [Format::Auto, Format::Ndjson] {
                let batch = transformer.transform_batch(&bytes, NOW, format);
                let mapped = batch.outcomes.iter().filter(|code| matches!(code, 0)).count();
                assert_eq!(batch.offsets.len(), 2 * mapped);
                let text = format!("[{}]", str::from_utf8(batch.events()).unwrap());
                let events: Vec<Value> = serde_json::from_str(&text).unwrap();
                assert_eq!(events.len(), mapped);
                assert!(SECRETS.iter().all(|secret| !text.contains(secret)), "{text}");
            }
        }
    }
}

#[test]
fn half_a_character_is_no_json_wherever_it_stands() {
    let transformer = transformer();
    let halves: &[&[u8]] = &[
        b"\xc3",
        b"\x80",
        b"\xe2\x82",
        b"\xf0\x9f\x98",
        b"\xc0\xaf",
        b"\xed\xa0\x80",
        b"\xf4\x90\x80\x80",
        b"\xfe",
        b"\xff",
    ];
    for half in halves {
        for place in ["Order", "jane", "email", "products", "CA", "tcf"] {
            let at = EVENT.find(place).unwrap();
            let bytes = [&EVENT.as_bytes()[..at], half, &EVENT.as_bytes()[at..]].concat();
            assert_eq!(detail(&transformer, &bytes), Some("not_json"), "{half:x?} before {place}");
        }
    }
}

#[test]
fn containers_are_counted_wherever_they_are_nested() {
    let transformer = transformer();
    for (open, close, inner) in [("[", "]", ""), (r#"{"a":"#, "}", "1"), (r#"[{"a":"#, "}]", "1")] {
        let containers = open.matches(['[', '{']).count();
        // In front of what is asked for, in a place that is, and behind; the event itself is the first container.
        for (before, after) in [
            (r#"{"x":"#, r#","type":"page","userId":"u"}"#),
            (r#"{"type":"page","userId":"u","properties":"#, "}"),
        ] {
            let nested = |depth: usize| {
                format!(
                    "{before}{}{inner}{}{after}",
                    open.repeat(depth / containers),
                    close.repeat(depth / containers)
                )
            };
            assert_eq!(detail(&transformer, nested(62).as_bytes()), None, "{open} {before}");
            assert_eq!(
                detail(&transformer, nested(64).as_bytes()),
                Some("too_deep"),
                "{open} {before}"
            );
            assert_eq!(
                detail(&transformer, nested(120_000).as_bytes()),
                Some("too_deep"),
                "{open} {before}"
            );
        }
        judge(&transformer, open.repeat(120_000).as_bytes());
    }
}

#[test]
fn numbers_beyond_measure_are_no_amounts() {
    let transformer = transformer();
    let numbers = [
        "1e999999999",
        "-1e999999999",
        "1e-999999999",
        "9".repeat(10_000).leak(),
        "99999999999999999999999999999999.99",
        "-0",
        "1e400",
        "0.000000000000000000000000000000000000001",
        "18446744073709551616",
        "-9223372036854775809",
        "NaN",
        "Infinity",
        "0x10",
    ];
    for number in numbers {
        for written in [number.to_owned(), format!("\"{number}\"")] {
            for (field, value) in [
                ("\"total\":\"1,299.50\"", "\"total\":"),
                ("\"price\":9.99", "\"price\":"),
                ("\"quantity\":2", "\"quantity\":"),
            ] {
                let text = EVENT.replace(field, &format!("{value}{written}"));
                let outcome = judge(&transformer, text.as_bytes());
                let Outcome::Mapped { event, .. } = outcome else { continue };
                let event: Value = serde_json::from_str(&event.to_json()).unwrap();
                let is_amount = |value: &Value| {
                    value.as_f64().is_some_and(|value| (0.0..1e20).contains(&value))
                };
                assert!(event.get("value").is_none_or(is_amount), "{written}: {event}");
                assert!(
                    event.get("unitsSold").is_none_or(|units| units
                        .as_i64()
                        .is_some_and(|units| (1..=2_147_483_647).contains(&units))),
                    "{written}: {event}"
                );
            }
            for place in
                ["\"2026-11-20T10:00:00.5Z\"", "\"m-1\"", "\"u-1\"", "\"US\"", "\"+1 4155550100\""]
            {
                judge(&transformer, EVENT.replace(place, &written).as_bytes());
            }
        }
    }
}

#[test]
fn long_keys_and_texts_come_out_within_amazons_limits_or_not_at_all() {
    let transformer = transformer();
    let long = "x".repeat(900_000);
    for text in [
        EVENT.replace("\"firstName\"", &format!("\"{long}\":1,\"firstName\"")),
        EVENT.replace("Order Completed", &long),
        EVENT.replace("\"m-1\"", &format!("\"{long}\"")),
        EVENT.replace("\"u-1\"", &format!("\"{long}\"")),
        EVENT.replace("jane.quill@example.com", &format!("{long}@example.com")),
        EVENT.replace("Quillington\",\"address", &format!("{long}\",\"address")),
        EVENT.replace("CPXxRfAPXxRfAAfKABENB-CgAAAAAAAAAAYgAAAAAAAA", &"C".repeat(900_000)),
        EVENT.replace("6D92078A", &long),
        EVENT.replace("Order Completed", &"\\ud800".repeat(100_000)),
    ] {
        let outcome = judge(&transformer, text.as_bytes());
        let Outcome::Mapped { event, .. } = outcome else { continue };
        let event: Value = serde_json::from_str(&event.to_json()).unwrap();
        assert!(event["eventDescription"]["name"].as_str().unwrap().chars().count() <= 256);
        for key in event["matchKeys"].as_array().unwrap() {
            assert!(key["values"][0].as_str().unwrap().len() <= 100, "{key}");
        }
    }
    let too_large =
        EVENT.replace("\"firstName\"", &format!("\"{}\":1,\"firstName\"", "x".repeat(1_048_576)));
    assert_eq!(detail(&transformer, too_large.as_bytes()), Some("too_large"));
}

#[test]
fn the_last_of_equal_keys_counts_whole_and_many_of_them_are_no_harm() {
    let transformer = transformer();
    let many = EVENT.replace(
        "\"type\":\"track\"",
        &format!(
            "{}\"type\":\"track\"",
            "\"type\":\"page\",\"traits\":{\"email\":[]},".repeat(20_000)
        ),
    );
    assert_eq!(
        judge(&transformer, many.as_bytes()).to_json(),
        judge(&transformer, EVENT.as_bytes()).to_json()
    );
    // Nothing of an object that was replaced is left.
    let replaced = EVENT
        .replace("},\"properties\"", "},\"traits\":{\"email\":\"x@example.com\"},\"properties\"");
    let event = judge(&transformer, replaced.as_bytes()).into_event().unwrap();
    let event: Value = serde_json::from_str(&event.to_json()).unwrap();
    let keys: Vec<&str> = event["matchKeys"]
        .as_array()
        .unwrap()
        .iter()
        .map(|key| key["type"].as_str().unwrap())
        .collect();
    assert_eq!(keys, ["EMAIL", "MAID"]);
}

#[test]
fn fields_that_cannot_say_what_an_event_is_are_no_fields() {
    let transformer = transformer();
    let place =
        |path: &str| transformer.paths().position(|other| other == path).unwrap_or_default();
    let (kind, email, products) =
        (place("type"), place("traits.email"), place("properties.products"));
    let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
    let field = |place: usize, is_json: bool, text: &str| {
        (Field { place, is_json, length: text.encode_utf16().count() }, text.to_owned())
    };
    let page = [field(kind, false, "page"), field(email, false, "jane@example.com")];
    let and = |more: (Field, String)| page.iter().cloned().chain([more]).collect::<Vec<_>>();
    let map = |fields: &[(Field, String)]| {
        let texts: String = fields.iter().map(|(_, text)| text.as_str()).collect();
        let heads: Vec<Field> = fields.iter().map(|(field, _)| *field).collect();
        transformer.transform_fields(texts.as_bytes(), &heads, NOW).map(|event| event.is_some())
    };
    let name = place("event");
    let whole = [
        page.to_vec(),
        vec![field(kind, true, "\"page\""), field(email, true, "\"jane\\u0040example.com\"")],
        and(field(name, false, "line\nbreak, größe 42, \u{1f600}")),
        and(field(products, true, &nested(62))),
        and(field(products, true, "-5")),
    ];
    for fields in whole {
        assert_eq!(map(&fields), Ok(true), "{fields:?}");
    }
    let with_length =
        |(field, text): (Field, String), length: usize| vec![(Field { length, ..field }, text)];
    let broken = [
        vec![field(kind, true, "page")],
        vec![field(kind, true, "\"page\" \"page\"")],
        vec![field(products, true, "\"\\ud83d\"")],
        vec![field(products, true, "[1"), field(kind, false, "2]")],
        // Two containers are around it.
        and(field(products, true, &nested(63))),
        vec![field(99_999, false, "page")],
        vec![field(usize::MAX, false, "page")],
        with_length(field(kind, false, "page"), 3),
        with_length(field(kind, false, "page"), 5),
        with_length(field(kind, false, "page"), usize::MAX),
        // Half of a character.
        with_length(field(kind, false, "\u{1f600}"), 1),
        vec![field(kind, false, &"x".repeat((1 << 20) + 1))],
    ];
    for fields in broken {
        assert_eq!(map(&fields), Err(NotByFields), "{fields:?}");
    }
    let value_of = |fields: &[(Field, String)]| {
        let texts: String = fields.iter().map(|(_, text)| text.as_str()).collect();
        let heads: Vec<Field> = fields.iter().map(|(field, _)| *field).collect();
        let event = transformer.transform_fields(texts.as_bytes(), &heads, NOW).unwrap().unwrap();
        event.value.map(|value| value.to_string())
    };
    let sale = [
        field(kind, false, "track"),
        field(name, false, "Order Completed"),
        field(email, false, "jane@example.com"),
        field(place("properties.currency"), false, "USD"),
    ];
    let sold = |lines: &[(bool, &str)]| {
        let lines = lines.iter().map(|(is_json, text)| field(products, *is_json, text));
        value_of(&sale.iter().cloned().chain(lines).collect::<Vec<_>>())
    };
    for (lines, expected) in [
        (&[(true, " \t[{\"price\":3}]\n")][..], Some("3")),
        (&[(true, "\u{feff}[{\"price\":3}]")], Some("3")),
        (&[(true, "19.99*2 5*1 ")], Some("44.98")),
        (&[(true, "19.99* *1 ")], None),
        (&[(true, "[{\"price\":3}]"), (true, "4*1 ")], Some("4")),
        (&[(true, "4*1 "), (true, "[{\"price\":3}]")], Some("3")),
        (&[(true, "[{\"price\":3}]"), (false, "none")], None),
        (&[(true, "4*1 "), (true, "7")], None),
    ] {
        assert_eq!(sold(lines).as_deref(), expected, "{lines:?}");
    }
    let one = Field { place: kind, is_json: false, length: 1 };
    assert_eq!(transformer.transform_fields(b"\xff", &[one], NOW).map(|_| ()), Err(NotByFields));
    assert_eq!(map(&[]), Ok(false));
}
