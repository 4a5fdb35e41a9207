//! Amounts of money and units of an order, in exact decimals.

use std::fmt;

use serde::{Serialize, Serializer};

use crate::amazon::write_number;
use crate::read::Json;

/// A decimal number, `digits / 10^scale`: exact where binary floating point is not.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Decimal {
    digits: i128,
    scale: u32,
}

/// No amount has more digits than a double can tell apart, or more decimals; it also keeps products within an `i128`.
const MAX_DIGITS: usize = 18;
/// Finer than any amount is.
const MAX_DECIMALS: u32 = 12;

impl Decimal {
    const ZERO: Decimal = Decimal { digits: 0, scale: 0 };
    const ONE: Decimal = Decimal { digits: 1, scale: 0 };

    /// A number, or a text that holds one.
    fn from_json(value: &Json<'_>) -> Option<Self> {
        match value {
            Json::Number(number) => Self::parse(number),
            Json::Text(text) => Self::from_text(text),
            _ => None,
        }
    }

    /// A plain number, perhaps with an exponent.
    fn parse(number: &str) -> Option<Self> {
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

    fn plus(self, other: Self) -> Option<Self> {
        let scale = self.scale.max(other.scale);
        Some(Decimal { digits: self.at_scale(scale)?.checked_add(other.at_scale(scale)?)?, scale })
    }

    fn times(self, other: Self) -> Option<Self> {
        Some(Decimal {
            digits: self.digits.checked_mul(other.digits)?,
            scale: self.scale + other.scale,
        })
    }

    /// The whole number this is, if it is one.
    fn whole(self) -> Option<i64> {
        let unit = 10_i128.checked_pow(self.scale)?;
        if self.digits % unit == 0 { i64::try_from(self.digits / unit).ok() } else { None }
    }
}

/// An amount with at most two decimals, as Amazon takes `value`: 0 to 10^15 (beyond that a double loses cents).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Amount {
    hundredths: i64,
}

impl Amount {
    const MAX_HUNDREDTHS: i128 = 100_000_000_000_000_000;

    /// Rounded half up; nothing for a negative number.
    fn round(decimal: Decimal) -> Option<Self> {
        let hundredths = if decimal.scale <= 2 {
            decimal.at_scale(2)?
        } else {
            let unit = 10_i128.checked_pow(decimal.scale - 2)?;
            decimal.digits.checked_add(unit / 2)?.div_euclid(unit)
        };
        if decimal.digits < 0 || hundredths > Self::MAX_HUNDREDTHS {
            return None;
        }
        Some(Amount { hundredths: i64::try_from(hundredths).ok()? })
    }

    pub(crate) fn from_json(value: &Json<'_>) -> Option<Self> {
        Decimal::from_json(value).and_then(Self::round)
    }
}

impl Amount {
    /// Appends it with as many decimals as it has.
    pub(crate) fn write(self, out: &mut String) {
        let (whole, hundredths) = (self.hundredths / 100, self.hundredths % 100);
        write_number(out, whole.unsigned_abs());
        if hundredths != 0 {
            out.push('.');
            write_number(out, (hundredths / 10).unsigned_abs());
            if hundredths % 10 != 0 {
                write_number(out, (hundredths % 10).unsigned_abs());
            }
        }
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::new();
        self.write(&mut text);
        f.write_str(&text)
    }
}

impl Serialize for Amount {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.hundredths % 100 == 0 {
            serializer.serialize_i64(self.hundredths / 100)
        } else {
            #[expect(
                clippy::cast_precision_loss,
                reason = "at most 10^17, and the quotient is the nearest double all the same"
            )]
            serializer.serialize_f64(self.hundredths as f64 / 100.0)
        }
    }
}

/// Amazon's bound for `unitsSold`, an int32.
const MAX_UNITS: i64 = i32::MAX as i64;

/// How much of a line was bought; a line without a quantity is one piece. Nothing if it is not a whole number from 1 up.
fn pieces(quantity: Option<&Json<'_>>) -> Option<i64> {
    quantity.map_or(Some(1), units)
}

/// A whole number from 1 up.
fn units(value: &Json<'_>) -> Option<i64> {
    Decimal::from_json(value)?.whole().filter(|units| *units >= 1)
}

