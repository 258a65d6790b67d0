//! R25: which nodes a tenant is given.

use proptest::prelude::*;

use super::*;
use crate::{
    api::{Attestation, HealthcarePlanClass},
    names::POOL_LABEL,
    plan::{
        fixture::{
            decided, edit, fresh, node, now, perform, pod, put_node, standing, tenant, todo, unlocked, words, yaml,
        },
        gates::Standing,
    },
};

/// A world with these free nodes (name, zone) and a plan that asks for so many.
fn asking(count: i32, inventory: &[(&str, &str)]) -> World {
    let mut world = fresh();
    world.inventory = inventory.iter().map(|(n, z)| Arc::new(node(n, z))).collect();
    edit(&mut world.plan, |p| p.spec.nodes.count = count);
    world
}

fn chosen(world: &World) -> Option<Vec<String>> {
    choose(&tenant(world), world, now()).map(|c| c.into_iter().map(|n| n.name).collect())
}

fn spoiled(change: impl Fn(&mut Node)) -> Option<Vec<String>> {
    let mut world = asking(1, &[("node-1", "a")]);
    assert!(chosen(&world).is_some(), "it is eligible before");
    change(Arc::make_mut(&mut world.inventory[0]));
    chosen(&world)
}

#[test]
fn all_that_are_asked_for_are_taken_or_none() {
    assert_eq!(chosen(&asking(3, &[("node-1", "a"), ("node-2", "a")])), None);
    assert_eq!(chosen(&asking(2, &[("node-1", "a"), ("node-2", "a")])), Some(vec!["node-1".into(), "node-2".into()]));
    assert_eq!(chosen(&asking(1, &[])), None);
}

#[test]
fn nodes_are_spread_over_zones_and_taken_by_name() {
    let inventory = [("n-1", "a"), ("n-2", "a"), ("n-3", "a"), ("n-4", "b"), ("n-5", "c")];
    assert_eq!(chosen(&asking(3, &inventory)), Some(["n-1", "n-4", "n-5"].map(str::to_owned).to_vec()));
    let reversed: Vec<_> = inventory.into_iter().rev().collect();
    assert_eq!(
        chosen(&asking(3, &reversed)),
        chosen(&asking(3, &inventory)),
        "the order of the store counts for nothing"
    );
}

#[test]
fn a_tenant_that_has_nodes_takes_what_there_is_in_the_zones_that_it_lacks() {
    let mut world = unlocked();
    edit(&mut world.plan, |p| p.spec.nodes.count = 5);
    world.inventory.push(Arc::new(node("node-0", "b")));
    world.inventory.push(Arc::new(node("node-4", "c")));
    let expected = ["node-4", "node-0", "node-3"].map(str::to_owned).to_vec();
    assert_eq!(chosen(&world), Some(expected));
    edit(&mut world.plan, |p| p.spec.nodes.count = 10);
    assert_eq!(chosen(&world).map(|c| c.len()), Some(3), "fewer than asked for are taken: it has some already");
}

#[test]
fn a_node_without_the_standing_taint_is_never_taken() {
    assert_eq!(spoiled(|n| n.spec.as_mut().unwrap().taints = None), None);
    assert_eq!(spoiled(|n| n.spec.as_mut().unwrap().taints.as_mut().unwrap()[0].effect = "NoSchedule".into()), None);
    assert_eq!(spoiled(|n| n.spec.as_mut().unwrap().taints.as_mut().unwrap()[0].value = Some("other".into())), None);
    assert_eq!(spoiled(|n| n.spec.as_mut().unwrap().taints.as_mut().unwrap()[0].key = "other".into()), None);
}

#[test]
fn a_node_of_another_pool_class_or_state_is_never_taken() {
    let label = |key: &str, value: &str| {
        let (key, value) = (key.to_owned(), value.to_owned());
        move |n: &mut Node| drop(n.metadata.labels.as_mut().unwrap().insert(key.clone(), value.clone()))
    };
    assert_eq!(spoiled(label(POOL_LABEL, "other")), None);
    assert_eq!(spoiled(label(INVENTORY_LABEL, "other-class")), None);
    assert_eq!(spoiled(|n| n.status.as_mut().unwrap().conditions.as_mut().unwrap()[0].status = "Unknown".into()), None);
    assert_eq!(spoiled(|n| n.status = None), None);
    assert_eq!(spoiled(|n| n.metadata.uid = None), None);
    assert_eq!(
        spoiled(|n| n.metadata.deletion_timestamp = Some(k8s_openapi::apimachinery::pkg::apis::meta::v1::Time(now()))),
        None
    );
}

#[test]
fn a_node_that_is_reserved_by_others_is_never_taken() {
    let mut world = asking(1, &[("node-1", "a"), ("node-2", "b")]);
    world.reserved.insert("uid-of-node-1".into());
    assert_eq!(chosen(&world), Some(vec!["node-2".into()]));
    world.reserved.insert("uid-of-node-2".into());
    assert_eq!(chosen(&world), None);
}

