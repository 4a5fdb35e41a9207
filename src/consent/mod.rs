//! Consent: every signal the event carries, one decision, one object on the wire. Nothing here invents a grant where
//! the law asks for one.

mod bits;
mod categories;
mod gpp;
mod tcf;
pub(crate) mod words;

use std::borrow::Cow;

use crate::amazon::{AmazonConsent, Consent, ConsentStatus, Geo};
use crate::codes::codes;
use crate::config::{Emit, Input, OnDenied, WhenUnknown};
use crate::country::Country;
use crate::event::Event;
use crate::ip_address::is_ip_address;
use crate::log::{Log, Unusable};
use crate::outcome::{DropReason, Note};
use crate::plan::Sources;
use crate::read::Json;

codes! {
    /// What a source says of one flag.
    pub enum Signal {
        /// Yes.
        Granted = "granted",
        /// No.
        Denied = "denied",
        /// Nothing that can be read.
        Unknown = "unknown",
    }
}

impl Signal {
    fn from_grant(granted: Option<bool>) -> Self {
        match granted {
            Some(true) => Signal::Granted,
            Some(false) => Signal::Denied,
            None => Signal::Unknown,
        }
    }

    /// What two sources say together: a no wins, then a yes.
    fn joined(self, other: Self) -> Self {
        match (self, other) {
            (Signal::Denied, _) | (_, Signal::Denied) => Signal::Denied,
            (Signal::Granted, _) | (_, Signal::Granted) => Signal::Granted,
            _ => Signal::Unknown,
        }
    }

    fn or_unknown(self, fallback: Self) -> Self {
        if self == Signal::Unknown { fallback } else { self }
    }
}

/// What a source says of Amazon's two flags.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Flags {
    /// `amznUserData`: may personal data be processed for advertising?
    pub user_data: Signal,
    /// `amznAdStorage`: may advertising cookies be read and written?
    pub ad_storage: Signal,
}

impl Flags {
    pub(crate) const UNKNOWN: Flags =
        Flags { user_data: Signal::Unknown, ad_storage: Signal::Unknown };

    fn both(signal: Signal) -> Self {
        Flags { user_data: signal, ad_storage: signal }
    }

    pub(crate) fn joined(self, other: Self) -> Self {
        Flags {
            user_data: self.user_data.joined(other.user_data),
            ad_storage: self.ad_storage.joined(other.ad_storage),
        }
    }

    fn or_unknown(self, fallback: Signal) -> Self {
        Flags {
            user_data: self.user_data.or_unknown(fallback),
            ad_storage: self.ad_storage.or_unknown(fallback),
        }
    }

    pub(crate) fn any(self, signal: Signal) -> bool {
        self.user_data == signal || self.ad_storage == signal
    }
}

/// A consent string as it came, and what it says.
struct ConsentString<'e> {
    text: Cow<'e, str>,
    says: Flags,
}

/// Decides, and answers the `consent` object: nothing to send is `None`, not to be sent at all is the reason.
pub(crate) fn decide<'e>(
    event: &Event<'_, 'e>,
    country: Country,
    log: &mut Log,
) -> Result<Option<Consent<'e>>, DropReason> {
    // Most events say nothing of it.
    let mut consent = if event.slots.may_have(event.plan.consent) {
        spoken(event, country, log)?
    } else {
        let decision = Decision::new(event, country, Flags::UNKNOWN)?;
        Consent { amazon_consent: decision.amazon_consent(), ..Consent::default() }
    };
    if event.plan.config.consent.geo_ip && event.may_have(Input::Ip) {
        consent.geo = geo(event, log);
    }
    let Consent { geo, tcf, gpp, amazon_consent } = &consent;
    let is_any = geo.is_some() || tcf.is_some() || gpp.is_some() || amazon_consent.is_some();
    Ok(is_any.then_some(consent))
}

/// The signals that are sent of an event that speaks of consent.
#[inline(never)]
fn spoken<'e>(
    event: &Event<'_, 'e>,
    country: Country,
    log: &mut Log,
) -> Result<Consent<'e>, DropReason> {
    let (said, tcf, gpp) = signals(event, log);
    let decision = Decision::new(event, country, said)?;
    let mut consent = Consent::default();
    decision.put_signals(event.plan.config.consent.emit, tcf, gpp, &mut consent, log);
    Ok(consent)
}

/// What all sources say together, and the strings among them.
fn signals<'e>(
    event: &Event<'_, 'e>,
    log: &mut Log,
) -> (Flags, Option<ConsentString<'e>>, Option<ConsentString<'e>>) {
    let tcf = consent_string(event, Input::Tcf, "consent.tcf", Note::TcfUnreadable, tcf::read, log);
    let gpp = consent_string(event, Input::Gpp, "consent.gpp", Note::GppUnreadable, gpp::read, log);
    let words = amazon_words(event, log);
    let categories = category_signals(event, log);
    let strings = [tcf.as_ref(), gpp.as_ref()].into_iter().flatten();
    (strings.fold(words.joined(categories), |all, string| all.joined(string.says)), tcf, gpp)
}

/// The flags as they are sent; `None` is left out.
struct Decision {
    user_data: Option<ConsentStatus>,
    ad_storage: Option<ConsentStatus>,
}

