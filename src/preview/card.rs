//! The card of one plan: pure, from what was found in the files and `now`.

use jiff::{SignedDuration, Timestamp};
use kube::ResourceExt;
use serde::Serialize;

use super::{
    differences::{By, DIFFERENCES, STAYS},
    documents::Documents,
};
use crate::{
    agreement::{self, Book, Life},
    api::{
        Act, Alerts, Attestation, BAA, EffectiveFeatures, Floors, HealthcarePlanClass, Mfa, PhiCategory, PlanState,
        Redaction, RingfenceConfig,
    },
    fact::Fact,
    names::TenantName,
    plan::{
        fence::flags,
        validate::{Tenant, validate},
        world::World,
    },
};

/// The platform's party when no file names it.
const PLATFORM: &str = "the platform";

/// What is told of one plan.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Card {
    /// The tenant.
    pub tenant: String,
    /// Its name for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// The class that the plan names.
    pub class: String,
    /// Whether the class was among the files; else the strictest settings are assumed.
    pub class_given: bool,
    /// What changes.
    pub changes: Vec<Change>,
    /// What stays.
    pub stays: Vec<String>,
    /// The agreements of the covered entities, as far as the files tell.
    pub agreements: Vec<Agreement>,
    /// What is missing before protected health information opens.
    pub missing: Vec<String>,
    /// Who must act.
    pub who_must_act: Vec<Task>,
    /// What else is to be known.
    pub notes: Vec<String>,
    /// Settings in force.
    pub effective: EffectiveFeatures,
    /// Always: a preview writes nothing.
    pub nothing_was_changed: bool,
}

/// One difference, for this plan.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Change {
    /// What it is about.
    pub what: &'static str,
    /// In a standard account.
    pub before: &'static str,
    /// For this plan.
    pub after: String,
    /// What somebody must do before it hurts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub warning: Option<&'static str>,
    /// Who carries it out.
    pub carried_out_by: By,
    /// Rows of the requirements.
    pub rows: &'static str,
}

/// The agreements of one covered entity.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Agreement {
    /// Its party id.
    pub party: String,
    /// Whether an agreement is in force.
    pub in_force: bool,
    /// The path that counts, or that is nearest to it: names of BAAs, the entity's first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub path: Vec<String>,
    /// When it ends.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// What may be kept.
    pub categories: Vec<PhiCategory>,
}

/// What somebody must do.
#[derive(Clone, Debug, Serialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Task {
    /// Who.
    pub who: String,
    /// What.
    pub what: String,
}

/// Tells what the plan would change at `now`.
#[must_use]
pub fn card(documents: &Documents, now: Timestamp) -> Card {
    let Documents { plan, baas, acts, config, passed_over, .. } = documents;
    let (acts, baas): (Vec<&Attestation>, Vec<&BAA>) = (acts.iter().collect(), baas.iter().collect());
    let tenant = tenant(documents);
    let verdict = agreement::evaluate(tenant.question(&[]), &baas, &acts, now);
    let effective = flags::effective(&tenant, &acts, verdict.frozen(), now).shown;

    let mut missing = vec![];
    if documents.class().is_none() {
        missing.push(format!(
            "HealthcarePlanClass {} is not among the files: the strictest settings are assumed, and limits are not checked",
            tenant.plan.spec.plan_class_name
        ));
    }
    missing.extend(validate(&world(&tenant, config.as_ref())).err().map(|i| i.message));
    missing.extend(verdict.entities.iter().filter(|e| !e.open).map(|e| e.missing.clone()));

    let mut notes: Vec<String> = effective.notes.clone();
    if config.is_none() {
        notes.push(match tenant.platform.as_str() {
            PLATFORM => {
                "RingfenceConfig is not among the files: it is not known which party the platform signs as.".into()
            }
            party => {
                format!("RingfenceConfig is not among the files: {party} is taken for the platform, as the BAA says.")
            }
        });
    }
    notes.extend(Book::new(&baas, &acts, now).lives().flat_map(Life::ignored).map(|why| format!("{why}.")));
    if acts.iter().any(|a| a.metadata.creation_timestamp.is_none()) {
        notes.push("An act counts once the API server has stored and dated it: give BAAs and Attestations as kubectl get baa,att -o yaml shows them.".into());
    }
    if plan.spec.state != PlanState::Active {
        notes.push(format!("spec.state is {:?}: everything that the gate opens stays closed.", plan.spec.state));
    }
    if !passed_over.is_empty() {
        notes.push(format!("Not looked at: {}.", passed_over.join(", ")));
    }
    notes.push("A preview sees files, not the cluster: whether nodes are free and the name is unused shows only after the flip.".into());

    Card {
        tenant: tenant.name.as_str().to_owned(),
        display_name: plan.spec.display_name.clone(),
        class: plan.spec.plan_class_name.clone(),
        class_given: documents.class().is_some(),
        changes: changes(&effective, plan.spec.nodes.count),
        stays: STAYS.map(str::to_owned).to_vec(),
        who_must_act: tasks(documents, &verdict, &effective),
        agreements: verdict.entities.into_iter().map(agreement).collect(),
        missing,
        notes,
        effective,
        nothing_was_changed: true,
    }
}

