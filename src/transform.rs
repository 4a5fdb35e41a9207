//! The pipeline: one line per step, in the order in which drop reasons are checked.

use std::borrow::Cow;

use crate::amazon::{
    AmazonEvent, ConversionType, CurrencyCode, DeviceInfo, EventDescription, EventSource,
    EventTime, IngestionMethod,
};
use crate::commerce::{self, Amount};
use crate::config::{EventTimeFormat, Input};
use crate::country::Country;
use crate::event::Event;
use crate::identity::{self, Hashing, hash::Sha256Hex};
use crate::log::{Log, Unusable};
use crate::mapping::{self, NAMELESS_TYPES, custom_data};
use crate::outcome::{Detail, DropReason, Note};
use crate::plan::{Plan, Rule, RuleKey, RuleName, Sources};
use crate::read::{self, Json, ReadError, Slots};
use crate::time::{DAY, Instant};
use crate::{aref, consent};

/// Why there is no Amazon event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Dropped {
    pub(crate) reason: DropReason,
    pub(crate) detail: Option<Detail>,
}

impl From<DropReason> for Dropped {
    fn from(reason: DropReason) -> Self {
        Dropped { reason, detail: None }
    }
}

impl From<Detail> for Dropped {
    fn from(detail: Detail) -> Self {
        Dropped { reason: DropReason::InvalidEvent, detail: Some(detail) }
    }
}

impl From<ReadError> for Dropped {
    fn from(error: ReadError) -> Self {
        Dropped::from(match error {
            ReadError::NotAnObject => Detail::NotAnObject,
            ReadError::TooDeep => Detail::TooDeep,
            ReadError::TooLarge => Detail::TooLarge,
            ReadError::NotJson | ReadError::LoneSurrogate => Detail::NotJson,
        })
    }
}

/// Maps the JSON text of one event. `slots` may have served other events; the hashes come with [`Hashing::finish`].
pub(crate) fn map<'e>(
    plan: &'e Plan,
    text: &'e str,
    now: Instant,
    slots: &mut Slots,
    hashing: &mut Hashing,
    log: &mut Log,
) -> Result<AmazonEvent<'e>, Dropped> {
    match read::read(text, plan, slots) {
        Ok(()) => map_read(plan, text, slots, now, hashing, log),
        Err(ReadError::LoneSurrogate) => {
            log.note(Note::TextRepaired);
            let text = read::replace_lone_surrogates(text);
            read::read(&text, plan, slots)?;
            map_read(plan, &text, slots, now, hashing, log).map(AmazonEvent::into_owned)
        }
        Err(error) => Err(error.into()),
    }
}

/// Maps the event that was read from a text into the slots.
pub(crate) fn map_read<'e>(
    plan: &'e Plan,
    text: &'e str,
    slots: &Slots,
    now: Instant,
    hashing: &mut Hashing,
    log: &mut Log,
) -> Result<AmazonEvent<'e>, Dropped> {
    let event = &Event { plan, text, slots };
    let config = &event.plan.config;
    let call = Call::of(event)?;
    let rule = call.rule(event.plan)?;
    let name = name(rule, &call, log);
    let time = time(event, now, log)?;
    let country = country(event, log)?;
    let consent = consent::decide(event, country, log)?;
    let match_keys =
        identity::match_keys(event, country, hashing, log).ok_or(DropReason::NoMatchKey)?;
    let money = Money::of(event, rule, log);
    Ok(AmazonEvent {
        event_id: event_id(event, &call, &name, time, log),
        event_description: EventDescription {
            name,
            conversion_type: rule.conversion_type,
            event_source: event_source(event, log),
            event_ingestion_method: IngestionMethod::ServerToServer,
            data_set_name: (rule.data_set_name.as_deref())
                .or(config.data_set_name.as_deref())
                .map(Cow::Borrowed),
        },
        event_time: formatted(time, config.event_time.format),
        country_code: country,
        match_keys,
        value: money.value,
        currency_code: money.currency,
        units_sold: money.units,
        consent,
        custom_data: if rule.custom_data.is_empty() {
            Vec::new()
        } else {
            custom_data::attributes(event, rule, log)
        },
        device_info: user_agent(event, log),
        aref_measurement_tokens: config
            .extras
            .aref
            .then(|| aref::tokens(event, time, log))
            .flatten(),
        partner: config.extras.partner.as_deref().map(Cow::Borrowed),
    })
}

