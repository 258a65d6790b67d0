//! G9, the glass: a group, a reason, an end within the hour, and a token that ends by then; each use on record; shut at once by taking the
//! annotations off.

use anyhow::{Context, Result, ensure};
use jiff::Timestamp;
use kube::{Client, client::Body};
use ringfence_e2e::{
    Bed,
    wait::{self, Look},
};
use serde_json::{Value, json};

use crate::{
    ask::{Answer, Ask, get},
    g09::{debug, glass as broken, into, token_for},
    things::{FENCED, NEXT, NODE, core, namespace, pod, pod_with},
};

const GRACE: &str = "grace@ringwell.example";
const GUS: &str = "gus@ringwell.example";
const WHY: &str = "calls are stuck, ticket 17";
const ACCOUNT: &str = "ringfence-break-glass";
const CREDENTIAL: &str = "authentication.kubernetes.io/issued-credential-id";

fn exec() -> Ask {
    Ask::post(into("exec?command=ls&stdout=true"), Value::Null)
}

/// A request for a token of the account for break-glass.
fn asks(seconds: i64) -> Ask {
    Ask::post(format!("{}/serviceaccounts/{ACCOUNT}/token", namespace(FENCED)), token_for(seconds))
}

/// So many seconds from now, as the annotation has it.
fn ends(seconds: i64) -> Result<String> {
    Ok(Timestamp::from_second(Timestamp::now().as_second() + seconds)?.to_string())
}

fn by(who: &str, until: &str) -> Ask {
    Ask::merge(namespace(FENCED), broken(json!(who), json!(WHY), json!(until)))
}

/// Refused by G9, or let through to what comes after admission.
async fn refused(who: &Client, ask: &Ask) -> Result<Option<String>> {
    Ok(match ask.send(who, who).await? {
        // A date that is none ends the expression with an error, which denies too.
        Answer::Refused(_, why) if why.contains("ValidatingAdmissionPolicy 'ringfence-g09-") => Some(why),
        Answer::Refused(403, why) => anyhow::bail!("RBAC speaks first: {why}"),
        _ => None,
    })
}

/// Waits until it is refused for this reason: an annotation reaches the rules a moment after it is stored.
async fn until_refused(what: &str, who: &Client, ask: &Ask, part: &str) -> Result<()> {
    wait::until(what, async || {
        Ok(match refused(who, ask).await? {
            Some(why) if why.contains(part) => Look::Done(()),
            other => Look::Not(format!("{other:?}")),
        })
    })
    .await
}

/// The Warnings that come with breaking the glass.
async fn warnings(who: &Client, patch: &Value) -> Result<String> {
    let request = http::Request::patch(namespace(FENCED))
        .header("content-type", "application/merge-patch+json")
        .body(Body::from(serde_json::to_vec(patch)?))?;
    let answer = who.send(request).await?;
    ensure!(answer.status().is_success(), "{}", answer.status());
    let all = answer.headers().get_all("warning").iter();
    Ok(all.filter_map(|w| w.to_str().ok()).collect::<Vec<_>>().join("\n"))
}

