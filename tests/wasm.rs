//! The boundary to JavaScript, as WebAssembly under Node: what crosses, and what ends in a clean error.
#![cfg(all(target_arch = "wasm32", feature = "wasm"))]
#![expect(clippy::unwrap_used, reason = "a test that panics has failed")]

use amazon_dsp_events::wasm::{Transformer, outcome_codes, transform, version};
use js_sys::{JSON, Reflect, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_test::wasm_bindgen_test;

/// 2026-11-21T00:00:00Z.
const NOW: Option<f64> = Some(1_795_219_200_000.0);

fn js(json: &str) -> JsValue {
    JSON::parse(json).unwrap()
}

fn json(value: &JsValue) -> String {
    JSON::stringify(value).unwrap().into()
}

fn get(value: &JsValue, key: &str) -> JsValue {
    Reflect::get(value, &key.into()).unwrap()
}

/// `expr` as JavaScript.
fn eval(expression: &str) -> JsValue {
    js_sys::eval(expression).unwrap()
}

const PAGE: &str = r#"{
    "type": "page", "messageId": "m-1", "timestamp": "2026-11-20T10:00:00Z",
    "traits": { "email": "abc@example.com", "address": { "country": "US" } }
}"#;

const PAGE_AT_AMAZON: &str = concat!(
    r#"{"eventDescription":{"name":"page","conversionType":"PAGE_VIEW","eventSource":"WEBSITE","eventIngestionMethod":"SERVER_TO_SERVER"},"#,
    r#""eventId":"m-1","eventTime":"2026-11-20T10:00:00Z","countryCode":"US","#,
    r#""matchKeys":[{"type":"EMAIL","values":["9eceb13483d7f187ec014fd6d4854d1420cfc634328af85f51d0323ba8622e21"]}],"#,
    r#""consent":{"amazonConsent":{"amznUserData":"GRANTED","amznAdStorage":"GRANTED"}}}"#
);

#[wasm_bindgen_test]
fn an_event_becomes_an_amazon_event() {
    assert_eq!(json(&transform(&js(PAGE), NOW).unwrap()), PAGE_AT_AMAZON);
}

#[wasm_bindgen_test]
fn a_dropped_event_is_undefined() {
    assert!(transform(&js(r#"{ "type": "alias" }"#), NOW).unwrap().is_undefined());
}

#[wasm_bindgen_test]
fn the_hosts_clock_is_the_default_now() {
    let event =
        eval("({ type: 'page', userId: 'u', timestamp: new Date(), traits: { country: 'US' } })");
    assert!(!transform(&event, None).unwrap().is_undefined());
}

#[wasm_bindgen_test]
fn what_json_cannot_hold_is_an_invalid_event() {
    let invalid =
        r#"{"outcome":"dropped","reason":"invalid_event","detail":"not_json","notes":[]}"#;
    let transformer = Transformer::new(JsValue::UNDEFINED).unwrap();
    for expression in [
        "const loop = {}; loop.self = loop; loop",
        "({ type: 'page', userId: 1n })",
        "undefined",
        "(() => 1)",
    ] {
        assert_eq!(
            json(&transformer.evaluate(&eval(expression), NOW).unwrap()),
            invalid,
            "{expression}"
        );
    }
    let text = transformer.evaluate_json(&[0xff, 0xfe], NOW);
    assert_eq!(text, invalid);
}

#[wasm_bindgen_test]
fn half_an_emoji_costs_no_event() {
    let event = eval(
        "({ type: 'page', userId: 'a\\ud83d', messageId: 'm', timestamp: '2026-11-20', traits: { country: 'US' } })",
    );
    let outcome = Transformer::new(JsValue::UNDEFINED).unwrap().evaluate(&event, NOW).unwrap();
    assert_eq!(get(&outcome, "outcome"), "mapped");
    assert_eq!(json(&get(&outcome, "notes")), r#"["text_repaired","user_id_not_an_address"]"#);
}

#[wasm_bindgen_test]
fn a_wrong_config_is_an_error_with_a_path() {
    let error =
        Transformer::new(js(r#"{ "defaults": { "countryCode": "Atlantis" } }"#)).unwrap_err();
    assert!(error.is_instance_of::<js_sys::Error>());
    assert_eq!(get(&error, "name"), "ConfigError");
    assert_eq!(get(&error, "code"), "ERR_INVALID_CONFIG");
    assert_eq!(get(&error, "path"), "defaults.countryCode");
    assert_eq!(
        get(&error, "message"),
        "config `defaults.countryCode` must be a country code such as `US`, not \"Atlantis\""
    );
}

#[wasm_bindgen_test]
fn a_batch_gives_bytes_places_and_codes() {
    let input = format!("{}\n\nnot json\n{}\n", PAGE.replace('\n', ""), r#"{"type":"alias"}"#);
    let transformer = Transformer::new(JsValue::UNDEFINED).unwrap();
    let batch = transformer.transform_batch(input.as_bytes(), NOW, &JsValue::UNDEFINED).unwrap();
    let events = get(&batch, "events").unchecked_into::<Uint8Array>().to_vec();
    assert_eq!(String::from_utf8(events).unwrap(), PAGE_AT_AMAZON);
    assert_eq!(json(&get(&batch, "offsets")), format!(r#"{{"0":0,"1":{}}}"#, PAGE_AT_AMAZON.len()));
    let codes = js_sys::Array::from(&outcome_codes().unwrap());
    let outcomes = get(&batch, "outcomes").unchecked_into::<Uint8Array>().to_vec();
    let words: Vec<String> =
        outcomes.iter().map(|code| json(&codes.get(u32::from(*code)))).collect();
    assert_eq!(
        words,
        [
            r#"{"outcome":"mapped"}"#,
            r#"{"outcome":"dropped","detail":"not_json","reason":"invalid_event"}"#,
            r#"{"outcome":"dropped","reason":"unmapped_event"}"#,
        ]
    );
}

#[wasm_bindgen_test]
fn an_explanation_shows_no_raw_identifier() {
    let trace =
        json(&Transformer::new(JsValue::UNDEFINED).unwrap().explain(&js(PAGE), NOW).unwrap());
    assert!(
        trace.contains(r#"{"field":"EMAIL","path":"traits.email","value":"a***@e***.com"}"#),
        "{trace}"
    );
    assert!(!trace.contains("abc@example.com"), "{trace}");
}

#[wasm_bindgen_test]
fn the_version_is_the_crates() {
    assert_eq!(version(), env!("CARGO_PKG_VERSION"));
}