/// Which analytics call an event is.
pub(crate) struct Call<'v> {
    /// As by [`mapping::event_key`].
    call_type: Cow<'v, str>,
    /// `event`, trimmed, if it is a text.
    event_name: Option<Cow<'v, str>>,
}

impl<'v> Call<'v> {
    pub(crate) fn of(event: &Event<'_, 'v>) -> Result<Self, Dropped> {
        let fixed = &event.plan.fixed;
        let event_name = event.value(&fixed.event_name).and_then(Json::text);
        let call_type = match event.value(&fixed.event_type) {
            Some(value) if !value.is_text() => return Err(Detail::TypeUnusable.into()),
            value => match value.and_then(Json::text) {
                Some(text) => mapping::event_key(text),
                // Libraries that only track leave the type out.
                None if event_name.is_some() => Cow::Borrowed("track"),
                None => return Err(Detail::TypeUnusable.into()),
            },
        };
        if call_type == "track" && event_name.is_none() {
            return Err(Detail::EventUnusable.into());
        }
        Ok(Call { call_type, event_name })
    }

    /// What rules are looked up by: the event's name, or the type of a call that has none.
    pub(crate) fn key(&self) -> RuleKey<'_> {
        match &self.event_name {
            Some(name) if self.call_type == "track" => {
                RuleKey::Name(mapping::event_key(Cow::Borrowed(name)))
            }
            _ if NAMELESS_TYPES.contains(&self.call_type.as_ref()) => {
                RuleKey::Type(Cow::Borrowed(&self.call_type))
            }
            _ => RuleKey::None,
        }
    }

    /// The rule for it. (Nearly all names are ASCII, and are found as they are.)
    fn rule<'p>(&self, plan: &'p Plan) -> Result<&'p Rule, DropReason> {
        match &self.event_name {
            Some(name) if self.call_type == "track" && name.is_ascii() => {
                plan.rule(&RuleKey::Name(Cow::Borrowed(name)))
            }
            _ => plan.rule(&self.key()),
        }
    }

    /// The name it has of its own: a track event's, or else the type.
    pub(crate) fn name(&self) -> &str {
        self.event_name.as_ref().unwrap_or(&self.call_type)
    }
}

fn name<'e>(rule: &'e Rule, call: &Call<'_>, log: &mut Log) -> Cow<'e, str> {
    let (name, cleaned) = match &rule.name {
        RuleName::Own(name) => return Cow::Borrowed(name),
        // A page's rule is for the type, and a page may be called something all the same.
        RuleName::Key(name, cleaned) if call.event_name.is_none() || call.call_type == "track" => {
            (Cow::Borrowed(name.as_str()), *cleaned)
        }
        _ => {
            let (name, cleaned) = mapping::event_name(call.name());
            (Cow::Owned(name), cleaned)
        }
    };
    if cleaned {
        log.note(Note::NameCleaned);
    }
    name
}

fn time(event: &Event<'_, '_>, now: Instant, log: &mut Log) -> Result<Instant, DropReason> {
    let config = &event.plan.config.event_time;
    let time = happened(event, log).unwrap_or_else(|| {
        log.note(Note::TimeDefaulted);
        now
    });
    #[expect(clippy::cast_precision_loss, reason = "times are below 2^53 milliseconds")]
    let ahead = (time.0 - now.0) as f64;
    #[expect(clippy::cast_precision_loss, reason = "a small constant")]
    let day = DAY as f64;
    if -ahead > config.lookback_days * day {
        Err(DropReason::EventTooOld)
    } else if ahead > config.max_future_hours * day / 24.0 {
        Err(DropReason::EventInFuture)
    } else {
        Ok(time)
    }
}

