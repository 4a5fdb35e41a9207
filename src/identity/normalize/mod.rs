//! Amazon's form of each identifier, before it is hashed. The rules are those of Amazon's own server-side tag
//! (`amzn/ads-events-api-gtm-tag`, September 2026) and of its OpenAPI document, with the corrections said at each.
//!
//! Each rule takes trimmed text and answers nothing where no identifier is left.

mod email;
mod name;
mod phone;
mod place;
mod states;

pub(crate) use email::email;
pub(crate) use name::name;
pub(crate) use phone::phone;
pub(crate) use place::{address, city, postal, state};

/// Lower-cases, and keeps only the bytes that are allowed. Nothing if none is left.
fn keep(text: &str, allowed: impl Fn(u8) -> bool) -> Option<String> {
    let mut kept = String::with_capacity(text.len());
    if text.is_ascii() {
        let lower = text.bytes().map(|byte| byte.to_ascii_lowercase());
        kept.extend(lower.filter(|byte| allowed(*byte)).map(char::from));
    } else {
        // Some letters become others that are allowed: the Kelvin sign, a dotted capital I.
        kept.push_str(&text.to_lowercase());
        kept.retain(|c| u8::try_from(c).is_ok_and(&allowed));
    }
    (!kept.is_empty()).then_some(kept)
}

/// A word that fills a field and names nobody: `null`, `undefined`, `none`, `n/a`, or all zeros.
pub(crate) fn is_placeholder(text: &str) -> bool {
    let word = text.trim();
    ["null", "undefined", "none", "n/a"]
        .iter()
        .any(|placeholder| word.eq_ignore_ascii_case(placeholder))
        || (word.chars().all(|c| c == '0' || !c.is_alphanumeric()) && word.contains('0'))
}
