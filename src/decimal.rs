//! Decimal numbers, exact where binary floating point is not, as JSON and as people write them.

use crate::read::Json;

/// A decimal number, `digits / 10^scale`: exact where binary floating point is not.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Decimal {
    pub(crate) digits: i128,
    pub(crate) scale: u32,
}

/// No amount has more digits than a double can tell apart, or more decimals; it also keeps products within an `i128`.
const MAX_DIGITS: usize = 18;
/// Finer than any amount is.
const MAX_DECIMALS: u32 = 12;

impl Decimal {
    pub(crate) const ZERO: Decimal = Decimal { digits: 0, scale: 0 };
    pub(crate) const ONE: Decimal = Decimal { digits: 1, scale: 0 };

    /// A number, or a text that holds one.
    pub(crate) fn from_json(value: Json<'_>) -> Option<Self> {
        match value {
            Json::Number(number) => Self::parse(number),
            text => Self::from_text(&text.whole_text()?),
        }
    }

    /// A plain number, perhaps with an exponent.
    pub(crate) fn parse(number: &str) -> Option<Self> {
        Self::parse_short(number).or_else(|| Self::parse_any(number))
    }

    /// As nearly all numbers are: at most 18 characters, no sign, no exponent.
    fn parse_short(number: &str) -> Option<Self> {
        if number.len() > MAX_DIGITS || number.len() <= usize::from(number.starts_with('.')) {
            return None;
        }
        let (mut digits, mut decimals) = (0_u64, None);
        for byte in number.bytes() {
            match byte {
                b'0'..=b'9' => digits = digits * 10 + u64::from(byte - b'0'),
                b'.' if decimals.is_none() => decimals = Some(0),
                _ => return None,
            }
            if byte != b'.' {
                decimals = decimals.map(|count| count + 1);
            }
        }
        let scale = decimals.unwrap_or(0);
        (scale <= MAX_DECIMALS).then_some(Decimal { digits: digits.into(), scale })
    }

    fn parse_any(number: &str) -> Option<Self> {
        let (mantissa, exponent) = match number.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
            None => (number, 0),
        };
        let (negative, mantissa) = match mantissa.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, mantissa),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        if (whole.is_empty() && fraction.is_empty())
            || !whole.bytes().chain(fraction.bytes()).all(|b| b.is_ascii_digit())
        {
            return None;
        }
        let mut scale = i32::try_from(fraction.len()).ok()?.checked_sub(exponent)?;
        let mut text: String = [whole, fraction].concat().trim_start_matches('0').to_owned();
        // Cut off, so that 0.1 + 0.2 in binary is still a number here.
        while scale > i32::try_from(MAX_DECIMALS).unwrap_or(0) && !text.is_empty() {
            text.pop();
            scale -= 1;
        }
        if text.is_empty() {
            return Some(Self::ZERO);
        }
        while scale < 0 {
            text.push('0');
            scale += 1;
            if text.len() > MAX_DIGITS {
                return None;
            }
        }
        if text.len() > MAX_DIGITS + 12 {
            return None;
        }
        let digits: i128 = text.parse().ok()?;
        Some(Decimal {
            digits: if negative { -digits } else { digits },
            scale: u32::try_from(scale).ok()?,
        })
    }

    /// A number as people write it: `1,299.00`, `$12`, `12,50 €`, `1 299`, `USD 5`.
    ///
    /// 1. A currency sign or up to three letters may stand in front or behind.
    /// 2. Of `.` and `,` the last one is the decimal sign, the other one groups thousands. One alone is the decimal sign,
    ///    but a `,` before exactly three last digits groups (not after a leading zero), and so does one that stands twice.
    /// 3. Spaces and apostrophes group. A group has three digits.
    fn from_text(text: &str) -> Option<Self> {
        let is_sign =
            |c: char| !c.is_ascii() && !c.is_whitespace() || c == '$' || c.is_ascii_alphabetic();
        let text = text.trim();
        if let Some(plain) = Self::parse(text) {
            return Some(plain);
        }
        let (negative, text) = match text.strip_prefix('-') {
            Some(rest) => (true, rest.trim_start()),
            None => (false, text),
        };
        let bare = text.trim_start_matches(is_sign);
        let bare = if bare.len() < text.len() { bare } else { text.trim_end_matches(is_sign) };
        if bare.is_empty() || text.chars().count() - bare.chars().count() > 3 {
            return None;
        }
        let bare = bare.trim();
        let decimal_sign = match (bare.rfind('.'), bare.rfind(',')) {
            (Some(dot), Some(comma)) => Some(if dot > comma { '.' } else { ',' }),
            (Some(_), None) => (bare.matches('.').count() == 1).then_some('.'),
            (None, Some(comma)) => {
                let groups = bare.len() - comma == 4 && !bare.starts_with('0');
                (bare.matches(',').count() == 1 && !groups).then_some(',')
            }
            (None, None) => None,
        };
        let (whole, fraction) = match decimal_sign {
            Some(sign) => bare.rsplit_once(sign)?,
            None => (bare, ""),
        };
        let mut groups = whole.split([',', '.', ' ', '\u{a0}', '\u{202f}', '\'', '’']);
        let mut plain = groups.next()?.to_owned();
        if groups.clone().next().is_some() && !(1..=3).contains(&plain.len()) {
            return None;
        }
        for group in groups {
            if group.len() != 3 {
                return None;
            }
            plain.push_str(group);
        }
        if !plain.bytes().chain(fraction.bytes()).all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let parsed = Self::parse(&format!("{plain}.{fraction}"))?;
        Some(Decimal { digits: if negative { -parsed.digits } else { parsed.digits }, ..parsed })
    }

    fn at_scale(self, scale: u32) -> Option<i128> {
        self.digits.checked_mul(10_i128.checked_pow(scale.checked_sub(self.scale)?)?)
    }

    pub(crate) fn plus(self, other: Self) -> Option<Self> {
        let scale = self.scale.max(other.scale);
        Some(Decimal { digits: self.at_scale(scale)?.checked_add(other.at_scale(scale)?)?, scale })
    }

    pub(crate) fn times(self, other: Self) -> Option<Self> {
        Some(Decimal {
            digits: self.digits.checked_mul(other.digits)?,
            scale: self.scale + other.scale,
        })
    }

    /// The whole number this is, if it is one.
    pub(crate) fn whole(self) -> Option<i64> {
        let unit = 10_i128.checked_pow(self.scale)?;
        if self.digits % unit == 0 { i64::try_from(self.digits / unit).ok() } else { None }
    }

    /// So many of the unit `10^-decimals`, rounded half away from zero.
    pub(crate) fn rounded(self, decimals: u32) -> Option<i128> {
        if self.scale <= decimals {
            return self.at_scale(decimals);
        }
        let unit = 10_i128.checked_pow(self.scale - decimals)?;
        let half = if self.digits < 0 { -unit / 2 } else { unit / 2 };
        Some(self.digits.checked_add(half)? / unit)
    }

    /// The nearest number in floating point, or one beside it.
    pub(crate) fn to_f64(self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "settings have few digits")]
        let digits = self.digits as f64;
        digits / (0..self.scale).fold(1.0, |unit, _| unit * 10.0)
    }
}
