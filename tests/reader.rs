//! What is JSON (RFC 8259) and what is not, case by case: the reader takes the former and refuses the latter, wherever in
//! an event it stands, and serde_json agrees.

#![cfg(not(target_arch = "wasm32"))]

use amazon_dsp_events::{Config, Detail, DropReason, Format, Transformer};
use serde::de::IgnoredAny;

/// 2026-11-21T00:00:00Z.
const NOW: i64 = 1_795_219_200_000;

const VALUES: &[&str] = &[
    // Structure, and the four kinds of white space.
    "[]",
    "{}",
    "[[]]",
    "[[],[[]]]",
    "[ ]",
    "{ }",
    "[1]",
    "[1,2]",
    "[\t1\n,\r2 ]",
    r#"{"a":1}"#,
    r#"{ "a" : 1 , "b" : [ ] }"#,
    r#"{"":0}"#,
    r#"{"a":1,"a":2}"#,
    r#"{"a":{"b":{"c":[{"d":null}]}}}"#,
    // Numbers.
    "0",
    "-0",
    "-1",
    "10",
    "123456789012345678901234567890",
    "0.5",
    "-0.5",
    "1.0",
    "0e1",
    "0E+1",
    "1e1",
    "1E1",
    "1e-1",
    "1e+1",
    "1.5e10",
    "123.456e78",
    "-0.000000000000000000000000000000000000000000000000000000000000000000000000000001",
    // Words.
    "true",
    "false",
    "null",
    // Texts.
    r#""""#,
    r#""a""#,
    r#"" ""#,
    r#""\"""#,
    r#""\\""#,
    r#""\/""#,
    r#""\b\f\n\r\t""#,
    r#""\u0000""#,
    r#""\u0041\u00e9\u4e2d""#,
    r#""\ud83d\ude00""#,
    r#""\uD83D\uDE00""#,
    r#""\\u0000""#,
    r#""\\\"""#,
    "\"\u{7f}\"",
    "\"\u{2028}\u{2029}\"",
    "\"é中😀\"",
    "\"0123456789abcde\"",
    "\"0123456789abcdef\"",
    "\"0123456789abcdef0\"",
    r#""0123456789abcde\n""#,
];

const NOT_VALUES: &[&str] = &[
    // Nothing, or not whole.
    "",
    " ",
    "[",
    "]",
    "{",
    "}",
    "[1",
    "[1,",
    "[,",
    r#"{"a""#,
    r#"{"a":"#,
    r#"{"a":1"#,
    r#"{"a":1,"#,
    "\"",
    "\"a",
    r#""\"#,
    r#""\""#,
    r#""\u"#,
    // Commas, colons and brackets out of place.
    "[,]",
    "[1,]",
    "[,1]",
    "[1,,2]",
    "[1 2]",
    "[1:2]",
    "[1;2]",
    "{,}",
    r#"{"a":1,}"#,
    r#"{,"a":1}"#,
    r#"{"a":1,,"b":2}"#,
    r#"{"a" 1}"#,
    r#"{"a"::1}"#,
    r#"{"a",1}"#,
    r#"{"a"}"#,
    "{:1}",
    "{a:1}",
    "{'a':1}",
    "{1:1}",
    "{null:1}",
    "{[]:1}",
    "[}",
    "{]",
    "[[]",
    "[]]",
    "{}}",
    "[1}",
    r#"{"a":1]"#,
    r#"["a":1]"#,
    // Numbers.
    "-",
    "+1",
    "01",
    "-01",
    "00",
    "1.",
    ".5",
    "-.5",
    "1.e1",
    "1e",
    "1e+",
    "1e1.5",
    "1e1e1",
    "1ee1",
    "0x10",
    "1_000",
    "1a",
    "--1",
    "1-",
    "NaN",
    "Infinity",
    "-Infinity",
    "\u{ff11}",
    // Words.
    "True",
    "TRUE",
    "nul",
    "nulll",
    "tru",
    "truee",
    "fals",
    "undefined",
    "none",
    // Texts.
    "'a'",
    "a",
    r#""\a""#,
    r#""\'""#,
    r#""\x41""#,
    r#""\0""#,
    r#""\U0041""#,
    r#""\u004""#,
    r#""\u00g1""#,
    r#""\u+041""#,
    r#""\u 041""#,
    r#""\ud83d\u12""#,
    "\"\n\"",
    "\"\t\"",
    "\"\0\"",
    "\"\u{1f}\"",
    "\"0123456789abcdef\u{1}\"",
    r#""a"b"#,
    r#""a""b""#,
    // White space that is none here, and comments.
    "[\u{a0}1]",
    "[\u{b}1]",
    "[\u{c}1]",
    "[\u{feff}1]",
    "[1]\0",
    "[1 /* one */]",
    "[1] // one",
    "[1] #",
    "[1] x",
];

