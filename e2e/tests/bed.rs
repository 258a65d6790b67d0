//! The bed keeps its own promises: everything is Ready, nodes come and go, both audit logs answer, everybody can log in,
//! and no server outlives the process that holds it.

use anyhow::{Context, Result, ensure};
use k8s_openapi::api::{
    authentication::v1::SelfSubjectReview,
    core::v1::{ConfigMap, Namespace, Pod, ServiceAccount},
};
use kube::{
    Api, Client,
    api::{ListParams, PostParams},
};
use ringfence_e2e::{
    Bed, Options,
    audit::{ApiEvent, Mark},
    manifests,
    nodes::{self, NodeSpec},
    promise::{explained, promise},
    shared,
    tenant::unique,
    tools::{repository, tool},
    wait::{self, Look},
};
use serde_json::json;
use std::{
    fs,
    io::{BufRead, BufReader, Read},
    path::Path,
    process::{Command, Stdio},
};

#[tokio::test]
async fn the_bed_starts_with_everything_ready() -> Result<()> {
    promise("the_bed_starts_with_everything_ready", async |bed| {
        let admin = bed.admin().await?;
        let kinds = kube::discovery::group(&admin, "ringfence.dev").await?;
        ensure!(kinds.resources_by_stability().len() == 7, "seven kinds of Ringfence's are served");
        let (code, body) = bed.openbao().anonymous()?.request("GET", "sys/health", None).await?;
        ensure!(code == 200 && body["sealed"] == false, "{code} {body}");
        let audits = bed.openbao().root()?.expect(200, "GET", "sys/audit", None).await?;
        ensure!(audits["data"].as_object().is_some_and(|devices| devices.len() == 2), "{audits}");
        ensure!(bed.pids().len() == 6, "{:?}", bed.pids());
        ensure!(bed.pids().into_iter().all(runs));
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_pod_runs_on_a_node_and_a_node_can_fail_fall_silent_heal_and_go() -> Result<()> {
    promise("a_pod_runs_on_a_node", async |bed| {
        let admin = bed.admin().await?;
        let (one, two) = (unique("node"), unique("node"));
        let spec = NodeSpec::named(&one)
            .zone("zone-a")
            .label("example.dev/pool", &one)
            .taint("example.dev/pool", "mine", "NoExecute")
            .capacity("2", "4Gi", "10")
            .system_uuid("4c4c4544");
        let other = NodeSpec::named(&two);
        let (node, _) = tokio::try_join!(nodes::add(&admin, &spec), nodes::add(&admin, &other))?;
        let info = node.status.as_ref().and_then(|status| status.node_info.as_ref()).context("nodeInfo")?;
        ensure!(info.system_uuid == "4c4c4544", "{info:?}");
        let provider = node.spec.as_ref().and_then(|spec| spec.provider_id.as_deref());
        ensure!(provider == Some(format!("bed:///{one}").as_str()), "{provider:?}");

        let pods: Api<Pod> = Api::namespaced(admin.clone(), "default");
        pods.create(&PostParams::default(), &pod(&one, &one)?).await?;
        let running = wait::object(&pods, &one, "Running", |pod| phase(pod) == "Running").await?;
        ensure!(running.spec.as_ref().and_then(|spec| spec.node_name.as_deref()) == Some(&one), "{running:?}");

        tokio::try_join!(nodes::fail(&admin, &one), nodes::silence(&admin, &two))?;
        tokio::try_join!(nodes::heal(&admin, &one), nodes::heal(&admin, &two))?;
        tokio::try_join!(nodes::remove(&admin, &one), nodes::remove(&admin, &two))?;
        Ok(())
    })
    .await
}

#[tokio::test]
async fn the_audit_log_tells_who_wrote_what_after_a_mark() -> Result<()> {
    promise("the_audit_log_tells_who_wrote_what", async |bed| {
        let admin = bed.admin().await?;
        let name = unique("audited");
        let maps: Api<ConfigMap> = Api::namespaced(admin.clone(), "default");
        let before = bed.audit().mark()?;
        let map = json!({ "metadata": { "name": name }, "data": { "key": "value" } });
        maps.create(&PostParams::default(), &serde_json::from_value(map)?).await?;
        maps.get(&name).await?;

        let seen = wait::until("both requests are in the log", async || {
            let events = bed.audit().after(before).user("bed:admin").resource("configmaps").name(&name).events()?;
            Ok(if events.len() == 2 { Look::Done(events) } else { Look::Not(format!("{events:?}")) })
        })
        .await?;
        ensure!(seen[0].verb == "create" && seen[0].is_write() && seen[0].code() == 201, "{}", seen[0].brief());
        ensure!(seen[0].request_object["data"]["key"] == "value", "{:?}", seen[0]);
        ensure!(seen[1].verb == "get" && seen[1].request_object.is_null(), "{:?}", seen[1]);
        ensure!(seen[0].stage_timestamp <= seen[1].request_received_timestamp);

        ensure!(bed.audit().after(before).writes().name(&name).events()?.len() == 1);
        let after = bed.audit().mark()?;
        ensure!(bed.audit().after(after).name(&name).events()?.is_empty());
        Ok(())
    })
    .await
}

#[tokio::test]
async fn accounts_and_people_are_who_they_say() -> Result<()> {
    promise("accounts_and_people_are_who_they_say", async |bed| {
        let (user, groups) = whoami(bed.person("alice@clinic.example", &["signers", "flippers"]).await?).await?;
        ensure!(user == "alice@clinic.example", "{user}");
        ensure!(groups.contains(&"signers".into()) && groups.contains(&"flippers".into()), "{groups:?}");
        let kubectl = Command::new(tool("kubectl")?)
            .env("KUBECONFIG", bed.person_kubeconfig("alice@clinic.example", &["signers"])?)
            .args(["auth", "whoami", "-o", "jsonpath={.status.userInfo.username}"])
            .output()?;
        ensure!(kubectl.stdout == b"alice@clinic.example", "{kubectl:?}");
        let (user, _) = whoami(bed.service_account("default", "default").await?).await?;
        ensure!(user == "system:serviceaccount:default:default", "{user}");
        let (user, groups) = whoami(bed.impersonated("bob", &["a", "b", "c"]).await?).await?;
        ensure!(user == "bob" && ["a", "b", "c"].iter().all(|group| groups.contains(&(*group).into())), "{groups:?}");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_service_account_logs_in_to_openbao_only_under_its_role() -> Result<()> {
    promise("a_service_account_logs_in_to_openbao", async |bed| {
        let admin = bed.admin().await?;
        let before = bed.openbao().audit().mark()?;
        account(&admin, "ringfence-system", "ringfence-operator").await?;
        let session = bed.key_login("ringfence-system", "ringfence-operator", "ringfence-operator").await?;
        session.expect(200, "GET", "sys/mounts/ringfence-phi", None).await?;
        session.expect(403, "POST", "ringfence-phi/encrypt/nobody", Some(json!({ "plaintext": "aGk=" }))).await?;
        let stranger = bed.key_login("default", "default", "ringfence-operator").await;
        ensure!(stranger.is_err(), "a stranger logged in as the operator");

        let seen = wait::until("the refusal is in OpenBao's log", async || {
            let events = bed.openbao().audit().responses(before, "ringfence-phi/encrypt/nobody")?;
            Ok(if events.is_empty() { Look::Not("nothing".into()) } else { Look::Done(events) })
        })
        .await?;
        ensure!(seen[0].operation() == "create" && seen[0].error.contains("permission denied"), "{:?}", seen[0]);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn the_operator_runs_under_its_own_rights_and_can_be_killed_and_started_again() -> Result<()> {
    let bed = Bed::start().await?;
    let test = async {
        let operator = bed.operator().await?;
        operator.ready().await?;
        let mine = || bed.audit().after(Mark::default()).service_account("ringfence-system", "ringfence-operator");
        ensure!(!mine().events()?.is_empty(), "the operator asked the API server nothing");
        let refused: Vec<String> =
            mine().filter(|event| event.code() == 403).events()?.iter().map(ApiEvent::brief).collect();
        ensure!(refused.is_empty(), "its rights are too narrow: {refused:?}");
        operator.server().kill();
        ensure!(operator.page("readyz").await.is_err(), "somebody answers for a killed operator");
        operator.server().start()?;
        operator.ready().await?;
        operator.server().terminate().await
    };
    explained(&bed, "the_operator_runs_under_its_own_rights", test).await
}

#[tokio::test]
async fn a_broken_promise_leaves_a_report() -> Result<()> {
    let bed = shared().await?;
    let name = "an_example_of_a_broken_promise";
    let broken: Result<()> = explained(bed, name, async { panic!("as it was meant to") }).await;
    let why = format!("{:#}", broken.expect_err("it panicked"));
    ensure!(why.contains("as it was meant to") && why.contains(name), "{why}");
    let report = fs::read_to_string(repository().join(format!("target/e2e/{name}.txt")))?;
    for part in ["as it was meant to", "==== ringfenceconfigs", "==== nodes", "==== events", "kube-apiserver.log"] {
        ensure!(report.contains(part), "{part} is not in the report");
    }
    Ok(())
}

/// A process that holds a bed is killed with SIGKILL, the signal that nobody can prepare for.
#[tokio::test]
async fn no_server_outlives_its_holder() -> Result<()> {
    let mut holder = Command::new(env!("CARGO_BIN_EXE_bed"))
        .args(["--bare", "--pids"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let mut lines = BufReader::new(holder.stdout.take().context("stdout")?).lines();
    let mut find = |prefix: &str| -> Result<Option<String>> {
        for line in lines.by_ref() {
            if let Some(rest) = line?.strip_prefix(prefix) {
                return Ok(Some(rest.to_string()));
            }
        }
        Ok(None)
    };
    let kubeconfig = find("export KUBECONFIG=")?;
    let pids = find("# pids ")?;
    holder.kill()?;
    holder.wait()?;
    let (Some(kubeconfig), Some(pids)) = (kubeconfig, pids) else {
        let mut why = String::new();
        holder.stderr.take().context("stderr")?.read_to_string(&mut why)?;
        anyhow::bail!("the holder did not start a bed: {why}");
    };
    let pids: Vec<u32> = pids.split(' ').map(str::parse).collect::<Result<_, _>>()?;
    ensure!(pids.len() == 6, "{pids:?}");
    let folder = Path::new(&kubeconfig).parent().context("the bed's folder")?;
    wait::until("every server is gone, and the folder", async || {
        let left: Vec<&u32> = pids.iter().filter(|pid| runs(**pid)).collect();
        Ok(match (left.is_empty(), folder.exists()) {
            (true, false) => Look::Done(()),
            (_, exists) => Look::Not(format!("processes {left:?}, folder there: {exists}")),
        })
    })
    .await
}

#[tokio::test]
async fn openbao_can_be_killed_started_again_and_unsealed() -> Result<()> {
    let bed = Bed::start_with(Options::BARE).await?;
    let bao = bed.openbao();
    bao.root()?.expect(200, "POST", "ringfence-phi/keys/kept", Some(json!({ "type": "aes256-gcm96" }))).await?;
    bao.server().kill();
    ensure!(!bao.server().is_running());
    bao.server().start()?;
    bao.unseal().await?;
    bao.root()?.expect(200, "GET", "ringfence-phi/keys/kept", None).await?;
    bao.seal().await?;
    let (code, _) = bao.anonymous()?.request("GET", "sys/health", None).await?;
    ensure!(code == 503, "{code}");
    bao.unseal().await
}

async fn whoami(client: Client) -> Result<(String, Vec<String>)> {
    let reviews: Api<SelfSubjectReview> = Api::all(client);
    let review = reviews.create(&PostParams::default(), &SelfSubjectReview::default()).await?;
    let user = review.status.and_then(|status| status.user_info).context("no user in the review")?;
    Ok((user.username.unwrap_or_default(), user.groups.unwrap_or_default()))
}

async fn account(admin: &Client, namespace: &str, name: &str) -> Result<()> {
    let namespaces: Api<Namespace> = Api::all(admin.clone());
    if namespaces.get_opt(namespace).await?.is_none() {
        manifests::apply(admin, json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": namespace } }))
            .await?;
    }
    let accounts: Api<ServiceAccount> = Api::namespaced(admin.clone(), namespace);
    if !accounts.list(&ListParams::default()).await?.iter().any(|found| found.metadata.name.as_deref() == Some(name)) {
        let metadata = json!({ "name": name, "namespace": namespace });
        manifests::apply(admin, json!({ "apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata })).await?;
    }
    Ok(())
}

fn pod(name: &str, pool: &str) -> Result<Pod> {
    let spec = json!({
        "nodeSelector": { "example.dev/pool": pool },
        "tolerations": [{ "key": "example.dev/pool", "operator": "Exists" }],
        "containers": [{ "name": "main", "image": "none" }],
    });
    Ok(serde_json::from_value(json!({ "metadata": { "name": name }, "spec": spec }))?)
}

fn phase(pod: &Pod) -> &str {
    pod.status.as_ref().and_then(|status| status.phase.as_deref()).unwrap_or_default()
}

/// Whether a process runs; one that only waits to be reaped does not.
fn runs(pid: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit(')').next().is_some_and(|rest| !rest.is_empty() && !rest.trim_start().starts_with('Z'))
}
