//! R09, S10: two replicas, one leads. Whoever is frozen, killed or thawed at whatever moment: no write by one that does not lead has an effect,
//! nothing is made twice, and every tenant is fenced in the end.

#[path = "leaders/register.rs"]
mod register;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Result, ensure};
use register::Register;
use ringfence_e2e::{
    Bed,
    faults::{Action, Proxy, Rule},
    operator::Operator,
    process::Signal,
    promise::explained,
    scenario::Scenario,
    wait::{self, Look},
};

/// Tenants that are being flipped while the leader is frozen: each stands at another step.
const TENANTS: usize = 5;
/// A short lease, so that a takeover takes seconds.
const ARGUMENTS: [&str; 4] = ["--lease-duration", "3s", "--resync", "5s"];

/// What is done to the leader.
#[derive(Clone, Copy, Debug)]
enum Blow {
    /// Frozen until the other has taken over and gone on, then thawed.
    Freeze,
    /// Frozen until its lease is about to end, then thawed: it may or may not still lead.
    Doze,
    /// Killed, and started again under its name.
    Kill,
    /// Asked to end, and started again.
    Terminate,
}

const BLOWS: [Blow; 4] = [Blow::Freeze, Blow::Doze, Blow::Kill, Blow::Terminate];

/// `RINGFENCE_FAULTS=all` runs all of them.
fn rounds() -> usize {
    if std::env::var("RINGFENCE_FAULTS").is_ok_and(|v| v == "all") { 24 } else { 6 }
}

