//! What holds for every input, as property tests.

#![cfg(not(target_arch = "wasm32"))]
#![expect(clippy::unwrap_used, reason = "a test that panics has failed")]

use amazon_dsp_events::{Config, ConsentStatus, Country, Field, Format, Outcome, Transformer};
use proptest::prelude::*;
use serde_json::{Value, json};

/// 2026-11-21T00:00:00Z.
const NOW: i64 = 1_795_219_200_000;
const OF_NOTHING: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

fn transformer(config: &Value) -> Transformer {
    Transformer::new(Config::from_json(&config.to_string()).unwrap())
}

fn everything() -> Transformer {
    transformer(&json!({
        "unmapped": "OTHER",
        "defaults": { "countryCode": "US", "currencyCode": "USD" },
        "identity": { "matchKeys": ["EMAIL", "PHONE", "FIRST_NAME", "LAST_NAME", "ADDRESS", "CITY", "STATE", "POSTAL", "MAID"] },
        "consent": { "geoIp": false }
    }))
}

/// Any JSON value, a few levels deep.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        ".{0,20}".prop_map(Value::from),
        prop::sample::select(vec![
            "US",
            "de",
            "jane@example.com",
            "null",
            "+++",
            "true",
            "2026-11-20T10:00:00Z",
            "12,50 €"
        ])
        .prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::hash_map("[a-z]{1,8}", inner, 0..4).prop_map(Value::from_iter),
        ]
    })
}

/// Traits of somebody who shares names and places with many others, also by other spellings, by their hash, and in other
/// countries.
fn any_person() -> impl Strategy<Value = Value> {
    let name = || {
        let words = vec![
            "Jane",
            "jane",
            " Jane ",
            "José",
            "Jos",
            "\u{212a}im",
            "Q\u{130}n",
            "null",
            "0",
            "",
            "a name of exactly 32 characters..",
            "a name of more than 32 characters",
            "Virginia",
            "WA",
            "Bayern",
            "98101-1234",
            "981 01",
            "9eceb13483d7f187ec014fd6d4854d1420cfc634328af85f51d0323ba8622e21",
        ];
        prop_oneof![8 => prop::sample::select(words).prop_map(Value::from), 1 => (0..40_u32).prop_map(|number| json!(format!("name {number}"))), 1 => (0..3_u32).prop_map(Value::from)]
    };
    let country = prop::sample::select(vec!["US", "CA", "AU", "CH", "IN"]);
    (name(), name(), name(), name(), name(), country, 0..9_u32).prop_map(|(first, last, city, state, postal, country, number)| {
        let address = json!({ "city": city, "state": state, "postalCode": postal, "country": country });
        json!({ "email": format!("{number}@example.com"), "firstName": first, "lastName": last, "address": address })
    })
}

/// An event with the keys that matter, each with a likely value, any value, or none.
fn any_event() -> impl Strategy<Value = Value> {
    let maybe = |likely: Value| prop_oneof![4 => Just(Some(likely)), 1 => any_json().prop_map(Some), 1 => Just(None)];
    (
        maybe(json!("track")),
        maybe(json!("Order Completed")),
        maybe(json!("2026-11-20T10:00:00Z")),
        maybe(json!("jane.doe@example.com")),
        maybe(json!("+1 555 123 4567")),
        maybe(json!([{ "price": 9.99, "quantity": 2 }])),
        maybe(json!("US")),
        (any_json(), any_json(), any_json(), any_json()),
    )
        .prop_map(|(kind, name, time, email, phone, products, country, (total, consent, device, names))| {
            let mut event = json!({
                "userId": names,
                "properties": { "total": total, "currency": "EUR" },
                "context": { "consent": consent, "device": device, "traits": { "firstName": names, "address": names } }
            });
            let mut put = |pointer: &[&str], value: Option<Value>| {
                let Some(value) = value else { return };
                let place = pointer.iter().fold(&mut event, |at, key| {
                    if !at.is_object() {
                        *at = json!({});
                    }
                    &mut at[*key]
                });
                *place = value;
            };
            put(&["type"], kind);
            put(&["event"], name);
            put(&["timestamp"], time);
            put(&["traits", "email"], email);
            put(&["traits", "phone"], phone);
            put(&["properties", "products"], products);
            put(&["traits", "country"], country);
            event
        })
}

/// Consent data in which nobody says yes or no: words of other letters, numbers above one, and containers of them.
fn says_nothing() -> impl Strategy<Value = Value> {
    let word = prop_oneof![
        "[B-DH-Zkq_~.,:=-]{0,40}".prop_map(Value::from),
        (2..99_u8).prop_map(Value::from),
        Just(Value::Null)
    ];
    let category = prop::sample::select(vec![
        "advertising",
        "C0004",
        "amznUserData",
        "amznAdStorage",
        "ad_storage",
        "ad_user_data",
    ]);
    prop_oneof![
        word.clone(),
        prop::collection::vec(word.clone(), 0..3).prop_map(Value::from),
        prop::collection::hash_map(category, word, 0..4).prop_map(|map| json!(map)),
    ]
}