fn changes(effective: &EffectiveFeatures, nodes: i32) -> Vec<Change> {
    let change = |d: &'static super::Difference| Change {
        what: d.feature,
        before: d.standard,
        after: d.here.map_or_else(|| d.healthcare.to_owned(), |here| here(effective, nodes)),
        warning: d.warning,
        carried_out_by: d.by,
        rows: d.rows,
    };
    DIFFERENCES.iter().map(change).collect()
}

fn agreement(entity: agreement::EntityVerdict) -> Agreement {
    Agreement {
        party: entity.party,
        in_force: entity.open,
        path: entity.path,
        until: entity.closes,
        categories: entity.categories.into_keys().collect(),
    }
}

/// A tenant to evaluate settings with: with the class that was given, or with the strictest one.
fn tenant(documents: &Documents) -> Tenant {
    let plan = &documents.plan;
    let class = documents.class().cloned().unwrap_or_else(|| strictest(&plan.spec.plan_class_name));
    let hour = SignedDuration::from_hours(1);
    Tenant {
        name: TenantName::new(&plan.name_any()).expect("documents hold no plan with another name"),
        uid: plan.uid().unwrap_or_default(),
        platform: platform(documents),
        entities: plan.spec.covered_entities.iter().map(|e| e.party.clone()).collect(),
        plan: plan.clone().into(),
        class: class.into(),
        record: None,
        lease: hour,
        read_lease: hour,
    }
}

/// The party that the platform signs as: of the configuration, or the one that all agreements of the plan name.
fn platform(documents: &Documents) -> String {
    if let Some(config) = &documents.config {
        return config.spec.platform_party.clone();
    }
    let entities = &documents.plan.spec.covered_entities;
    let ours = documents.baas.iter().filter(|b| entities.iter().any(|e| e.party == b.spec.disclosing.party));
    let mut parties: Vec<_> = ours.map(|b| b.spec.receiving.party.clone()).collect();
    parties.sort();
    parties.dedup();
    match <[String; 1]>::try_from(parties) {
        Ok([party]) => party,
        Err(_) => PLATFORM.into(),
    }
}

/// A class of this name with the strictest settings and no limits.
fn strictest(name: &str) -> HealthcarePlanClass {
    let spec = serde_json::json!({
        "nodePool": {"isolation": "Metal", "maxNodes": i32::MAX, "provider": {"static": {}}},
        "network": {"dns": {"namespace": "kube-system", "podLabels": {"k8s-app": "kube-dns"}}},
        "keys": {"rotationPeriod": "2160h", "snapshotRetention": "720h"},
        "flags": {"lease": "1h", "readLease": "72h"},
    });
    let mut class = HealthcarePlanClass::new(name, serde_json::from_value(spec).expect("this class decodes"));
    let idle = flags::Settings::strictest().idle_minutes;
    class.spec.floors =
        Some(Floors { alerts: Some(Alerts::Strict), max_session_idle_minutes: Some(idle), mfa: Some(Mfa::Required) });
    class
}