/// When the event says that it happened.
pub(crate) fn happened(event: &Event<'_, '_>, log: &mut Log) -> Option<Instant> {
    event.first(Input::EventTime, "eventTime", log, |value, _| {
        Instant::from_json(value).ok_or(Unusable::NotRecognised)
    })
}

fn formatted(time: Instant, format: EventTimeFormat) -> EventTime {
    match format {
        EventTimeFormat::Iso8601 => EventTime::Iso8601(time),
        EventTimeFormat::EpochSeconds => EventTime::Epoch(time.0.div_euclid(1000)),
        EventTimeFormat::EpochMillis => EventTime::Epoch(time.0),
    }
}

pub(crate) fn country(event: &Event<'_, '_>, log: &mut Log) -> Result<Country, DropReason> {
    let found = event.first(Input::Country, "countryCode", log, |value, _| {
        value.text().and_then(|text| Country::recognise(&text)).ok_or(Unusable::NotRecognised)
    });
    match (found, event.plan.config.defaults.country_code) {
        (Some(country), _) => Ok(country),
        (None, Some(default)) => {
            log.note(Note::CountryDefaulted);
            Ok(default)
        }
        (None, None) => Err(DropReason::CountryMissing),
    }
}

fn event_source(event: &Event<'_, '_>, log: &mut Log) -> EventSource {
    let named = if event.may_have(Input::DeviceType) { named_source(event, log) } else { None };
    named.unwrap_or(event.plan.config.defaults.event_source)
}

#[inline(never)]
fn named_source(event: &Event<'_, '_>, log: &mut Log) -> Option<EventSource> {
    event.first(Input::DeviceType, "eventDescription.eventSource", log, |value, _| {
        let device = value.text().map(mapping::event_key).unwrap_or_default();
        match device.as_ref() {
            "ios" | "iphone" | "ipad" | "ipados" | "tvos" | "watchos" => Ok(EventSource::Ios),
            "android" => Ok(EventSource::Android),
            "firetv" | "fire tv" | "fire_tv" | "aftv" => Ok(EventSource::FireTv),
            _ => Err(Unusable::NotRecognised),
        }
    })
}

/// `messageId`, else a hash of what makes the event what it is; never random, so that a resend is known as one.
fn event_id<'e>(
    event: &Event<'_, 'e>,
    call: &Call<'_>,
    name: &str,
    time: Instant,
    log: &mut Log,
) -> Cow<'e, str> {
    let message_id = event.first(Input::MessageId, "eventId", log, |value, _| {
        value.text_or_number().ok_or(Unusable::WrongType)
    });
    message_id.unwrap_or_else(|| {
        log.note(Note::EventIdDerived);
        derived_id(event, call, name, time)
    })
}

#[inline(never)]
fn derived_id<'e>(
    event: &Event<'_, 'e>,
    call: &Call<'_>,
    name: &str,
    time: Instant,
) -> Cow<'e, str> {
    let text = |sources| event.value(sources).and_then(Json::text_or_number).unwrap_or_default();
    let parts = [
        Cow::Borrowed(call.call_type.as_ref()),
        Cow::Borrowed(name),
        text(event.plan.input(Input::UserId)),
        text(&event.plan.fixed.anonymous_id),
        Cow::Owned(time.0.to_string()),
        text(&event.plan.fixed.order_id),
    ];
    Cow::Owned(Sha256Hex::of(parts.join("\n").as_bytes()).as_str().to_owned())
}

/// The three fields of money.
#[derive(Default)]
struct Money {
    value: Option<Amount>,
    currency: Option<CurrencyCode>,
    units: Option<i32>,
}

