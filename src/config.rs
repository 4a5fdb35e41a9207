//! What a user may set. Every key is optional; a wrong one is refused with its path, what was expected, and what came.

use std::borrow::Cow;
use std::fmt;

use crate::amazon::{ConversionType, CurrencyCode, EventSource, MatchKeyType};
use crate::codes::codes;
use crate::country::Country;
use crate::decimal::Decimal;
use crate::mapping::{self, presets};
use crate::nearest::nearest;
use crate::read::{self, Json};
use crate::write::Writer;

/// The settings, as read by [`Config::from_json`].
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Config {
    /// `preset`: the built-in event table.
    pub preset: Preset,
    /// `dataSetName`: for events whose rule names none.
    pub data_set_name: Option<String>,
    /// `events`: by event name, case-insensitive; page, screen, identify, group and alias by type.
    pub events: Vec<(String, EventSetting)>,
    /// `unmapped`: the conversion type of everything without a rule; without it such events are dropped.
    pub unmapped: Option<ConversionType>,
    /// `inputs`: where to look instead of the built-in paths.
    pub inputs: Vec<(Input, Vec<Source>)>,
    /// `identity.matchKeys`: the match keys that are sent.
    pub match_keys: Vec<MatchKeyType>,
    /// `identity.userIdAs`.
    pub user_id_as: UserIdAs,
    /// `consent`.
    pub consent: ConsentConfig,
    /// `defaults`.
    pub defaults: Defaults,
    /// `eventTime`.
    pub event_time: EventTimeConfig,
    /// `extras`.
    pub extras: Extras,
}

codes! {
    /// `preset`
    pub enum Preset {
        /// The event table of MetaRouter's starter kit.
        Metarouter = "metarouter",
        /// The same, and the other events that Segment's Amazon destination maps.
        Segment = "segment",
    }
}

/// What `events` says of one event.
#[derive(Debug, Clone, PartialEq)]
pub enum EventSetting {
    /// `false`: switched off.
    Disabled,
    /// Overrides of the preset's rule, or a rule of its own.
    Rule(RuleConfig),
}

/// A rule, as far as the config states it.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct RuleConfig {
    /// `conversionType`; required where the preset has no rule for the event.
    pub conversion_type: Option<ConversionType>,
    /// `name`: what the event is called at Amazon.
    pub name: Option<String>,
    /// `dataSetName`
    pub data_set_name: Option<String>,
    /// `value`: where the amount is found.
    pub value: Vec<Source>,
    /// `customData`: attribute name to where its value is found.
    pub custom_data: Vec<(String, Vec<Source>)>,
}

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// Keys joined by dots, from the top of the event.
    Path(String),
    /// The same for every event: `{ "const": "…" }`.
    Const(String),
}

codes! {
    /// The names that `inputs` knows.
    pub enum Input {
        /// EMAIL
        Email = "email",
        /// PHONE
        Phone = "phone",
        /// FIRST_NAME
        FirstName = "firstName",
        /// LAST_NAME
        LastName = "lastName",
        /// CITY
        City = "city",
        /// STATE
        State = "state",
        /// POSTAL
        Postal = "postal",
        /// ADDRESS
        Address = "address",
        /// MAID
        Maid = "maid",
        /// MATCH_ID
        MatchId = "matchId",
        /// RAMP_ID
        RampId = "rampId",
        /// REAL_ID
        RealId = "realId",
        /// MERKLE_ID
        MerkleId = "merkleId",
        /// KANTAR_ID
        KantarId = "kantarId",
        /// FIP
        Fip = "fip",
        /// The user id, which may stand in for an e-mail address.
        UserId = "userId",
        /// `eventId`
        MessageId = "messageId",
        /// `eventTime`
        EventTime = "eventTime",
        /// `countryCode`
        Country = "country",
        /// `eventSource`
        DeviceType = "deviceType",
        /// `consent.geo.ipAddress`
        Ip = "ip",
        /// `deviceInfo.userAgent`
        UserAgent = "userAgent",
        /// A TCF string.
        Tcf = "tcf",
        /// A GPP string.
        Gpp = "gpp",
        /// The opt-out map.
        OptOut = "optOut",
        /// The lines of an order.
        Products = "products",
        /// `currencyCode`
        Currency = "currency",
    }
}

