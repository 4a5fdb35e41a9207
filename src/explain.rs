//! The explanation of one event: which input fed each field, which were refused and why, and for a drop what would have
//! to change. Values that may identify somebody are redacted.

use crate::amazon::AmazonEvent;
use crate::config::{EventSetting, Input, WhenUnknown, list};
use crate::consent::{Flags, Signal};
use crate::event::Event;
use crate::identity::{identifies, input_of};
use crate::log::{Log, Tried};
use crate::mapping::presets;
use crate::nearest::nearest;
use crate::outcome::{Detail, DropReason, Note, Outcome};
use crate::plan::{Place, Plan, RuleKey};
use crate::read::{self, Slots};
use crate::redact::{may_name, redacted};
use crate::time::{DAY, Instant};
use crate::transform::{self, Call};
use crate::write::Writer;

/// What [`crate::Transformer::explain`] answers.
#[derive(Debug, Clone, PartialEq)]
pub struct Trace {
    /// What became of the event.
    pub outcome: Outcome<'static>,
    /// For a drop: what would have to change, in words.
    pub remedy: Option<String>,
    /// Every input that had a value and was looked at, in order; of a mapped event also where the fields come from that
    /// no input of the event fed.
    pub tried: Vec<Tried>,
}

impl Tried {
    /// A field that no input of the event fed.
    fn made(field: &'static str, from: &str, value: &str, note: Option<Note>) -> Self {
        Tried {
            field,
            path: from.to_owned(),
            value: value.to_owned(),
            says: None,
            note,
            unusable: None,
        }
    }
}

impl Trace {
    /// As JSON: `{"outcome":…,"reason":…,"detail":…,"remedy":…,"notes":[…],"tried":[{"field","path","value",
    /// "says":{"amznUserData","amznAdStorage"},"note","unusable"}]}`, what there is not left out. The Amazon event is not
    /// in it.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut out = Writer::with_capacity(1024);
        let reason = self.outcome.reason();
        let outcome = if reason.is_some() { "dropped" } else { "mapped" };
        write_member(&mut out, "{\"outcome\":", outcome);
        if let Some((reason, detail)) = reason {
            write_member(&mut out, ",\"reason\":", reason.as_str());
            if let Some(detail) = detail {
                write_member(&mut out, ",\"detail\":", detail.as_str());
            }
        }
        if let Some(remedy) = &self.remedy {
            write_member(&mut out, ",\"remedy\":", remedy);
        }
        out.raw(",\"notes\":");
        self.outcome.write_notes(&mut out);
        out.raw(",\"tried\":[");
        for (index, tried) in self.tried.iter().enumerate() {
            if index > 0 {
                out.raw(",");
            }
            tried.write_json(&mut out);
        }
        out.raw("]}");
        out.into_string()
    }
}

impl Tried {
    fn write_json(&self, out: &mut Writer) {
        write_member(out, "{\"field\":", self.field);
        write_member(out, ",\"path\":", &self.path);
        write_member(out, ",\"value\":", &self.value);
        if let Some(says) = self.says {
            write_member(out, ",\"says\":{\"amznUserData\":", says.user_data.as_str());
            write_member(out, ",\"amznAdStorage\":", says.ad_storage.as_str());
            out.raw("}");
        }
        if let Some(note) = self.note {
            write_member(out, ",\"note\":", note.as_str());
        }
        if let Some(unusable) = self.unusable {
            write_member(out, ",\"unusable\":", unusable.as_str());
        }
        out.raw("}");
    }
}

#[inline(never)]
fn write_member(out: &mut Writer, key: &str, text: &str) {
    out.raw(key);
    out.text(text);
}

/// Puts the explanation together.
pub(crate) fn trace(
    plan: &Plan,
    json: &[u8],
    now: Instant,
    outcome: Outcome<'static>,
    mut tried: Vec<Tried>,
) -> Trace {
    // Read again: the way through the pipeline keeps nothing of the event.
    let text = read::replace_lone_surrogates(&String::from_utf8_lossy(json));
    let mut slots = Slots::new(plan);
    let is_event = read::read(&text, plan, &mut slots).is_ok();
    let event = is_event.then_some(Event { plan, text: &text, slots: &slots });
    let remedy = match &outcome {
        Outcome::Mapped { event: mapped, .. } => {
            if let Some(Ok(call)) = event.as_ref().map(Call::of) {
                tried.splice(..0, from_rule(plan, &call, mapped));
            }
            tried.extend(from_elsewhere(mapped, outcome.notes(), &tried));
            None
        }
        Outcome::Dropped { reason: DropReason::InvalidEvent, detail, .. } => {
            Some(invalid(*detail, json))
        }
        Outcome::Dropped { reason, .. } => {
            event.map(|event| remedy(&event, *reason, now, &tried)).or_else(|| Some(String::new()))
        }
    };
    Trace { outcome, remedy, tried }
}

