//! OpenBao's transit keys over HTTPS, with tokens of the operator's own ServiceAccount.

mod endpoints;
#[cfg(test)]
mod endpoints_tests;
mod health;

use std::{
    collections::HashMap,
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use endpoints::{
    ConfigureKey, CreateKey, KEY_TYPE, ReadKey, ReadMountConfig, is_without_mount, login_trouble, trouble, understand,
};
pub use health::{Health, health};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Mutex;
use vaultrs::{
    client::{VaultClient, VaultClientSettingsBuilder},
    error::ClientError,
};

use super::{Key, KeyService, Trouble};
use crate::{
    api::{self, KeyPurpose},
    fact::{Fact, brief},
};

/// How long a request may take.
const TIMEOUT: Duration = Duration::from_secs(10);
/// How long good settings of a mount are believed; bad ones are looked at anew each time.
const MOUNT_AGE: Duration = Duration::from_secs(60);

/// TLS 1.2 or later against the configured authorities and no others; no environment variable counts.
fn https(settings: &api::KeyService) -> Result<reqwest::Client, Trouble> {
    let authorities = reqwest::Certificate::from_pem_bundle(settings.ca_bundle.as_bytes());
    let authorities =
        authorities.map_err(|_| Trouble::Unreachable("keyService.caBundle holds no certificate in PEM".into()))?;
    reqwest::Client::builder()
        .tls_certs_only(authorities)
        .min_tls_version(reqwest::tls::Version::TLS_1_2)
        .https_only(true)
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(TIMEOUT)
        .build()
        .map_err(|e| Trouble::Unreachable(brief(&e)))
}

struct Session {
    client: Arc<VaultClient>,
    renew_at: Instant,
}

/// One OpenBao server.
pub struct OpenBao {
    settings: api::KeyService,
    token_file: PathBuf,
    session: Mutex<Option<Session>>,
    /// Mounts that were seen to be set up as they must be, and when.
    mounts: Mutex<HashMap<&'static str, Instant>>,
}

impl OpenBao {
    /// The server of `settings`; the token in `token_file` is read anew at each login.
    #[must_use]
    pub fn new(settings: api::KeyService, token_file: PathBuf) -> Self {
        Self { settings, token_file, session: Mutex::new(None), mounts: Mutex::default() }
    }

    /// Whether this is the server of `settings`.
    #[must_use]
    pub fn is(&self, settings: &api::KeyService) -> bool {
        self.settings == *settings
    }

    /// A client with a live token: one login per token, not per request.
    async fn client(&self) -> Result<Arc<VaultClient>, Trouble> {
        let mut session = self.session.lock().await;
        if let Some(s) = session.as_ref().filter(|s| Instant::now() < s.renew_at) {
            return Ok(s.client.clone());
        }
        let jwt = tokio::fs::read_to_string(&self.token_file)
            .await
            .map_err(|e| Trouble::Unreachable(format!("the operator's token file cannot be read: {}", e.kind())))?;
        let jwt = SecretString::from(jwt.trim().to_owned());
        let mut client = self.connect()?;
        let login = vaultrs::auth::kubernetes::login(
            &client,
            &self.settings.auth_mount,
            &self.settings.role,
            jwt.expose_secret(),
        );
        let auth = login.await.map_err(|e| login_trouble(&e))?;
        let lasts = Duration::from_secs(auth.lease_duration.max(30));
        vaultrs::client::Client::set_token(&mut client, &auth.client_token);
        let client = Arc::new(client);
        *session = Some(Session { client: client.clone(), renew_at: Instant::now() + lasts * 2 / 3 });
        Ok(client)
    }

    fn connect(&self) -> Result<VaultClient, Trouble> {
        let http = https(&self.settings)?;
        let settings = VaultClientSettingsBuilder::default()
            .address(&self.settings.address)
            .token("")
            .verify(true)
            .timeout(Some(TIMEOUT))
            .ca_certs(vec![])
            .build()
            .map_err(|e| Trouble::Unreachable(brief(&e)))?;
        let mut client = VaultClient::new(settings).map_err(|e| trouble(&e, "the client"))?;
        client.http = rustify::clients::reqwest::Client::new(&self.settings.address, http);
        Ok(client)
    }

    /// Forgets the token when it was refused: it may have been revoked.
    async fn seen<T>(&self, answer: Result<T, Trouble>) -> Result<T, Trouble> {
        if matches!(answer, Err(Trouble::Denied(_))) {
            *self.session.lock().await = None;
        }
        answer
    }

    async fn upsert_disabled(&self, client: &VaultClient, mount: &'static str) -> Result<bool, ClientError> {
        if self.mounts.lock().await.get(mount).is_some_and(|at| at.elapsed() < MOUNT_AGE) {
            return Ok(true);
        }
        let config = vaultrs::api::exec_with_result(client, ReadMountConfig { mount }).await?;
        if config.disable_upsert {
            self.mounts.lock().await.insert(mount, Instant::now());
        }
        Ok(config.disable_upsert)
    }

    /// Asks the active node whether the key is there: a standby may answer 404 for a key, or a mount, that exists.
    async fn exists(&self, client: &VaultClient, mount: &'static str, name: &str) -> Result<bool, Trouble> {
        let ask = ConfigureKey { mount, name: name.into(), auto_rotate_period: None };
        match vaultrs::api::exec_with_result(client, ask).await {
            Ok(_) => Ok(true),
            Err(ClientError::APIError { code: 400, errors })
                if errors.iter().any(|e| e.contains("no existing key named")) =>
            {
                Ok(false)
            }
            Err(e) if is_without_mount(&e) => {
                self.mounts.lock().await.remove(mount);
                Err(Trouble::MountMissing(mount.into()))
            }
            Err(e) => Err(trouble(&e, &format!("asking {mount} whether a key is gone"))),
        }
    }

    async fn confirm_absent(
        &self,
        client: &VaultClient,
        mount: &'static str,
        name: &str,
    ) -> Result<Fact<Key>, Trouble> {
        match self.exists(client, mount, name).await? {
            true => Err(Trouble::Unreachable("a standby node answered with old data".into())),
            false => Ok(Fact::Absent),
        }
    }
}

impl OpenBao {
    async fn read_key(&self, mount: &'static str, name: &str) -> Result<Fact<Key>, Trouble> {
        let client = self.client().await?;
        let upsert_disabled = match self.upsert_disabled(&client, mount).await {
            Ok(disabled) => disabled,
            Err(ClientError::APIError { code: 404, .. }) => return self.confirm_absent(&client, mount, name).await,
            Err(e) => return Err(trouble(&e, &format!("reading {mount}/config/keys"))),
        };
        match vaultrs::api::exec_with_result(&*client, ReadKey { mount, name: name.into() }).await {
            Ok(raw) => Ok(Fact::Known(understand(mount, name, &raw, upsert_disabled))),
            Err(ClientError::APIError { code: 404, .. }) => self.confirm_absent(&client, mount, name).await,
            Err(e) => Err(trouble(&e, &format!("reading a key of {mount}"))),
        }
    }

    async fn find_key(&self, mount: &'static str, name: &str) -> Result<Fact<Key>, Trouble> {
        let client = self.client().await?;
        match self.exists(&client, mount, name).await {
            Ok(false) => Ok(Fact::Absent),
            // Whatever else it says, a read tells it better.
            _ => self.read_key(mount, name).await,
        }
    }

    async fn configure(&self, name: &str, rotation_seconds: i64) -> Result<(), Trouble> {
        let client = self.client().await?;
        let mount = KeyPurpose::Phi.mount();
        let period = Some(format!("{rotation_seconds}s"));
        let tune = ConfigureKey { mount, name: name.into(), auto_rotate_period: period };
        let tuned = vaultrs::api::exec_with_result(&*client, tune).await;
        tuned.map(|_| ()).map_err(|e| trouble(&e, &format!("setting the rotation of a key of {mount}")))
    }

    async fn make(&self, mount: &'static str, name: &str, period: Option<String>) -> Result<(), Trouble> {
        let client = self.client().await?;
        let make = CreateKey { mount, name: name.into(), r#type: KEY_TYPE, auto_rotate_period: period };
        let made = vaultrs::api::exec_with_result(&*client, make).await;
        made.map(|_| ()).map_err(|e| trouble(&e, &format!("creating a key of {mount}")))
    }
}

impl KeyService for OpenBao {
    async fn read(&self, purpose: KeyPurpose, name: &str) -> Result<Fact<Key>, Trouble> {
        self.seen(self.read_key(purpose.mount(), name).await).await
    }

    async fn look_for(&self, purpose: KeyPurpose, name: &str) -> Result<Fact<Key>, Trouble> {
        self.seen(self.find_key(purpose.mount(), name).await).await
    }

    async fn create(&self, purpose: KeyPurpose, name: &str, rotation_seconds: i64) -> Result<(), Trouble> {
        let period = (purpose == KeyPurpose::Phi).then(|| format!("{rotation_seconds}s"));
        self.seen(self.make(purpose.mount(), name, period).await).await
    }

    async fn tune(&self, name: &str, rotation_seconds: i64) -> Result<(), Trouble> {
        self.seen(self.configure(name, rotation_seconds).await).await
    }
}

#[cfg(test)]
mod tests;
