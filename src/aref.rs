//! Amazon's click tokens: the `aref` parameter Amazon puts into the link of an ad.

use crate::event::Event;
use crate::log::{Log, Unusable};
use crate::time::Instant;

/// Amazon's tag keeps tokens of ten characters.
const TOKEN_CHARS: usize = 10;
/// Epoch milliseconds, from 2001 to 2286.
const TIME_DIGITS: usize = 13;

/// `token.epoch-milliseconds`, if the landing page's address has a token. The time is the
/// event's, unless the token brings its own.
#[inline(never)]
pub(crate) fn tokens(event: &Event<'_, '_>, time: Instant, log: &mut Log) -> Option<String> {
    event.first_of(&event.plan.landing_url, "arefMeasurementTokens", log, |value, _| {
        let url = value.rare_text().ok_or(Unusable::WrongType)?;
        let query = url
            .split_once('?')
            .map_or("", |(_, query)| query.split('#').next().unwrap_or_default());
        let token =
            query.split('&').find_map(|pair| pair.strip_prefix("aref=")).unwrap_or_default();
        let (id, own_time) = token.split_once('.').unwrap_or((token, ""));
        let is_token = id.len() == TOKEN_CHARS
            && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
        let is_time =
            own_time.len() == TIME_DIGITS && own_time.bytes().all(|byte| byte.is_ascii_digit());
        match own_time {
            "" if is_token => Ok(format!("{id}.{}", time.0)),
            _ if is_token && is_time => Ok(token.to_owned()),
            _ => Err(Unusable::NotRecognised),
        }
    })
}