/// What the rule gave.
fn from_rule(plan: &Plan, call: &Call<'_>, mapped: &AmazonEvent<'_>) -> Vec<Tried> {
    let key = call.key();
    let (RuleKey::Name(name) | RuleKey::Type(name)) = &key else { return Vec::new() };
    let setting = plan.config.events.iter().find_map(|(event, setting)| match setting {
        EventSetting::Rule(rule) if *event == **name => Some(rule),
        _ => None,
    });
    let own = |member: &str| format!("config.events.{name}.{member}");
    let name_from = match (setting.and_then(|rule| rule.name.as_ref()), &key) {
        (Some(_), _) => own("name"),
        (None, RuleKey::Name(_)) => "event".to_owned(),
        _ => "type".to_owned(),
    };
    let type_from = if setting.is_some_and(|rule| rule.conversion_type.is_some()) {
        own("conversionType")
    } else if presets::rule(plan.config.preset, name).is_some() {
        "config.preset".to_owned()
    } else {
        "config.unmapped".to_owned()
    };
    let described = &mapped.event_description;
    let cleaned = (name_from == "event" && described.name != call.name().trim().to_lowercase())
        .then_some(Note::NameCleaned);
    // What events call themselves is anything; what the config calls them is not.
    let is_own = setting.is_some_and(|rule| rule.name.is_some());
    let name = if is_own || may_name(call.name()) {
        described.name.to_string()
    } else {
        redacted(call.name(), |_| false)
    };
    let mut made = vec![
        Tried::made("eventDescription.name", &name_from, &name, cleaned),
        Tried::made(
            "eventDescription.conversionType",
            &type_from,
            described.conversion_type.as_str(),
            None,
        ),
    ];
    if let Some(data_set) = &described.data_set_name {
        let has_own = setting.is_some_and(|rule| rule.data_set_name.is_some());
        let from = if has_own { own("dataSetName") } else { "config.dataSetName".to_owned() };
        made.push(Tried::made("eventDescription.dataSetName", &from, data_set, None));
    }
    made
}

/// The fields that neither an input nor the rule fed.
fn from_elsewhere(mapped: &AmazonEvent<'_>, notes: &[Note], tried: &[Tried]) -> Vec<Tried> {
    let has = |note: Note| notes.contains(&note).then_some(note);
    let fed = |field: &str| tried.iter().any(|one| one.field == field && one.unusable.is_none());
    let mut made = Vec::new();
    if let Some(note) = has(Note::EventIdDerived) {
        made.push(Tried::made("eventId", "derived", &mapped.event_id, Some(note)));
    }
    if let Some(note) = has(Note::TimeDefaulted) {
        made.push(Tried::made("eventTime", "clock", &mapped.event_time.to_string(), Some(note)));
    }
    if let Some(note) = has(Note::CountryDefaulted) {
        let country = mapped.country_code.code();
        made.push(Tried::made("countryCode", "config.defaults.countryCode", country, Some(note)));
    }
    let source = "eventDescription.eventSource";
    if !fed(source) {
        let word = mapped.event_description.event_source.as_str();
        made.push(Tried::made(source, "config.defaults.eventSource", word, None));
    }
    if let Some(currency) = mapped.currency_code.filter(|_| !fed("currencyCode")) {
        let from = "config.defaults.currencyCode";
        made.push(Tried::made("currencyCode", from, currency.as_str(), None));
    }
    made
}

/// What to send instead of something that is no event.
fn invalid(detail: Option<Detail>, json: &[u8]) -> String {
    let words = match detail {
        None | Some(Detail::NotJson) => {
            return match std::str::from_utf8(json).map(read::parse) {
                Ok(parsed) => {
                    let at = parsed.err().unwrap_or(0);
                    format!("the text is not JSON (RFC 8259) from byte {} on", at + 1)
                }
                Err(error) => {
                    format!("the text is not UTF-8 from byte {} on", error.valid_up_to() + 1)
                }
            };
        }
        Some(Detail::NotAnObject) => "an event is a JSON object, `{ … }`",
        Some(Detail::TooDeep) => "at most 64 objects and lists may be inside each other",
        Some(Detail::TooLarge) => "an event may have at most 1048576 bytes",
        Some(Detail::TypeUnusable) => {
            "`type` must be a text such as `track`; it may be left out where `event` names the event"
        }
        Some(Detail::EventUnusable) => "a track event must have its name, a text, in `event`",
    };
    words.to_owned()
}