/// From shut to open to shut.
pub async fn glass(bed: &Bed) -> Result<()> {
    let admin = bed.admin().await?;
    let grace = bed.person(GRACE, &["break-glass"]).await?;
    let carl = bed.person("carl@ringwell.example", &["cluster-admins"]).await?;
    until_refused("a member without a reason is refused", &grace, &asks(600), "is not broken by").await?;

    // Whoever may write the namespace may write the annotations in their own name; a group that is not listed is given no token.
    by("carl@ringwell.example", &ends(1800)?).done(&carl).await?;
    until_refused("nobody but a member is given a token", &carl, &asks(600), "spec.groups.breakGlass").await?;
    ends_within_the_hour(&grace).await?;

    let until = ends(1800)?;
    let warnings = warnings(&grace, &broken(json!(GRACE), json!(WHY), json!(until))).await?;
    ensure!(warnings.contains("break-glass") && warnings.contains(WHY), "no Warning: {warnings}");
    let mark = bed.audit().mark()?;
    let given = wait::until("a member with reason and end is given a token", async || {
        Ok(match asks(900).send(&grace, &grace).await? {
            Answer::Passed(given) => Look::Done(given),
            other => Look::Not(format!("{other:?}")),
        })
    })
    .await?;
    nobody_else(bed).await?;
    let end: Timestamp = given["status"]["expirationTimestamp"].as_str().context("an end")?.parse()?;
    ensure!(end <= until.parse()?, "the token ends at {end}, the glass at {until}");
    let session = bed.bearer(given["status"]["token"].as_str().context("a token")?).await?;
    ensure!(refused(&session, &exec()).await?.is_none(), "the glass is broken, and its token does not get in");
    let debugs = Ask::merge(into("ephemeralcontainers"), debug()).dry();
    ensure!(refused(&session, &debugs).await?.is_none(), "nor with a debug container");
    nothing_else(&session).await?;

    let note = |user: &str, policy: &str| -> Result<(String, Value)> {
        let events = bed.audit().after(mark).user(user).events()?;
        let key = format!("{policy}/break-glass");
        let noted = events.iter().rfind(|e| e.annotations[&key].is_string() && e.code() != 422 && e.code() != 403);
        let noted = noted.with_context(|| format!("no audit annotation of {policy}"))?;
        let id = match noted.annotations[CREDENTIAL].as_str() {
            Some(id) => json!(id),
            None => json!(noted.credential()),
        };
        Ok((noted.annotations[&key].as_str().unwrap_or_default().to_owned(), id))
    };
    let (asked, issued) = note(GRACE, "ringfence-g09-tokens")?;
    let (used, with) = note(&format!("system:serviceaccount:{FENCED}:{ACCOUNT}"), "ringfence-g09-access")?;
    ensure!(asked == format!("{GRACE} until {until}: {WHY}") && used == asked, "{asked} / {used}");
    ensure!(issued == with && issued.as_str().is_some_and(|id| id.starts_with("JTI=")), "{issued} / {with}");

    Ask::merge(namespace(FENCED), broken(Value::Null, Value::Null, Value::Null)).done(&carl).await?;
    until_refused("shut, the token opens nothing", &session, &exec(), "the glass was shut").await?;
    Ask::delete(format!("{}/serviceaccounts/{ACCOUNT}", namespace(FENCED))).done(&carl).await?;
    wait::until("without its account the token is none", async || {
        Ok(match Ask::get(format!("{}/pods", namespace(FENCED))).send(&session, &session).await? {
            Answer::Refused(401, _) => Look::Done(()),
            other => Look::Not(format!("{other:?}")),
        })
    })
    .await?;
    Ask::create(core("ServiceAccount", FENCED, ACCOUNT)).done(&admin).await?;
    println!(
        "glass: shut without reason and end, shut to others, open to one member's token, each use on record, shut again"
    );
    Ok(())
}

/// An end that is past, too far away, or sooner than the token's.
async fn ends_within_the_hour(grace: &Client) -> Result<()> {
    for (what, until, seconds, part) in [
        ("an end in two hours", ends(7200)?, 600, "within the next hour"),
        ("an end that is past", ends(-60)?, 600, "within the next hour"),
        ("an end that is no day", "2026-02-31T12:00:00Z".into(), 600, "Timestamp"),
        ("a token of two hours", ends(3500)?, 7200, "Ask for less"),
        ("a token that outlives the glass", ends(1200)?, 1800, "Ask for less"),
    ] {
        by(GRACE, &until).done(grace).await?;
        until_refused(what, grace, &asks(seconds), part).await?;
    }
    Ok(())
}

