//! One event as Amazon takes it (`POST /adsApi/v1/create/events`, Amazon's OpenAPI document "Amazon Ads API ALL Merged"),
//! its closed enums, and its JSON on the wire.

use std::borrow::Cow;
use std::fmt;

use serde::{Serialize, Serializer};

use crate::codes::codes;
use crate::commerce::Amount;
use crate::country::Country;
use crate::identity::hash::Sha256Hex;
use crate::time::Instant;
use crate::write::{Piece, Writer};

codes! {
    /// `conversionType`: what kind of thing happened.
    pub enum ConversionType {
        /// Something was put into the cart.
        AddToShoppingCart = "ADD_TO_SHOPPING_CART",
        /// An application was handed in.
        Application = "APPLICATION",
        /// A checkout was begun.
        Checkout = "CHECKOUT",
        /// Somebody asked to be contacted.
        Contact = "CONTACT",
        /// A lead.
        Lead = "LEAD",
        /// An app was started for the first time.
        MobileAppFirstStart = "MOBILE_APP_FIRST_START",
        /// A purchase in the advertiser's own shop; alone in having money, currency and units.
        OffAmazonPurchases = "OFF_AMAZON_PURCHASES",
        /// Anything else.
        Other = "OTHER",
        /// A page or screen was seen.
        PageView = "PAGE_VIEW",
        /// A search.
        Search = "SEARCH",
        /// Somebody signed up.
        SignUp = "SIGN_UP",
        /// Somebody subscribed.
        Subscribe = "SUBSCRIBE",
    }
}

codes! {
    /// `eventSource`: where it happened.
    pub enum EventSource {
        /// An Android app.
        Android = "ANDROID",
        /// An app on Fire TV.
        FireTv = "FIRE_TV",
        /// An app on an Apple device.
        Ios = "IOS",
        /// Reported by a measurement partner.
        MeasurementAttributionPartner = "MEASUREMENT_ATTRIBUTION_PARTNER",
        /// Not online.
        Offline = "OFFLINE",
        /// A web site.
        Website = "WEBSITE",
    }
}

codes! {
    /// `matchKeys[].type`: an identifier Amazon matches people by.
    pub enum MatchKeyType {
        /// An e-mail address, hashed.
        Email = "EMAIL",
        /// A phone number, hashed.
        Phone = "PHONE",
        /// A first name, hashed.
        FirstName = "FIRST_NAME",
        /// A last name, hashed.
        LastName = "LAST_NAME",
        /// A street address, hashed.
        Address = "ADDRESS",
        /// A city, hashed.
        City = "CITY",
        /// A state or province, hashed.
        State = "STATE",
        /// A postal code, hashed.
        Postal = "POSTAL",
        /// A mobile advertising id (IDFA, AAID, Fire), raw.
        Maid = "MAID",
        /// The advertiser's own id for a person, raw.
        MatchId = "MATCH_ID",
        /// A LiveRamp id, raw.
        RampId = "RAMP_ID",
        /// A REAL id, raw.
        RealId = "REAL_ID",
        /// A Merkle id, raw.
        MerkleId = "MERKLE_ID",
        /// A Kantar id, raw.
        KantarId = "KANTAR_ID",
        /// A full IP address, raw.
        Fip = "FIP",
    }
}

codes! {
    /// The state of one of Amazon's two consent flags.
    pub enum ConsentStatus {
        /// Consent was given.
        Granted = "GRANTED",
        /// Consent was refused.
        Denied = "DENIED",
    }
}

codes! {
    /// `customData[].dataType`.
    pub enum DataType {
        /// Text.
        String = "STRING",
        /// A whole number of 32 bits.
        Integer = "INTEGER",
        /// A point in time.
        Timestamp = "TIMESTAMP",
    }
}