async fn round(bed: &'static Bed, replicas: &[Operator; 2], n: usize) -> Result<()> {
    let blow = BLOWS[n % BLOWS.len()];
    let mut stories = vec![];
    for _ in 0..TENANTS {
        let story = Scenario::new(bed, "led", |_| ()).await?;
        story.inventory(1).await?;
        story.agreement(-60, None).await?;
        story.sign().await?;
        stories.push(story);
    }
    let register = Register::new(bed);
    let leader = register.await_leader(replicas).await?;
    let (mine, other) = (&replicas[leader], &replicas[1 - leader]);
    // The tenants are begun a little apart, and the blow falls at another moment in each round.
    for story in &stories {
        story.plan(1).await?;
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    tokio::time::sleep(Duration::from_millis(u64::try_from(n)? * 37 % 400)).await;
    let began = Instant::now();
    match blow {
        Blow::Freeze => {
            mine.server().signal(Signal::Stop)?;
            register.await_lead_of(other).await?;
            stories[0].await_open().await?;
            mine.server().signal(Signal::Cont)?;
        }
        Blow::Doze => {
            mine.server().signal(Signal::Stop)?;
            tokio::time::sleep(Duration::from_millis(1800 + u64::try_from(n)? * 191 % 1600)).await;
            mine.server().signal(Signal::Cont)?;
        }
        Blow::Kill => {
            mine.server().kill();
            mine.server().start()?;
        }
        Blow::Terminate => {
            mine.server().terminate().await?;
            register.await_lead_of(other).await?;
            mine.server().start()?;
        }
    }
    for story in &stories {
        story.await_open().await?;
    }
    println!("{n:>3} {blow:?}: {TENANTS} tenants open after {:.1} s", began.elapsed().as_secs_f64());
    for story in &stories {
        register.nothing_is_made_twice(&story.tenant)?;
    }
    Ok(())
}

/// Two replicas, of which the first leads and reaches the API server through a proxy.
async fn through_a_proxy(bed: &'static Bed) -> Result<(Arc<Proxy>, [Operator; 2], Register)> {
    let proxy = bed.proxy().await?;
    let mine = bed.start_operator_at("replica-a", &ARGUMENTS, proxy.api()).await?;
    mine.ready().await?;
    let register = Register::new(bed);
    register.await_lead_of(&mine).await?;
    let other = bed.start_operator("replica-b", &ARGUMENTS).await?;
    other.ready().await?;
    Ok((proxy, [mine, other], register))
}

/// The lead goes back, for the next.
async fn back([mine, other]: &[Operator; 2], register: &Register) -> Result<()> {
    other.server().terminate().await?;
    register.await_lead_of(mine).await?;
    other.server().start()?;
    other.ready().await
}

#[tokio::test]
async fn two_replicas_never_write_at_once() -> Result<()> {
    let bed: &'static Bed = Box::leak(Box::new(Bed::start().await?));
    let test = async {
        let replicas =
            [bed.start_operator("replica-a", &ARGUMENTS).await?, bed.start_operator("replica-b", &ARGUMENTS).await?];
        for replica in &replicas {
            replica.ready().await?;
        }
        for n in 0..rounds() {
            round(bed, &replicas, n).await?;
        }
        let told = Register::new(bed).judge()?;
        println!("{} interleavings: {told}", rounds() * TENANTS);
        ensure!(told.terms >= rounds() / 2, "the lead changed {} times only", told.terms);
        Ok(())
    };
    explained(bed, "two_replicas_never_write_at_once", test).await
}

/// Writes that are held on their way, past the end of their sender's lease. Method, and what the path contains.
const LATE: [(&str, &str); 7] = [
    ("PUT", "/configmaps/"),
    ("POST", "/networkpolicies?"),
    ("PATCH", "/nodes/"),
    ("PUT", "/tenantrecords/"),
    ("PUT", "/healthcareplans/"),
    ("PATCH", "/api/v1/namespaces/"),
    ("POST", "/api/v1/namespaces?"),
];

#[tokio::test(flavor = "multi_thread")]
async fn a_late_write_of_a_former_leader_is_refused_by_its_precondition() -> Result<()> {
    let bed: &'static Bed = Box::leak(Box::new(Bed::start().await?));
    let test = async {
        let (proxy, replicas, register) = through_a_proxy(bed).await?;
        let [mine, other] = &replicas;
        for (method, path) in LATE {
            let story = Scenario::new(bed, "late", |_| ()).await?;
            story.inventory(1).await?;
            story.agreement(-60, None).await?;
            story.sign().await?;
            let names = [story.tenant.clone()];
            let held = proxy.rule(Rule::at(0, Action::Late, move |c| {
                c.method == method && c.path.contains(path) && c.is_about(&names)
            }));
            story.plan(1).await?;
            wait::until(&format!("{method} {path} is on its way"), async || {
                Ok(if held.has_fired() { Look::Done(()) } else { Look::Not("not yet".into()) })
            })
            .await?;
            mine.server().signal(Signal::Stop)?;
            register.await_lead_of(other).await?;
            story.await_open().await?;
            let before = register.count()?;
            proxy.release();
            wait::until("the late write arrived", async || {
                let arrived = register.count()? > before;
                Ok(if arrived { Look::Done(()) } else { Look::Not("not yet".into()) })
            })
            .await?;
            proxy.lift(&held);
            mine.server().signal(Signal::Cont)?;
            register.nothing_is_made_twice(&story.tenant)?;
            println!("{method} {path}: {}", register.judge()?);
            back(&replicas, &register).await?;
        }
        Ok(())
    };
    explained(bed, "a_late_write_of_a_former_leader", test).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_leader_whose_lease_writes_are_lost_stops_writing_before_another_begins() -> Result<()> {
    let bed: &'static Bed = Box::leak(Box::new(Bed::start().await?));
    let test = async {
        let (proxy, replicas, register) = through_a_proxy(bed).await?;
        let [_, other] = &replicas;
        for action in
            [Action::Reset, Action::Answer(500, None), Action::Answer(409, None), Action::Delay(Duration::from_secs(5))]
        {
            let story = Scenario::new(bed, "lost", |_| ()).await?;
            story.inventory(1).await?;
            story.agreement(-60, None).await?;
            story.sign().await?;
            let rule = proxy.rule(Rule::always(action.clone(), |c| c.path.contains("/leases")));
            story.plan(1).await?;
            register.await_lead_of(other).await?;
            story.await_open().await?;
            let story = story.neighbour("after").await?;
            story.unlock(1).await?;
            proxy.lift(&rule);
            println!("{action}: {}", register.judge()?);
            back(&replicas, &register).await?;
        }
        Ok(())
    };
    explained(bed, "a_leader_whose_lease_writes_are_lost", test).await
}

#[tokio::test]
async fn a_replica_that_stands_by_takes_over_at_once_when_the_leader_ends_well() -> Result<()> {
    let bed: &'static Bed = Box::leak(Box::new(Bed::start().await?));
    let test = async {
        // With a lease of the default length: nobody waits for its end.
        let replicas = [bed.start_operator("replica-a", &[]).await?, bed.start_operator("replica-b", &[]).await?];
        for replica in &replicas {
            replica.ready().await?;
        }
        let register = Register::new(bed);
        let leader = register.await_leader(&replicas).await?;
        let (mine, other) = (&replicas[leader], &replicas[1 - leader]);
        ensure!(other.page("metrics").await?.1.contains("ringfence_leading 0"), "the other one stands by");
        mine.server().terminate().await?;
        let ended = Instant::now();
        wait::until("the other replica leads", async || {
            let leads = other.page("metrics").await?.1.contains("ringfence_leading 1");
            Ok(if leads { Look::Done(()) } else { Look::Not("it stands by".into()) })
        })
        .await?;
        println!("the other leads {:.1} s after the end of the first", ended.elapsed().as_secs_f64());
        ensure!(ended.elapsed() < Duration::from_secs(8), "it waited for the lease to end");
        Ok(())
    };
    explained(bed, "a_replica_that_stands_by_takes_over_at_once", test).await
}