/// While her glass is broken: to everybody else, and to herself without a token.
async fn nobody_else(bed: &Bed) -> Result<()> {
    let admin = bed.admin().await?;
    let gus = bed.person(GUS, &["break-glass", "cluster-admins"]).await?;
    let carl = bed.person("carl@ringwell.example", &["cluster-admins"]).await?;
    let herself = bed.person(GRACE, &["break-glass", "cluster-admins"]).await?;
    let rooted = bed.impersonated(GRACE, &["break-glass", "system:masters"]).await?;
    let account = format!("system:serviceaccount:{FENCED}:{ACCOUNT}");
    let stood_for = bed.impersonated(&account, &["system:masters"]).await?;
    let kubelet = bed.person(&format!("system:node:{NODE}"), &["system:nodes"]).await?;
    let longer = Ask::merge(
        namespace(FENCED),
        json!({"metadata": {"annotations": {"ringfence.dev/break-glass-until": ends(3000)?}}}),
    );
    let other = Ask::merge(
        namespace(FENCED),
        json!({"metadata": {"annotations": {"ringfence.dev/break-glass-reason": "something else, ticket 18"}}}),
    );
    // A pod of that account: its kubelet is in its right with NodeRestriction, and no token is for pods.
    let at = format!("{}/pods/gr-glass", namespace(FENCED));
    Ask::create(pod_with("gr-glass", json!({"serviceAccountName": ACCOUNT, "automountServiceAccountToken": true})))
        .done(&admin)
        .await?;
    let runs = wait::until("a pod of that account is placed", async || {
        let pod = get(&admin, &at).await?;
        Ok(if pod["spec"]["nodeName"] == NODE { Look::Done(pod) } else { Look::Not(pod["status"].to_string()) })
    })
    .await?;
    let mut of_pod = token_for(3607);
    of_pod["spec"]["boundObjectRef"] =
        json!({"apiVersion": "v1", "kind": "Pod", "name": "gr-glass", "uid": runs["metadata"]["uid"]});
    let of_pod = Ask::post(format!("{}/serviceaccounts/{ACCOUNT}/token", namespace(FENCED)), of_pod);
    for (what, client, ask) in [
        ("another member asks for a token", &gus, asks(600)),
        ("another member execs", &gus, exec()),
        ("a cluster administrator execs", &carl, exec()),
        ("masters exec", &admin, exec()),
        ("she execs without a token", &herself, exec()),
        ("masters in the group ask for a token", &rooted, asks(600)),
        ("masters stand for the account", &stood_for, exec()),
        ("the kubelet asks for a token for a pod of the account", &kubelet, of_pod),
        ("another member extends her glass", &gus, longer),
        ("another member changes her reason", &gus, other),
        ("another member breaks it in her name", &gus, by(GRACE, &ends(3000)?)),
    ] {
        ensure!(refused(client, &ask).await?.is_some(), "{what}: passed");
        println!("G9  {what}");
    }
    Ask::delete(at).done(&admin).await.map(drop)
}

/// What RBAC does not let such a token do.
async fn nothing_else(session: &Client) -> Result<()> {
    let fenced = namespace(FENCED);
    let next = format!("{}/pods/gr-none/exec?command=ls", namespace(NEXT));
    for (what, ask) in [
        ("reads Secrets", Ask::get(format!("{fenced}/secrets"))),
        ("reads the flag document", Ask::get(format!("{fenced}/configmaps/ringfence-flags"))),
        ("reads logs", Ask::get(into("log"))),
        ("extends itself", asks(600)),
        ("writes the namespace", by(GRACE, &ends(3000)?)),
        ("starts a pod", Ask::create(pod(FENCED, "gr-bad"))),
        ("deletes a pod", Ask::delete(format!("{fenced}/pods/gr-running"))),
        ("writes a ConfigMap", Ask::create(core("ConfigMap", FENCED, "gr-bad"))),
        ("gets in next door", Ask::post(next, Value::Null)),
        ("reads elsewhere", Ask::get("/api/v1/pods")),
    ] {
        let answer = ask.send(session, session).await?;
        let stopped = matches!(&answer, Answer::Refused(403, why) if why.contains("cannot"));
        ensure!(stopped, "a token for break-glass {what}: {answer:?}");
    }
    Ok(())
}