codes! {
    /// `currencyCode`: the 81 currencies Amazon takes. Not all of ISO 4217: ISK, for one, is missing.
    pub enum CurrencyCode {
        /// AED
        Aed = "AED",
        /// ARS
        Ars = "ARS",
        /// AUD
        Aud = "AUD",
        /// AZN
        Azn = "AZN",
        /// BBD
        Bbd = "BBD",
        /// BGN
        Bgn = "BGN",
        /// BHD
        Bhd = "BHD",
        /// BMD
        Bmd = "BMD",
        /// BND
        Bnd = "BND",
        /// BOB
        Bob = "BOB",
        /// BRL
        Brl = "BRL",
        /// BSD
        Bsd = "BSD",
        /// CAD
        Cad = "CAD",
        /// CHF
        Chf = "CHF",
        /// CLP
        Clp = "CLP",
        /// CNY
        Cny = "CNY",
        /// COP
        Cop = "COP",
        /// CRC
        Crc = "CRC",
        /// CZK
        Czk = "CZK",
        /// DKK
        Dkk = "DKK",
        /// DOP
        Dop = "DOP",
        /// DZD
        Dzd = "DZD",
        /// EGP
        Egp = "EGP",
        /// EUR
        Eur = "EUR",
        /// GBP
        Gbp = "GBP",
        /// GHS
        Ghs = "GHS",
        /// GTQ
        Gtq = "GTQ",
        /// HKD
        Hkd = "HKD",
        /// HNL
        Hnl = "HNL",
        /// HRK
        Hrk = "HRK",
        /// HUF
        Huf = "HUF",
        /// IDR
        Idr = "IDR",
        /// ILS
        Ils = "ILS",
        /// INR
        Inr = "INR",
        /// JMD
        Jmd = "JMD",
        /// JOD
        Jod = "JOD",
        /// JPY
        Jpy = "JPY",
        /// KES
        Kes = "KES",
        /// KRW
        Krw = "KRW",
        /// KWD
        Kwd = "KWD",
        /// KYD
        Kyd = "KYD",
        /// KZT
        Kzt = "KZT",
        /// LBP
        Lbp = "LBP",
        /// LKR
        Lkr = "LKR",
        /// MAD
        Mad = "MAD",
        /// MUR
        Mur = "MUR",
        /// MXN
        Mxn = "MXN",
        /// MXP
        Mxp = "MXP",
        /// MYR
        Myr = "MYR",
        /// NAD
        Nad = "NAD",
        /// NGN
        Ngn = "NGN",
        /// NOK
        Nok = "NOK",
        /// NZD
        Nzd = "NZD",
        /// PAB
        Pab = "PAB",
        /// PEN
        Pen = "PEN",
        /// PHP
        Php = "PHP",
        /// PKR
        Pkr = "PKR",
        /// PLN
        Pln = "PLN",
        /// PYG
        Pyg = "PYG",
        /// QAR
        Qar = "QAR",
        /// RON
        Ron = "RON",
        /// RSD
        Rsd = "RSD",
        /// RUB
        Rub = "RUB",
        /// SAR
        Sar = "SAR",
        /// SEK
        Sek = "SEK",
        /// SGD
        Sgd = "SGD",
        /// THB
        Thb = "THB",
        /// TND
        Tnd = "TND",
        /// TRY
        Try = "TRY",
        /// TTD
        Ttd = "TTD",
        /// TWD
        Twd = "TWD",
        /// TZS
        Tzs = "TZS",
        /// UAH
        Uah = "UAH",
        /// USD
        Usd = "USD",
        /// UYU
        Uyu = "UYU",
        /// VND
        Vnd = "VND",
        /// XAF
        Xaf = "XAF",
        /// XCD
        Xcd = "XCD",
        /// XOF
        Xof = "XOF",
        /// XPF
        Xpf = "XPF",
        /// ZAR
        Zar = "ZAR",
    }
}

impl CurrencyCode {
    /// The currency of that code, in any case.
    pub(crate) fn recognise(code: &str) -> Option<Self> {
        let code: [u8; 3] = code.as_bytes().try_into().ok()?;
        let code = code.map(|letter| letter.to_ascii_uppercase());
        Self::ALL.iter().copied().find(|known| known.as_str().as_bytes() == code)
    }
}

