//! TCF v2 strings: "Transparency and Consent String with Global Vendor & CMP List Formats" (IAB Europe), core segment.

use super::bits::Bits;
use super::{Flags, Signal};

/// Amazon Advertising in IAB Europe's global vendor list.
const AMAZON: u32 = 793;
/// No core string of all vendors is longer; a longer text is not read.
const MAX_BYTES: usize = 16 * 1024;

/// What a TC string says of Amazon: storage is purpose 1, user data is purposes 1 and 7, each with consent to the
/// vendor. Nothing if it cannot be read.
pub(super) fn read(text: &str) -> Option<Flags> {
    if text.len() > MAX_BYTES {
        return None;
    }
    // Other segments (disclosed vendors, publisher's purposes) follow after a dot and do not matter here.
    let mut bits = Bits::new(text.split('.').next()?)?;
    if bits.number(6)? != 2 {
        return None;
    }
    // Created, last updated, CMP id, CMP version, screen, language, list version, policy version, is service specific,
    // uses non-standard texts, special feature opt-ins.
    bits.skip(36 + 36 + 12 + 12 + 6 + 12 + 12 + 6 + 1 + 1 + 12);
    let purposes = bits.number(24)?;
    let has_purpose = |purpose: u32| purposes >> (24 - purpose) & 1 == 1;
    // Legitimate interests, purpose one treatment, publisher's country.
    bits.skip(24 + 1 + 12);
    let vendor = has_vendor(&mut bits)?;
    // The rest does not matter for consent, but a string that ends within it was cut, and one that goes on is no string.
    has_vendor(&mut bits)?;
    for _ in 0..bits.number(12)? {
        // A publisher's restriction: purpose, kind, vendors.
        bits.skip(6 + 2);
        in_ranges(&mut bits, u32::from(u16::MAX))?;
    }
    if !bits.is_padding() {
        return None;
    }
    let storage = vendor && has_purpose(1);
    Some(Flags {
        user_data: Signal::from_grant(Some(storage && has_purpose(7))),
        ad_storage: Signal::from_grant(Some(storage)),
    })
}

/// Whether a section of vendors, as bits or as ranges, holds Amazon.
fn has_vendor(bits: &mut Bits<'_>) -> Option<bool> {
    let max_vendor = bits.number(16)?;
    let is_ranges = bits.bit()?;
    if !is_ranges {
        let mut consented = false;
        for vendor in 1..=max_vendor {
            let bit = bits.bit()?;
            consented |= bit && vendor == AMAZON;
        }
        return Some(consented);
    }
    in_ranges(bits, max_vendor)
}

/// Whether ranges of vendors hold Amazon.
fn in_ranges(bits: &mut Bits<'_>, max_vendor: u32) -> Option<bool> {
    let mut found = false;
    for _ in 0..bits.number(12)? {
        let is_range = bits.bit()?;
        let first = bits.number(16)?;
        let last = if is_range { bits.number(16)? } else { first };
        if first == 0 || last < first || last > max_vendor {
            return None;
        }
        found |= (first..=last).contains(&AMAZON);
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The core string of IAB's own example: purposes 1 to 3, vendors 2, 6 and 8.
    const EXAMPLE: &str = "COvFyGBOvFyGBAbAAAENAPCAAOAAAAAAAAAAAEEUACCKAAA";

    #[test]
    fn a_string_without_amazon_is_a_no() {
        assert_eq!(read(EXAMPLE), Some(Flags::both(Signal::Denied)));
    }

    #[test]
    fn what_is_cut_or_goes_on_says_nothing() {
        for length in 0..EXAMPLE.len() - 3 {
            assert_eq!(EXAMPLE.get(..length).and_then(read), None, "{length}");
        }
        assert_eq!(read(&format!("{EXAMPLE}AAAAA")), None);
        assert_eq!(read(&format!("{EXAMPLE}x")), None);
        assert_eq!(read(&format!("B{}", EXAMPLE.trim_start_matches('C'))), None);
    }
}
