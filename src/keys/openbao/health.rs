//! What the key service tells anybody of itself: no token is shown and none is asked for.

use jiff::{SignedDuration, Timestamp};

use super::{endpoints::is_about_certificate, https};
use crate::{
    api,
    clock::{date, least_ahead},
    keys::Trouble,
};

/// The answer of `sys/health`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Health {
    /// Its code, which says all: 200 active, 429 and 473 standby, 472 a copy for disasters, 501 not initialised, 503 sealed.
    pub code: u16,
    /// The least by which its clock is ahead of ours, if it told its time.
    pub ahead: Option<SignedDuration>,
}

/// Asks for it, over TLS against the configured authorities.
///
/// # Errors
/// When nothing answers, or somebody whom the authorities do not vouch for.
pub async fn health(settings: &api::KeyService) -> Result<Health, Trouble> {
    let client = https(settings)?;
    let url = format!("{}/v1/sys/health", settings.address.trim_end_matches('/'));
    let sent = Timestamp::now();
    match client.get(&url).send().await {
        Ok(answer) => {
            let ahead = date(answer.headers()).map(|date| least_ahead(date, sent, Timestamp::now()));
            Ok(Health { code: answer.status().as_u16(), ahead })
        }
        Err(e) if is_about_certificate(&e) => Err(Trouble::Untrusted),
        Err(e) if e.is_timeout() => Err(Trouble::Unreachable("no answer in time".into())),
        Err(_) => Err(Trouble::Unreachable("no connection".into())),
    }
}
