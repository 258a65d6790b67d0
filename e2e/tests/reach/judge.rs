//! Compares what policies say with what is declared.

use ringfence_e2e::reach::{Cluster, Pod, Ports, Traffic};

use crate::declared::{Tenant, declared, declared_inward, dns, from_namespace, to_namespace};

/// The tenants and some pods of all namespaces.
pub struct Scene {
    /// The tenants.
    pub tenants: Vec<Tenant>,
    /// Pods of theirs, and of others.
    pub pods: Vec<Pod>,
}

impl Scene {
    /// Whether a namespace is a tenant's.
    pub fn is_tenant(&self, namespace: &str) -> bool {
        self.tenants.iter().any(|tenant| tenant.name == namespace)
    }

    /// Everything in which the cluster differs from the declarations.
    pub fn problems(&self, cluster: &Cluster) -> Vec<String> {
        self.tenants.iter().flat_map(|tenant| self.problems_of(cluster, tenant)).collect()
    }

    /// Everything in which one tenant differs from the declarations.
    pub fn problems_of(&self, cluster: &Cluster, tenant: &Tenant) -> Vec<String> {
        let mut found = vec![];
        self.anyone(cluster, tenant, &mut found);
        for pod in self.pods.iter().filter(|pod| pod.namespace == tenant.name) {
            self.single(cluster, tenant, pod, &mut found);
        }
        found
    }

    /// Whatever pods the tenant may ever have.
    fn anyone(&self, cluster: &Cluster, tenant: &Tenant, found: &mut Vec<String>) {
        let own = tenant.name.as_str();
        outside(&format!("{own} to the internet"), &cluster.outward_any(own), &declared(tenant, None), found);
        outside(&format!("the internet to {own}"), &cluster.inward_any(own), &declared_inward(tenant, None), found);
        let (dns_namespace, _, dns_ports) = dns(tenant);
        for other in cluster.namespaces() {
            let (mut out, mut into) = (to_namespace(tenant, None, other), from_namespace(tenant, None, other));
            if other == own {
                (out, into) = (Ports::all(), Ports::all());
            } else if self.is_tenant(other) {
                (out, into) = (Ports::default(), Ports::default());
            } else if other == dns_namespace {
                out = out.or(&dns_ports);
            }
            inside(&format!("{own} to {other}"), &cluster.between_any(own, other), &out, found);
            inside(&format!("{other} to {own}"), &cluster.between_any(other, own), &into, found);
        }
    }

    /// One pod of the tenant.
    fn single(&self, cluster: &Cluster, tenant: &Tenant, pod: &Pod, found: &mut Vec<String>) {
        let (own, labels) = (format!("{}/{}", pod.namespace, pod.name), Some(&pod.labels));
        outside(&format!("{own} to the internet"), &cluster.outward(pod), &declared(tenant, labels), found);
        outside(&format!("the internet to {own}"), &cluster.inward(pod), &declared_inward(tenant, labels), found);
        let (dns_namespace, dns_labels, dns_ports) = dns(tenant);
        for other in &self.pods {
            let at = other.namespace.as_str();
            let (mut out, mut into) = (to_namespace(tenant, labels, at), from_namespace(tenant, labels, at));
            if at == tenant.name {
                (out, into) = (Ports::all(), Ports::all());
            } else if self.is_tenant(at) {
                (out, into) = (Ports::default(), Ports::default());
            } else if at == dns_namespace && dns_labels.iter().all(|(key, value)| other.labels.get(key) == Some(value))
            {
                out = out.or(&dns_ports);
            }
            inside(&format!("{own} to {at}/{}", other.name), &cluster.between(pod, other), &out, found);
            inside(&format!("{at}/{} to {own}", other.name), &cluster.between(other, pod), &into, found);
        }
    }
}

fn outside(what: &str, is: &Traffic, declared: &Traffic, found: &mut Vec<String>) {
    if is != declared {
        found.push(format!(
            "{what}: open and not declared {:?}, declared and not open {:?}",
            is.minus(declared),
            declared.minus(is)
        ));
    }
}

fn inside(what: &str, is: &Ports, declared: &Ports, found: &mut Vec<String>) {
    if is != declared {
        found.push(format!("{what}: open {is:?}, declared {declared:?}"));
    }
}
