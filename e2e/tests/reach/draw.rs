//! Random classes, and random pods.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ringfence_e2e::reach::{Labels, NamedPort, Pod, Protocol};
use serde_json::{Value, json};

use crate::declared::Tenant;

/// The platform's namespaces, which classes name.
pub const PLATFORM: [&str; 6] = ["edge", "vault", "sbc", "archive", "metrics", "unnamed"];
/// Namespaces that are there anyway.
const SYSTEM: [&str; 3] = ["kube-system", "default", "ringfence-system"];
/// How many of [`PLATFORM`] classes name; nobody names the last.
const NAMED: usize = 5;
/// Most entries that a class may have.
const MOST: usize = 32;

/// A small generator of numbers (SplitMix64): the same seed makes the same tenants.
pub struct Dice(pub u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `bound`.
    pub fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }

    fn one<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())]
    }

    /// The `allow` list of a class: the first class has none, the second as many as there may be, and the third also names tenants' namespaces, those of
    /// its own tenants too, which opens nothing.
    pub fn allows(&mut self, class: usize, tenants: &[String]) -> Vec<Value> {
        let count = match class {
            0 => 0,
            1 => MOST,
            _ => 1 + self.below(10),
        };
        let mut allows: Vec<Value> = (0..count).map(|n| self.allow(&format!("way-{n}"))).collect();
        if class == 2 {
            for (n, tenant) in tenants.iter().take(20).enumerate() {
                let ports = json!([{ "protocol": "TCP", "port": 1, "endPort": 65535 }]);
                allows.push(json!({ "name": format!("foreign-{n}"), "purpose": "Monitoring", "direction": "Both", "namespace": tenant, "ports": ports }));
            }
        }
        allows
    }

    /// Integrations of a tenant, up to three, and whether the warning of each is accepted: without, it opens nothing.
    pub fn integrations(&mut self) -> Vec<(Value, bool)> {
        (0..self.below(4)).map(|n| (self.integration(n), self.below(3) > 0)).collect()
    }

    fn integration(&mut self, n: usize) -> Value {
        let endpoints = (0..=self.below(3)).map(|host| {
            let cidrs: std::collections::BTreeSet<_> = (0..=self.below(3)).map(|_| self.public()).collect();
            let port = self.one(&[443, 465, 8443, 65535]);
            json!({ "host": format!("h{host}.vendor.example"), "cidrs": cidrs, "port": port })
        });
        let endpoints: Vec<_> = endpoints.collect();
        json!({ "name": format!("intg-{n}"), "endpoints": endpoints })
    }

    /// A network that may be a third party's.
    fn public(&mut self) -> String {
        let part = self.below(256);
        match self.below(3) {
            0 => format!("203.0.113.{}/32", part),
            1 => format!("52.{part}.0.0/16"),
            _ => format!("2600:{part:x}::/40"),
        }
    }

    fn allow(&mut self, name: &str) -> Value {
        let (purpose, directions): (&str, &[&str]) = match self.below(6) {
            0 => ("Gateway", &["Ingress"]),
            1 => ("KeyService", &["Egress"]),
            2 | 3 => ("Storage", &["Egress"]),
            4 => ("CallRouting", &["Ingress", "Egress", "Both"]),
            _ => ("Monitoring", &["Ingress", "Egress", "Both"]),
        };
        let mut allow =
            json!({ "name": name, "purpose": purpose, "direction": self.one(directions), "ports": self.ports() });
        if purpose == "Gateway" || self.below(3) == 0 {
            allow["namespace"] = PLATFORM[self.below(NAMED)].into();
        } else {
            let most = if self.below(10) == 0 { 32 } else { 4 };
            let mut cidrs: Vec<String> = (0..=self.below(most)).map(|_| self.cidr()).collect();
            cidrs.dedup();
            allow["cidrs"] = cidrs.into();
        }
        match self.below(4) {
            0 if purpose != "Gateway" => allow["toPodLabels"] = json!({}),
            1 | 2 if purpose != "Gateway" => (),
            _ => allow["toPodLabels"] = json!(self.labels(1)),
        }
        allow
    }

    fn ports(&mut self) -> Vec<Value> {
        let mut ports = vec![];
        for _ in 0..=self.below(3) {
            let first = 1 + self.below(65_535);
            let mut port = json!({ "protocol": self.one(&["TCP", "UDP"]), "port": first });
            if self.below(3) == 0 {
                port["endPort"] = (first + self.below(65_536 - first)).into();
            }
            ports.push(port);
        }
        ports
    }

    /// A network outside: public, or kept for documentation.
    fn cidr(&mut self) -> String {
        if self.below(4) == 0 {
            let prefix = 32 + self.below(97) as u32;
            let address = (0x2001_0db8 << 96) | u128::from(self.next()) << 32 | u128::from(self.next() as u32);
            let mask = u128::MAX << (128 - prefix);
            return format!("{}/{prefix}", Ipv6Addr::from(address & mask));
        }
        let prefix = 8 + self.below(25) as u32;
        let first = 20 + self.below(80) as u32;
        let address = first << 24 | self.next() as u32 & 0x00ff_ffff;
        format!("{}/{prefix}", Ipv4Addr::from(address & u32::MAX << (32 - prefix)))
    }

    /// At least `least` labels.
    fn labels(&mut self, least: usize) -> Labels {
        let mut labels = Labels::new();
        let count = least + self.below(2);
        while labels.len() < count {
            let (key, values) = self.one(&[("tier", &["web", "worker"][..]), ("app", &["crm", "forms", "calls"][..])]);
            labels.insert(key.into(), self.one(values).into());
        }
        labels
    }

    /// Some pods of each tenant and of each other namespace, one of the DNS among them.
    pub fn pods(&mut self, tenants: &[Tenant]) -> Vec<Pod> {
        let mut pods = vec![];
        let others = PLATFORM.into_iter().chain(SYSTEM);
        for namespace in tenants.iter().map(|tenant| tenant.name.as_str()).chain(others) {
            for n in 0..=self.below(3) {
                let at = Ipv4Addr::new(10, 1, (pods.len() / 200) as u8, 1 + (pods.len() % 200) as u8);
                pods.push(Pod {
                    namespace: namespace.into(),
                    name: format!("pod-{n}"),
                    labels: self.labels(0),
                    addresses: vec![IpAddr::V4(at)],
                    ports: vec![NamedPort { name: "web".into(), protocol: Protocol::Tcp, number: 8080 }],
                });
            }
        }
        let labels = [("k8s-app".to_owned(), "kube-dns".to_owned())].into();
        let addresses = vec![IpAddr::V4(Ipv4Addr::new(10, 1, 255, 1))];
        pods.push(Pod { namespace: "kube-system".into(), name: "dns".into(), labels, addresses, ports: vec![] });
        pods
    }
}
