//! R08, R09: a tenant's workloads use their own keys and nobody else's; the operator makes, tunes and suspends keys and
//! cannot use them. Every row is asked of the real OpenBao, with tokens that the real API server vouched for.

use anyhow::{Context, Result, ensure};
use k8s_openapi::{ByteString, api::core::v1::Namespace};
use kube::{Api, Client, api::DeleteParams};
use ringfence_e2e::{
    Bed, Options, audit::KeyEvent, identity, key_service::Session, manifests, openbao::OpenBao, promise::explained,
    wait,
};
use serde_json::{Value, json};
use std::collections::BTreeMap;

const MOUNTS: [&str; 2] = ["ringfence-phi", "ringfence-lookup"];
const A: &str = "bao-clinic-a";
const B: &str = "bao-clinic-b";
/// What A seals. It may be seen by A, and nowhere else.
const CANARY: &str = "canary: a recording of clinic a";

const FENCED: Option<&str> = Some("true");
const AUDIENCE: Option<&str> = Some("openbao");

const OK: &[u16] = &[200];
const DENIED: &[u16] = &[403];
/// Names that are no key's: whichever way the server refuses them, it is not by an answer.
const NO_SUCH: &[u16] = &[400, 403, 404];

/// One request, and the only answers that it may get.
struct Row(&'static str, String, Value, &'static [u16]);

/// Rows with the same answers. `null` is no body.
fn rows<const N: usize>(answers: &'static [u16], requests: [(&'static str, String, Value); N]) -> Vec<Row> {
    requests.into_iter().map(|(method, path, body)| Row(method, path, body, answers)).collect()
}

/// What the operator does with a key from its making to its resumption. In this order: the rows are one key's life.
fn operator_tends(key: &str) -> Vec<Row> {
    let mut all = Vec::new();
    for m in MOUNTS {
        let key = format!("{m}/keys/{key}");
        all.extend(rows(&[404], [("GET", key.clone(), Value::Null)]));
        let made = match m {
            "ringfence-phi" => json!({"type": "aes256-gcm96", "auto_rotate_period": "2160h"}),
            _ => json!({"type": "aes256-gcm96"}),
        };
        all.extend(rows(
            OK,
            [
                ("POST", key.clone(), made),
                ("GET", key.clone(), Value::Null),
                ("LIST", format!("{m}/keys"), Value::Null),
                ("POST", format!("{key}/config"), json!({})),
                ("DELETE", format!("{key}/soft-delete"), Value::Null),
                ("GET", key.clone(), Value::Null),
                ("POST", format!("{key}/soft-delete-restore"), json!({})),
                ("GET", format!("{m}/config/keys"), Value::Null),
                ("GET", format!("sys/mounts/{m}"), Value::Null),
            ],
        ));
    }
    let config = format!("ringfence-phi/keys/{key}/config");
    all.extend(rows(
        OK,
        [
            ("POST", config.clone(), json!({"auto_rotate_period": "720h"})),
            ("POST", config, json!({"min_decryption_version": 1, "min_encryption_version": 1})),
            ("GET", "sys/audit".into(), Value::Null),
            ("GET", "sys/auth/kubernetes".into(), Value::Null),
            ("GET", "sys/policies/acl/ringfence-tenant".into(), Value::Null),
            ("GET", "sys/policies/acl/ringfence-operator".into(), Value::Null),
            ("GET", "auth/kubernetes/role/ringfence-tenant".into(), Value::Null),
            ("GET", "auth/kubernetes/role/ringfence-operator".into(), Value::Null),
            ("GET", "auth/token/lookup-self".into(), Value::Null),
            ("POST", "auth/token/renew-self".into(), json!({})),
        ],
    ));
    all
}

