//! Documents and types that list codes list all of them, and no others.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::string_slice,
    clippy::indexing_slicing,
    reason = "a test that panics has failed"
)]

use std::collections::{BTreeMap, BTreeSet};

use amazon_dsp_events::{
    Config, ConversionType, Detail, DropReason, Emit, EventSource, EventTimeFormat, Input,
    MatchKeyType, Note, OnDenied, Preset, Transformer, Unusable, UserIdAs, WhenUnknown,
};
use serde_json::{Value, json};

const README: &str = include_str!("../README.md");
const MAPPING: &str = include_str!("../docs/mapping.md");
const TYPES: &str = include_str!("../src/wasm.d.ts");

/// The quoted words of one declaration of the types.
fn declared(name: &str) -> BTreeSet<String> {
    let start = TYPES.find(&format!("export type {name} =")).expect("it is declared");
    let declaration = TYPES[start..].split(';').next().unwrap();
    declaration.split('"').skip(1).step_by(2).map(str::to_owned).collect()
}

/// The rows of the table whose header begins so, cell by cell.
fn table(header: &str) -> Vec<Vec<String>> {
    let rows =
        MAPPING.lines().skip_while(|line| !line.starts_with(&format!("| {header} |"))).skip(2);
    rows.take_while(|line| line.starts_with('|'))
        .map(|row| row.split('|').skip(1).map(|cell| cell.trim().to_owned()).collect())
        .collect()
}

/// The words between backticks.
fn quoted(cell: &str) -> Vec<String> {
    cell.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// The code in the first column of each row.
fn first_column(header: &str) -> BTreeSet<String> {
    table(header).iter().map(|row| quoted(&row[0]).remove(0)).collect()
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
fn the_document_of_the_mapping_has_every_code() {
    assert_eq!(first_column("Reason"), words(DropReason::ALL));
    assert_eq!(first_column("Detail of `invalid_event`"), words(Detail::ALL));
    assert_eq!(first_column("Note"), words(Note::ALL));
    assert_eq!(first_column("Unusable"), words(Unusable::ALL));
    for reason in DropReason::ALL {
        assert!(README.contains(&format!("`{reason}`")), "{reason}");
    }
}

#[test]
fn the_document_of_the_mapping_has_every_input_with_its_paths() {
    let rows = table("Input");
    assert_eq!(rows.len(), Input::ALL.len());
    for (row, input) in rows.iter().zip(Input::ALL) {
        assert_eq!(quoted(&row[0]), [input.as_str()]);
        let paths: Vec<String> = input.paths().iter().map(ToString::to_string).collect();
        assert_eq!(quoted(&row[1]), paths, "{input}");
    }
    let keys: Vec<&str> = rows.iter().filter_map(|row| row[2].split([' ', ',']).next()).collect();
    for key in MatchKeyType::ALL {
        assert!(keys.contains(&key.as_str()), "{key}");
    }
}

#[test]
fn the_document_of_the_mapping_has_every_event_of_the_presets() {
    let rows = table("Event");
    for row in &rows {
        let name = &quoted(&row[0])[0];
        for preset in Preset::ALL {
            let config = json!({ "preset": preset, "defaults": { "countryCode": "US" } });
            let transformer =
                Transformer::new(Config::from_json(&config.to_string()).expect("it is right"));
            let event = match name.as_str() {
                "page" | "screen" => json!({ "type": name, "userId": "u" }),
                _ => json!({ "event": name, "userId": "u" }),
            };
            let text = event.to_string();
            let mapped = transformer.transform(text.as_bytes(), 0);
            let conversion_type = mapped.map(|event| event.event_description.conversion_type);
            let expected = quoted(&row[2]).contains(&preset.to_string());
            let stated = ConversionType::from_word(&quoted(&row[1])[0]);
            assert_eq!(conversion_type, stated.filter(|_| expected), "{name}, {preset}");
        }
    }
    assert_eq!(rows.len(), 17);
}

/// The paths of all values in a JSON object, lists as one value.
fn paths_of(value: &Value, path: &str, paths: &mut BTreeSet<String>) {
    match value.as_object() {
        Some(members) => {
            for (key, member) in members {
                let dot = if path.is_empty() { "" } else { "." };
                paths_of(member, &format!("{path}{dot}{key}"), paths);
            }
        }
        None => _ = paths.insert(path.to_owned()),
    }
}

#[test]
fn the_document_of_the_mapping_has_every_field() {
    let config = json!({
        "dataSetName": "web", "extras": ["userAgent", "aref", "partner:us"], "consent": { "emit": "all" },
        "events": { "Order Completed": { "customData": { "plan": { "const": "pro" } } } }
    });
    // Purposes 1 and 7 and vendor 793 are granted.
    let tcf = concat!(
        "CQuAQVAQuAQVAAfBABENB-EgAIIAAAAAAAYgGMgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "AAAAAAAAAAIAAAAA",
    );
    let event = json!({
        "event": "Order Completed", "userId": "u",
        "traits": { "country": "DE" },
        "properties": { "total": 1, "currency": "EUR", "quantity": 1 },
        "context": {
            "ip": "192.0.2.1", "userAgent": "agent", "page": { "url": "https://shop.example.com/?aref=abcdefghij" },
            "consent": { "tcf": tcf, "gpp": format!("DBABMA~{tcf}") }
        }
    });
    let transformer = Transformer::new(Config::from_json(&config.to_string()).unwrap());
    let text = event.to_string();
    let mapped = transformer.transform(text.as_bytes(), 1_795_219_200_000);
    let mut fields = BTreeSet::new();
    paths_of(&json!(mapped.expect("it is mapped")), "", &mut fields);
    assert_eq!(first_column("Amazon field"), fields);
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

/// The keys of a schema's objects, joined by dots; rules stand under `events.*`.
fn keys_of(schema: &Value, path: &str, keys: &mut BTreeMap<String, Value>) {
    for (key, member) in schema["properties"].as_object().into_iter().flatten() {
        let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
        if member["properties"].is_object() {
            keys_of(member, &path, keys);
        } else {
            keys.insert(path, member["default"].clone());
        }
    }
}

#[test]
fn the_document_of_the_mapping_has_every_key_of_the_config_and_its_default() {
    let mut keys = BTreeMap::new();
    keys_of(&schema(""), "", &mut keys);
    keys_of(&schema("/$defs/rule"), "events.*", &mut keys);
    let rows = table("Key");
    let stated: BTreeSet<String> = rows.iter().map(|row| quoted(&row[0]).remove(0)).collect();
    assert_eq!(stated, keys.keys().cloned().collect());
    for row in rows {
        let default = &keys[&quoted(&row[0])[0]];
        let text = default.as_str().map_or_else(|| default.to_string(), str::to_owned);
        if !default.is_null() {
            assert_eq!(quoted(&row[2]), [text], "{}", row[0]);
        }
    }
}

#[test]
fn the_schemas_defaults_are_those_of_the_code() {
    let mut defaults = BTreeMap::new();
    keys_of(&schema(""), "", &mut defaults);
    for (key, default) in defaults.into_iter().filter(|(_, default)| !default.is_null()) {
        let path: Vec<&str> = key.split('.').collect();
        let config = Config::from_json(&config_of(&path, default).to_string()).unwrap();
        assert_eq!(config, Config::default(), "{key}");
    }
    let advertising = Config::default().consent.user_data_categories;
    let rows = table("Key");
    for row in rows.iter().filter(|row| row[0].contains("consent.categories")) {
        assert_eq!(quoted(&row[2]), advertising);
    }
}
