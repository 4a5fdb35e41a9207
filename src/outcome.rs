//! What became of an event: the outcome, the reason of a drop, and the notes. All codes are stable and stand here.

use crate::amazon::AmazonEvent;
use crate::codes::codes;
use crate::write::Writer;

codes! {
    /// Why an event was dropped. Checked in this order; the first that applies is the reason.
    pub enum DropReason {
        /// It could not be read as an event; the detail says why.
        InvalidEvent = "invalid_event",
        /// No rule takes events of this name or type, and `unmapped` is `drop`.
        UnmappedEvent = "unmapped_event",
        /// The rule for it is `false`.
        DisabledEvent = "disabled_event",
        /// It happened longer ago than `eventTime.lookbackDays`.
        EventTooOld = "event_too_old",
        /// It lies further ahead than `eventTime.maxFutureHours`.
        EventInFuture = "event_in_future",
        /// No input names a country, and there is no default.
        CountryMissing = "country_missing",
        /// A consent-required country, and no signal says that consent was given.
        ConsentMissing = "consent_missing",
        /// The person said no.
        ConsentDenied = "consent_denied",
        /// No usable identifier is left.
        NoMatchKey = "no_match_key",
    }
}

codes! {
    /// What is wrong with an [`DropReason::InvalidEvent`].
    pub enum Detail {
        /// Not JSON (RFC 8259), or not UTF-8.
        NotJson = "not_json",
        /// JSON, but not an object.
        NotAnObject = "not_an_object",
        /// More than 64 containers inside each other.
        TooDeep = "too_deep",
        /// More than 1 MiB.
        TooLarge = "too_large",
        /// `type` is missing (and there is no `event` either), or is no text.
        TypeUnusable = "type_unusable",
        /// A track event whose `event` is missing, empty or no text.
        EventUnusable = "event_unusable",
    }
}

codes! {
    /// What was repaired or left out. A note never changes the outcome.
    pub enum Note {
        /// The event's text had half a character (a lone surrogate); U+FFFD stands in its place.
        TextRepaired = "text_repaired",
        /// The event name had characters Amazon forbids, or was too long.
        NameCleaned = "name_cleaned",
        /// No usable time in the event: the time of mapping was taken.
        TimeDefaulted = "time_defaulted",
        /// No usable `messageId`: the event id was derived from the event's content.
        EventIdDerived = "event_id_derived",
        /// No input names a country: the default was taken.
        CountryDefaulted = "country_defaulted",
        /// The sum of the products, total, revenue and value are not all the same.
        AmountsDisagree = "amounts_disagree",
        /// No amount of the event could be used, though it has one.
        ValueUnusable = "value_unusable",
        /// An amount without a currency Amazon takes: both were left out.
        ValueWithoutCurrency = "value_without_currency",
        /// An identifier was no identifier (empty, a placeholder, malformed) and was left out.
        JunkIdentifier = "junk_identifier",
        /// The user id was hashed as EMAIL though it is not an address.
        UserIdNotAnAddress = "user_id_not_an_address",
        /// The advertising id was left out because ad tracking is off.
        AdTrackingDisabled = "ad_tracking_disabled",
        /// A TCF string could not be read, so it says nothing.
        TcfUnreadable = "tcf_unreadable",
        /// A GPP string could not be read, so it says nothing.
        GppUnreadable = "gpp_unreadable",
        /// A consent string says something else than was decided, so it was not sent.
        ConsentStringLeftOut = "consent_string_left_out",
        /// `context.ip` is no IP address and was left out.
        InvalidIpAddress = "invalid_ip_address",
        /// A custom data name or value had characters Amazon forbids, or was too long.
        CustomDataCleaned = "custom_data_cleaned",
        /// The user agent was cut at 512 characters.
        UserAgentCut = "user_agent_cut",
    }
}

/// The one final word of the core on one event.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome<'a> {
    /// It is an Amazon event now.
    Mapped {
        /// What goes to Amazon.
        event: Box<AmazonEvent<'a>>,
        /// What was repaired or left out, each once.
        notes: Vec<Note>,
    },
    /// It is not to be sent.
    Dropped {
        /// Why.
        reason: DropReason,
        /// What exactly, for [`DropReason::InvalidEvent`].
        detail: Option<Detail>,
        /// What was found before it was dropped.
        notes: Vec<Note>,
    },
}

impl<'a> Outcome<'a> {
    /// The Amazon event, if there is one.
    #[must_use]
    pub fn into_event(self) -> Option<AmazonEvent<'a>> {
        match self {
            Outcome::Mapped { event, .. } => Some(*event),
            Outcome::Dropped { .. } => None,
        }
    }

    /// The same outcome, with nothing borrowed.
    #[must_use]
    pub fn into_owned(self) -> Outcome<'static> {
        match self {
            Outcome::Mapped { event, notes } => {
                Outcome::Mapped { event: Box::new(event.into_owned()), notes }
            }
            Outcome::Dropped { reason, detail, notes } => {
                Outcome::Dropped { reason, detail, notes }
            }
        }
    }

    /// The notes, whatever the outcome.
    #[must_use]
    pub fn notes(&self) -> &[Note] {
        match self {
            Outcome::Mapped { notes, .. } | Outcome::Dropped { notes, .. } => notes,
        }
    }

    /// The reason and its detail, if it was dropped.
    #[must_use]
    pub fn reason(&self) -> Option<(DropReason, Option<Detail>)> {
        match self {
            Outcome::Mapped { .. } => None,
            Outcome::Dropped { reason, detail, .. } => Some((*reason, *detail)),
        }
    }

    /// As JSON: `{"outcome":"mapped","event":{…},"notes":[…]}` or
    /// `{"outcome":"dropped","reason":"…","detail":"…","notes":[…]}`, the detail only where there is one.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut out = Writer::with_capacity(1024);
        match self {
            Outcome::Mapped { event, .. } => {
                out.literal(br#"{"outcome":"mapped","event":"#);
                event.write_json(&mut out);
            }
            Outcome::Dropped { reason, detail, .. } => {
                out.literal(br#"{"outcome":"dropped","reason":"#);
                out.word(reason.as_str());
                if let Some(detail) = detail {
                    out.literal(br#","detail":"#);
                    out.word(detail.as_str());
                }
            }
        }
        out.literal(br#","notes":"#);
        self.write_notes(&mut out);
        out.literal(b"}");
        out.into_string()
    }

    pub(crate) fn write_notes(&self, out: &mut Writer) {
        out.literal(b"[");
        for (index, note) in self.notes().iter().enumerate() {
            if index > 0 {
                out.literal(b",");
            }
            out.word(note.as_str());
        }
        out.literal(b"]");
    }
}
