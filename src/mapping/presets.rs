//! The built-in event tables, as data.

use crate::amazon::ConversionType::{self, *};
use crate::config::Preset;

/// MetaRouter's starter kit "Amazon DSP Events": event name or type, in lower case, and what it is at Amazon.
const METAROUTER: [(&str, ConversionType); 11] = [
    ("page", PageView),
    ("screen", PageView),
    ("checkout started", Checkout),
    ("order completed", OffAmazonPurchases),
    ("product added", AddToShoppingCart),
    ("product removed", Other),
    ("product clicked", Other),
    ("product list viewed", PageView),
    ("product viewed", PageView),
    ("cart viewed", PageView),
    ("products searched", Search),
];

/// What the presets of Segment's Amazon destination have beyond that. Application Installed, not Opened: an app is
/// started for the first time once.
const SEGMENT: [(&str, ConversionType); 6] = [
    ("signed up", SignUp),
    ("subscription created", Subscribe),
    ("lead generated", Lead),
    ("callback started", Contact),
    ("application submitted", Application),
    ("application installed", MobileAppFirstStart),
];

/// The preset's table.
pub(crate) fn rules(preset: Preset) -> impl Iterator<Item = (&'static str, ConversionType)> {
    let more: &[_] = match preset {
        Preset::Metarouter => &[],
        Preset::Segment => &SEGMENT,
    };
    METAROUTER.iter().chain(more).copied()
}

/// What the preset makes of an event; `key` as by [`super::event_key`].
pub(crate) fn rule(preset: Preset, key: &str) -> Option<ConversionType> {
    rules(preset).find(|(name, _)| *name == key).map(|(_, conversion_type)| conversion_type)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mapping::event_name;

    #[test]
    fn the_presets_names_are_as_amazon_takes_them() {
        for (name, _) in rules(Preset::Segment) {
            assert_eq!(event_name(name), (name.to_owned(), false));
        }
    }
}