/// What would let the operator, or whoever stole its token, read a tenant's data, lose a tenant's key, or give itself more.
/// Asked of a tenant's real key and ciphertext.
fn operator_is_denied(key: &str, sealed: &str) -> Vec<Row> {
    let mut all = Vec::new();
    for m in MOUNTS {
        for use_ in ["encrypt", "decrypt", "rewrap", "datakey/plaintext", "datakey/wrapped", "hmac", "sign", "verify"] {
            let body = json!({"plaintext": "aGk=", "input": "aGk=", "ciphertext": sealed});
            all.extend(rows(DENIED, [("POST", format!("{m}/{use_}/{key}"), body)]));
        }
        for change in ["rotate", "trim", "import", "import_version"] {
            all.extend(rows(
                DENIED,
                [("POST", format!("{m}/keys/{key}/{change}"), json!({"min_available_version": 1}))],
            ));
        }
        for kind in ["encryption-key", "hmac-key", "signing-key"] {
            all.extend(rows(DENIED, [("GET", format!("{m}/export/{kind}/{key}"), Value::Null)]));
        }
        for loose in ["deletion_allowed", "exportable", "allow_plaintext_backup"] {
            let config = format!("{m}/keys/{key}/config");
            all.extend(rows(
                DENIED,
                [
                    ("POST", config.clone(), json!({loose: true})),
                    ("POST", config, json!({"min_decryption_version": 1, loose: true})),
                ],
            ));
        }
        for made in [
            json!({"type": "rsa-2048"}),
            json!({"exportable": true}),
            json!({"derived": true}),
            json!({"allow_plaintext_backup": true}),
        ] {
            all.extend(rows(DENIED, [("POST", format!("{m}/keys/{key}-loose"), made)]));
        }
        all.extend(rows(
            DENIED,
            [
                ("DELETE", format!("{m}/keys/{key}"), Value::Null),
                ("GET", format!("{m}/backup/{key}"), Value::Null),
                ("GET", format!("{m}/byok-export/{key}/{key}"), Value::Null),
                ("POST", format!("{m}/restore/{key}"), json!({"backup": "aGk="})),
                ("POST", format!("{m}/config/keys"), json!({"disable_upsert": false})),
                ("POST", format!("{m}/cache-config"), json!({"size": 0})),
                ("DELETE", format!("sys/mounts/{m}"), Value::Null),
                ("POST", format!("sys/mounts/{m}/tune"), json!({"description": "x"})),
            ],
        ));
    }
    // A rotated lookup key silently breaks every search.
    let lookup = format!("ringfence-lookup/keys/{key}");
    for body in [json!({"auto_rotate_period": "1h"}), json!({"min_decryption_version": 1})] {
        all.extend(rows(DENIED, [("POST", format!("{lookup}/config"), body)]));
    }
    let made = json!({"type": "aes256-gcm96", "auto_rotate_period": "1h"});
    all.extend(rows(DENIED, [("POST", format!("{lookup}-loose"), made)]));
    for path in [
        "sys/policies/acl/ringfence-operator",
        "sys/policies/acl/ringfence-tenant",
        "sys/policies/acl/other",
        "auth/kubernetes/role/ringfence-tenant",
        "auth/kubernetes/role/ringfence-operator",
        "auth/kubernetes/role/other",
        "auth/kubernetes/config",
        "sys/auth/kubernetes/tune",
        "sys/auth/other",
        "sys/mounts/other",
        "sys/audit/other",
        "sys/remount",
        "sys/seal",
        "sys/step-down",
        "auth/token/create",
        "auth/token/create-orphan",
        "identity/entity",
    ] {
        all.extend(rows(DENIED, [("POST", path.into(), json!({"policy": "", "type": "transit"}))]));
    }
    for path in [
        "sys/auth/kubernetes",
        "sys/policies/acl/ringfence-tenant",
        "auth/kubernetes/role/ringfence-tenant",
        "sys/audit/primary",
    ] {
        all.extend(rows(DENIED, [("DELETE", path.into(), Value::Null)]));
    }
    all.extend(rows(DENIED, [("GET", "sys/storage/raft/snapshot".into(), Value::Null)]));
    all
}