/// The world that the operator would meet, as far as files tell: nothing there yet.
fn world(tenant: &Tenant, config: Option<&RingfenceConfig>) -> World {
    let assumed = || {
        let spec = serde_json::json!({
            "platformParty": tenant.platform,
            "operator": {"namespace": "ringfence-system", "serviceAccountName": "ringfence-operator"},
            "keyService": {"address": "https://openbao", "caBundle": "", "authMount": "kubernetes", "role": "ringfence-operator"},
        });
        RingfenceConfig::new("cluster", serde_json::from_value(spec).expect("this configuration decodes"))
    };
    World {
        name: tenant.name.as_str().to_owned(),
        plan: Fact::Known(tenant.plan.clone()),
        class: Fact::Known(tenant.class.clone()),
        config: Fact::Known(config.cloned().unwrap_or_else(assumed).into()),
        record: Fact::Absent,
        ..World::default()
    }
}

/// Who must act, in the order in which it is best done.
fn tasks(documents: &Documents, verdict: &agreement::Verdict, effective: &EffectiveFeatures) -> Vec<Task> {
    let groups = documents.config.as_ref().and_then(|c| c.spec.groups.clone()).unwrap_or_default();
    let of = |role: &str, groups: &[String]| match groups {
        [] => format!("{role} of RingfenceConfig"),
        named => format!("{role} ({})", named.join(", ")),
    };
    let plan = &documents.plan.spec;
    let mut tasks = vec![];
    let mut ask = |who: String, what: String| tasks.push(Task { who, what });
    match documents.class() {
        None => ask(
            of("administrators", &groups.administrators),
            format!("give the file of HealthcarePlanClass {}, or create it", plan.plan_class_name),
        ),
        Some(class) if plan.nodes.count > class.spec.node_pool.max_nodes => ask(
            of("flippers", &groups.flippers),
            format!("ask for at most {} nodes, or name another class", class.spec.node_pool.max_nodes),
        ),
        Some(_) => {}
    }
    ask(
        of("administrators", &groups.administrators),
        format!("see that {} free nodes of the inventory are there", plan.nodes.count),
    );
    for entity in verdict.entities.iter().filter(|e| !e.open) {
        let what = match entity.baa() {
            None => format!("write the BAA of {}, then record both parties' signatures", entity.party),
            Some(_) => entity.missing.clone(),
        };
        ask(of("signers", &groups.signers), what);
    }
    let features = plan.features.clone().unwrap_or_default();
    let risks = [
        (features.alerts == Some(Alerts::Guide) && effective.alerts == Alerts::Strict, "alerts.guide"),
        (
            features.redaction == Some(Redaction::Disabled) && effective.redaction == Redaction::Enabled,
            "redaction.disabled",
        ),
    ];
    for (_, setting) in risks.into_iter().filter(|(open, _)| *open) {
        let accepted =
            documents.acts.iter().any(|a| a.spec.act == Act::AcceptRisk && a.spec.setting.as_deref() == Some(setting));
        let what = if accepted {
            format!("accept the risk {setting} anew: the AcceptRisk in the files does not count for this plan now")
        } else {
            format!("accept the risk {setting} (an Attestation of act AcceptRisk), or leave the strict setting")
        };
        let both: Vec<_> = groups.signers.iter().chain(&groups.privacy_officers).cloned().collect();
        ask(of("signers or privacyOfficers", &both), what);
    }
    ask(
        "an administrator of the customer's account".into(),
        "promote notification-only users who must go on hearing recordings, by hand".into(),
    );
    ask(of("flippers", &groups.flippers), "apply the plan".into());
    tasks
}