/// One element of `events[]`. Fields are named as Amazon names them; texts that need no change are borrowed from the
/// analytics event or the config ([`AmazonEvent::into_owned`] makes them its own).
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AmazonEvent<'a> {
    /// What happened and where.
    pub event_description: EventDescription<'a>,
    /// The deduplication id, the same on every resend.
    pub event_id: Cow<'a, str>,
    /// When it happened.
    pub event_time: EventTime,
    /// The country of the person, ISO 3166-1 alpha-2.
    pub country_code: Country,
    /// 1 to 15 identifiers, one of a type.
    pub match_keys: Vec<MatchKey<'a>>,
    /// Money for a purchase, a free scale otherwise; at most two decimals.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<Amount>,
    /// The currency of a purchase's value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub currency_code: Option<CurrencyCode>,
    /// How many things were bought: 1 to 2147483647.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub units_sold: Option<i32>,
    /// The consent signal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub consent: Option<Consent<'a>>,
    /// At most 13 attributes of the advertiser's own.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub custom_data: Vec<CustomData>,
    /// The device's user agent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device_info: Option<DeviceInfo<'a>>,
    /// Amazon click tokens, joined by `|`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub aref_measurement_tokens: Option<String>,
    /// Who delivers the event.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub partner: Option<Cow<'a, str>>,
}

/// `eventDescription`. `eventIngestionMethod` is `SERVER_TO_SERVER`, always.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct EventDescription<'a> {
    /// At most 256 characters, none of ``!@#$%^&*|+=(){}[]<>?\/~;``.
    pub name: Cow<'a, str>,
    /// What kind of thing happened.
    pub conversion_type: ConversionType,
    /// Where it happened.
    pub event_source: EventSource,
    /// How Amazon gets it.
    pub event_ingestion_method: IngestionMethod,
    /// Amazon's grouping; a default one if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data_set_name: Option<Cow<'a, str>>,
}

codes! {
    /// `eventIngestionMethod`: Amazon's API knows one.
    pub enum IngestionMethod {
        /// From the advertiser's servers.
        ServerToServer = "SERVER_TO_SERVER",
    }
}

/// `eventTime`: ISO 8601 text, or a number where the config asks for one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum EventTime {
    /// `YYYY-MM-DDTHH:MM:SSZ`, with `.mmm` when the milliseconds are not zero.
    Iso8601(Instant),
    /// Seconds or milliseconds since 1970.
    Epoch(i64),
}

impl fmt::Display for EventTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            EventTime::Iso8601(instant) => instant.fmt(f),
            EventTime::Epoch(number) => number.fmt(f),
        }
    }
}

/// One identifier. On the wire `values` is a list of exactly one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MatchKey<'a> {
    /// What kind of identifier.
    pub key_type: MatchKeyType,
    /// What identifies.
    pub value: Identifier<'a>,
}

/// The value of a match key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Identifier<'a> {
    /// Of a key that Amazon takes hashed.
    Hash(Sha256Hex),
    /// Of a key that Amazon takes as it is.
    Raw(Cow<'a, str>),
}

impl Identifier<'_> {
    /// As it goes to Amazon.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Identifier::Hash(hash) => hash.as_str(),
            Identifier::Raw(text) => text,
        }
    }
}

impl Serialize for MatchKey<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeStruct;
        let mut key = serializer.serialize_struct("MatchKey", 2)?;
        key.serialize_field("type", &self.key_type)?;
        key.serialize_field("values", &[self.value.as_str()])?;
        key.end()
    }
}

/// `consent`: the signals sent, and the address Amazon may derive a place from.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Consent<'a> {
    /// `geo.ipAddress`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub geo: Option<Geo<'a>>,
    /// A TCF v2 string.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tcf: Option<Cow<'a, str>>,
    /// A GPP string.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gpp: Option<Cow<'a, str>>,
    /// Amazon's own two flags.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amazon_consent: Option<AmazonConsent>,
}

/// `consent.geo`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Geo<'a> {
    /// An IPv4 or IPv6 address.
    pub ip_address: Cow<'a, str>,
}

/// `consent.amazonConsent`. Amazon's schema asks for `amznUserData` whenever the object is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AmazonConsent {
    /// May personal data be processed for advertising?
    pub amzn_user_data: ConsentStatus,
    /// May advertising cookies be read and written?
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amzn_ad_storage: Option<ConsentStatus>,
}