codes! {
    /// `identity.userIdAs`: what to make of the user id.
    pub enum UserIdAs {
        /// EMAIL, where the event has no address.
        Email = "email",
        /// EMAIL, but only if it is an address.
        EmailIfAddress = "email_if_address",
        /// MATCH_ID.
        MatchId = "match_id",
        /// Nothing.
        None = "none",
    }
}

/// `consent`
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ConsentConfig {
    /// `categories.amznUserData`: the consent categories that speak for it, lower case.
    pub user_data_categories: Vec<String>,
    /// `categories.amznAdStorage`: the consent categories that speak for it, lower case.
    pub ad_storage_categories: Vec<String>,
    /// `optInCountries`: where consent must have been given.
    pub opt_in_countries: Vec<Country>,
    /// `onDenied`
    pub on_denied: OnDenied,
    /// `whenUnknown`
    pub when_unknown: WhenUnknown,
    /// `geoIp`: whether the IP address is sent.
    pub geo_ip: bool,
    /// `emit`
    pub emit: Emit,
}

codes! {
    /// `consent.onDenied`: what to do when the person said no.
    pub enum OnDenied {
        /// Drop in consent-required countries, send with DENIED elsewhere.
        Auto = "auto",
        /// Drop everywhere.
        Drop = "drop",
        /// Send with DENIED everywhere.
        Send = "send",
    }
}

codes! {
    /// `consent.whenUnknown`: what to do when no signal says anything.
    pub enum WhenUnknown {
        /// Drop in consent-required countries, GRANTED elsewhere.
        Auto = "auto",
        /// Drop everywhere.
        Drop = "drop",
        /// As `auto`: in a consent-required country nothing but a signal makes a GRANTED.
        Grant = "grant",
        /// Send without the flag; in a consent-required country as `auto`.
        Omit = "omit",
    }
}

codes! {
    /// `consent.emit`: which signals are sent.
    pub enum Emit {
        /// The strongest alone, as Amazon asks.
        One = "one",
        /// Every one present.
        All = "all",
    }
}

/// `defaults`: what stands in where the event says nothing.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Defaults {
    /// `countryCode`; there is no built-in one.
    pub country_code: Option<Country>,
    /// `currencyCode`; there is no built-in one.
    pub currency_code: Option<CurrencyCode>,
    /// `eventSource`
    pub event_source: EventSource,
}

/// `eventTime`
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct EventTimeConfig {
    /// `format`
    pub format: EventTimeFormat,
    /// `lookbackDays`: the oldest event that is sent. Amazon takes 21 days (help text of its server-side tag).
    pub lookback_days: f64,
    /// `maxFutureHours`: how far ahead an event may lie.
    pub max_future_hours: f64,
}

codes! {
    /// `eventTime.format`
    pub enum EventTimeFormat {
        /// Text, as Amazon's API takes it.
        Iso8601 = "iso8601",
        /// Seconds since 1970, for gateways that ask for a number.
        EpochSeconds = "epoch_seconds",
        /// Milliseconds since 1970, for gateways that ask for a number.
        EpochMillis = "epoch_millis",
    }
}

/// `extras`: signals that are sent only if asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Extras {
    /// `userAgent`: `deviceInfo.userAgent`.
    pub user_agent: bool,
    /// `aref`: Amazon's click tokens from the landing page.
    pub aref: bool,
    /// `partner:NAME`
    pub partner: Option<String>,
}

/// A setting that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    /// Keys joined by dots; empty for the config itself.
    pub path: String,
    /// The sentence's rest: what was expected, and what came.
    problem: String,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.path.is_empty() {
            write!(f, "config {}", self.problem)
        } else {
            write!(f, "config `{}` {}", self.path, self.problem)
        }
    }
}

impl std::error::Error for ConfigError {}