#[test]
fn a_node_with_foreign_pods_is_never_taken_but_agents_may_run_there() {
    let mut world = asking(1, &[("node-1", "a")]);
    world.pods = Fact::Known(vec![Arc::new(pod("shop", "web", "node-1", "11:00:00"))]);
    assert_eq!(chosen(&world), None);
    let mut done = pod("shop", "job", "node-1", "11:00:00");
    done.status.as_mut().unwrap().phase = Some("Succeeded".into());
    world.pods = Fact::Known(vec![Arc::new(done)]);
    assert!(chosen(&world).is_some());
    let mut agent = pod("kube-system", "cni", "node-1", "11:00:00");
    agent.metadata.owner_references =
        Some(vec![yaml("{apiVersion: apps/v1, kind: DaemonSet, name: cni, uid: u, controller: true}")]);
    world.pods = Fact::Known(vec![Arc::new(agent.clone())]);
    assert!(chosen(&world).is_some());
    agent.metadata.namespace = Some("shop".into());
    world.pods = Fact::Known(vec![Arc::new(agent)]);
    assert_eq!(chosen(&world), None, "a DaemonSet of anybody is no agent");
}

#[test]
fn nothing_is_taken_while_nodes_or_pods_are_not_known() {
    let mut world = asking(1, &[("node-1", "a")]);
    world.nodes = Fact::Unknown("away".into());
    assert_eq!(chosen(&world), None);
    let mut world = asking(1, &[("node-1", "a")]);
    world.pods = Fact::Unknown("away".into());
    assert_eq!(chosen(&world), None, "foreign pods may run there");
}

#[test]
fn a_level_counts_only_while_somebody_attests_it() {
    let mut world = asking(1, &[("node-1", "a")]);
    let class = |world: &mut World, level: &str| {
        let claim =
            yaml(&format!("{{providerID: \"test://node-1\", level: {level}, attestationRef: {{name: audit}}}}"));
        edit(&mut world.class, |c: &mut HealthcarePlanClass| {
            c.spec.node_pool.isolation = Isolation::Host;
            c.spec.node_pool.claims = vec![claim];
        });
    };
    class(&mut world, "Host");
    assert_eq!(chosen(&world), None, "nobody attests it");
    let mut attested: Attestation = yaml(
        "{metadata: {name: audit, uid: uid-of-audit, creationTimestamp: \"2026-11-01T00:00:00Z\"}, spec: {act: AttestControl, by: a, \
          setting: node-isolation, subjectRef: {kind: HealthcarePlanClass, name: standard-1, uid: c}, expirationTime: \"2026-11-24T12:00:01Z\"}}"
            .replace("\\\n", "").as_str(),
    );
    world.acts.push(Arc::new(attested.clone()));
    assert_eq!(chosen(&world), Some(vec!["node-1".into()]));
    assert_eq!(next_change(&tenant(&world), &world, now()), attested.spec.expiration_time.as_ref().map(|t| t.0));
    class(&mut world, "Account");
    assert_eq!(chosen(&world), None, "less is claimed than the class asks for");
    class(&mut world, "Metal");
    assert!(chosen(&world).is_some(), "more is claimed");
    attested.spec.expiration_time.as_mut().unwrap().0 = now();
    world.acts.pop();
    world.acts.push(Arc::new(attested));
    assert_eq!(chosen(&world), None, "it has lapsed");
}

#[test]
fn label_and_both_taints_are_given_in_one_step_and_other_taints_stay() {
    let mut world = unlocked();
    let mut other = (*world.inventory[0]).clone();
    other.metadata.labels.as_mut().unwrap().remove(POOL_LABEL);
    other.spec.as_mut().unwrap().taints = Some(vec![
        yaml("{key: ringfence.dev/pool, value: unassigned, effect: NoExecute}"),
        yaml("{key: maintenance, effect: NoSchedule}"),
    ]);
    put_node(&mut world, other);
    let steps = todo(&world, now());
    assert_eq!(words(&steps), ["assign node-1"], "and nothing is opened or closed: it is repaired");
    perform(&mut world, &steps[0], now());
    let taints: Vec<_> =
        super::super::taints(&world.inventory[0]).iter().map(|t| (t.key.as_str(), t.effect.as_str())).collect();
    let pool = "ringfence.dev/pool";
    assert_eq!(taints, [("maintenance", "NoSchedule"), (pool, "NoSchedule"), (pool, "NoExecute")]);
    assert!(is_fenced_off(&world.inventory[0], &tenant(&world).name));
}

#[test]
fn a_node_that_carries_the_pools_label_and_is_not_recorded_locks() {
    let mut world = unlocked();
    let mut stray = node("stray", "a");
    stray.metadata.labels.as_mut().unwrap().insert(POOL_LABEL.into(), "acme-dental".into());
    put_node(&mut world, stray);
    let verdict = judge(&tenant(&world), &world, now());
    assert_eq!((verdict.standing, verdict.reason), (Standing::Falls, Reason::IsolationFell));
}

