//! Nodes for a crowd: Ready from the first moment, with nobody renewing anything. For beds made with [`crate::Options::CROWDED`].

use anyhow::Result;
use k8s_openapi::api::core::v1::Node;
use kube::{Api, api::PostParams};

use super::{Crowd, each};
use crate::{
    nodes::NodeSpec,
    wait::{self, Look},
};

impl Crowd {
    /// Adds nodes of these names to the class's inventory, and waits until the control plane has taken its taints off.
    ///
    /// # Errors
    /// When a node is refused, or is not free of taints in time.
    pub async fn nodes(&self, names: &[String]) -> Result<()> {
        let nodes: Api<Node> = Api::all(self.admin.clone());
        each(names, async |name| {
            let node = NodeSpec::named(name).inventory(&self.class).zone("zone-0").unplayed()?;
            nodes.create(&PostParams::default(), &node).await?;
            Ok(())
        })
        .await?;
        wait::until("the nodes have lost the taints of new ones", async || {
            let all = nodes.list(&Default::default()).await?;
            let taints =
                |n: &Node| n.spec.iter().flat_map(|s| s.taints.clone().unwrap_or_default()).collect::<Vec<_>>();
            let new = all.iter().filter(|n| taints(n).iter().any(|t| t.key.starts_with("node.kubernetes.io/"))).count();
            Ok(if new == 0 { Look::Done(()) } else { Look::Not(format!("{new} have them")) })
        })
        .await
    }
}