type Result<T> = std::result::Result<T, ConfigError>;

/// What stands in the starter kit's template until a name is chosen.
const DATA_SET_PLACEHOLDER: &str = "ADD_DATA_SET_NAME_HERE";
/// The most custom data an event may have (Amazon's OpenAPI document, `customData`).
const MAX_CUSTOM_DATA: usize = 13;
/// Consent categories that mean advertising in common consent platforms.
const ADVERTISING_CATEGORIES: [&str; 4] = ["c0004", "targeting", "advertising", "marketing"];

impl Default for Config {
    fn default() -> Self {
        let advertising: Vec<String> = ADVERTISING_CATEGORIES.map(str::to_owned).to_vec();
        Config {
            preset: Preset::Metarouter,
            data_set_name: None,
            events: Vec::new(),
            unmapped: None,
            inputs: Vec::new(),
            match_keys: mapping::DEFAULT_MATCH_KEYS.to_vec(),
            user_id_as: UserIdAs::Email,
            consent: ConsentConfig {
                user_data_categories: advertising.clone(),
                ad_storage_categories: advertising,
                opt_in_countries: crate::country::consent_required().collect(),
                on_denied: OnDenied::Auto,
                when_unknown: WhenUnknown::Auto,
                geo_ip: true,
                emit: Emit::One,
            },
            defaults: Defaults {
                country_code: None,
                currency_code: None,
                event_source: EventSource::Website,
            },
            event_time: EventTimeConfig {
                format: EventTimeFormat::Iso8601,
                lookback_days: 21.0,
                max_future_hours: 24.0,
            },
            extras: Extras::default(),
        }
    }
}

impl Config {
    /// Reads a config from its JSON text.
    ///
    /// # Errors
    ///
    /// Text that is not JSON; a key nobody knows (the nearest known one is named); a value that is not what the key takes.
    ///
    /// ```
    /// # use amazon_dsp_events::Config;
    /// let error = Config::from_json(r#"{ "dataSetNam": "web" }"#).unwrap_err();
    /// assert_eq!(error.to_string(), "config `dataSetNam` is not a known key; did you mean `dataSetName`?");
    /// let error = Config::from_json(r#"{ "consent": { "emit": "both" } }"#).unwrap_err();
    /// assert_eq!(error.to_string(), "config `consent.emit` must be one of `one`, `all`, not \"both\"");
    /// ```
    #[inline(never)]
    pub fn from_json(json: &str) -> Result<Self> {
        let value = read::parse(json).map_err(|at| not_json(json, at))?;
        let top = Setting { value, path: String::new() };
        let mut config = Config::default();
        for (key, setting) in top.members(&[
            "preset",
            "dataSetName",
            "events",
            "unmapped",
            "inputs",
            "identity",
            "consent",
            "defaults",
            "eventTime",
            "extras",
            // For editors.
            "$schema",
        ])? {
            match key {
                "preset" => config.preset = setting.one_of(Preset::ALL, Preset::as_str)?,
                "dataSetName" => config.data_set_name = Some(setting.data_set_name()?),
                "unmapped" if setting.word().as_deref() == Some("drop") => config.unmapped = None,
                "unmapped" => {
                    config.unmapped = Some(setting.one_of_with(
                        ConversionType::ALL,
                        ConversionType::as_str,
                        &["drop"],
                    )?);
                }
                "inputs" => config.inputs = setting.inputs()?,
                "identity" => setting.identity(&mut config)?,
                "consent" => setting.consent(&mut config.consent)?,
                "defaults" => setting.defaults(&mut config.defaults)?,
                "eventTime" => setting.event_time(&mut config.event_time)?,
                "extras" => config.extras = setting.extras()?,
                _ => {}
            }
        }
        // Last: whether an event needs a conversion type depends on the preset.
        if let Some(events) = top.value.member("events") {
            config.events =
                top.child("events", events).events(config.preset, config.unmapped.is_some())?;
        }
        Ok(config)
    }
}

/// A value of the config and where it stands. (Its functions are kept out of line: the config is read once, and inlined
/// they would be a tenth of the module.)
struct Setting<'v> {
    value: Json<'v>,
    path: String,
}