impl Decision {
    fn new(event: &Event<'_, '_>, country: Country, said: Flags) -> Result<Self, DropReason> {
        let config = &event.plan.config.consent;
        let opt_in = event.plan.opt_in.has(country);
        let drop_denied = match config.on_denied {
            OnDenied::Auto => opt_in,
            OnDenied::Drop => true,
            OnDenied::Send => false,
        };
        if drop_denied && said.any(Signal::Denied) {
            return Err(DropReason::ConsentDenied);
        }
        let unknown = match config.when_unknown {
            WhenUnknown::Omit if !opt_in => None,
            WhenUnknown::Auto | WhenUnknown::Grant if !opt_in => Some(ConsentStatus::Granted),
            _ if said.any(Signal::Unknown) => return Err(DropReason::ConsentMissing),
            _ => None,
        };
        let status = |signal| match signal {
            Signal::Granted => Some(ConsentStatus::Granted),
            Signal::Denied => Some(ConsentStatus::Denied),
            Signal::Unknown => unknown,
        };
        Ok(Decision { user_data: status(said.user_data), ad_storage: status(said.ad_storage) })
    }

    /// Whether a string, read alone, says what was decided.
    fn is_said_by(&self, string: &ConsentString<'_>) -> bool {
        let same = |decided, said| match decided {
            Some(ConsentStatus::Granted) => said == Signal::Granted,
            Some(ConsentStatus::Denied) => said == Signal::Denied,
            None => said == Signal::Unknown,
        };
        same(self.user_data, string.says.user_data) && same(self.ad_storage, string.says.ad_storage)
    }

    /// Amazon's own words for the decision. Its schema wants `amznUserData` in the object, so a lone no to storage is a
    /// no to both: leaving it out would lose the no, and a yes would be invented.
    fn amazon_consent(&self) -> Option<AmazonConsent> {
        let denied = self.ad_storage.filter(|status| *status == ConsentStatus::Denied);
        let user_data = self.user_data.or(denied)?;
        Some(AmazonConsent { amzn_user_data: user_data, amzn_ad_storage: self.ad_storage })
    }

    /// Puts the strongest signal that says no more than was decided, or all of them (`emit`).
    fn put_signals<'e>(
        &self,
        emit: Emit,
        tcf: Option<ConsentString<'e>>,
        gpp: Option<ConsentString<'e>>,
        consent: &mut Consent<'e>,
        log: &mut Log,
    ) {
        let mut take = |string: Option<ConsentString<'e>>| {
            let string = string?;
            if self.is_said_by(&string) {
                Some(string.text)
            } else {
                log.note(Note::ConsentStringLeftOut);
                None
            }
        };
        (consent.tcf, consent.gpp) = (take(tcf), take(gpp));
        if emit == Emit::One && consent.tcf.is_some() {
            consent.gpp = None;
        }
        if emit == Emit::All || (consent.tcf.is_none() && consent.gpp.is_none()) {
            consent.amazon_consent = self.amazon_consent();
        }
    }
}

/// `context.ip`, if it is an address.
#[inline(never)]
fn geo<'e>(event: &Event<'_, 'e>, log: &mut Log) -> Option<Geo<'e>> {
    event.first(Input::Ip, "consent.geo.ipAddress", log, |value, log| {
        match value.text().filter(|text| is_ip_address(text)) {
            Some(ip_address) => Ok(Geo { ip_address }),
            None => {
                log.note(Note::InvalidIpAddress);
                Err(Unusable::WrongType)
            }
        }
    })
}

fn consent_string<'e>(
    event: &Event<'_, 'e>,
    input: Input,
    field: &'static str,
    unreadable: Note,
    read: fn(&str) -> Option<Flags>,
    log: &mut Log,
) -> Option<ConsentString<'e>> {
    let string = event.first(input, field, log, |value, log| {
        let text = value.rare_text().ok_or(Unusable::WrongType)?;
        match read(&text) {
            Some(says) => Ok(ConsentString { text, says }),
            None => {
                log.note(unreadable);
                Err(Unusable::SaysNothing)
            }
        }
    })?;
    log.says(string.says);
    Some(string)
}

/// Amazon's own words. All places count, not only the first: a no anywhere is a no.
fn amazon_words<'e>(event: &Event<'_, 'e>, log: &mut Log) -> Flags {
    let fixed = &event.plan.fixed;
    let mut flag = |field, sources: &'e Sources, says: fn(Signal) -> Flags| {
        event.values(sources).fold(Signal::Unknown, |all, (path, value)| {
            let signal = words::consent(value);
            log.take_up();
            log.tried(
                field,
                path,
                value,
                (signal == Signal::Unknown).then_some(Unusable::SaysNothing),
            );
            log.says(says(signal));
            all.joined(signal)
        })
    };
    Flags {
        user_data: flag("consent.amazonConsent.amznUserData", &fixed.user_data, |signal| Flags {
            user_data: signal,
            ..Flags::UNKNOWN
        }),
        ad_storage: flag("consent.amazonConsent.amznAdStorage", &fixed.ad_storage, |signal| {
            Flags { ad_storage: signal, ..Flags::UNKNOWN }
        }),
    }
}

fn category_signals<'e>(event: &Event<'_, 'e>, log: &mut Log) -> Flags {
    let (config, fixed) = (&event.plan.config.consent, &event.plan.fixed);
    let mut all = Flags::UNKNOWN;
    let mut add = |sources: &'e Sources, read: &dyn Fn(Json<'_>) -> Flags| {
        for (path, value) in event.values(sources) {
            let says = read(value);
            log.take_up();
            log.tried(
                "consent.amazonConsent",
                path,
                value,
                (says == Flags::UNKNOWN).then_some(Unusable::SaysNothing),
            );
            log.says(says);
            all = all.joined(says);
        }
    };
    add(event.plan.input(Input::OptOut), &|value| categories::opt_out_map(config, value));
    add(&fixed.category_preferences, &|value| categories::preferences(config, value));
    add(&fixed.allowed_ids, &|value| categories::ids(config, value, Signal::Granted));
    add(&fixed.denied_ids, &|value| categories::ids(config, value, Signal::Denied));
    add(&fixed.one_trust, &|value| categories::one_trust(config, value));
    add(&fixed.google, &categories::google);
    all
}