/// What a tenant's workload does with keys of this name.
fn uses(key: &str, sealed: &str, answers: &'static [u16]) -> Vec<Row> {
    let plain = json!({"plaintext": "aGk="});
    rows(
        answers,
        [
            ("POST", format!("ringfence-phi/encrypt/{key}"), plain),
            ("POST", format!("ringfence-phi/datakey/plaintext/{key}"), json!({})),
            ("POST", format!("ringfence-phi/datakey/wrapped/{key}"), json!({})),
            ("POST", format!("ringfence-phi/decrypt/{key}"), json!({"ciphertext": sealed})),
            ("POST", format!("ringfence-phi/rewrap/{key}"), json!({"ciphertext": sealed})),
            ("POST", format!("ringfence-lookup/hmac/{key}"), json!({"input": "aGk="})),
        ],
    )
}

/// What would let a tenant's workload see, change or lose a key, its own or another's, or get more than its role.
fn tenant_is_denied(own: &str, other: &str) -> Vec<Row> {
    let mut all = Vec::new();
    for m in MOUNTS {
        for key in [own, other] {
            let path = format!("{m}/keys/{key}");
            all.extend(rows(
                DENIED,
                [
                    ("GET", path.clone(), Value::Null),
                    ("POST", path.clone(), json!({"type": "aes256-gcm96"})),
                    ("DELETE", path.clone(), Value::Null),
                    ("DELETE", format!("{path}/soft-delete"), Value::Null),
                    ("POST", format!("{path}/soft-delete-restore"), json!({})),
                    ("POST", format!("{path}/rotate"), json!({})),
                    ("POST", format!("{path}/config"), json!({})),
                    ("POST", format!("{path}/config"), json!({"deletion_allowed": true})),
                    ("GET", format!("{m}/export/encryption-key/{key}"), Value::Null),
                    ("GET", format!("{m}/backup/{key}"), Value::Null),
                ],
            ));
        }
        all.extend(rows(
            DENIED,
            [
                ("LIST", format!("{m}/keys"), Value::Null),
                ("GET", format!("{m}/config/keys"), Value::Null),
                ("POST", format!("{m}/config/keys"), json!({"disable_upsert": false})),
                ("GET", format!("sys/mounts/{m}"), Value::Null),
            ],
        ));
    }
    // The lookup key computes indexes and does nothing else, so that an index cannot be turned back.
    for use_ in ["encrypt", "decrypt", "datakey/plaintext", "sign", "verify"] {
        let body = json!({"plaintext": "aGk=", "input": "aGk=", "ciphertext": "vault:v1:aGk="});
        all.extend(rows(DENIED, [("POST", format!("ringfence-lookup/{use_}/{own}"), body)]));
    }
    let (shorter, longer) = (&own[..own.len() - 1], format!("{own}-x"));
    for name in ["+", "*", "a%2f..%2fb", shorter, longer.as_str()] {
        all.extend(rows(NO_SUCH, [("POST", format!("ringfence-phi/encrypt/{name}"), json!({"plaintext": "aGk="}))]));
    }
    for path in [
        "sys/policies/acl/ringfence-tenant",
        "auth/kubernetes/role/ringfence-tenant",
        "auth/token/lookup-self",
        "sys/audit",
    ] {
        all.extend(rows(DENIED, [("GET", path.into(), Value::Null)]));
    }
    for path in ["auth/token/create", "auth/token/renew-self", "sys/policies/acl/ringfence-tenant", "sys/mounts/other"]
    {
        all.extend(rows(DENIED, [("POST", path.into(), json!({}))]));
    }
    all
}

/// Asks rows, and keeps the tally that the test prints.
#[derive(Default)]
struct Sheet {
    tally: BTreeMap<&'static str, [usize; 3]>,
    wrong: Vec<String>,
}

impl Sheet {
    async fn ask(&mut self, who: &'static str, session: &Session, rows: Vec<Row>) -> Result<()> {
        for Row(method, path, body, answers) in rows {
            let sent = (!body.is_null()).then_some(body);
            let (status, answer) = session.request(method, &path, sent).await?;
            self.note(who, status, answers, || format!("{method} {path}: {}", answer["errors"]));
        }
        Ok(())
    }