#[test]
fn a_recorded_node_that_was_somebody_elses_since_is_not_taken_again() {
    let taken: [fn(&mut Node); 2] = [
        |n| drop(n.metadata.labels.as_mut().unwrap().insert(POOL_LABEL.into(), "other".into())),
        |n| {
            n.metadata.labels.as_mut().unwrap().remove(POOL_LABEL);
            n.spec.as_mut().unwrap().taints = None;
        },
    ];
    for take in taken {
        let mut world = unlocked();
        let mut node = (*world.inventory[1]).clone();
        take(&mut node);
        put_node(&mut world, node);
        let steps = words(&todo(&world, now()));
        assert!(!steps.iter().any(|s| s.starts_with("assign")), "{steps:?}");
        assert_eq!(judge(&tenant(&world), &world, now()).reason, Reason::IsolationFell, "and it locks");
    }
}

#[test]
fn a_node_that_was_registered_anew_under_a_recorded_name_is_another() {
    let mut world = unlocked();
    let mut anew = (*world.inventory[1]).clone();
    anew.metadata.uid = Some("another".into());
    world.inventory[1] = Arc::new(anew.clone());
    let Fact::Known(nodes) = &mut world.nodes else { panic!("nodes are known") };
    nodes[1] = Arc::new(anew);
    assert_eq!(count(&tenant(&world), &world), (1, 1));
    let verdict = judge(&tenant(&world), &world, now());
    assert_eq!((verdict.standing, verdict.reason), (Standing::Falls, Reason::IsolationFell));
}

#[test]
fn a_node_that_lacks_either_taint_is_not_fenced_off() {
    for effect in ["NoSchedule", "NoExecute"] {
        let mut world = unlocked();
        let mut bare = (*world.inventory[1]).clone();
        bare.spec.as_mut().unwrap().taints.as_mut().unwrap().retain(|t| t.effect != effect);
        put_node(&mut world, bare);
        assert_eq!(count(&tenant(&world), &world).0, 1, "without {effect}");
        assert_eq!(words(&todo(&world, now())), ["assign node-2"], "without {effect}");
    }
}

#[test]
fn a_node_that_is_not_ready_or_gone_is_reported_and_locks_nothing() {
    let mut world = unlocked();
    let mut sick = (*world.inventory[1]).clone();
    sick.status.as_mut().unwrap().conditions.as_mut().unwrap()[0].status = "False".into();
    put_node(&mut world, sick);
    let verdict = judge(&tenant(&world), &world, now());
    assert_eq!((verdict.standing, verdict.reason), (Standing::Stands, Reason::NodesNotReady));
    assert_eq!(count(&tenant(&world), &world), (2, 1));
    let mut world = unlocked();
    world.inventory.remove(1);
    if let Fact::Known(nodes) = &mut world.nodes {
        nodes.remove(1);
    }
    let verdict = judge(&tenant(&world), &world, now());
    assert_eq!((verdict.standing, verdict.reason), (Standing::Stands, Reason::NodesMissing));
    assert_eq!(words(&todo(&world, now())), ["record more"], "another one is recorded first");
    assert_eq!(standing(&decided(&world, now()), NODES_DEDICATED), Standing::Stands);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]

    #[test]
    fn what_is_chosen_is_eligible_enough_and_spread(
        nodes in proptest::collection::vec((0..3_u8, any::<bool>(), any::<bool>(), any::<bool>()), 0..8),
        count in 1..5_i32,
    ) {
        let mut world = asking(count, &[]);
        for (n, (zone, tainted, reserved, busy)) in nodes.iter().enumerate() {
            let name = format!("node-{n}");
            let mut node = node(&name, &format!("zone-{zone}"));
            if !tainted {
                node.spec.as_mut().unwrap().taints = None;
            }
            if *reserved {
                world.reserved.insert(format!("uid-of-{name}"));
            }
            if let (true, Fact::Known(pods)) = (*busy, &mut world.pods) {
                pods.push(Arc::new(pod("shop", &format!("pod-{n}"), &name, "11:00:00")));
            }
            world.inventory.push(Arc::new(node));
        }
        let free: Vec<_> = nodes.iter().enumerate().filter(|(_, (_, t, r, b))| *t && !*r && !*b).collect();
        let count = usize::try_from(count).unwrap();
        match chosen(&world) {
            None => prop_assert!(free.len() < count),
            Some(chosen) => {
                prop_assert_eq!(chosen.len(), count);
                let mut used = BTreeMap::new();
                for name in &chosen {
                    let found = free.iter().find(|(n, _)| *name == format!("node-{n}"));
                    prop_assert!(found.is_some(), "{} is not free", name);
                    *used.entry(found.unwrap().1.0).or_insert(0_usize) += 1;
                }
                for (_, (zone, ..)) in &free {
                    let here = used.get(zone).copied().unwrap_or_default();
                    let spare = free.iter().filter(|(_, (z, ..))| z == zone).count() > here;
                    prop_assert!(!spare || used.values().all(|u| *u <= here + 1), "a zone is passed over");
                }
            }
        }
    }
}