impl<'v> Setting<'v> {
    fn child(&self, key: &str, value: Json<'v>) -> Setting<'v> {
        Setting { value, path: self.path_of(key) }
    }

    fn path_of(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { [&self.path, ".", key].concat() }
    }

    /// The text as it stands.
    #[inline(never)]
    fn word(&self) -> Option<Cow<'v, str>> {
        self.value.whole_text()
    }

    #[inline(never)]
    fn truth(&self) -> Option<bool> {
        match self.value {
            Json::Bool(truth) => Some(truth),
            _ => None,
        }
    }

    /// `expected` continues "must be …".
    fn error(&self, expected: &str) -> ConfigError {
        ConfigError {
            path: self.path.clone(),
            problem: format!("must be {expected}, not {}", shown(self.value)),
        }
    }

    /// The members of an object. A key that stands twice would hide one of its values.
    fn object(&self, expected: &str) -> Result<Vec<(Cow<'v, str>, Setting<'v>)>> {
        let Json::Object(_) = self.value else { return Err(self.error(expected)) };
        let mut members: Vec<(Cow<'v, str>, Setting<'v>)> = Vec::new();
        for (key, value) in self.value.members() {
            let setting = self.child(&key, value);
            if members.iter().any(|(other, _)| *other == key) {
                return Err(setting.twice(""));
            }
            members.push((key, setting));
        }
        Ok(members)
    }

    #[inline(never)]
    fn twice(self, hint: &str) -> ConfigError {
        ConfigError { path: self.path, problem: ["stands twice", hint].concat() }
    }

    /// The members of an object all of whose keys must be known.
    fn members(&self, known: &[&'static str]) -> Result<Vec<(&'static str, Setting<'v>)>> {
        let mut members = Vec::new();
        for (key, setting) in self.object("an object")? {
            match known.iter().find(|known| **known == key) {
                Some(known) => members.push((*known, setting)),
                None => return Err(self.unknown_key(&key, known)),
            }
        }
        Ok(members)
    }

    fn unknown_key(&self, key: &str, known: &[&str]) -> ConfigError {
        let problem = match nearest(key, known.iter().copied()) {
            Some(near) => format!("is not a known key; did you mean `{near}`?"),
            None => format!("is not a known key; known here are {}", list(known)),
        };
        ConfigError { path: self.path_of(key), problem }
    }

    fn text(&self, expected: &str) -> Result<Cow<'v, str>> {
        self.value.rare_text().ok_or_else(|| self.error(expected))
    }

    #[inline(never)]
    fn one_of<T: Copy>(&self, all: &[T], word: fn(T) -> &'static str) -> Result<T> {
        self.one_of_with(all, word, &[])
    }

    /// `others`: words that are taken elsewhere, for the message.
    #[inline(never)]
    fn one_of_with<T: Copy>(
        &self,
        all: &[T],
        word: fn(T) -> &'static str,
        others: &[&str],
    ) -> Result<T> {
        let given = self.word();
        let found = all.iter().copied().find(|value| Some(word(*value)) == given.as_deref());
        found.ok_or_else(|| {
            let words = others.iter().copied().chain(all.iter().map(|value| word(*value)));
            self.not_one_of(&words.collect::<Vec<_>>())
        })
    }

    fn not_one_of(&self, words: &[&str]) -> ConfigError {
        let mut error = self.error(&format!("one of {}", list(words)));
        if let Some(near) = self.word().and_then(|given| nearest(&given, words.iter().copied())) {
            error.problem.push_str(&format!("; did you mean `{near}`?"));
        }
        error
    }