    /// Tries to log in, and forgets the token.
    async fn login(
        &mut self,
        who: &'static str,
        bao: &OpenBao,
        role: &str,
        jwt: &str,
        answers: &'static [u16],
    ) -> Result<()> {
        let body = json!({"role": role, "jwt": jwt});
        let (status, answer) = bao.anonymous()?.request("POST", "auth/kubernetes/login", Some(body)).await?;
        self.note(who, status, answers, || format!("login as {role}: {}", answer["errors"]));
        Ok(())
    }

    fn note(&mut self, who: &'static str, status: u16, answers: &[u16], what: impl Fn() -> String) {
        let [allowed, refused, wrong] = self.tally.entry(who).or_default();
        *(if status < 400 { allowed } else { refused }) += 1;
        if !answers.contains(&status) {
            *wrong += 1;
            self.wrong.push(format!("{who}: got {status}, want {answers:?}: {}", what()));
        }
    }

    fn holds(&mut self, fact: bool, otherwise: String) {
        if !fact {
            self.wrong.push(otherwise);
        }
    }

    fn requests(&self) -> usize {
        self.tally.values().map(|[allowed, refused, _]| allowed + refused).sum()
    }

    fn print(&self) {
        println!("{:<42} {:>8} {:>8} {:>8}", "identity", "allowed", "refused", "wrong");
        for (who, [allowed, refused, wrong]) in &self.tally {
            println!("{who:<42} {allowed:>8} {refused:>8} {wrong:>8}");
        }
        println!("{:<42} {:>8} requests", "", self.requests());
    }
}

#[tokio::test]
async fn each_identity_reaches_its_own_keys_and_nothing_else() -> Result<()> {
    // Without the guardrails: what OpenBao refuses here, it refuses alone.
    let bed = Bed::start_with(Options::BARE).await?;
    let mut sheet = Sheet::default();
    explained(&bed, "each_identity_reaches_its_own_keys", run(&bed, &mut sheet)).await?;
    sheet.print();
    ensure!(sheet.wrong.is_empty(), "{} answers are wrong:\n{}", sheet.wrong.len(), sheet.wrong.join("\n"));
    ensure!(sheet.requests() >= 150, "only {} requests", sheet.requests());
    Ok(())
}

