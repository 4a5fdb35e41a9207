//! The peer: serde_json into structures that borrow, sha2, serde_json out. By the same rules as the peers in JavaScript.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

type Text<'a> = Option<Cow<'a, str>>;

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Event<'a> {
    #[serde(borrow, rename = "type")]
    call: Text<'a>,
    #[serde(borrow)]
    event: Text<'a>,
    #[serde(borrow)]
    message_id: Text<'a>,
    #[serde(borrow)]
    user_id: Text<'a>,
    #[serde(borrow)]
    timestamp: Text<'a>,
    #[serde(borrow)]
    context: Context<'a>,
    #[serde(borrow)]
    properties: Properties<'a>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Context<'a> {
    #[serde(borrow)]
    ip: Text<'a>,
    #[serde(borrow)]
    device: Device<'a>,
    #[serde(borrow)]
    traits: Traits<'a>,
    #[serde(borrow)]
    consent: Consent<'a>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Device<'a> {
    #[serde(borrow, rename = "type")]
    kind: Text<'a>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Traits<'a> {
    #[serde(borrow)]
    email: Text<'a>,
    #[serde(borrow)]
    phone: Text<'a>,
    #[serde(borrow)]
    first_name: Text<'a>,
    #[serde(borrow)]
    last_name: Text<'a>,
    #[serde(borrow)]
    address: Address<'a>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Address<'a> {
    #[serde(borrow)]
    street: Text<'a>,
    #[serde(borrow)]
    city: Text<'a>,
    #[serde(borrow)]
    state: Text<'a>,
    #[serde(borrow)]
    postal_code: Text<'a>,
    #[serde(borrow)]
    country: Text<'a>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Consent<'a> {
    category_preferences: Preferences,
    #[serde(borrow)]
    amazon_consent: Words<'a>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Preferences {
    #[serde(rename = "Advertising")]
    advertising: Option<bool>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Words<'a> {
    #[serde(borrow)]
    amzn_user_data: Text<'a>,
    #[serde(borrow)]
    amzn_ad_storage: Text<'a>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Properties<'a> {
    products: Vec<Line>,
    total: Option<f64>,
    #[serde(borrow)]
    currency: Text<'a>,
}

#[derive(Deserialize)]
struct Line {
    price: Option<f64>,
    quantity: Option<u32>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Out<'a> {
    event_description: Description<'a>,
    event_id: &'a str,
    event_time: Cow<'a, str>,
    country_code: &'a str,
    match_keys: Vec<Key>,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<serde_json::Number>,
    #[serde(skip_serializing_if = "Option::is_none")]
    currency_code: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    units_sold: Option<u32>,
    consent: OutConsent<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Description<'a> {
    name: &'a str,
    conversion_type: &'a str,
    event_source: &'a str,
    event_ingestion_method: &'a str,
    data_set_name: &'a str,
}

#[derive(Serialize)]
struct Key {
    #[serde(rename = "type")]
    kind: &'static str,
    values: [String; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct OutConsent<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    geo: Option<Geo<'a>>,
    amazon_consent: OutWords,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Geo<'a> {
    ip_address: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct OutWords {
    amzn_user_data: &'static str,
    amzn_ad_storage: &'static str,
}

/// NDJSON to the body of a request.
#[must_use]
pub fn body(chunk: &[u8], now: i64) -> Vec<u8> {
    let mut body = Vec::with_capacity(chunk.len());
    body.extend_from_slice(br#"{"events":["#);
    let start = body.len();
    for line in chunk.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        let Ok(event) = serde_json::from_slice::<Event<'_>>(line) else { continue };
        let before = body.len();
        if before > start {
            body.push(b',');
        }
        if map(&event, now, &mut body).is_none() {
            body.truncate(before);
        }
    }
    body.extend_from_slice(b"]}");
    body
}

fn conversion_type(name: &str) -> Option<&'static str> {
    Some(match name {
        "page" | "product list viewed" | "product viewed" | "cart viewed" => "PAGE_VIEW",
        "checkout started" => "CHECKOUT",
        "order completed" => "OFF_AMAZON_PURCHASES",
        "product added" => "ADD_TO_SHOPPING_CART",
        "product removed" | "product clicked" => "OTHER",
        "products searched" => "SEARCH",
        _ => return None,
    })
}

fn map(event: &Event<'_>, now: i64, out: &mut Vec<u8>) -> Option<()> {
    let call = event.call.as_deref()?;
    let name = if call == "track" { event.event.as_deref()? } else { call }.to_lowercase();
    let conversion_type = conversion_type(&name)?;
    let timestamp = event.timestamp.as_deref()?;
    let time = millis(timestamp)?;
    if now - time > 21 * 86_400_000 || time - now > 86_400_000 {
        return None;
    }
    let traits = &event.context.traits;
    let address = &traits.address;
    let country = address.country.as_deref().unwrap_or("US").to_uppercase();
    let consent = &event.context.consent;
    let says = |word: Option<&str>| match word {
        Some("GRANTED") => Some(true),
        Some("DENIED") => Some(false),
        _ => consent.category_preferences.advertising,
    };
    let user_data = says(consent.amazon_consent.amzn_user_data.as_deref());
    let ad_storage = says(consent.amazon_consent.amzn_ad_storage.as_deref());
    let asks = matches!(country.as_str(), "GB" | "DE");
    if asks && (user_data, ad_storage) != (Some(true), Some(true)) {
        return None;
    }
    let mut match_keys = Vec::with_capacity(8);
    let mut add = |kind: &'static str, text: Option<String>| {
        if let Some(text) = text.filter(|text| !text.is_empty()) {
            match_keys.push(Key { kind, values: [hex(&text)] });
        }
    };
    let email = usable(&traits.email)
        .and_then(email)
        .or_else(|| usable(&event.user_id).and_then(self::email));
    let phone = usable(&traits.phone).and_then(|text| phone(text, &country));
    let street = usable(&address.street).map(folded);
    if email.is_none() && phone.is_none() && street.is_none() {
        return None;
    }
    let letters = |text: &str| kept(text, |c| c.is_ascii_alphabetic());
    let city = |text: &str| kept(text, |c| c.is_ascii_alphanumeric());
    add("EMAIL", email);
    add("PHONE", phone);
    add("FIRST_NAME", usable(&traits.first_name).map(letters));
    add("LAST_NAME", usable(&traits.last_name).map(letters));
    add("ADDRESS", street);
    add("CITY", usable(&address.city).map(city));
    add("STATE", usable(&address.state).and_then(|text| state(text, &country)));
    add(
        "POSTAL",
        usable(&address.postal_code).map(|text| city(text.split('-').next().unwrap_or(""))),
    );
    let (mut value, mut units_sold, mut currency_code) = (None, None, None);
    if conversion_type == "OFF_AMAZON_PURCHASES" {
        let lines = &event.properties.products;
        let quantity = |line: &Line| line.quantity.unwrap_or(1);
        let cents = |price: f64| (price * 100.0).round() as i64;
        let sum: Option<i64> =
            lines.iter().map(|line| Some(cents(line.price?) * i64::from(quantity(line)))).sum();
        let sum = sum.filter(|_| !lines.is_empty()).or_else(|| event.properties.total.map(cents));
        let currency = event.properties.currency.as_deref().unwrap_or("USD");
        if let Some(sum) = sum.filter(|_| matches!(currency, "USD" | "CAD" | "GBP" | "EUR")) {
            #[expect(clippy::cast_precision_loss)]
            let amount = if sum % 100 == 0 {
                (sum / 100).into()
            } else {
                serde_json::Number::from_f64(sum as f64 / 100.0)?
            };
            (value, currency_code) = (Some(amount), Some(currency));
        }
        units_sold = Some(lines.iter().map(quantity).sum()).filter(|units| *units > 0);
    }
    let word = |says| if says == Some(false) { "DENIED" } else { "GRANTED" };
    let amazon = Out {
        event_description: Description {
            name: &name,
            conversion_type,
            event_source: match event.context.device.kind.as_deref() {
                Some("ios") => "IOS",
                Some("android") => "ANDROID",
                _ => "WEBSITE",
            },
            event_ingestion_method: "SERVER_TO_SERVER",
            data_set_name: "web_events",
        },
        event_id: event.message_id.as_deref()?,
        event_time: match timestamp.strip_suffix(".000Z") {
            Some(whole) => format!("{whole}Z").into(),
            None => timestamp.into(),
        },
        country_code: &country,
        match_keys,
        value,
        currency_code,
        units_sold,
        consent: OutConsent {
            geo: event.context.ip.as_deref().map(|ip_address| Geo { ip_address }),
            amazon_consent: OutWords {
                amzn_user_data: word(user_data),
                amzn_ad_storage: word(ad_storage),
            },
        },
    };
    serde_json::to_writer(out, &amazon).ok()
}

fn usable<'a>(text: &'a Text<'_>) -> Option<&'a str> {
    text.as_deref()
        .map(str::trim)
        .filter(|text| !matches!(*text, "" | "null" | "undefined" | "none" | "n/a"))
}

fn kept(text: &str, keep: impl Fn(char) -> bool) -> String {
    text.to_lowercase().chars().filter(|c| keep(*c)).collect()
}

fn email(text: &str) -> Option<String> {
    let address = kept(text, |c| c.is_ascii_alphanumeric() || ".@_-".contains(c));
    let (local, domain) = address.split_once('@')?;
    (!local.is_empty() && !domain.is_empty() && !domain.contains('@')).then_some(address)
}

fn phone(text: &str, country: &str) -> Option<String> {
    let code = match country {
        "GB" => "44",
        "DE" => "49",
        _ => "1",
    };
    let all = kept(text, |c| c.is_ascii_digit());
    let digits = all.trim_start_matches('0');
    let zeros = all.len() - digits.len();
    let is_whole = text.starts_with('+') || zeros >= 2 || (zeros == 0 && digits.starts_with(code));
    let number = if is_whole { digits.to_owned() } else { format!("{code}{digits}") };
    (7..=15).contains(&number.len()).then_some(number)
}

fn folded(text: &str) -> String {
    let plain = text
        .to_lowercase()
        .replace('ä', "ae")
        .replace('ö', "oe")
        .replace('ü', "ue")
        .replace('ß', "ss")
        .replace('é', "e");
    kept(&plain, |c| c.is_ascii_alphanumeric())
}

fn state(text: &str, country: &str) -> Option<String> {
    let state = folded(text);
    let code = match (country, state.as_str()) {
        ("US", "newyork") => "ny",
        ("US", "missouri") => "mo",
        ("CA", "quebec") => "qc",
        ("DE", "nordrheinwestfalen") => "nw",
        _ => state.get(..2)?,
    };
    Some(code.to_owned())
}

fn hex(text: &str) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let hash = Sha256::digest(text.as_bytes());
    let digit = |value: u8| char::from(DIGITS[usize::from(value)]);
    hash.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

/// The milliseconds of `YYYY-MM-DDTHH:MM:SS.mmmZ`.
fn millis(text: &str) -> Option<i64> {
    let part = |range: std::ops::Range<usize>| text.get(range)?.parse::<i64>().ok();
    let (year, month, day) = (part(0..4)?, part(5..7)?, part(8..10)?);
    let (y, m) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = 365 * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1 - 719_468;
    Some(
        days * 86_400_000
            + part(11..13)? * 3_600_000
            + part(14..16)? * 60_000
            + part(17..19)? * 1000
            + part(20..23)?,
    )
}
