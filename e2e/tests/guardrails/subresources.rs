//! Pods through `/resize` and `/status`, which no rule of G1 matches: what they carry beside their purpose is dropped by Kubernetes itself.

use anyhow::{Result, ensure};
use ringfence_e2e::Bed;
use serde_json::{Value, json};

use crate::{
    ask::{Ask, get},
    g14::resized,
    things::{FENCED, POOL, namespace},
};

fn placed(pod: &Value) -> Value {
    json!([
        pod["spec"]["nodeName"],
        pod["spec"]["nodeSelector"],
        pod["spec"]["tolerations"],
        pod["spec"]["schedulerName"]
    ])
}

/// By an administrator, for whom RBAC is no bound.
pub async fn subresources(bed: &Bed) -> Result<()> {
    let admin = bed.admin().await?;
    let at = format!("{}/pods/gr-gated", namespace(FENCED));
    let before = get(&admin, &at).await?;
    ensure!(before["spec"]["nodeSelector"][POOL] == FENCED, "{}", placed(&before));
    for way in ["resize", "status"] {
        let mut smuggled = resized().as_array().cloned().unwrap_or_default();
        smuggled.push(json!({"op": "add", "path": "/spec/tolerations/-", "value": {"operator": "Exists"}}));
        smuggled.push(json!({"op": "add", "path": "/spec/nodeSelector", "value": {POOL: "gr-next"}}));
        Ask::json(format!("{at}/{way}"), json!(smuggled)).done(&admin).await?;
        let after = get(&admin, &at).await?;
        ensure!(placed(&before) == placed(&after), "through /{way}: {}", placed(&after));
    }
    println!("a tenant's pod moves by neither /resize nor /status");
    Ok(())
}
