//! Agreements that cover nothing here, destinations that are the cluster's own, and parties that are no third party.

use anyhow::Result;
use k8s_openapi::api::{core::v1::Node, networking::v1::ServiceCIDR};
use kube::{
    Api,
    api::{DeleteParams, PostParams},
};
use ringfence_e2e::{nodes::NodeSpec, scenario::seconds_from_now, tenant::unique};
use serde_json::{Value, json};

use super::play::{Case, Play};
use crate::{
    desk::{SERVICE, with_vendor},
    office::{ALICE, BOB, PLATFORM, agency, draft, signature},
};

const SERVICES: &str = "hostile";
const FOREIGN: (&str, &str) = ("Covered", "CoverForeign");
const NONE: (&str, &str) = ("Covered", "VendorNotCovered");

pub async fn covers(play: &mut Play) -> Result<()> {
    let cases = agreements(play).await?;
    play.idle(cases).await?;
    let node = cluster(play).await?;
    play.node = Some(node);
    let cases = places(play);
    play.idle(cases).await
}

/// The cluster is as it was.
pub async fn clear(play: &Play) -> Result<()> {
    let (nodes, services): (Api<Node>, Api<ServiceCIDR>) =
        (Api::all(play.office.admin.clone()), Api::all(play.office.admin.clone()));
    if let Some(node) = &play.node {
        nodes.delete(node, &DeleteParams::default()).await?;
        services.delete(SERVICES, &DeleteParams::default()).await?;
    }
    Ok(())
}

/// Every agreement that is not this tenant's or the platform's with this very vendor, in force and wide enough.
async fn agreements(play: &Play) -> Result<Vec<Case>> {
    let (office, vendor, acme, globex) = (&play.office, play.vendor.as_str(), &play.acme.tenant, &play.globex.tenant);
    let with = |mut baa: Value, change: &dyn Fn(&mut Value)| {
        baa["spec"]["scope"]["services"] = json!([SERVICE]);
        change(&mut baa);
        baa
    };
    let name = |stem: &str| format!("{stem}-{vendor}");
    let ours = |stem: &str, change: &dyn Fn(&mut Value)| anyhow::Ok(with(with_vendor(&name(stem), vendor)?, change));
    office.agree(ours("short", &|b| b["spec"]["term"]["expirationTime"] = seconds_from_now(4).into())?).await?;
    office.agree(with(draft(&name("theirs"), globex, vendor)?, &|_| ())).await?;
    office.agree(with_vendor(&name("other"), &unique("vendor"))?).await?;
    office.file(ours("draft", &|_| ())?).await?;
    let half = office.file(ours("half", &|_| ())?).await?;
    office.act(ALICE, &half, signature(PLATFORM)).await?;
    let gone = office.agree(ours("gone", &|_| ())?).await?;
    office.act(BOB, &gone, json!({ "act": "Terminate", "onBehalfOf": { "party": PLATFORM } })).await?;
    office.agree(ours("later", &|b| b["spec"]["term"]["effectiveTime"] = seconds_from_now(3600).into())?).await?;
    office.agree(ours("service", &|b| b["spec"]["scope"]["services"] = json!(["mailing"]))?).await?;
    office.agree(ours("less", &|b| b["spec"]["scope"]["phiCategories"] = json!(["Form"]))?).await?;
    office.agree(ours("use", &|b| b["spec"]["permittedUses"] = json!(["AITraining"]))?).await?;
    office.agree(with(draft(&name("turned"), vendor, PLATFORM)?, &|_| ())).await?;
    office.agree(with(agency(&name("agent"), acme, vendor, &[])?, &|_| ())).await?;
    let amends = |stem: &str, of: &str, baa: Value| {
        with(baa, &|b| {
            b["metadata"]["name"] = name(stem).into();
            b["spec"]["amendsRef"] = json!({ "name": of });
        })
    };
    office.file(amends("promoted", &name("agent"), draft("x", acme, vendor)?)).await?;
    office.file(amends("adopted", &name("theirs"), with_vendor("x", vendor)?)).await?;
    office.file(amends("revived", &name("gone"), with_vendor("x", vendor)?)).await?;

    let named = |what: &'static str, n: usize, baa: &str, by: (&'static str, &'static str)| {
        let mut object = play.push(&format!("cover-{n}"));
        object["spec"]["cover"] = json!({ "baaRef": { "name": baa } });
        Case { what, object, by }
    };
    let mut cases = vec![];
    for (what, baa, by) in [
        ("another tenant's BAA with the same vendor", name("theirs"), FOREIGN),
        ("another tenant's BAA with the platform", globex.clone(), FOREIGN),
        ("the platform's BAA with another vendor", name("other"), FOREIGN),
        ("the tenant's own BAA with the platform", acme.clone(), FOREIGN),
        ("a BAA of the same parties the other way round", name("turned"), FOREIGN),
        ("a BAA under which the tenant is a business associate", name("agent"), FOREIGN),
        ("an unsigned amendment that would make it a covered entity there", name("promoted"), NONE),
        ("an unsigned amendment of another tenant's BAA, between the platform and the vendor", name("adopted"), NONE),
        ("an unsigned amendment of a terminated BAA", name("revived"), NONE),
        ("a draft", name("draft"), NONE),
        ("a BAA that one party has signed", name("half"), NONE),
        ("a BAA that has ended", name("short"), NONE),
        ("a terminated BAA", name("gone"), NONE),
        ("a BAA that begins later", name("later"), NONE),
        ("a BAA for another service", name("service"), NONE),
        ("a BAA that does not name the category", name("less"), ("Covered", "CategoryNotCovered")),
        ("a BAA for another use", name("use"), ("Covered", "UseNotPermitted")),
        ("a BAA that does not exist", name("none"), ("Covered", "CoverMissing")),
        ("a good BAA's name in upper case", play.good.to_uppercase(), ("Covered", "CoverMissing")),
        ("a good BAA by a path", format!("../{}", play.good), ("Covered", "CoverMissing")),
    ] {
        cases.push(named(what, cases.len(), &baa, by));
    }
    let mut service = play.push("more-service");
    service["spec"]["service"] = "ads".into();
    cases.push(Case { what: "a service that the vendor's BAA does not name", object: service, by: NONE });
    let mut bare = play.push("base");
    bare["spec"].as_object_mut().map(|s| s.remove("cover"));
    cases.push(Case { what: "the name `base`, without a cover", object: bare.clone(), by: ("Covered", "NoCover") });
    bare["metadata"]["name"] = "allow-x".into();
    cases.push(Case { what: "the name `allow-x`, without a cover", object: bare, by: ("Covered", "NoCover") });
    for (what, party, n) in
        [("the platform as vendor", PLATFORM, "vendor-1"), ("the tenant itself as vendor", acme.as_str(), "vendor-2")]
    {
        let mut object = play.push(n);
        object["spec"]["vendor"] = party.into();
        cases.push(Case { what, object, by: ("Ready", "InvalidSpec") });
    }
    Ok(cases)
}