impl Money {
    /// Only a purchase has them, and what a rule names a value of its own for.
    #[inline]
    fn of<'e>(event: &Event<'_, 'e>, rule: &'e Rule, log: &mut Log) -> Self {
        if rule.conversion_type == ConversionType::OffAmazonPurchases || rule.value.bits != 0 {
            Self::of_sale(event, rule, log)
        } else {
            Money::default()
        }
    }

    #[inline(never)]
    fn of_sale<'e>(event: &Event<'_, 'e>, rule: &'e Rule, log: &mut Log) -> Self {
        let own = amount(event, &rule.value, log);
        if rule.conversion_type != ConversionType::OffAmazonPurchases {
            if own.is_none() && event.value(&rule.value).is_some() {
                log.note(Note::ValueUnusable);
            }
            return Money { value: own, ..Money::default() };
        }
        let value = own.or_else(|| built_in_amount(event, log));
        if value.is_none() && has_amount(event, rule) {
            log.note(Note::ValueUnusable);
        }
        let currency = value.and_then(|_| currency(event, log));
        if value.is_some() && currency.is_none() {
            log.note(Note::ValueWithoutCurrency);
        }
        Money { value: value.filter(|_| currency.is_some()), currency, units: units(event, log) }
    }
}

fn amount<'e>(event: &Event<'_, 'e>, sources: &'e Sources, log: &mut Log) -> Option<Amount> {
    event.first_of(sources, "value", log, |value, _| {
        Amount::from_json(value).ok_or(Unusable::NotANumber)
    })
}

/// The sum of the lines, else the total, revenue, value.
fn built_in_amount(event: &Event<'_, '_>, log: &mut Log) -> Option<Amount> {
    let sum = event.first_lines("value", log, |lines| commerce::sum_of_lines(lines));
    let taken = sum.or_else(|| amount(event, &event.plan.fixed.amounts, log))?;
    for (path, value) in event.values(&event.plan.fixed.amounts) {
        if Amount::from_json(value).is_some_and(|other| other != taken) {
            log.take_up();
            log.note(Note::AmountsDisagree);
            log.tried("value", path, value, Some(Unusable::Disagrees));
        }
    }
    Some(taken)
}

fn has_amount<'e>(event: &Event<'_, 'e>, rule: &'e Rule) -> bool {
    event.value(&rule.value).is_some() || event.value(&event.plan.fixed.amounts).is_some()
}

/// The event's own currency, or the default where it names none. One Amazon does not take is never replaced.
fn currency(event: &Event<'_, '_>, log: &mut Log) -> Option<CurrencyCode> {
    let named =
        event.value(event.plan.input(Input::Currency)).is_some_and(|value| !value.is_blank());
    if !named {
        return event.plan.config.defaults.currency_code;
    }
    event.first(Input::Currency, "currencyCode", log, |value, _| {
        value.text().and_then(|code| CurrencyCode::recognise(&code)).ok_or(Unusable::NotRecognised)
    })
}

fn units(event: &Event<'_, '_>, log: &mut Log) -> Option<i32> {
    let lines = event.first_lines("unitsSold", log, |lines| commerce::units_of_lines(lines));
    lines.or_else(|| {
        event.first_of(&event.plan.fixed.quantity, "unitsSold", log, |value, _| {
            commerce::units_sold(value).ok_or(Unusable::NotANumber)
        })
    })
}

/// Amazon's limit for `deviceInfo.userAgent`, in characters.
const MAX_USER_AGENT_CHARS: usize = 512;

fn user_agent<'e>(event: &Event<'_, 'e>, log: &mut Log) -> Option<DeviceInfo<'e>> {
    if event.plan.config.extras.user_agent { wanted_user_agent(event, log) } else { None }
}

#[inline(never)]
fn wanted_user_agent<'e>(event: &Event<'_, 'e>, log: &mut Log) -> Option<DeviceInfo<'e>> {
    event.first(Input::UserAgent, "deviceInfo.userAgent", log, |value, log| {
        let mut user_agent = value.rare_text().ok_or(Unusable::WrongType)?;
        if let Some((end, _)) = user_agent.char_indices().nth(MAX_USER_AGENT_CHARS) {
            log.note(Note::UserAgentCut);
            user_agent.to_mut().truncate(end);
        }
        Ok(DeviceInfo { user_agent })
    })
}