/// One element of `customData`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CustomData {
    /// Letters, digits and `_`.
    pub name: String,
    /// How Amazon reads the value.
    pub data_type: DataType,
    /// Letters, digits and `_`, at most 256 characters.
    pub value: String,
}

/// `deviceInfo`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DeviceInfo<'a> {
    /// At most 512 characters.
    pub user_agent: Cow<'a, str>,
}

fn owned(text: Cow<'_, str>) -> Cow<'static, str> {
    Cow::Owned(text.into_owned())
}

/// Makes a piece of JSON for each word of a set, with texts around it.
macro_rules! pieces {
    ($($name:ident: $before:literal $words:ident $behind:literal, up to $most:literal;)+) => {$(
        #[expect(clippy::indexing_slicing, reason = "done by the compiler")]
        const $name: [Piece<$most>; $words::ALL.len()] = {
            let mut pieces = [Piece::new("", "", ""); $words::ALL.len()];
            let mut at = 0;
            while at < pieces.len() {
                pieces[at] = Piece::new($before, $words::ALL[at].as_str(), $behind);
                at += 1;
            }
            pieces
        };
    )+};
}

pieces! {
    CONVERSION_TYPES: r#","conversionType":""# ConversionType "\"", up to 48;
    EVENT_SOURCES: r#","eventSource":""# EventSource "\"", up to 48;
    INGESTION_METHODS: r#","eventIngestionMethod":""# IngestionMethod "\"", up to 48;
    MATCH_KEYS: r#"{"type":""# MatchKeyType r#"","values":["#, up to 32;
}

impl AmazonEvent<'_> {
    /// The same event, with nothing borrowed.
    #[must_use]
    pub fn into_owned(self) -> AmazonEvent<'static> {
        let keys = self.match_keys.into_iter().map(|MatchKey { key_type, value }| MatchKey {
            key_type,
            value: match value {
                Identifier::Hash(hash) => Identifier::Hash(hash),
                Identifier::Raw(text) => Identifier::Raw(owned(text)),
            },
        });
        AmazonEvent {
            event_description: EventDescription {
                name: owned(self.event_description.name),
                data_set_name: self.event_description.data_set_name.map(owned),
                ..self.event_description
            },
            event_id: owned(self.event_id),
            match_keys: keys.collect(),
            consent: self.consent.map(|consent| Consent {
                geo: consent.geo.map(|geo| Geo { ip_address: owned(geo.ip_address) }),
                tcf: consent.tcf.map(owned),
                gpp: consent.gpp.map(owned),
                amazon_consent: consent.amazon_consent,
            }),
            device_info: self
                .device_info
                .map(|device| DeviceInfo { user_agent: owned(device.user_agent) }),
            partner: self.partner.map(owned),
            event_time: self.event_time,
            country_code: self.country_code,
            value: self.value,
            currency_code: self.currency_code,
            units_sold: self.units_sold,
            custom_data: self.custom_data,
            aref_measurement_tokens: self.aref_measurement_tokens,
        }
    }

    /// The event's JSON, as it goes to Amazon.
    #[must_use]
    pub fn to_json(&self) -> String {
        String::from_utf8(self.to_bytes()).unwrap_or_default()
    }

    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let mut out = Writer::with_capacity(1024);
        self.write_json(&mut out);
        out.into_bytes()
    }

    /// Leaves holes for the hashes that are to come.
    pub(crate) fn write_json(&self, out: &mut Writer) {
        let description = &self.event_description;
        out.literal(br#"{"eventDescription":{"name":"#);
        out.text(&description.name);
        if let Some(piece) = CONVERSION_TYPES.get(description.conversion_type as usize) {
            out.piece(piece);
        }
        if let Some(piece) = EVENT_SOURCES.get(description.event_source as usize) {
            out.piece(piece);
        }
        if let Some(piece) = INGESTION_METHODS.get(description.event_ingestion_method as usize) {
            out.piece(piece);
        }
        write_optional(out, br#","dataSetName":"#, description.data_set_name.as_deref());
        out.literal(br#"},"eventId":"#);
        out.text(&self.event_id);
        out.literal(br#","eventTime":"#);
        match self.event_time {
            EventTime::Iso8601(instant) => instant.write_json(out),
            EventTime::Epoch(number) => out.raw(&number.to_string()),
        }
        out.literal(br#","countryCode":""#);
        out.raw(self.country_code.code());
        out.literal(br#"","matchKeys":["#);
        for (index, key) in self.match_keys.iter().enumerate() {
            if index > 0 {
                out.literal(b",");
            }
            if let Some(piece) = MATCH_KEYS.get(key.key_type as usize) {
                out.piece(piece);
            }
            match &key.value {
                Identifier::Hash(hash) => {
                    out.literal(b"\"");
                    if hash.is_to_come() {
                        out.hole();
                    } else {
                        out.literal(hash.digits());
                    }
                    out.literal(b"\"]}");
                }
                Identifier::Raw(text) => {
                    out.text(text);
                    out.raw("]}");
                }
            }
        }
        out.literal(b"]");
        if self.value.is_some() || self.currency_code.is_some() || self.units_sold.is_some() {
            self.write_money(out);
        }
        if let Some(consent) = &self.consent {
            consent.write_json(out);
        }
        if !self.custom_data.is_empty()
            || self.device_info.is_some()
            || self.aref_measurement_tokens.is_some()
            || self.partner.is_some()
        {
            self.write_extras(out);
        }
        out.literal(b"}");
    }

    /// What a purchase has.
    #[inline(never)]
    fn write_money(&self, out: &mut Writer) {
        if let Some(value) = self.value {
            out.literal(br#","value":"#);
            value.write(out);
        }
        if let Some(currency) = self.currency_code {
            out.literal(br#","currencyCode":"#);
            out.word(currency.as_str());
        }
        if let Some(units) = self.units_sold {
            out.literal(br#","unitsSold":"#);
            out.number(units.unsigned_abs().into());
        }
    }

    /// What only some configs ask for.
    #[inline(never)]
    fn write_extras(&self, out: &mut Writer) {
        for (index, custom) in self.custom_data.iter().enumerate() {
            if index == 0 {
                out.literal(br#","customData":[{"name":"#);
            } else {
                out.literal(br#",{"name":"#);
            }
            out.text(&custom.name);
            out.literal(br#","dataType":"#);
            out.word(custom.data_type.as_str());
            out.literal(br#","value":"#);
            out.text(&custom.value);
            out.literal(b"}");
        }
        if !self.custom_data.is_empty() {
            out.literal(b"]");
        }
        if let Some(device) = &self.device_info {
            out.literal(br#","deviceInfo":{"userAgent":"#);
            out.text(&device.user_agent);
            out.literal(b"}");
        }
        let tokens = self.aref_measurement_tokens.as_deref();
        write_optional(out, br#","arefMeasurementTokens":"#, tokens);
        write_optional(out, br#","partner":"#, self.partner.as_deref());
    }
}

impl Consent<'_> {
    fn write_json(&self, out: &mut Writer) {
        out.literal(br#","consent":{"#);
        let start = out.len();
        if let Some(geo) = &self.geo {
            out.literal(br#""geo":{"ipAddress":"#);
            out.text(&geo.ip_address);
            out.literal(b"}");
        }
        if self.tcf.is_some() || self.gpp.is_some() {
            self.write_strings(start, out);
        }
        if let Some(flags) = self.amazon_consent {
            out.comma(start);
            out.literal(br#""amazonConsent":{"amznUserData":""#);
            out.raw(flags.amzn_user_data.as_str());
            if let Some(status) = flags.amzn_ad_storage {
                out.literal(br#"","amznAdStorage":""#);
                out.raw(status.as_str());
            }
            out.literal(b"\"}");
        }
        out.literal(b"}");
    }

    #[inline(never)]
    fn write_strings(&self, start: usize, out: &mut Writer) {
        for (name, string) in [(r#""tcf":"#, &self.tcf), (r#""gpp":"#, &self.gpp)] {
            if let Some(string) = string {
                out.comma(start);
                out.raw(name);
                out.text(string);
            }
        }
    }
}

fn write_optional<const N: usize>(out: &mut Writer, key: &[u8; N], text: Option<&str>) {
    if let Some(text) = text {
        out.literal(key);
        out.text(text);
    }
}
