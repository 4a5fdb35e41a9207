//! Where each input is looked for unless the config says otherwise, as data.

use crate::config::Input;

impl Input {
    /// The built-in paths, keys joined by dots; the first usable one wins. Those under `traits` are also looked for under
    /// `context.traits`, right after.
    #[must_use]
    pub const fn paths(self) -> &'static [&'static str] {
        match self {
            Input::Email => &["traits.email", "properties.email"],
            Input::Phone => &["traits.phone", "properties.phone"],
            Input::FirstName => &["traits.firstName", "traits.first_name"],
            Input::LastName => &["traits.lastName", "traits.last_name"],
            Input::City => &["traits.address.city"],
            Input::State => &["traits.address.state"],
            Input::Postal => {
                &["traits.address.postalCode", "traits.address.postal_code", "traits.address.zip"]
            }
            Input::Address => &["traits.address.street"],
            Input::Maid => &["context.device.advertisingId"],
            Input::MatchId
            | Input::RampId
            | Input::RealId
            | Input::MerkleId
            | Input::KantarId
            | Input::Fip => &[],
            Input::UserId => &["userId"],
            Input::MessageId => &["messageId"],
            Input::EventTime => &["timestamp", "originalTimestamp", "sentAt", "receivedAt"],
            Input::Country => &[
                "traits.address.country",
                "traits.country",
                "properties.address.country",
                "properties.country",
                "context.location.country",
            ],
            Input::DeviceType => &["context.device.type"],
            Input::Ip => &["context.ip"],
            Input::UserAgent => &["context.userAgent"],
            Input::Tcf => &["context.consent.tcf", "context.consent.tcString", "properties.tcf"],
            Input::Gpp => &["context.consent.gpp", "context.consent.gppString", "properties.gpp"],
            Input::OptOut => &["context.consent.optOut"],
            Input::Products => &["properties.products"],
            Input::Currency => &["properties.currency"],
        }
    }
}
