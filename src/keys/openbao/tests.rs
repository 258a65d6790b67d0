//! R10: what a server of several nodes may answer, and one node never does: nothing of it is taken for a key that is gone.

use std::sync::Mutex as Scripted;

use axum::{
    Router,
    extract::Request,
    http::{Method, StatusCode},
};

use super::*;

/// Answers to GET of the mount's settings, GET of the key, POST of nothing to the active node, POST of a new key.
#[derive(Clone, Copy)]
struct Answers {
    settings: (u16, &'static str),
    read: (u16, &'static str),
    active: (u16, &'static str),
    create: (u16, &'static str),
}

const KEY: &str = r#"{"type": "aes256-gcm96", "keys": {"1": 1700000000}}"#;
const NO_KEY: (u16, &str) = (404, r#"{"errors": []}"#);
const NO_MOUNT: (u16, &str) = (404, r#"{"errors": ["no handler for route 'ringfence-phi/keys/acme'"]}"#);
const GONE: (u16, &str) = (400, r#"{"errors": ["no existing key named acme could be found"]}"#);
const NO_ACTIVE: (u16, &str) = (500, r#"{"errors": ["local node not active but active cluster node not found"]}"#);

const WELL: Answers = Answers {
    settings: (200, r#"{"disable_upsert": true}"#),
    read: (200, KEY),
    active: (200, KEY),
    create: (200, KEY),
};

/// A logged-in client of a server that answers so.
async fn asked(answers: Arc<Scripted<Answers>>) -> OpenBao {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let answer = move |request: Request| async move {
        let now = *answers.lock().unwrap();
        let path = request.uri().path();
        let (code, body) = match (request.method(), path.ends_with("/config/keys"), path.ends_with("/config")) {
            (_, true, _) => now.settings,
            (&Method::POST, _, true) => now.active,
            (&Method::POST, ..) => now.create,
            _ => now.read,
        };
        let envelope = r#""request_id": "", "lease_id": "", "lease_duration": 0, "renewable": false"#;
        let body = if code == 200 { format!("{{{envelope}, \"data\": {body}}}") } else { body.to_owned() };
        (StatusCode::from_u16(code).unwrap(), body)
    };
    tokio::spawn(async move { axum::serve(listener, Router::new().fallback(answer)).await });
    let settings =
        VaultClientSettingsBuilder::default().address(&address).token("t").verify(true).ca_certs(vec![]).build();
    let client = Arc::new(VaultClient::new(settings.unwrap()).unwrap());
    let renew_at = Instant::now() + Duration::from_secs(600);
    OpenBao {
        settings: serde_json::from_value(serde_json::json!({
            "address": address, "caBundle": "", "authMount": "kubernetes", "role": "ringfence-operator",
        }))
        .unwrap(),
        token_file: PathBuf::new(),
        session: Mutex::new(Some(Session { client, renew_at })),
        mounts: Mutex::default(),
    }
}

async fn read(answers: Answers) -> Result<Fact<Key>, Trouble> {
    asked(Arc::new(Scripted::new(answers))).await.read(KeyPurpose::Phi, "acme").await
}

#[tokio::test]
async fn a_key_is_gone_only_when_the_active_node_says_so() {
    let stale = read(Answers { read: NO_KEY, ..WELL }).await;
    assert!(matches!(&stale, Err(Trouble::Unreachable(why)) if why.contains("standby")), "{stale:?}");
    let leaderless = read(Answers { read: NO_KEY, active: NO_ACTIVE, ..WELL }).await;
    assert!(matches!(leaderless, Err(Trouble::Unreachable(_))), "{leaderless:?}");
    let gone = read(Answers { read: NO_KEY, active: GONE, ..WELL }).await;
    assert!(matches!(gone, Ok(Fact::Absent)), "{gone:?}");
}

#[tokio::test]
async fn a_key_that_is_looked_for_is_there_when_the_active_node_says_so() {
    let look_for =
        async |answers| asked(Arc::new(Scripted::new(answers))).await.look_for(KeyPurpose::Phi, "acme").await;
    assert_eq!(look_for(Answers { read: NO_ACTIVE, active: GONE, ..WELL }).await, Ok(Fact::Absent));
    let found = look_for(WELL).await;
    assert!(matches!(&found, Ok(Fact::Known(key)) if key.created == 1_700_000_000), "{found:?}");
    let leaderless = look_for(Answers { read: NO_KEY, active: NO_ACTIVE, ..WELL }).await;
    assert!(matches!(leaderless, Err(Trouble::Unreachable(_))), "{leaderless:?}");
    let stale = look_for(Answers { read: NO_KEY, ..WELL }).await;
    assert!(matches!(stale, Err(Trouble::Unreachable(_))), "{stale:?}");
    let missing = look_for(Answers { read: NO_MOUNT, active: NO_MOUNT, ..WELL }).await;
    assert_eq!(missing, Err(Trouble::MountMissing("ringfence-phi".into())));
}

#[tokio::test]
async fn a_mount_is_gone_only_when_the_active_node_says_so() {
    for stale in [Answers { settings: NO_MOUNT, ..WELL }, Answers { read: NO_MOUNT, ..WELL }] {
        let told = read(stale).await;
        assert!(matches!(told, Err(Trouble::Unreachable(_))), "{told:?}");
        let told = read(Answers { active: NO_MOUNT, ..stale }).await;
        assert_eq!(told, Err(Trouble::MountMissing("ringfence-phi".into())));
    }
}

#[tokio::test]
async fn a_creation_that_failed_may_have_been_done_and_is_read_back() {
    let answers = Arc::new(Scripted::new(Answers {
        read: NO_KEY,
        active: GONE,
        create: (500, r#"{"errors": ["leadership lost while committing log"]}"#),
        ..WELL
    }));
    let keys = asked(answers.clone()).await;
    assert_eq!(keys.read(KeyPurpose::Phi, "acme").await, Ok(Fact::Absent));
    let made = keys.create(KeyPurpose::Phi, "acme", 3600).await;
    assert!(matches!(made, Err(Trouble::Unreachable(_))), "{made:?}");
    answers.lock().unwrap().read = (200, KEY);
    let known = keys.read(KeyPurpose::Phi, "acme").await;
    assert!(matches!(&known, Ok(Fact::Known(key)) if key.created == 1_700_000_000), "{known:?}");
}

#[tokio::test]
async fn refusals_are_told_apart() {
    let body = r#"{"errors": ["no"]}"#;
    let cases = [
        ((429, body), Trouble::Limited("reading a key of ringfence-phi".into())),
        ((403, body), Trouble::Denied("reading a key of ringfence-phi".into())),
        ((503, r#"{"errors": ["Vault is sealed"]}"#), Trouble::Sealed),
    ];
    for (answer, trouble) in cases {
        assert_eq!(read(Answers { read: answer, ..WELL }).await, Err(trouble));
    }
    let told = read(Answers { settings: (200, r#"{"disable_upsert": false}"#), ..WELL }).await;
    let Ok(Fact::Known(key)) = told else { panic!("{told:?}") };
    assert!(key.wrong.iter().any(|w| w.contains("disable_upsert")), "{:?}", key.wrong);
}