async fn run(bed: &Bed, sheet: &mut Sheet) -> Result<()> {
    let (admin, bao) = (bed.admin().await?, bed.openbao());
    for (name, fenced) in
        [("ringfence-system", None), (A, FENCED), (B, FENCED), ("bao-plain", None), ("bao-unfenced", Some("false"))]
    {
        namespace(&admin, name, fenced).await?;
        for account in ["ringfence-operator", "ringfence-app"] {
            self::account(&admin, name, account).await?;
        }
    }
    logins(&admin, bao, sheet).await?;

    // The operator makes the keys; tenants use them; nobody does more.
    let operator = bed.key_login("ringfence-system", "ringfence-operator", "ringfence-operator").await?;
    let a = bed.key_login(A, "ringfence-app", "ringfence-tenant").await?;
    let b = bed.key_login(B, "ringfence-app", "ringfence-tenant").await?;
    sheet.ask("operator", &operator, operator_tends(A)).await?;
    sheet.ask("operator", &operator, operator_tends(B)).await?;
    let (sealed, sealed_by_b) = (seal(&a, A, CANARY).await?, seal(&b, B, "of b").await?);
    sheet.ask("tenant A", &a, uses(A, &sealed, OK)).await?;
    sheet.ask("tenant B", &b, uses(B, &sealed_by_b, OK)).await?;
    let (before, mark) = (keys(bao, A).await?, bao.audit().mark()?);
    sheet.ask("operator", &operator, operator_is_denied(A, &sealed)).await?;
    for (who, session, own, other) in [("tenant A", &a, A, B), ("tenant B", &b, B, A)] {
        sheet.ask(who, session, uses(other, &sealed, DENIED)).await?;
        sheet.ask(who, session, tenant_is_denied(own, other)).await?;
    }
    // A's ciphertext does not open under B's key either.
    let stolen = json!({"ciphertext": sealed});
    for use_ in ["decrypt", "rewrap"] {
        let path = format!("ringfence-phi/{use_}/{B}");
        sheet.ask("tenant B", &b, rows(&[400], [("POST", path, stolen.clone())])).await?;
    }
    let nobody = bao.anonymous()?;
    sheet.ask("nobody", &nobody, uses(A, &sealed, DENIED)).await?;
    sheet.ask("nobody", &nobody, tenant_is_denied(A, B)).await?;
    let leaver = bed.key_login("ringfence-system", "ringfence-operator", "ringfence-operator").await?;
    sheet.ask("operator", &leaver, rows(&[204], [("POST", "auth/token/revoke-self".into(), json!({}))])).await?;
    let read = ("GET", format!("ringfence-phi/keys/{A}"), Value::Null);
    sheet.ask("operator, token revoked", &leaver, rows(DENIED, [read])).await?;

    let (_, opened) = a.request("POST", &format!("ringfence-phi/decrypt/{A}"), Some(stolen.clone())).await?;
    sheet.holds(opened["data"]["plaintext"] == encoded(CANARY), "A does not open what A sealed".into());
    let after = keys(bao, A).await?;
    sheet.holds(before == after, format!("what was asked of A's keys changed them: {before:?}, now {after:?}"));

    // Refusals are on record under the name that the API server vouched for; what was sealed is not on record.
    let of_a = |event: &KeyEvent| event.auth["metadata"]["service_account_namespace"] == A;
    let answers = bao.audit().responses(mark, "")?;
    let on_record = answers.iter().filter(|event| of_a(event) && event.error.contains("permission denied")).count();
    let denied_a = denied(&uses(B, &sealed, DENIED)) + denied(&tenant_is_denied(A, B));
    sheet.holds(on_record >= denied_a, format!("{denied_a} requests of A were denied, {on_record} are on record"));
    let text = bao.audit().text()?;
    let seen = [CANARY, &encoded(CANARY), &sealed].iter().any(|canary| text.contains(canary));
    sheet.holds(!seen, "the audit log holds what A sealed".into());

    // Without the label there is no login, with it there is.
    let jwt = identity::token(&admin, A, "ringfence-app", AUDIENCE).await?;
    namespace(&admin, A, None).await?;
    sheet.login("tenant A, label taken away", bao, "ringfence-tenant", &jwt, DENIED).await?;
    namespace(&admin, A, FENCED).await?;
    sheet.login("tenant A, label back", bao, "ringfence-tenant", &jwt, OK).await?;

    // A suspended key serves nobody, not even with a token from before, and opens again when it is restored.
    let suspend = || rows(OK, [("DELETE", format!("ringfence-phi/keys/{A}/soft-delete"), Value::Null)]);
    let restore = || rows(OK, [("POST", format!("ringfence-phi/keys/{A}/soft-delete-restore"), json!({}))]);
    let decrypt = |answers| rows(answers, [("POST", format!("ringfence-phi/decrypt/{A}"), stolen.clone())]);
    sheet.ask("operator", &operator, suspend()).await?;
    sheet.ask("tenant A, key suspended", &a, decrypt(&[400])).await?;
    sheet.ask("operator", &operator, restore()).await?;
    sheet.ask("tenant A, key restored", &a, decrypt(OK)).await?;

    // A namespace made again under A's name, without the label: A's keys stay A's.
    sheet.ask("operator", &operator, suspend()).await?;
    let namespaces: Api<Namespace> = Api::all(admin.clone());
    namespaces.delete(A, &DeleteParams::default()).await?;
    wait::gone(&namespaces, A).await?;
    namespace(&admin, A, None).await?;
    account(&admin, A, "ringfence-app").await?;
    let again = identity::token(&admin, A, "ringfence-app", AUDIENCE).await?;
    sheet.login("A's name, made again without the label", bao, "ringfence-tenant", &again, DENIED).await?;
    sheet.login("A's account from before", bao, "ringfence-tenant", &jwt, DENIED).await?;
    sheet.ask("A's session from before", &a, decrypt(&[400])).await
}

