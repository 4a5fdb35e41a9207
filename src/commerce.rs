//! Amounts of money and units of an order.

use std::fmt;

use serde::{Serialize, Serializer};

use crate::decimal::Decimal;
use crate::read::{Json, Line};
use crate::write::Writer;

/// An amount with at most two decimals, as Amazon takes `value`: 0 to 10^15 (beyond that a double loses cents).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Amount {
    hundredths: i64,
}

impl Amount {
    const MAX_HUNDREDTHS: i128 = 100_000_000_000_000_000;

    /// Rounded half up; nothing for a negative number.
    fn round(decimal: Decimal) -> Option<Self> {
        let hundredths = decimal.rounded(2)?;
        if decimal.digits < 0 || hundredths > Self::MAX_HUNDREDTHS {
            return None;
        }
        Some(Amount { hundredths: i64::try_from(hundredths).ok()? })
    }

    pub(crate) fn from_json(value: Json<'_>) -> Option<Self> {
        Decimal::from_json(value).and_then(Self::round)
    }
}

impl Amount {
    /// Appends it with as many decimals as it has.
    pub(crate) fn write(self, out: &mut Writer) {
        let hundredths = self.hundredths.unsigned_abs();
        out.number(hundredths / 100);
        if !hundredths.is_multiple_of(100) {
            out.literal(b".");
            out.digit(hundredths / 10 % 10);
            if !hundredths.is_multiple_of(10) {
                out.digit(hundredths % 10);
            }
        }
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = Writer::default();
        self.write(&mut text);
        f.write_str(&text.into_string())
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
fn pieces(quantity: Option<Json<'_>>) -> Option<i64> {
    quantity.map_or(Some(1), units)
}

/// A whole number from 1 up.
fn units(value: Json<'_>) -> Option<i64> {
    Decimal::from_json(value)?.whole().filter(|units| *units >= 1)
}

/// The sum of price x quantity over the lines of an order. Nothing unless every line has a usable price and quantity.
pub(crate) fn sum_of_lines(lines: &mut dyn Iterator<Item = Line<Json<'_>>>) -> Option<Amount> {
    let mut sum = None;
    for line in lines {
        sum = Some(sum.unwrap_or(Decimal::ZERO).plus(line_total(line?)?)?);
    }
    sum.and_then(Amount::round)
}

fn line_total([price, quantity]: [Option<Json<'_>>; 2]) -> Option<Decimal> {
    let price = Decimal::from_json(price?).filter(|price| price.digits >= 0)?;
    price.times(Decimal { digits: pieces(quantity)?.into(), ..Decimal::ONE })
}

/// The pieces in the lines of an order. A line whose quantity cannot be used is one piece; what is no object is none.
pub(crate) fn units_of_lines(lines: &mut dyn Iterator<Item = Line<Json<'_>>>) -> Option<i32> {
    let objects = lines.flatten();
    let pieces = objects.map(|[_, quantity]| pieces(quantity).unwrap_or(1));
    cap_units(pieces.fold(0, i64::saturating_add))
}

/// `properties.quantity`.
pub(crate) fn units_sold(value: Json<'_>) -> Option<i32> {
    cap_units(units(value)?)
}

fn cap_units(units: i64) -> Option<i32> {
    if units < 1 { None } else { i32::try_from(units.min(MAX_UNITS)).ok() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use crate::event::Event;
    use crate::log::Log;
    use crate::plan::Plan;
    use crate::read::{self, Slots};

    fn amount(text: &str) -> Option<String> {
        Amount::from_json(Json::Text(text)).map(|amount| amount.to_string())
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

    /// What these lines are for an event.
    fn of_lines<T>(
        products: &str,
        take: impl Fn(&mut dyn Iterator<Item = Line<Json<'_>>>) -> Option<T>,
    ) -> Option<T> {
        let plan = Plan::compile(Config::default());
        let text = format!(r#"{{"properties":{{"products":{products}}}}}"#);
        let slots = &mut Slots::new(&plan);
        read::read(&text, &plan, slots).unwrap();
        Event { plan: &plan, text: &text, slots }.first_lines("value", &mut Log::default(), take)
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
            let sum = of_lines(products, |lines| sum_of_lines(lines)).map(|sum| sum.to_string());
            assert_eq!(sum.as_deref(), expected, "{products}");
        }
    }

    #[test]
    fn lines_are_read_wherever_blanks_and_equal_keys_stand() {
        for (products, expected) in [
            (" [ {\"price\" : 1 ,\n\"quantity\":\t2 } , {\"price\":3}\r\n] ", Some("5")),
            (r#"[{"price":1,"price":2,"quantity":3,"quantity":null}]"#, Some("2")),
            (r#"[{"pr\u0069ce":4}]"#, Some("4")),
            (r#"[{"price":1,"more":{"price":9},"list":[{"price":9}]},{"price":2}]"#, Some("3")),
            (r#"[{"price":null}]"#, None),
            (r#"[{"price":1},{}]"#, None),
            (r#"[[{"price":1}]]"#, None),
            (r#"[{"price":1},"price"]"#, None),
            (r#"[{"price":1},[]]"#, None),
            (r#"{"price":1}"#, None),
            (r#"7,"products":[{"price":2}]"#, Some("2")),
            (r#"[{"price":1},{"price":1}],"products":[{"price":5}]"#, Some("5")),
            (r#"[{"price":1}],"products":[]"#, None),
            (r#"[{"price":1}],"products":7"#, None),
            (r#"[{"price":1}],"products":null"#, None),
            (r#"[{"price":1}]},"properties":{"total":1"#, None),
            (r#"[{"price":1}]},"properties":{"products":[{"price":6}]"#, Some("6")),
        ] {
            let sum = of_lines(products, |lines| sum_of_lines(lines)).map(|sum| sum.to_string());
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
            assert_eq!(of_lines(products, |lines| units_of_lines(lines)), expected, "{products}");
        }
    }
}
