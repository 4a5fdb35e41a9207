//! Documents and types that list codes list all of them, and no others.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::string_slice,
    reason = "a test that panics has failed"
)]

use std::collections::BTreeSet;

use amazon_dsp_events::{
    ConversionType, Detail, DropReason, EventSource, Input, MatchKeyType, Note, Unusable,
};

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