/// What would have to change for the event to be mapped.
fn remedy(event: &Event<'_, '_>, reason: DropReason, now: Instant, tried: &[Tried]) -> String {
    let (plan, config) = (event.plan, &event.plan.config);
    let log = &mut Log::default();
    let name = Call::of(event).map(|call| redacted(call.name(), may_name));
    let name = name.unwrap_or_default();
    match reason {
        DropReason::InvalidEvent => String::new(),
        DropReason::UnmappedEvent => {
            let near = match nearest(&name, plan.event_names()) {
                Some(near) => format!("; did you mean `{near}`?"),
                None => ".".to_owned(),
            };
            format!("no rule takes `{name}`{near} Add it to `events`, or set `unmapped`")
        }
        DropReason::DisabledEvent => format!("`events` has `false` for `{name}`: take it out"),
        DropReason::EventTooOld | DropReason::EventInFuture => {
            let ahead = transform::happened(event, log).unwrap_or(now).0.saturating_sub(now.0);
            if ahead < 0 {
                let (age, limit) = (in_units(-ahead, DAY), config.event_time.lookback_days);
                format!(
                    "it is {age} days old, and `eventTime.lookbackDays` is {}: send events sooner",
                    tenths(limit)
                )
            } else {
                let (ahead, limit) =
                    (in_units(ahead, DAY / 24), config.event_time.max_future_hours);
                format!(
                    "it lies {ahead} hours ahead, and `eventTime.maxFutureHours` is {}: set the sender's clock",
                    tenths(limit)
                )
            }
        }
        DropReason::CountryMissing => {
            let places = places(event, &[Input::Country]);
            format!("no country is known. Send one in {places}, or set `defaults.countryCode`")
        }
        DropReason::ConsentMissing => {
            let said = tried.iter().filter_map(|one| one.says).fold(Flags::UNKNOWN, Flags::joined);
            let flags = flags(said, Signal::Unknown);
            let places = places(event, &[Input::Tcf, Input::Gpp, Input::OptOut]);
            let why = match transform::country(event, log) {
                Ok(country) if config.consent.opt_in_countries.contains(&country) => {
                    format!("in {} consent must have been given", country.code())
                }
                _ => format!("`consent.whenUnknown` is `{}`", WhenUnknown::Drop),
            };
            format!(
                "{why}, and nothing says so for {flags}. Send a signal in {places}, \
                 `context.consent.amazonConsent`, or another of the documented places"
            )
        }
        DropReason::ConsentDenied => {
            let denying: Vec<&str> = tried
                .iter()
                .filter(|one| one.says.is_some_and(|says| says.any(Signal::Denied)))
                .map(|one| one.path.as_str())
                .collect();
            format!("{} says no. Nothing is to be mended if the person did", list(&denying))
        }
        DropReason::NoMatchKey => {
            let inputs: Vec<Input> = config
                .match_keys
                .iter()
                .filter(|key| identifies(**key))
                .map(|key| input_of(*key))
                .chain(
                    (config.user_id_as != crate::config::UserIdAs::None).then_some(Input::UserId),
                )
                .collect();
            let places = places(event, &inputs);
            format!("nothing identifies the person; names and places alone do not. Send {places}")
        }
    }
}

/// The paths that these inputs are looked for at.
fn places(event: &Event<'_, '_>, inputs: &[Input]) -> String {
    let paths: Vec<&str> = inputs
        .iter()
        .flat_map(|input| &event.plan.input(*input).places)
        .filter_map(|place| match place {
            Place::Slot(slot) => Some(event.plan.path(*slot)),
            Place::Const(_) => None,
        })
        .collect();
    list(&paths)
}

/// The flags of which the signals say that.
fn flags(said: Flags, signal: Signal) -> String {
    let all = [("amznUserData", said.user_data), ("amznAdStorage", said.ad_storage)];
    let flags: Vec<&str> =
        all.iter().filter(|(_, says)| *says == signal).map(|(flag, _)| *flag).collect();
    list(&flags)
}

/// So many milliseconds in a larger unit.
fn in_units(millis: i64, unit: i64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "one decimal is shown")]
    let units = millis as f64 / unit as f64;
    tenths(units)
}

/// A number from 0 with at most one decimal. (Formatting a float whole would bring 20 KB into the module.)
fn tenths(number: f64) -> String {
    #[expect(clippy::cast_possible_truncation, reason = "a cast saturates")]
    let tenths = (number * 10.0) as i64;
    match (tenths / 10, tenths % 10) {
        (whole, 0) => whole.to_string(),
        (whole, tenth) => format!("{whole}.{tenth}"),
    }
}
