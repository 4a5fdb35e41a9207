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
    let storage = vendor && has_purpose(1);
    Some(Flags {
        user_data: Signal::from_grant(Some(storage && has_purpose(7))),
        ad_storage: Signal::from_grant(Some(storage)),
    })
}

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
    let mut consented = false;
    for _ in 0..bits.number(12)? {
        let is_range = bits.bit()?;
        let first = bits.number(16)?;
        let last = if is_range { bits.number(16)? } else { first };
        if first == 0 || last < first || last > max_vendor {
            return None;
        }
        consented |= (first..=last).contains(&AMAZON);
    }
    Some(consented)
}
