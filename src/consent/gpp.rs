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

/// Where the opt-outs stand in the core of a US section: bits from its start, two bits each, 1 is opted out, 2 is not.
/// (The version is 6 bits, each notice 2.)
const US_OPT_OUTS: &[(u32, &[usize])] = &[
    // National: sale, sharing, targeted advertising, after six notices.
    (US_NATIONAL, &[18, 20, 22]),
    // California: sale, sharing, after three notices.
    (8, &[12, 14]),
    // Virginia, Colorado: sale, targeted advertising, after three notices.
    (9, &[12, 14]),
    (10, &[12, 14]),
    // Utah: after four.
    (11, &[14, 16]),
    // Connecticut, Florida, Montana, Oregon, Texas, Delaware: after three.
    (12, &[12, 14]),
    (13, &[12, 14]),
    (14, &[12, 14]),
    (15, &[12, 14]),
    (16, &[12, 14]),
    (17, &[12, 14]),
    // Iowa: after four.
    (18, &[14, 16]),
    // Nebraska, New Hampshire, New Jersey, Tennessee: after three.
    (19, &[12, 14]),
    (20, &[12, 14]),
    (21, &[12, 14]),
    (22, &[12, 14]),
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
            _ => match US_OPT_OUTS.iter().find(|(known, _)| *known == id) {
                Some((_, places)) => us_section(section, places)?,
                None => Flags::UNKNOWN,
            },
        };
        all = all.and(says);
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
fn us_section(section: &str, places: &[usize]) -> Option<Flags> {
    let mut segments = section.split('.');
    let core = Bits::new(segments.next()?)?;
    if core.clone().number(6)? == 0 {
        return None;
    }
    let mut says = Signal::Unknown;
    for place in places {
        let mut field = core;
        field.skip(*place);
        says = says.and(match field.number(2)? {
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
