//! Amazon's click tokens: the `aref` parameter Amazon puts into the link of an ad.

use crate::event::Event;
use crate::time::Instant;
use crate::trace::{Log, Unusable};

/// Amazon's tag keeps tokens of ten characters.
const TOKEN_CHARS: usize = 10;

/// `token.epoch-milliseconds`, if the landing page's address has a token and the config asks for it. The time is the
/// event's arrival, as the tag notes when it first sees a token.
pub(crate) fn tokens(event: &Event<'_, '_>, time: Instant, log: &mut Log) -> Option<String> {
    if !event.plan.config.extras.aref {
        return None;
    }
    event.first_of(&event.plan.fixed.landing_url, "arefMeasurementTokens", log, |value, _| {
        let url = value.text().ok_or(Unusable::WrongType)?;
        let query = url
            .split_once('?')
            .map_or("", |(_, query)| query.split('#').next().unwrap_or_default());
        let token =
            query.split('&').find_map(|pair| pair.strip_prefix("aref=")).unwrap_or_default();
        let is_token = token.len() == TOKEN_CHARS
            && token.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
        if is_token { Ok(format!("{token}.{}", time.0)) } else { Err(Unusable::NotRecognised) }
    })
}