/// Who may log in at all.
async fn logins(admin: &Client, bao: &OpenBao, sheet: &mut Sheet) -> Result<()> {
    let (tenant, operator) = ("ringfence-tenant", "ringfence-operator");
    for (who, namespace, account, audience, role, answers) in [
        ("operator", "ringfence-system", operator, AUDIENCE, operator, OK),
        ("operator", "ringfence-system", operator, AUDIENCE, tenant, DENIED),
        ("tenant A", A, "ringfence-app", AUDIENCE, tenant, OK),
        ("tenant A", A, "ringfence-app", AUDIENCE, operator, DENIED),
        ("tenant A", A, "ringfence-app", AUDIENCE, "no-such-role", &[400]),
        ("tenant B", B, "ringfence-app", AUDIENCE, tenant, OK),
        ("tenant's account, API server's audience", A, "ringfence-app", None, tenant, DENIED),
        ("tenant's account, another audience", A, "ringfence-app", Some("vault"), tenant, DENIED),
        ("other account of a tenant", A, operator, AUDIENCE, tenant, DENIED),
        ("namespace without the label", "bao-plain", "ringfence-app", AUDIENCE, tenant, DENIED),
        ("namespace labelled false", "bao-unfenced", "ringfence-app", AUDIENCE, tenant, DENIED),
        ("operator's namespace, tenants' account", "ringfence-system", "ringfence-app", AUDIENCE, tenant, DENIED),
        ("operator's name in a tenant's namespace", A, operator, AUDIENCE, operator, DENIED),
        ("operator's name in another namespace", "bao-plain", operator, AUDIENCE, operator, DENIED),
    ] {
        let jwt = identity::token(admin, namespace, account, audience).await?;
        sheet.login(who, bao, role, &jwt, answers).await?;
    }
    let jwt = identity::token(admin, A, "ringfence-app", AUDIENCE).await?;
    let (body, signature) = jwt.rsplit_once('.').context("a token has three parts")?;
    let forged = format!("{body}.{}", signature.chars().rev().collect::<String>());
    sheet.login("forged signature", bao, tenant, &forged, DENIED).await
}

async fn namespace(admin: &Client, name: &str, fenced: Option<&str>) -> Result<()> {
    let labels: BTreeMap<_, _> = fenced.map(|value| ("ringfence.dev/fenced", value)).into_iter().collect();
    let metadata = json!({"name": name, "labels": labels});
    manifests::apply(admin, json!({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata})).await.map(drop)
}

async fn account(admin: &Client, namespace: &str, name: &str) -> Result<()> {
    let metadata = json!({"name": name, "namespace": namespace});
    manifests::apply(admin, json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata})).await.map(drop)
}

async fn seal(session: &Session, key: &str, plain: &str) -> Result<String> {
    let body = json!({"plaintext": encoded(plain)});
    let answer = session.expect(200, "POST", &format!("ringfence-phi/encrypt/{key}"), Some(body)).await?;
    Ok(answer["data"]["ciphertext"].as_str().context("no ciphertext")?.into())
}

/// Both keys of a tenant, as the holder of the root token sees them.
async fn keys(bao: &OpenBao, key: &str) -> Result<[Value; 2]> {
    let root = bao.root()?;
    let [phi, lookup] = MOUNTS.map(|mount| format!("{mount}/keys/{key}"));
    let phi = root.expect(200, "GET", &phi, None).await?;
    let lookup = root.expect(200, "GET", &lookup, None).await?;
    Ok([phi["data"].clone(), lookup["data"].clone()])
}

fn denied(rows: &[Row]) -> usize {
    rows.iter().filter(|Row(.., answers)| *answers == DENIED).count()
}

/// Base64, as the transit engine takes and gives plaintext.
fn encoded(plain: &str) -> String {
    json!(ByteString(plain.into())).as_str().expect("bytes become a string").into()
}
