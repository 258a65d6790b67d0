//! The key service, behind a narrow trait: read, create, tune. Nothing here can delete, export or use a key.

mod facts;
mod openbao;

use std::future::Future;

pub use facts::KeyFacts;
pub use openbao::{Health, OpenBao, health};
use sha2::{Digest, Sha256};

use crate::{api::KeyPurpose, fact::Fact};

/// Why the key service told nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// No answer, or one that says nothing (5xx, no active node).
    Unreachable(String),
    /// Its certificate is not of the configured authorities.
    Untrusted,
    /// It is asked too often: a rate quota.
    Limited(String),
    /// It is sealed.
    Sealed,
    /// It refused the operator's login; also when it cannot reach the API server that vouches for it.
    LoginRefused,
    /// It refused a request of the operator's.
    Denied(String),
    /// The active node confirms that the mount is not there, and so no key of it.
    MountMissing(String),
}

impl std::fmt::Display for Trouble {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Unreachable(why) => {
                write!(f, "the key service does not answer ({why}); see that it runs and can be reached")
            }
            Self::Untrusted => f.write_str(
                "the certificate of the key service is not of keyService.caBundle; put the authority there that signed it, or see who answers at its address",
            ),
            Self::Limited(what) => write!(f, "the key service limits {what} (HTTP 429); raise its rate quota"),
            Self::Sealed => f.write_str("the key service is sealed; unseal it"),
            Self::LoginRefused => f.write_str(
                "the key service refused the operator's login; see that it can reach the API server, and run manifests/openbao/bootstrap.sh again",
            ),
            Self::Denied(what) => {
                write!(f, "the key service refused {what}; run manifests/openbao/bootstrap.sh again")
            }
            Self::MountMissing(mount) => write!(
                f,
                "mount {mount}/ is gone with every key in it; restore the key service's snapshot (for an installation without tenants, run manifests/openbao/bootstrap.sh)"
            ),
        }
    }
}

/// What is known of one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// SHA-256 over mount, name, type and the creation time of version 1.
    pub fingerprint: String,
    /// Creation of version 1, unix seconds.
    pub created: i64,
    /// `auto_rotate_period`, seconds.
    pub rotation_seconds: i64,
    /// Whether it is suspended.
    pub soft_deleted: bool,
    /// What is set up otherwise than it must be, in words; empty when nothing is.
    pub wrong: Vec<String>,
}

/// The fingerprint of a key (hexadecimal).
#[must_use]
pub fn fingerprint(mount: &str, name: &str, r#type: &str, created: i64) -> String {
    let digest = Sha256::digest(format!("{mount}/{name}\n{type}\n{created}"));
    digest.iter().map(|b| format!("{b:02x}")).collect()
}

/// What Ringfence asks of a key service.
pub trait KeyService: Send + Sync {
    /// Reads a key. `Absent` only when the active node confirms that there is none.
    fn read(&self, purpose: KeyPurpose, name: &str) -> impl Future<Output = Result<Fact<Key>, Trouble>> + Send;

    /// As [`KeyService::read`], for a key that is most likely not there yet: then it costs less.
    fn look_for(&self, purpose: KeyPurpose, name: &str) -> impl Future<Output = Result<Fact<Key>, Trouble>> + Send {
        self.read(purpose, name)
    }

    /// Makes a key that is known to be absent; what exists is left as it is, so the caller reads it back.
    fn create(
        &self,
        purpose: KeyPurpose,
        name: &str,
        rotation_seconds: i64,
    ) -> impl Future<Output = Result<(), Trouble>> + Send;

    /// Sets the rotation period of the phi key.
    fn tune(&self, name: &str, rotation_seconds: i64) -> impl Future<Output = Result<(), Trouble>> + Send;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_tells_mount_name_type_and_time_apart() {
        let base = fingerprint("a", "b", "t", 1);
        assert_eq!(base.len(), 64);
        for other in [
            fingerprint("x", "b", "t", 1),
            fingerprint("a", "x", "t", 1),
            fingerprint("a", "b", "x", 1),
            fingerprint("a", "b", "t", 2),
        ] {
            assert_ne!(base, other);
        }
    }
}
