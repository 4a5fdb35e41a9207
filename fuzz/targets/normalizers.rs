//! Whatever stands in an identifier's place: what goes out is a hash of something, shows nothing of it, and is not hashed
//! again.
#![no_main]

#[path = "common.rs"]
mod common;

use std::sync::LazyLock;

use amazon_dsp_events::{AmazonEvent, Config, Country, MatchKeyType, Transformer};
use common::NOW;
use libfuzzer_sys::fuzz_target;
use serde_json::{Value, json};

static TRANSFORMER: LazyLock<Transformer> = LazyLock::new(|| {
    let config = r#"{"consent":{"optInCountries":[]},"identity":{"matchKeys":
        ["EMAIL","PHONE","FIRST_NAME","LAST_NAME","ADDRESS","CITY","STATE","POSTAL","MATCH_ID"]},
        "inputs":{"matchId":["anonymousId"]}}"#;
    Transformer::new(Config::from_json(config).unwrap())
});
static COUNTRIES: LazyLock<Vec<Country>> = LazyLock::new(|| Country::all().collect());

const FIELDS: [(&str, MatchKeyType); 8] = [
    ("email", MatchKeyType::Email),
    ("phone", MatchKeyType::Phone),
    ("firstName", MatchKeyType::FirstName),
    ("lastName", MatchKeyType::LastName),
    ("street", MatchKeyType::Address),
    ("city", MatchKeyType::City),
    ("state", MatchKeyType::State),
    ("postalCode", MatchKeyType::Postal),
];
const OF_NOTHING: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

fn map(field: &str, value: &Value, country: Country) -> AmazonEvent<'static> {
    // Somebody is identified in any case.
    let mut event = json!({
        "type": "page", "messageId": "m", "anonymousId": "visitor-1",
        "traits": { "address": { "country": country.code() } }
    });
    let traits = &mut event["traits"];
    match field {
        "street" | "city" | "state" | "postalCode" => traits["address"][field] = value.clone(),
        _ => traits[field] = value.clone(),
    }
    TRANSFORMER.transform(event.to_string().as_bytes(), NOW).unwrap().into_owned()
}

fuzz_target!(|data: &[u8]| {
    let [field, country, text @ ..] = data else { return };
    let (field, key_type) = FIELDS[usize::from(*field) % FIELDS.len()];
    let country = COUNTRIES[usize::from(*country) % COUNTRIES.len()];
    let text = String::from_utf8_lossy(text);
    let event = map(field, &json!(text), country);
    let Some(key) = event.match_keys.iter().find(|key| key.key_type == key_type) else { return };
    let hash = key.value.as_str();
    assert!(hash.len() == 64 && hash.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')));
    assert_ne!(hash, OF_NOTHING);
    let again = map(field, &json!(hash), country);
    assert_eq!(again.match_keys, event.match_keys);
});