/// The cluster gets networks that look public: a node's, its pods', services'.
async fn cluster(play: &Play) -> Result<String> {
    let admin = &play.office.admin;
    let mut node = serde_json::to_value(NodeSpec::named(&unique("public")).unplayed()?)?;
    node["spec"]["podCIDR"] = "203.0.112.0/24".into();
    node["spec"]["podCIDRs"] = json!(["203.0.112.0/24"]);
    node["status"]["addresses"] = json!([{ "type": "ExternalIP", "address": "203.0.113.7" }]);
    let nodes: Api<Node> = Api::all(admin.clone());
    let made = nodes.create(&PostParams::default(), &serde_json::from_value(node)?).await?;
    let services: Api<ServiceCIDR> = Api::all(admin.clone());
    let more = json!({ "metadata": { "name": SERVICES }, "spec": { "cidrs": ["203.0.116.0/24"] } });
    services.create(&PostParams::default(), &serde_json::from_value(more)?).await?;
    Ok(made.metadata.name.unwrap_or_default())
}

fn places(play: &Play) -> Vec<Case> {
    let refused = ("Ready", "DestinationRefused");
    let mut cases = vec![];
    for (what, cidr) in [
        ("a node's address", "203.0.113.7/32"),
        ("a network around a node", "203.0.113.0/24"),
        ("the range of a node's pods", "203.0.112.0/24"),
        ("one pod's address", "203.0.112.9/32"),
        ("the range of services", "203.0.116.0/24"),
        ("a network around all of them", "203.0.0.0/16"),
    ] {
        let mut object = play.push(&format!("place-{}", cases.len()));
        object["spec"]["endpoints"][0]["cidrs"] = json!(["198.51.100.0/24", cidr]);
        cases.push(Case { what, object, by: refused });
    }
    for (what, host) in
        [("a host without networks", "api.vendor.example"), ("the API server by its short name", "kubernetes.default")]
    {
        let mut object = play.push(&format!("place-{}", cases.len()));
        object["spec"]["endpoints"] = json!([{ "host": host, "port": 443 }]);
        cases.push(Case { what, object, by: ("Ready", "HostWithoutCidrs") });
    }
    cases
}