/// What an event has at the paths that are looked at, as fields and their texts.
fn fields_of(event: &Value, transformer: &Transformer) -> (String, Vec<Field>) {
    let (mut texts, mut fields) = (String::new(), Vec::new());
    for (place, path) in transformer.paths().enumerate() {
        let value = path.split('.').try_fold(event, |value, key| value.as_object()?.get(key));
        let (is_json, text) = match value {
            None | Some(Value::Null) => continue,
            Some(Value::String(text)) => (false, text.clone()),
            Some(value) => (true, value.to_string()),
        };
        fields.push(Field { place, is_json, length: text.encode_utf16().count() });
        texts.push_str(&text);
    }
    (texts, fields)
}

fn mapped(outcome: &Outcome) -> Option<Value> {
    match outcome {
        Outcome::Mapped { event, .. } => Some(serde_json::from_str(&event.to_json()).unwrap()),
        Outcome::Dropped { .. } => None,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 10_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_bytes_whatever_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let transformer = everything();
        let fields = [Field { place: 1, is_json: true, length: bytes.len() }];
        let _ = transformer.transform_fields(&bytes, &fields, NOW);
        let _ = transformer.evaluate(&bytes, NOW).to_json();
        let _ = transformer.explain(&bytes, NOW).to_json();
        for format in [Format::Auto, Format::Ndjson, Format::Event] {
            let batch = transformer.transform_batch(&bytes, NOW, format);
            let mapped = batch.outcomes.into_iter().filter(|code| *code == 0).count();
            prop_assert_eq!(batch.offsets.len() / 2, mapped);
        }
    }

    #[test]
    fn what_is_read_is_what_serde_json_reads(text in r#"[\[\]{}",:\\ 0-9eE+.tfrualsn\-x-]{0,24}"#) {
        let object = format!("{{\"type\":{text}}}");
        let oracle = serde_json::from_str::<serde::de::IgnoredAny>(&object).is_ok();
        let transformer = everything();
        let outcome = transformer.evaluate(object.as_bytes(), NOW);
        let refused = outcome.reason().is_some_and(|(_, detail)| detail.is_some_and(|d| d.as_str() == "not_json"));
        prop_assert_eq!(!refused, oracle, "{}", object);
    }

    #[test]
    fn mapping_twice_gives_the_same_bytes(event in any_event()) {
        let text = event.to_string();
        prop_assert_eq!(everything().evaluate(text.as_bytes(), NOW).to_json(), everything().evaluate(text.as_bytes(), NOW).to_json());
    }

    #[test]
    fn a_batch_makes_of_each_event_what_it_becomes_alone(people in prop::collection::vec(any_person(), 1..40)) {
        let transformer = everything();
        let events: Vec<String> = people.iter().enumerate().map(|(number, traits)| {
            json!({ "type": "page", "messageId": format!("m-{number}"), "timestamp": "2026-11-20T00:00:00Z", "traits": traits }).to_string()
        }).collect();
        let batch = transformer.transform_batch(events.join("\n").as_bytes(), NOW, Format::Ndjson);
        let alone: Vec<String> = events.iter().filter_map(|event| Some(transformer.transform(event.as_bytes(), NOW)?.to_json())).collect();
        prop_assert_eq!(alone.len(), events.len());
        prop_assert_eq!(String::from_utf8(batch.events().to_vec()).unwrap(), alone.join(","));
    }

    #[test]
    fn an_event_that_comes_as_fields_is_the_same_event(event in any_event()) {
        let transformer = everything();
        let (texts, fields) = fields_of(&event, &transformer);
        let by_fields = transformer.transform_fields(texts.as_bytes(), &fields, NOW).unwrap();
        let json = event.to_string();
        let by_json = transformer.transform(json.as_bytes(), NOW);
        prop_assert_eq!(by_fields.map(|event| event.to_json()), by_json.map(|event| event.to_json()));
        // Whatever else is said to be fields.
        for other in [|field: Field| Field { is_json: true, ..field }, |field: Field| Field { length: field.length + 1, ..field }, |field: Field| Field { place: field.place + 1, ..field }] {
            let others: Vec<Field> = fields.iter().copied().map(other).collect();
            let _ = transformer.transform_fields(texts.as_bytes(), &others, NOW);
        }
    }

    #[test]
    fn every_match_key_has_one_value_and_none_is_the_hash_of_nothing(event in any_event()) {
        if let Some(event) = mapped(&everything().evaluate(event.to_string().as_bytes(), NOW)) {
            for key in event["matchKeys"].as_array().unwrap() {
                prop_assert_eq!(key["values"].as_array().unwrap().len(), 1);
                prop_assert_ne!(key["values"][0].as_str().unwrap(), OF_NOTHING);
            }
        }
    }

    #[test]
    fn no_raw_address_phone_or_name_comes_out(local in "[a-z]{8,12}", digits in "[2-9][0-9]{9}", name in "[A-Z][a-z]{9,12}") {
        let (address, phone) = (format!("{local}@example.com"), format!("+1{digits}"));
        let event = json!({
            "type": "track", "event": "Product Added", "userId": address, "messageId": "m",
            "traits": { "email": address, "phone": phone, "firstName": name, "lastName": name,
                        "address": { "city": name, "street": name, "country": "US" } }
        });
        let text = event.to_string();
        for out in [everything().evaluate(text.as_bytes(), NOW).to_json(), everything().explain(text.as_bytes(), NOW).to_json()] {
            for secret in [&local, &digits, &name, &name.to_lowercase()] {
                prop_assert!(!out.contains(secret.as_str()), "{} in {}", secret, out);
            }
        }
    }

    #[test]
    fn a_trace_shows_no_address_or_phone_wherever_it_was_put(
        local in "[a-z]{8,12}",
        digits in "[2-9][0-9]{9}",
        is_address in any::<bool>(),
        drops in any::<bool>(),
        places in prop::collection::vec(prop::sample::select(vec![
            "/type", "/event", "/userId", "/anonymousId", "/traits/country", "/traits/address", "/properties/currency",
            "/context/ip", "/context/device/type", "/context/device/advertisingId", "/context/userAgent", "/context/page/url",
            "/context/consent/tcf", "/context/consent/gpp", "/context/consent/optOut", "/context/consent/oneTrust",
            "/context/consent/google", "/properties/amznUserData", "/properties/plan", "/messageId",
        ]), 1..6),
    ) {
        let planted = if is_address { format!("{local}@example.com") } else { format!("+1 {digits}") };
        let mut event = json!({
            "type": "track", "event": "Order Completed", "messageId": "m", "userId": "u1", "anonymousId": "",
            "traits": { "country": "US", "address": "" }, "properties": { "currency": "", "amznUserData": "", "plan": "" },
            "context": { "ip": "", "device": { "type": "", "advertisingId": "" }, "userAgent": "", "page": { "url": "" },
                         "consent": { "tcf": "", "gpp": "", "optOut": "", "oneTrust": "", "google": "" } }
        });
        for place in places {
            *event.pointer_mut(place).unwrap() = json!(planted);
        }
        let config = json!({
            "unmapped": if drops { "drop" } else { "OTHER" },
            "defaults": { "countryCode": "US" }, "extras": ["userAgent", "aref"],
            "events": { "Order Completed": { "customData": { "plan": "properties.plan" } } }
        });
        let trace = transformer(&config).explain(event.to_string().as_bytes(), NOW);
        let (remedy, told) = (trace.remedy.clone().unwrap_or_default(), trace.to_json());
        for secret in [&local, &digits] {
            prop_assert!(!told.contains(secret.as_str()), "{} in {} ({})", secret, told, remedy);
        }
    }

    #[test]
    fn a_pre_hashed_value_is_never_hashed_again(hash in "[0-9a-fA-F]{64}", padding in " {0,2}") {
        let event = json!({ "type": "page", "traits": { "email": format!("{padding}{hash}{padding}"), "country": "US" } });
        let event = mapped(&everything().evaluate(event.to_string().as_bytes(), NOW)).unwrap();
        prop_assert_eq!(event["matchKeys"][0]["values"][0].as_str().unwrap(), hash.to_lowercase());
    }

    #[test]
    fn nothing_is_granted_in_a_consent_required_country_without_a_grant(
        consent in prop::collection::hash_map(
            prop::sample::select(vec!["optOut", "amazonConsent", "tcf", "gpp", "categoryPreferences", "oneTrust", "google", "explicit"]),
            says_nothing(),
            0..5,
        ),
        event in any_event(),
        when in prop::sample::select(vec!["auto", "grant", "omit", "drop"]),
    ) {
        let mut event = event;
        event["type"] = json!("track");
        event["traits"] = json!({ "email": "jane@example.com", "country": "DE" });
        event["context"]["consent"] = json!(consent);
        event["properties"]["amznUserData"] = json!("perhaps");
        let transformer = transformer(&json!({ "unmapped": "OTHER", "consent": { "whenUnknown": when } }));
        if let Outcome::Mapped { event, .. } = transformer.evaluate(event.to_string().as_bytes(), NOW) {
            let flags = event.consent.and_then(|consent| consent.amazon_consent);
            let granted = flags.is_some_and(|flags| {
                flags.amzn_user_data == ConsentStatus::Granted || flags.amzn_ad_storage == Some(ConsentStatus::Granted)
            });
            prop_assert!(!granted, "{}", event.event_id);
        }
    }

    #[test]
    fn configs_never_panic_and_errors_name_a_place(config in any_json(), key in prop::sample::select(vec!["events", "inputs", "consent", "defaults", "eventTime", "identity", "extras"])) {
        if let Err(error) = Config::from_json(&json!({ key: config }).to_string()) {
            prop_assert!(error.path.starts_with(key), "{}", error);
        }
    }

    #[test]
    fn countries_are_recognised_or_not_but_never_made_up(text in ".{0,12}") {
        if let Some(country) = Country::recognise(&text) {
            prop_assert!(Country::all().any(|known| known == country));
        }
    }
}