fn is_refused(transformer: &Transformer, text: &str) -> bool {
    transformer.evaluate(text.as_bytes(), NOW).reason()
        == Some((DropReason::InvalidEvent, Some(Detail::NotJson)))
}

/// Where a value may stand: where nobody looks, where somebody does, in a list, and twice.
fn events(value: &str) -> [String; 5] {
    [
        format!(r#"{{"nobody":{value}}}"#),
        format!(r#"{{"nobody":{{"looks":[1,{value}]}},"type":"page"}}"#),
        format!(r#"{{"type":"page","userId":{value}}}"#),
        format!(r#"{{"type":"page","properties":{{"products":[{{"price":{value}}}]}}}}"#),
        format!(r#"{{"traits":{value},"traits": {value}}}"#),
    ]
}

#[test]
fn what_is_json_is_taken_wherever_it_stands() {
    let transformer = Transformer::default();
    for value in VALUES {
        for event in events(value) {
            assert!(serde_json::from_str::<IgnoredAny>(&event).is_ok(), "{event}");
            assert!(!is_refused(&transformer, &event), "{event}");
        }
    }
}

#[test]
fn what_is_not_json_is_refused_wherever_it_stands() {
    let transformer = Transformer::default();
    for value in NOT_VALUES {
        for event in events(value) {
            assert!(serde_json::from_str::<IgnoredAny>(&event).is_err(), "{event}");
            assert!(is_refused(&transformer, &event), "{event}");
        }
    }
}

#[test]
fn what_is_not_json_costs_no_neighbour_in_a_list() {
    let config = Config::from_json(r#"{"defaults":{"countryCode":"US"}}"#).unwrap();
    let transformer = Transformer::new(config);
    let good = r#"{"type":"page","messageId":"m","userId":"jane@example.com"}"#;
    // Brackets that do not match take what is behind them along.
    let is_balanced = |value: &&&str| {
        let count = |c: char| value.matches(c).count();
        !value.contains('"') && count('[') == count(']') && count('{') == count('}')
    };
    for value in
        NOT_VALUES.iter().filter(is_balanced).filter(|value| !value.starts_with([']', '}']))
    {
        let broken = format!(r#"{{"type":{value}}}"#);
        for list in [
            format!("[{good},{broken},{good}]"),
            format!(r#"{{"batch":[{good},{broken},{good}]}}"#),
        ] {
            let batch = transformer.transform_batch(list.as_bytes(), NOW, Format::Auto);
            assert_eq!(batch.outcomes, [0, 1, 0], "{list}");
        }
    }
}

#[test]
fn a_batch_call_that_is_cut_off_has_the_events_in_front() {
    let config = Config::from_json(r#"{"defaults":{"countryCode":"US"}}"#).unwrap();
    let transformer = Transformer::new(config);
    let good = r#"{"type":"page","messageId":"m","userId":"jane@example.com"}"#;
    let outcomes =
        |text: &str| transformer.transform_batch(text.as_bytes(), NOW, Format::Auto).outcomes;
    for (text, expected) in [
        (format!(r#"{{"sentAt":"now","batch":[{good},{good}],"writeKey":"k"}}"#), vec![0, 0]),
        (format!(r#"{{"batch":[{good},{good}"#), vec![0, 0]),
        (format!(r#"{{"batch":[{good},{{"type":"pa"#), vec![0, 1]),
        (format!(r#"{{"batch":[{good}],"sentAt":oops}}"#), vec![0, 1]),
        // The last of equal keys counts.
        (format!(r#"{{"batch":[7],"batch":[{good},{good}]}}"#), vec![0, 0]),
        (r#"{"batch":[]}"#.to_owned(), vec![]),
        // Something behind it costs itself alone, and no line after it.
        (format!(r#"{{"batch":[{good},{good}]}}oops"#), vec![0, 0, 1]),
        (format!("{{\"batch\":[{good}]}} {good}\n{good}\n"), vec![0, 1, 0]),
        (format!("{{\"batch\":[{good}]}} \n \n"), vec![0]),
        // An event of many lines that happens to have a list of that name.
        (format!("{{\"type\":\"page\",\"userId\":\"u\",\"batch\":[7]}}\n{good}"), vec![0, 0]),
        (format!("{good}\n{{\"batch\":[{good}]}}"), vec![0, 5]),
    ] {
        assert_eq!(outcomes(&text), expected, "{text}");
    }
    // What is not UTF-8 costs the event that it stands in.
    let mut bytes = format!("[{good},{{\"type\":\"").into_bytes();
    bytes.extend([0xff, 0xfe]);
    bytes.extend(format!("\"}},{good}]").into_bytes());
    assert_eq!(transformer.transform_batch(&bytes, NOW, Format::Auto).outcomes, [0, 1, 0]);
}

#[test]
fn a_line_is_an_event_whatever_is_open_at_its_end() {
    let transformer = Transformer::default();
    let page = r#"{"type":"page","traits":{"email":"jane@example.com","country":"US"}}"#;
    for (input, expected) in [
        (format!("{page}\n{page}"), vec![0, 0]),
        (format!("{page}\r\n\r\n {page} \r\n\u{c}{page}\u{c}\n"), vec![0, 0, 0]),
        (format!("{page}{page}\n{page} 7\n{page},\n{page}"), vec![1, 1, 1, 0]),
        (page.replace(',', ",\n") + "\n" + page, vec![1, 1, 1, 0]),
        (format!("{{\"a\":[\n{page},\n{page}\n]}}\n{page}"), vec![1, 1, 0, 1, 0]),
        (page.replace(':', ": \t\r") + "\n" + page, vec![0, 0]),
        (format!("{{\"a\":\n{{\"a\":\n{page}}}}}\n"), vec![1, 1, 1]),
    ] {
        let batch = transformer.transform_batch(input.as_bytes(), NOW, Format::Ndjson);
        assert_eq!(batch.outcomes, expected, "{input}");
    }
}

#[test]
fn the_body_of_a_batch_is_a_request_and_its_events_are_a_part_of_it() {
    let transformer = Transformer::default();
    let event = |id| {
        format!(
            r#"{{"type":"page","messageId":"{id}","userId":"a@b.co","properties":{{"country":"US"}}}}"#
        )
    };
    let input = [event(1), "7".to_owned(), event(2)].join("\n");
    let batch = transformer.transform_batch(input.as_bytes(), NOW, Format::Ndjson);
    let body: serde_json::Value = serde_json::from_slice(&batch.body).unwrap();
    let places = batch.offsets.chunks(2).map(|place| place[0] as usize..place[1] as usize);
    let events: Vec<serde_json::Value> =
        places.map(|place| serde_json::from_slice(&batch.events()[place]).unwrap()).collect();
    assert_eq!(body, serde_json::json!({ "events": events }));
    assert_eq!(
        events.iter().map(|event| event["eventId"].as_str().unwrap()).collect::<Vec<_>>(),
        ["1", "2"]
    );
    let none = transformer.transform_batch(b"7", NOW, Format::Ndjson);
    assert_eq!(
        (none.body.as_slice(), none.events()),
        (br#"{"events":[]}"#.as_slice(), b"".as_slice())
    );
}
