//! Whether the key service answers as itself and is ready to serve.

use super::{
    clock,
    report::{Check, Finding, Level},
};
use crate::{
    fact::Fact,
    keys::{Health, Trouble},
};

/// What became of asking it. `Unknown`: there is no address to ask at, and why.
pub type Answered = Fact<(String, Result<Health, Trouble>)>;

/// Judges what it told of itself.
#[must_use]
pub fn judge(answered: &Answered) -> Check {
    let findings = match answered {
        Fact::Known((address, Ok(health))) => {
            let ahead = health.ahead.map_or(Fact::Absent, Fact::Known);
            vec![state(address, health.code), clock::judge("key service", &ahead)]
        }
        Fact::Known((address, Err(trouble))) => vec![silent(address, trouble)],
        Fact::Absent => {
            let todo = "Apply RingfenceConfig/cluster, as manifests/examples/00-config.yaml";
            vec![Finding::to_do(Level::Wrong, "RingfenceConfig/cluster", "is not there, and with it no address", todo)]
        }
        other => vec![Finding::unknown("RingfenceConfig/cluster", other.doubt().unwrap_or_default())],
    };
    Check::new("key-service", findings)
}

fn state(address: &str, code: u16) -> Finding {
    let wrong = |what, todo| Finding::to_do(Level::Wrong, address, what, todo);
    match code {
        200 => Finding::ok(address, "is trusted by keyService.caBundle, unsealed and active"),
        429 | 473 => Finding::ok(address, "is trusted by keyService.caBundle, unsealed, and a standby"),
        472 => wrong("is a copy for disasters, which serves nobody", "Set keyService.address to the primary"),
        501 => wrong("is not initialised", "Initialise it, then run manifests/openbao/bootstrap.sh"),
        503 => wrong("is sealed: no key can be used", "Unseal it"),
        code => Finding::unknown(address, &format!("it answers sys/health with {code}; see what answers there")),
    }
}

fn silent(address: &str, trouble: &Trouble) -> Finding {
    let why = trouble.to_string();
    match trouble {
        Trouble::Untrusted => {
            let (what, todo) = why.split_once("; ").unwrap_or((&why, "see who answers there"));
            Finding::to_do(Level::Wrong, address, what, todo)
        }
        _ => Finding::unknown(
            address,
            &format!(
                "{}; run ringfence doctor where the address can be reached, such as in a pod",
                why.split("; ").next().unwrap_or_default()
            ),
        ),
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;

    fn level(answer: Result<Health, Trouble>) -> (Level, String) {
        let check = judge(&Fact::Known(("https://keys".into(), answer)));
        (check.result, check.findings.iter().map(|f| f.what.as_str()).collect::<Vec<_>>().join("\n"))
    }

    #[test]
    fn only_a_trusted_unsealed_key_service_is_ok() {
        let health = |code, seconds| Ok(Health { code, ahead: Some(SignedDuration::from_secs(seconds)) });
        for (answer, wanted, word) in [
            (health(200, 0), Level::Ok, "active"),
            (health(429, 0), Level::Ok, "standby"),
            (health(472, 0), Level::Wrong, "disasters"),
            (health(501, 0), Level::Wrong, "initialised"),
            (health(503, 0), Level::Wrong, "sealed"),
            (health(404, 0), Level::Unknown, "404"),
            (health(200, 90), Level::Wrong, "90 s"),
            (Ok(Health { code: 200, ahead: None }), Level::Unknown, "no time"),
            (Err(Trouble::Untrusted), Level::Wrong, "certificate"),
            (Err(Trouble::Unreachable("no connection".into())), Level::Unknown, "no connection"),
        ] {
            let (got, what) = level(answer);
            assert!(got == wanted && what.contains(word), "{wanted:?} {word}: {got:?} {what}");
        }
        assert_eq!(judge(&Fact::Absent).result, Level::Wrong);
        assert_eq!(judge(&Fact::Unknown("no; bind".into())).result, Level::Unknown);
    }
}
