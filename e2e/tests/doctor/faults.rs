//! What falls is told, with the object and the field, and no more once it is put back.

use anyhow::{Context, Result, ensure};
use k8s_openapi::api::{
    admissionregistration::v1::{ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding},
    rbac::v1::ClusterRole,
};
use kube::{
    Api, Client, Resource,
    api::{Patch, PatchParams},
};
use ringfence_e2e::{Bed, operator::Operator};
use serde_json::{Value, json};

use crate::patient::Doctor;

const RULE: &str = "ringfence-g06-services";

/// Changes fields of an object until `then` is done, and puts the old values back.
async fn while_changed<K>(api: &Api<K>, name: &str, change: Value, then: impl AsyncFnOnce() -> Result<()>) -> Result<()>
where
    K: Resource + Clone + serde::de::DeserializeOwned + serde::Serialize + std::fmt::Debug,
{
    let was = serde_json::to_value(api.get(name).await?)?;
    api.patch(name, &PatchParams::default(), &Patch::Merge(&change)).await?;
    let done = then().await;
    let back = restored(&change, &was);
    api.patch(name, &PatchParams::default(), &Patch::Merge(&back)).await?;
    done
}

/// The same fields with the values that they had.
fn restored(change: &Value, was: &Value) -> Value {
    match change.as_object() {
        Some(fields) => fields.iter().map(|(name, value)| (name.clone(), restored(value, &was[name]))).collect(),
        None => was.clone(),
    }
}

pub async fn of_guardrails(admin: &Client, doctor: &Doctor) -> Result<()> {
    let bindings: Api<ValidatingAdmissionPolicyBinding> = Api::all(admin.clone());
    while_changed(&bindings, RULE, json!({ "spec": { "validationActions": ["Audit"] } }), async || {
        let said = doctor.says(&[])?;
        said.ended(1)?;
        said.must("Wrong", &format!("binding {RULE}"), "spec.validationActions is [Audit]")
    })
    .await?;
    let policies: Api<ValidatingAdmissionPolicy> = Api::all(admin.clone());
    while_changed(&policies, RULE, json!({ "spec": { "failurePolicy": "Ignore" } }), async || {
        let said = doctor.says(&[])?;
        said.ended(1)?;
        said.must("Wrong", &format!("policy {RULE}"), "spec.failurePolicy is not as it is shipped")
    })
    .await?;
    let validations = json!([{ "expression": "true" }]);
    while_changed(&policies, RULE, json!({ "spec": { "validations": validations } }), async || {
        doctor.says(&[])?.must("Wrong", &format!("policy {RULE}"), "spec.validations")
    })
    .await?;
    doctor.comes_to_end(&[], 0).await.map(drop)
}

pub async fn of_its_rights(admin: &Client, doctor: &Doctor) -> Result<()> {
    let roles: Api<ClusterRole> = Api::all(admin.clone());
    let name = "ringfence-operator";
    let whole = roles.get(name).await?.rules.context("the operator's rules")?;
    let about = "ServiceAccount ringfence-system/ringfence-operator";
    let less: Vec<_> = whole.iter().filter(|r| r.resources != Some(vec!["networkpolicies".into()])).collect();
    ensure!(less.len() + 1 == whole.len());
    while_changed(&roles, name, json!({ "rules": less }), async || {
        let said = doctor.says(&[])?;
        said.ended(1)?;
        said.must("Wrong", about, "lacks in the cluster: create networkpolicies.networking.k8s.io")
    })
    .await?;
    let secrets = json!({ "apiGroups": [""], "resources": ["secrets"], "verbs": ["get"] });
    let more: Vec<_> = whole.iter().map(|r| json!(r)).chain([secrets]).collect();
    while_changed(&roles, name, json!({ "rules": more }), async || {
        let said = doctor.says(&[])?;
        said.ended(0)?;
        said.must("Warning", about, "holds more than is shipped, by ClusterRoleBinding ringfence-operator of ClusterRole ringfence-operator: get secrets")
    })
    .await?;
    doctor.says(&[])?.ended(0)
}

pub async fn of_the_operator(operator: &Operator, doctor: &Doctor) -> Result<()> {
    operator.server().terminate().await?;
    let said = doctor.says(&[])?;
    said.ended(1)?;
    said.must("Wrong", "Lease ringfence-operator", "has no holder: the operator was stopped")?;
    operator.server().start()?;
    doctor.comes_to_end(&[], 0).await?;
    operator.server().kill();
    doctor.comes_to_say(&[], "Wrong", "Lease ringfence-operator", "no operator runs").await?.ended(1)?;
    operator.server().start()?;
    doctor.comes_to_end(&[], 0).await.map(drop)
}

pub async fn of_the_key_service(bed: &Bed, doctor: &Doctor) -> Result<()> {
    let address = bed.openbao().address();
    bed.openbao().seal().await?;
    let said = doctor.says(&[])?;
    said.ended(1)?;
    said.must("Wrong", address, "is sealed")?;
    bed.openbao().server().kill();
    let said = doctor.says(&[])?;
    said.ended(1)?;
    said.must("Unknown", address, "does not answer")?;
    bed.openbao().server().start()?;
    bed.openbao().unseal().await?;
    doctor.comes_to_end(&[], 0).await.map(drop)
}
