//! Tenants reach nobody but whom they should: an evaluator that shares nothing with what writes NetworkPolicies reads those of 50 random tenants back
//! from the API server, and whole sets are compared. Tenant and other tenant: nothing. Tenant and internet: the declared destinations, and nothing
//! else. Other namespaces: what the class allows, and nothing else. Then the policies are broken on purpose, and each break is told.

mod broken;
mod declared;
#[allow(dead_code, reason = "what integrations need more of it")]
#[path = "../integrations/desk.rs"]
mod desk;
mod draw;
mod judge;
#[allow(dead_code, reason = "what agreements need more of it")]
#[path = "../agreements/office.rs"]
mod office;

use std::{
    collections::BTreeMap,
    env,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use k8s_openapi::api::{core::v1::Namespace, networking::v1::NetworkPolicy};
use kube::{Api, api::ListParams};
use ringfence_e2e::{
    Bed, Options,
    crowd::{Crowd, names, quiet},
    manifests,
    promise::explained,
    reach::{Cluster, Protocol},
    scenario::example,
};
use serde_json::json;

use declared::Tenant;
use draw::Dice;
use judge::Scene;

const TENANTS: usize = 50;
const CLASSES: usize = 8;
/// The class that is like the example's.
const EXAMPLE: usize = 3;
/// The pods' network of the bed.
const POD_NETWORK: &str = "10.1.0.0/16";
const PATIENCE: Duration = Duration::from_secs(120);

#[tokio::test]
async fn fifty_random_tenants_reach_what_is_declared_and_nothing_else() -> Result<()> {
    let given = env::var("RINGFENCE_SEED").ok().map(|text| text.parse()).transpose()?;
    let seed = given.unwrap_or_else(|| jiff::Timestamp::now().as_millisecond() as u64);
    println!("RINGFENCE_SEED={seed}");
    let bed: &'static Bed = Box::leak(Box::new(Bed::start_with(Options::CROWDED).await?));
    explained(bed, "reach", story(bed, Dice(seed))).await.with_context(|| format!("RINGFENCE_SEED={seed}"))
}

async fn story(bed: &'static Bed, mut dice: Dice) -> Result<()> {
    let operator = bed.start_operator("operator", &[]).await?;
    operator.ready().await?;
    let began = Instant::now();
    let mut tenants = flipped(bed, &mut dice).await?;
    let integrations = integrated(bed, &mut dice, &mut tenants).await?;
    println!("{integrations} integrations that send everything");
    println!("{TENANTS} tenants of {CLASSES} classes flipped in {:.1} s", began.elapsed().as_secs_f64());

    let began = Instant::now();
    let (namespaces, policies) = read_back(bed).await?;
    let scene = Scene { pods: dice.pods(&tenants), tenants };
    let cluster = Cluster::read(&namespaces, &policies, &[POD_NETWORK])?;
    let found = scene.problems(&cluster);
    ensure!(found.is_empty(), "{} problems:\n{}", found.len(), found.join("\n"));
    sampled(&cluster, &scene)?;
    println!("{} policies, {} pods judged in {:.1} s", policies.len(), scene.pods.len(), began.elapsed().as_secs_f64());

    let began = Instant::now();
    let told = broken::each(&namespaces, &policies, &scene)?;
    println!("{told} kinds of broken policies told in {:.1} s", began.elapsed().as_secs_f64());
    Ok(())
}

/// Makes the platform's namespaces, the classes, and tenants of them, and waits until all are open and nothing is left to write.
async fn flipped(bed: &Bed, dice: &mut Dice) -> Result<Vec<Tenant>> {
    let crowd = Crowd::new(bed, "like-the-example").await?;
    for name in draw::PLATFORM {
        let namespace = json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": name } });
        manifests::apply(&crowd.admin, namespace).await?;
    }
    let tenants = names("tenant", 0..TENANTS);
    let engineer = bed.impersonated("pat@ringwell.example", &["platform-engineers"]).await?;
    let mut classes = vec![];
    for name in names("class", 0..CLASSES) {
        let mut class = example("10-class.yaml")?;
        class["metadata"]["name"] = name.as_str().into();
        if classes.len() != EXAMPLE {
            class["spec"]["network"]["allow"] = dice.allows(classes.len(), &tenants).into();
        }
        manifests::apply(&engineer, class.clone()).await?;
        classes.push((name, class["spec"]["network"].take()));
    }
    let mut members: BTreeMap<usize, Vec<String>> = BTreeMap::new();
    for (n, name) in tenants.iter().enumerate() {
        // Every class has a member.
        members.entry(if n < CLASSES { n } else { dice.below(CLASSES) }).or_default().push(name.clone());
    }
    crowd.agreements(&tenants, None).await?;
    let mut made = vec![];
    for (class, members) in members {
        let (name, network) = &classes[class];
        let crowd = crowd.other(name);
        crowd.nodes(&members.iter().map(|member| format!("node-{member}")).collect::<Vec<_>>()).await?;
        crowd.plans(&members).await?;
        made.extend(members.into_iter().map(|name| Tenant { name, network: network.clone(), full: vec![] }));
    }
    crowd.until(&tenants, "PhiUnlocked", "True", PATIENCE).await?;
    quiet(bed).await?;
    Ok(made)
}

/// Gives tenants integrations, covered all, accepted some; waits until those that may send everything can. How many those are.
async fn integrated(bed: &'static Bed, dice: &mut Dice, tenants: &mut [Tenant]) -> Result<usize> {
    let office = office::Office { bed, admin: bed.admin().await? };
    let tina = desk::tina(bed).await?;
    office.agree(desk::with_vendor("vendor-2026", "vendor")?).await?;
    let mut count = 0;
    // The first keeps what its class, the empty one, declares: nothing.
    for tenant in tenants.iter_mut().skip(1) {
        for (drawn, accepted) in dice.integrations() {
            let name = drawn["name"].as_str().context("a name")?;
            let mut object = desk::push(name, &tenant.name, "vendor");
            object["spec"]["endpoints"] = drawn["endpoints"].clone();
            object["spec"]["cover"] = json!({ "baaRef": { "name": "vendor-2026" } });
            let spec = object["spec"].clone();
            desk::make(&tina, object).await?;
            if accepted {
                desk::acknowledge(&tina, &tenant.name, name).await?;
                let opened = |s: &serde_json::Value| office::condition(s, "EgressOpen")["status"] == "True";
                desk::await_status(&tina, (&tenant.name, name), "its ways out stand", opened).await?;
                tenant.full.push(spec);
                count += 1;
            }
        }
    }
    quiet(bed).await?;
    Ok(count)
}

async fn read_back(bed: &Bed) -> Result<(Vec<Namespace>, Vec<NetworkPolicy>)> {
    let admin = bed.admin().await?;
    let namespaces = Api::<Namespace>::all(admin.clone()).list(&ListParams::default()).await?;
    let policies = Api::<NetworkPolicy>::all(admin).list(&ListParams::default()).await?;
    Ok((namespaces.items, policies.items))
}

/// Single connections say the same as the sets: nothing that is known to lead into a cloud or a cluster is open.
fn sampled(cluster: &Cluster, scene: &Scene) -> Result<()> {
    use ringfence_e2e::reach::Destination::Address;
    for text in
        ["169.254.169.254", "fd00:ec2::254", "10.0.0.1", "10.1.0.1", "127.0.0.1", "::1", "::ffff:169.254.169.254"]
    {
        for (pod, port) in
            scene.pods.iter().filter(|p| scene.is_tenant(&p.namespace)).zip([80, 443, 6443].into_iter().cycle())
        {
            let open = cluster.may(pod, Address(text.parse()?), Protocol::Tcp, port);
            ensure!(!open, "{}/{} may call {text} port {port}", pod.namespace, pod.name);
        }
    }
    Ok(())
}