/// The sum of price x quantity over the lines of an order. Nothing unless every line has a usable price and quantity.
pub(crate) fn sum_of_products(products: &Json<'_>) -> Option<Amount> {
    let mut sum = None;
    let mut is_usable = true;
    products.lines(["price", "quantity"], |line| match line.and_then(line_total) {
        Some(total) => match sum.unwrap_or(Decimal::ZERO).plus(total) {
            Some(more) => sum = Some(more),
            None => is_usable = false,
        },
        None => is_usable = false,
    });
    sum.filter(|_| is_usable).and_then(Amount::round)
}

fn line_total([price, quantity]: [Option<Json<'_>>; 2]) -> Option<Decimal> {
    let price = Decimal::from_json(&price?).filter(|price| price.digits >= 0)?;
    price.times(Decimal { digits: pieces(quantity.as_ref())?.into(), ..Decimal::ONE })
}

/// The pieces in the lines of an order. A line whose quantity cannot be used is one piece; what is no object is none.
pub(crate) fn units_of_products(products: &Json<'_>) -> Option<i32> {
    let mut all: i64 = 0;
    products.lines(["quantity"], |line| {
        if let Some([quantity]) = line {
            all = all.saturating_add(pieces(quantity.as_ref()).unwrap_or(1));
        }
    });
    cap_units(all)
}

/// `properties.quantity`.
pub(crate) fn units_sold(value: &Json<'_>) -> Option<i32> {
    cap_units(units(value)?)
}

fn cap_units(units: i64) -> Option<i32> {
    if units < 1 { None } else { i32::try_from(units.min(MAX_UNITS)).ok() }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::*;

    fn amount(text: &str) -> Option<String> {
        Amount::from_json(&Json::Text(Cow::Borrowed(text))).map(|amount| amount.to_string())
    }

    #[test]
    fn amounts_are_read_as_people_write_them() {
        for (text, expected) in [
            ("12", "12"),
            ("12.50", "12.5"),
            ("$12", "12"),
            ("1,299.00", "1299"),
            ("1.299,00", "1299"),
            ("12,50 €", "12.5"),
            ("€ 12,5", "12.5"),
            ("1 299", "1299"),
            ("1'299.95", "1299.95"),
            ("USD 5", "5"),
            ("5 USD", "5"),
            ("US$5", "5"),
            ("1,299", "1299"),
            ("0,125", "0.13"),
            ("1,234,567", "1234567"),
            ("1.234.567", "1234567"),
            ("0.005", "0.01"),
            ("0.004", "0"),
            ("1e3", "1000"),
            (".5", "0.5"),
            ("£1,000.999", "1001"),
            ("007", "7"),
            ("R$ 1.234,56", "1234.56"),
        ] {
            assert_eq!(amount(text).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn what_is_no_amount_is_refused() {
        for text in [
            "",
            "-5",
            "-$5",
            "free",
            "12.34.56",
            "1,29,00",
            "NaN",
            "Infinity",
            "1e40",
            "12 dollars",
            "--5",
            "1-2",
            ",",
            "$",
            "12345,678.00",
            "1..2",
            "five5",
            "(12.00)",
        ] {
            assert_eq!(amount(text), None, "{text}");
        }
    }

    #[test]
    fn sums_are_exact_and_rounded_once() {
        for (products, expected) in [
            (r#"[{"price":0.1,"quantity":3}]"#, Some("0.3")),
            (r#"[{"price":19.99,"quantity":3},{"price":"5.005"}]"#, Some("64.98")),
            (r#"[{"price":0.125},{"price":0.125}]"#, Some("0.25")),
            (r#"[{"price":0.30000000000000004}]"#, Some("0.3")),
            (r#"[{"price":10,"quantity":0}]"#, None),
            (r#"[{"price":10,"quantity":1.5}]"#, None),
            (r#"[{"price":10},{"name":"no price"}]"#, None),
            (r#"[{"price":10},7]"#, None),
            (r#"[{"price":-1}]"#, None),
            ("[]", None),
        ] {
            let sum = sum_of_products(&Json::Array(products)).map(|sum| sum.to_string());
            assert_eq!(sum.as_deref(), expected, "{products}");
        }
    }

    #[test]
    fn units_count_every_line_that_is_an_object() {
        for (products, expected) in [
            (r#"[{"quantity":2},{"quantity":"3"},{}]"#, Some(6)),
            (r#"[{"quantity":0},{"quantity":-1},{"quantity":1.5},7,null]"#, Some(3)),
            (r#"[{"quantity":4294967296}]"#, Some(i32::MAX)),
            ("[7]", None),
            ("[]", None),
        ] {
            assert_eq!(units_of_products(&Json::Array(products)), expected, "{products}");
        }
    }
}
