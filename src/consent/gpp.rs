//! GPP strings: "Global Privacy Platform", consent string specification 1.1 (IAB Tech Lab). The EU's TCF section and the
//! opt-outs of the US sections are read; others say nothing of Amazon.

use super::bits::Bits;
use super::{Flags, Signal, tcf};

/// A longer text is not read.
const MAX_BYTES: usize = 32 * 1024;
/// Header type of a GPP string.
const GPP: u32 = 3;
/// The section that holds a TCF v2 string.
const TCF_EU_V2: u32 = 2;
/// The old US privacy string, in letters.
const US_PRIVACY_V1: u32 = 6;
/// The national section; those of the states follow.
const US_NATIONAL: u32 = 7;

/// The core of a US section: its id, its bits in version 1, and where its opt-outs stand: bits from the start, two bits
/// each, 1 is opted out, 2 is not. (The version is 6 bits, each notice before them 2.)
const US_SECTIONS: &[(u32, usize, &[usize])] = &[
    // National: sale, sharing, targeted advertising, after six notices.
    (US_NATIONAL, 60, &[18, 20, 22]),
    // California: sale, sharing, after three notices.
    (8, 46, &[12, 14]),
    // Virginia, Colorado: sale, targeted advertising, after three notices.
    (9, 40, &[12, 14]),
    (10, 38, &[12, 14]),
    // Utah: after four.
    (11, 42, &[14, 16]),
    // Connecticut, Florida, Montana, Oregon, Texas, Delaware: after three.
    (12, 44, &[12, 14]),
    (13, 46, &[12, 14]),
    (14, 44, &[12, 14]),
    (15, 44, &[12, 14]),
    (16, 40, &[12, 14]),
    (17, 44, &[12, 14]),
    // Iowa: after four.
    (18, 42, &[14, 16]),
    // Nebraska, New Hampshire, New Jersey, Tennessee: after three.
    (19, 40, &[12, 14]),
    (20, 44, &[12, 14]),
    (21, 44, &[12, 14]),
    (22, 40, &[12, 14]),
];

/// What a GPP string says. Nothing if it cannot be read, or if a section that is read is broken.
pub(super) fn read(text: &str) -> Option<Flags> {
    if text.len() > MAX_BYTES {
        return None;
    }
    let mut sections = text.split('~');
    let ids = section_ids(sections.next()?)?;
    let mut all = Flags::UNKNOWN;
    let mut read = 0;
    for id in ids {
        let section = sections.next()?;
        let says = match id {
            TCF_EU_V2 => tcf::read(section)?,
            US_PRIVACY_V1 => us_privacy(section)?,
            _ => match US_SECTIONS.iter().find(|(known, ..)| *known == id) {
                Some((_, bits, places)) => us_section(section, *bits, places)?,
                None => Flags::UNKNOWN,
            },
        };
        all = all.joined(says);
        read += 1;
    }
    (read > 0 && sections.next().is_none()).then_some(all)
}

/// The header: type, version, and the ids of the sections as ranges of differences.
fn section_ids(header: &str) -> Option<Vec<u32>> {
    let mut bits = Bits::new(header)?;
    if bits.number(6)? != GPP || bits.number(6)? != 1 {
        return None;
    }
    let mut ids = Vec::new();
    let mut last = 0_u32;
    for _ in 0..bits.number(12)? {
        let is_range = bits.bit()?;
        let first = last.checked_add(bits.fibonacci()?)?;
        last = if is_range { first.checked_add(bits.fibonacci()?)? } else { first };
        // There are some thirty sections; a header that names thousands is broken.
        if last > 1000 {
            return None;
        }
        ids.extend(first..=last);
    }
    Some(ids)
}

/// A US section: any opt-out is a no, "did not opt out" of something a yes. Its global privacy control is a no as well.
fn us_section(section: &str, bits: usize, places: &[usize]) -> Option<Flags> {
    let mut segments = section.split('.');
    let core = Bits::new(segments.next()?)?;
    if core.clone().number(6)? == 0 || !core.has(bits) {
        return None;
    }
    let mut says = Signal::Unknown;
    for place in places {
        let mut field = core;
        field.skip(*place);
        says = says.joined(match field.number(2)? {
            1 => Signal::Denied,
            2 => Signal::Granted,
            0 => Signal::Unknown,
            _ => return None,
        });
    }
    for segment in segments {
        // Sub-section type 1 holds the global privacy control.
        let mut bits = Bits::new(segment)?;
        if bits.number(2)? == 1 && bits.bit()? {
            says = Signal::Denied;
        }
    }
    Some(Flags::both(says))
}

/// `1YNN`: version, notice given, opted out of sale, limited service provider.
fn us_privacy(section: &str) -> Option<Flags> {
    let mut letters = section.chars();
    if letters.next()? != '1' || section.len() != 4 {
        return None;
    }
    match letters.nth(1)? {
        'Y' | 'y' => Some(Flags::both(Signal::Denied)),
        'N' | 'n' => Some(Flags::both(Signal::Granted)),
        '-' => Some(Flags::UNKNOWN),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn us_sections_say_yes_no_or_nothing() {
        for (text, expected) in [
            // National: did not opt out of sale; the same with a global privacy control; opted out.
            ("DBABLA~BAAgAAAAAA", Some(Signal::Granted)),
            ("DBABLA~BAAgAAAAAA.QA", Some(Signal::Granted)),
            ("DBABLA~BAAgAAAAAA.YA", Some(Signal::Denied)),
            ("DBABLA~BAAQAAAAAA", Some(Signal::Denied)),
            ("DBABLA~BAAAAAAAAA", Some(Signal::Unknown)),
            // Cut, without its section, of another kind.
            ("DBABLA~BAAg", None),
            ("DBABLA", None),
            ("CBABLA~BAAgAAAAAA", None),
            ("DBABLA~BAAgAAAAAA~BAAgAAAAAA", None),
            ("", None),
            // US privacy, the old letters.
            ("DBABTA~1YNN", Some(Signal::Granted)),
            ("DBABTA~1YYN", Some(Signal::Denied)),
            ("DBABTA~1Y", None),
        ] {
            assert_eq!(read(text), expected.map(Flags::both), "{text}");
        }
    }
}
