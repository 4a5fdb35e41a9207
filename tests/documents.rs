//! Documents and types that list codes list all of them, and no others.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::string_slice,
    reason = "a test that panics has failed"
)]

use std::collections::BTreeSet;

use amazon_dsp_events::{
    Config, ConversionType, Detail, DropReason, Emit, EventSource, EventTimeFormat, Input,
    MatchKeyType, Note, OnDenied, Preset, Unusable, UserIdAs, WhenUnknown,
};
use serde_json::{Value, json};

const README: &str = include_str!("../README.md");
const TYPES: &str = include_str!("../src/wasm.d.ts");

/// The quoted words of one declaration of the types.
fn declared(name: &str) -> BTreeSet<String> {
    let start = TYPES.find(&format!("export type {name} =")).expect("it is declared");
    let declaration = TYPES[start..].split(';').next().unwrap();
    declaration.split('"').skip(1).step_by(2).map(str::to_owned).collect()
}

/// The codes in the first column of the table under that header.
fn table(header: &str) -> BTreeSet<String> {
    let rows =
        README.lines().skip_while(|line| !line.starts_with(&format!("| {header} |"))).skip(2);
    rows.take_while(|line| line.starts_with('|'))
        .filter_map(|row| Some(row.split('`').nth(1)?.to_owned()))
        .collect()
}

fn words<T: ToString>(all: &[T]) -> BTreeSet<String> {
    all.iter().map(T::to_string).collect()
}

#[test]
fn the_types_have_every_code() {
    assert_eq!(declared("ConversionType"), words(ConversionType::ALL));
    assert_eq!(declared("EventSource"), words(EventSource::ALL));
    assert_eq!(declared("MatchKeyType"), words(MatchKeyType::ALL));
    assert_eq!(declared("DropReason"), words(DropReason::ALL));
    assert_eq!(declared("Detail"), words(Detail::ALL));
    assert_eq!(declared("Note"), words(Note::ALL));
    assert_eq!(declared("Unusable"), words(Unusable::ALL));
    assert_eq!(declared("InputName"), words(Input::ALL));
}

#[test]
fn the_readme_has_every_reason_detail_and_note() {
    assert_eq!(table("Reason"), words(DropReason::ALL));
    assert_eq!(table("Note"), words(Note::ALL));
    for detail in Detail::ALL {
        assert!(README.contains(&format!("`{detail}`")), "{detail}");
    }
}

/// What the schema has at that place.
fn schema(pointer: &str) -> Value {
    let schema: Value = serde_json::from_str(include_str!("../src/config.schema.json")).unwrap();
    schema.pointer(pointer).cloned().unwrap()
}

fn listed(pointer: &str) -> BTreeSet<String> {
    let words: Vec<String> = serde_json::from_value(schema(pointer)).unwrap();
    words.into_iter().collect()
}

#[test]
fn the_configs_schema_has_every_word() {
    assert_eq!(listed("/properties/preset/enum"), words(Preset::ALL));
    assert_eq!(listed("/properties/inputs/propertyNames/enum"), words(Input::ALL));
    assert_eq!(listed("/properties/identity/properties/userIdAs/enum"), words(UserIdAs::ALL));
    assert_eq!(listed("/properties/consent/properties/onDenied/enum"), words(OnDenied::ALL));
    assert_eq!(listed("/properties/consent/properties/whenUnknown/enum"), words(WhenUnknown::ALL));
    assert_eq!(listed("/properties/consent/properties/emit/enum"), words(Emit::ALL));
    assert_eq!(listed("/properties/eventTime/properties/format/enum"), words(EventTimeFormat::ALL));
    assert_eq!(listed("/$defs/conversionType/enum"), words(ConversionType::ALL));
    assert_eq!(listed("/$defs/eventSource/enum"), words(EventSource::ALL));
    assert_eq!(listed("/$defs/matchKeyType/enum"), words(MatchKeyType::ALL));
}

/// A config with one key, at those keys inside each other.
fn config_of(path: &[&str], value: Value) -> Value {
    path.iter().rev().fold(value, |inner, key| json!({ *key: inner }))
}

#[test]
fn the_config_knows_the_keys_of_the_schema_and_no_others() {
    let objects: [(&str, &[&str]); 7] = [
        ("/properties", &[]),
        ("/properties/identity/properties", &["identity"]),
        ("/properties/consent/properties", &["consent"]),
        ("/properties/consent/properties/categories/properties", &["consent", "categories"]),
        ("/properties/defaults/properties", &["defaults"]),
        ("/properties/eventTime/properties", &["eventTime"]),
        ("/$defs/rule/properties", &["events", "Order Completed"]),
    ];
    let is_unknown = |path: &[&str], key: &str| {
        let path: Vec<&str> = path.iter().copied().chain([key]).collect();
        // No key takes this value, so each known one is refused for another reason.
        let config = config_of(&path, json!({ "no": { "such": "value" } }));
        Config::from_json(&config.to_string())
            .is_err_and(|error| error.to_string().contains("is not a known key"))
    };
    for (pointer, path) in objects {
        let keys: Vec<String> = schema(pointer).as_object().unwrap().keys().cloned().collect();
        for key in keys.iter().filter(|key| {
            ![
                "$schema",
                "inputs",
                "events",
                "value",
                "customData",
                "identity",
                "consent",
                "categories",
                "defaults",
                "eventTime",
            ]
            .contains(&key.as_str())
        }) {
            assert!(!is_unknown(path, key), "{pointer}: {key}");
        }
        assert!(is_unknown(path, "nobodyKnowsThis"), "{pointer}");
    }
}

#[test]
fn a_config_may_say_where_its_schema_is() {
    assert!(
        Config::from_json(r#"{ "$schema": "https://example.com/config.schema.json" }"#).is_ok()
    );
}