    #[inline(never)]
    fn elements(&self, expected: &str) -> Result<Vec<Setting<'v>>> {
        let Json::Array(_) = self.value else { return Err(self.error(expected)) };
        let elements = self.value.elements().into_iter().enumerate();
        Ok(elements.map(|(index, value)| self.child(&index.to_string(), value)).collect())
    }

    #[inline(never)]
    fn number_from_zero(&self) -> Result<f64> {
        const MOST: f64 = 1e6;
        let number = match self.value {
            Json::Number(number) => Decimal::parse(number),
            _ => None,
        };
        number
            .map(Decimal::to_f64)
            .filter(|number| (0.0..=MOST).contains(number))
            .ok_or_else(|| self.error("a number from 0 to 1000000"))
    }

    fn data_set_name(&self) -> Result<String> {
        let name = self.text("a data set name")?;
        if name == DATA_SET_PLACEHOLDER {
            return Err(self.error("the name of a data set of yours"));
        }
        let mut bytes = name.bytes();
        let starts_well = bytes.next().is_some_and(|first| first.is_ascii_alphabetic());
        if starts_well
            && name.len() <= 100
            && bytes.all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
        {
            Ok(name.into_owned())
        } else {
            Err(self.error("1 to 100 letters, digits, `_` and `-`, beginning with a letter"))
        }
    }

    fn country(&self) -> Result<Country> {
        let given = self.word().and_then(|given| Country::recognise(&given));
        given.ok_or_else(|| self.error("a country code such as `US`"))
    }

    /// A path, a list of paths, or a constant.
    fn sources(&self) -> Result<Vec<Source>> {
        const EXPECTED: &str =
            "a path such as `properties.total`, a list of paths, or `{ \"const\": … }`";
        match self.value {
            Json::Array(_) => {
                let paths = self.elements(EXPECTED)?;
                if paths.is_empty() {
                    return Err(self.error(EXPECTED));
                }
                paths.iter().map(Setting::path_source).collect()
            }
            Json::Object(_) => {
                let members = self.members(&["const"])?;
                let (_, constant) = members.first().ok_or_else(|| self.error(EXPECTED))?;
                match (constant.value, constant.word()) {
                    (Json::Number(number), _) => Ok(vec![Source::Const(number.to_owned())]),
                    (_, Some(text)) => Ok(vec![Source::Const(text.into_owned())]),
                    _ => Err(constant.error("a text or a number")),
                }
            }
            Json::Text(_) | Json::Escaped(_) => Ok(vec![self.path_source()?]),
            _ => Err(self.error(EXPECTED)),
        }
    }

    #[inline(never)]
    fn path_source(&self) -> Result<Source> {
        let path = self.text("a path such as `properties.total`")?;
        if path.split('.').any(str::is_empty) {
            return Err(self.error("keys joined by single dots"));
        }
        Ok(Source::Path(path.into_owned()))
    }

    #[inline(never)]
    fn inputs(&self) -> Result<Vec<(Input, Vec<Source>)>> {
        let known: Vec<&'static str> = Input::ALL.iter().map(|input| input.as_str()).collect();
        let mut inputs = Vec::new();
        for (name, setting) in self.members(&known)? {
            if let Some(input) = Input::from_word(name) {
                inputs.push((input, setting.sources()?));
            }
        }
        Ok(inputs)
    }

    #[inline(never)]
    fn identity(&self, config: &mut Config) -> Result<()> {
        for (key, setting) in self.members(&["matchKeys", "userIdAs"])? {
            match key {
                "userIdAs" => {
                    config.user_id_as = setting.one_of(UserIdAs::ALL, UserIdAs::as_str)?;
                }
                "matchKeys" => {
                    let keys = setting.elements("a list of match key types")?;
                    let types = keys
                        .iter()
                        .map(|key| key.one_of(MatchKeyType::ALL, MatchKeyType::as_str))
                        .collect::<Result<Vec<_>>>()?;
                    let all = MatchKeyType::ALL.iter().copied();
                    config.match_keys = all.filter(|known| types.contains(known)).collect();
                }
                _ => {}
            }
        }
        Ok(())
    }

    #[inline(never)]
    fn consent(&self, consent: &mut ConsentConfig) -> Result<()> {
        for (key, setting) in self.members(&[
            "categories",
            "optInCountries",
            "onDenied",
            "whenUnknown",
            "geoIp",
            "emit",
        ])? {
            match key {
                "categories" => {
                    for (flag, categories) in setting.members(&["amznUserData", "amznAdStorage"])? {
                        let names = categories
                            .elements("a list of consent categories")?
                            .iter()
                            .map(|name| {
                                Ok(name.text("the name of a consent category")?.to_lowercase())
                            })
                            .collect::<Result<Vec<_>>>()?;
                        match flag {
                            "amznUserData" => consent.user_data_categories = names,
                            "amznAdStorage" => consent.ad_storage_categories = names,
                            _ => {}
                        }
                    }
                }
                "optInCountries" => {
                    let countries = setting.elements("a list of country codes")?;
                    consent.opt_in_countries =
                        countries.iter().map(Setting::country).collect::<Result<_>>()?;
                }
                "onDenied" => {
                    consent.on_denied = setting.one_of(OnDenied::ALL, OnDenied::as_str)?;
                }
                "whenUnknown" => {
                    consent.when_unknown = setting.one_of(WhenUnknown::ALL, WhenUnknown::as_str)?;
                }
                "emit" => consent.emit = setting.one_of(Emit::ALL, Emit::as_str)?,
                "geoIp" => {
                    consent.geo_ip =
                        setting.truth().ok_or_else(|| setting.error("true or false"))?;
                }
                _ => {}
            }
        }
        Ok(())
    }

    #[inline(never)]
    fn defaults(&self, defaults: &mut Defaults) -> Result<()> {
        for (key, setting) in self.members(&["countryCode", "currencyCode", "eventSource"])? {
            match key {
                "countryCode" => defaults.country_code = Some(setting.country()?),
                "currencyCode" => {
                    let currency = setting.word().and_then(|code| CurrencyCode::recognise(&code));
                    defaults.currency_code = Some(currency.ok_or_else(|| {
                        setting.error("one of the 81 currencies Amazon takes, such as `USD`")
                    })?);
                }
                "eventSource" => {
                    defaults.event_source =
                        setting.one_of(EventSource::ALL, EventSource::as_str)?;
                }
                _ => {}
            }
        }
        Ok(())
    }

    #[inline(never)]
    fn event_time(&self, event_time: &mut EventTimeConfig) -> Result<()> {
        for (key, setting) in self.members(&["format", "lookbackDays", "maxFutureHours"])? {
            match key {
                "format" => {
                    event_time.format =
                        setting.one_of(EventTimeFormat::ALL, EventTimeFormat::as_str)?;
                }
                "lookbackDays" => event_time.lookback_days = setting.number_from_zero()?,
                "maxFutureHours" => event_time.max_future_hours = setting.number_from_zero()?,
                _ => {}
            }
        }
        Ok(())
    }

    #[inline(never)]
    fn extras(&self) -> Result<Extras> {
        const EXPECTED: &str = "`userAgent`, `aref` or `partner:NAME`";
        let mut extras = Extras::default();
        for extra in self.elements("a list of extras")? {
            match extra.text(EXPECTED)?.as_ref() {
                "userAgent" => extras.user_agent = true,
                "aref" => extras.aref = true,
                text => match text.strip_prefix("partner:").map(str::trim) {
                    Some(name) if !name.is_empty() => extras.partner = Some(name.to_owned()),
                    _ => return Err(extra.error(EXPECTED)),
                },
            }
        }
        Ok(extras)
    }

    #[inline(never)]
    fn events(&self, preset: Preset, unmapped: bool) -> Result<Vec<(String, EventSetting)>> {
        let mut events: Vec<(String, EventSetting)> = Vec::new();
        for (name, setting) in self.object("an object of event names")? {
            let key = mapping::event_key(name).into_owned();
            if key.is_empty() {
                return Err(ConfigError {
                    path: self.path.clone(),
                    problem: "has an event without a name".to_owned(),
                });
            }
            if events.iter().any(|(other, _)| *other == key) {
                return Err(setting.twice("; case makes no difference"));
            }
            let parsed = if setting.truth() == Some(false) {
                EventSetting::Disabled
            } else {
                EventSetting::Rule(setting.rule(unmapped || presets::rule(preset, &key).is_some())?)
            };
            events.push((key, parsed));
        }
        Ok(events)
    }

    #[inline(never)]
    fn rule(&self, has_type: bool) -> Result<RuleConfig> {
        let mut rule = RuleConfig::default();
        let Json::Object(_) = self.value else {
            return Err(self.error("an object, or `false` to switch the event off"));
        };
        for (key, setting) in
            self.members(&["conversionType", "name", "dataSetName", "value", "customData"])?
        {
            match key {
                "conversionType" => {
                    rule.conversion_type =
                        Some(setting.one_of(ConversionType::ALL, ConversionType::as_str)?);
                }
                "name" => {
                    rule.name = Some(setting.text("the event's name at Amazon")?.into_owned());
                }
                "dataSetName" => rule.data_set_name = Some(setting.data_set_name()?),
                "value" => rule.value = setting.sources()?,
                "customData" => rule.custom_data = setting.custom_data()?,
                _ => {}
            }
        }
        if rule.conversion_type.is_none() && !has_type {
            return Err(ConfigError {
                path: self.path.clone(),
                problem: "needs a `conversionType`: the preset has no rule for this event"
                    .to_owned(),
            });
        }
        Ok(rule)
    }

    #[inline(never)]
    fn custom_data(&self) -> Result<Vec<(String, Vec<Source>)>> {
        let members = self.object("an object of attribute names and paths")?;
        if members.len() > MAX_CUSTOM_DATA {
            let problem =
                format!("must have at most {MAX_CUSTOM_DATA} attributes, not {}", members.len());
            return Err(ConfigError { path: self.path.clone(), problem });
        }
        members
            .into_iter()
            .map(|(name, setting)| Ok((name.into_owned(), setting.sources()?)))
            .collect()
    }
}

