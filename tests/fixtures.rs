//! The fixture table (tests/fixtures/), natively. Node and workerd run the same table through `pkg/`.

#![expect(
    clippy::unwrap_used,
    clippy::string_slice,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that panics has failed"
)]

use amazon_dsp_events::{Config, Outcome, Transformer};
use serde_json::{Value, json};

const NOW: &str = "2026-11-21T00:00:00Z";

/// The instants the table uses, as epoch milliseconds. Native callers bring their own clock, so nothing here parses dates.
fn epoch_millis(iso: &str) -> i64 {
    let number = |range: std::ops::Range<usize>| iso[range].parse::<i64>().unwrap();
    let (year, month, day) = (number(0..4), number(5..7), number(8..10));
    let days_before_month = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];
    let leap = |year: i64| year / 4 - year / 100 + year / 400;
    let is_leap = leap(year) > leap(year - 1);
    let days = (year - 1970) * 365 + leap(year - 1) - leap(1969)
        + days_before_month[usize::try_from(month - 1).unwrap()]
        + i64::from(is_leap && month > 2)
        + day
        - 1;
    let millis = if iso.len() > 20 { number(20..23) } else { 0 };
    (((days * 24 + number(11..13)) * 60 + number(14..16)) * 60 + number(17..19)) * 1000 + millis
}

/// The text of a case: its event as JSON, or its raw text, perhaps in pieces.
fn text_of(case: &Value) -> String {
    match &case["text"] {
        Value::Null => case["event"].to_string(),
        Value::String(text) => text.clone(),
        Value::Array(pieces) => pieces
            .iter()
            .map(|piece| match piece {
                Value::String(text) => text.clone(),
                _ => piece["repeat"]
                    .as_str()
                    .unwrap()
                    .repeat(piece["times"].as_u64().unwrap().try_into().unwrap()),
            })
            .collect(),
        other => panic!("text is {other}"),
    }
}

/// Numbers by value: `30` is `30.0`.
fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a.as_f64() == b.as_f64(),
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
        }
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| same(a, b)))
        }
        _ => a == b,
    }
}

/// What differs from what the case says, if anything.
fn check(case: &Value) -> Result<(), String> {
    let config =
        if case["config"].is_null() { "{}".to_owned() } else { case["config"].to_string() };
    let config = match (Config::from_json(&config), case["configError"]["path"].as_str()) {
        (Ok(config), None) => config,
        (Err(error), Some(path)) if error.path == path => return Ok(()),
        (other, expected) => return Err(format!("config: expected {expected:?}, got {other:?}")),
    };
    let now = epoch_millis(case["now"].as_str().unwrap_or(NOW));
    let transformer = Transformer::new(config);
    let text = text_of(case);
    let outcome = transformer.evaluate(text.as_bytes(), now);
    if let Outcome::Mapped { event, .. } = &outcome {
        // Serde's form and the wire's are one.
        let wire: Value =
            serde_json::from_str(&event.to_json()).map_err(|error| error.to_string())?;
        if !same(&wire, &json!(event)) {
            return Err(format!("serde and the wire differ: {wire}"));
        }
    }
    let trace = transformer.explain(text.as_bytes(), now);
    if trace.outcome != outcome {
        return Err(format!("the explanation is of another outcome: {:?}", trace.outcome));
    }
    let told: Value = serde_json::from_str(&trace.to_json()).map_err(|error| error.to_string())?;
    if !case["trace"].is_null() && case["trace"] != told {
        return Err(format!("got the trace {told}"));
    }
    let got: Value = serde_json::from_str(&outcome.to_json()).map_err(|error| error.to_string())?;
    let notes = |key: &str| case[key].as_array().cloned().unwrap_or_default();
    let has = |note: &Value| got["notes"].as_array().is_some_and(|notes| notes.contains(note));
    let holds = got["outcome"] == case["outcome"]
        && same(&got["event"], &case["amazonEvent"])
        && got["reason"] == case["reason"]
        && (case["detail"].is_null() || got["detail"] == case["detail"])
        && notes("notes").iter().all(has)
        && !notes("notesAbsent").iter().any(has);
    if holds { Ok(()) } else { Err(format!("got {got}")) }
}

#[test]
fn every_case_of_the_table_holds() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures");
    let mut failures = Vec::new();
    let mut count = 0;
    for file in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if file.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let cases: Vec<Value> =
            serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
        for case in &cases {
            count += 1;
            if let Err(problem) = check(case) {
                failures.push(format!(
                    "{}: {}\n    {problem}",
                    file.file_name().unwrap().display(),
                    case["name"]
                ));
            }
        }
    }
    assert!(
        failures.is_empty(),
        "{} of {count} cases fail\n{}",
        failures.len(),
        failures.join("\n")
    );
    assert!(count > 400, "only {count} cases were found");
}