/// A value in a message: short, and never a whole container.
fn shown(value: Json<'_>) -> String {
    const MOST: usize = 40;
    match value {
        Json::Null => "null".to_owned(),
        Json::Bool(truth) => truth.to_string(),
        Json::Number(number) => number.to_owned(),
        Json::Array(_) => "a list".to_owned(),
        Json::Object(_) => "an object".to_owned(),
        text => {
            let text = text.whole_text().unwrap_or_default();
            let mut out = Writer::default();
            out.text(&text.chars().take(MOST).collect::<String>());
            if text.chars().count() > MOST {
                out.raw("…");
            }
            out.into_string()
        }
    }
}

/// `at`: how many bytes of the text are in order.
fn not_json(json: &str, at: usize) -> ConfigError {
    let before = json.get(..at).unwrap_or(json);
    let (line, column) =
        before.split('\n').fold((0, 0), |(line, _), text| (line + 1, text.chars().count() + 1));
    ConfigError {
        path: String::new(),
        problem: format!("is not JSON: line {line}, column {column}"),
    }
}

/// Words in a message.
pub(crate) fn list(words: &[&str]) -> String {
    words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_json_is_refused_with_its_place() {
        for (json, expected) in [
            ("", "config is not JSON: line 1, column 1"),
            ("{\n  \"preset\": metarouter\n}", "config is not JSON: line 2, column 13"),
            ("{} {}", "config is not JSON: line 1, column 4"),
            ("[]", "config must be an object, not a list"),
        ] {
            assert_eq!(
                Config::from_json(json).map_err(|error| error.to_string()),
                Err(expected.to_owned())
            );
        }
        assert_eq!(Config::from_json("\u{feff} {} "), Ok(Config::default()));
    }

    #[test]
    fn a_key_that_stands_twice_is_refused() {
        for (json, expected) in [
            (r#"{"preset":"segment","preset":"metarouter"}"#, "config `preset` stands twice"),
            (
                r#"{"events":{"Lead":false,"lead ":false}}"#,
                "config `events.lead ` stands twice; case makes no difference",
            ),
        ] {
            assert_eq!(
                Config::from_json(json).map_err(|error| error.to_string()),
                Err(expected.to_owned())
            );
        }
    }
}
