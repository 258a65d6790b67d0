//! Hosts, networks, ports, lists, names and words that admission refuses.

use anyhow::Result;
use serde_json::{Value, json};

use super::play::Play;

const PATTERN: &str = "spec.endpoints[0].host in body should match";
const PUBLIC: &str = "host must be a public name";
const ADDRESS: &str = "host must not carry an address";
const PUNYCODE: &str = "host must be plain ASCII";
const WIDE: &str = "cidrs must be networks in CIDR notation without host bits";
const PRIVATE: &str = "cidrs must be public networks";

pub async fn fields(play: &mut Play) -> Result<()> {
    hosts(play).await?;
    networks(play).await?;
    for (what, change, by) in ports_and_lists().into_iter().chain(words()) {
        let mut object = play.push("refused");
        change(&mut object);
        play.no(what, object, by).await?;
    }
    for (name, by) in [
        ("a".repeat(41).as_str(), "metadata.name must be a DNS label of at most 40 characters"),
        ("crm.sync", "metadata.name must be a DNS label"),
        ("CRM", "a lowercase RFC 1123 subdomain"),
        ("0crm", "starts with a letter"),
        ("crm-", "a lowercase RFC 1123 subdomain"),
        ("../crm", "metadata.name"),
    ] {
        let object = play.push(name);
        let shown = if name.len() > 40 { "a name of 41 characters".to_owned() } else { format!("the name `{name}`") };
        play.no(&shown, object, by).await?;
    }
    Ok(())
}

async fn hosts(play: &mut Play) -> Result<()> {
    let long = format!("{}example", "abcdefgh.".repeat(28));
    let label = format!("{}.example", "a".repeat(64));
    for (host, by) in [
        ("localhost", PATTERN),
        ("app.localhost", PUBLIC),
        ("metadata.google.internal", PUBLIC),
        ("kubernetes.default.svc", PUBLIC),
        ("web.shop.svc.cluster.local", PUBLIC),
        ("web.svc.shop.example", PUBLIC),
        ("1.0.0.10.in-addr.arpa", PUBLIC),
        ("vault.service.consul", PUBLIC),
        ("169.254.169.254", PATTERN),
        ("2130706433", PATTERN),
        ("0x7f000001", PATTERN),
        ("0x7f.0.0.0x1", PATTERN),
        ("0177.0.0.01", PATTERN),
        ("[::1]", PATTERN),
        ("10.0.0.1.nip.io", ADDRESS),
        ("app-10-0-0-1.sslip.example", ADDRESS),
        ("0a000001.nip.io", ADDRESS),
        ("fd00--1.sslip.io", ADDRESS),
        ("app.localtest.me", ADDRESS),
        ("api.vendor.example:443", PATTERN),
        ("api.vendor.example/v1", PATTERN),
        ("me@api.vendor.example", PATTERN),
        ("https://api.vendor.example", PATTERN),
        ("*.vendor.example", PATTERN),
        ("*", "spec.endpoints[0].host in body should be at least 4 chars long"),
        ("api.vendor.example.", PATTERN),
        ("api_v1.vendor.example", PATTERN),
        ("API.vendor.example", PATTERN),
        ("bücher.example", PATTERN),
        ("xn--bcher-kva.example", PUNYCODE),
        ("login.xn--80ak6aa92e.com", PUNYCODE),
        ("vendor", PATTERN),
        ("api..example", PATTERN),
        (".vendor.example", PATTERN),
        ("-api.vendor.example", PATTERN),
        ("api.vendor.example\n", PATTERN),
        (" api.vendor.example", PATTERN),
        ("", "spec.endpoints[0].host in body should be at least 4 chars long"),
        (&format!("{long}xx"), "may not be more than 253"),
        (&label, PATTERN),
    ] {
        let mut object = play.push("refused");
        object["spec"]["endpoints"][0]["host"] = host.into();
        let shown = match host.len() {
            0 => "an empty host".to_owned(),
            71.. if host.len() > 253 => "a host of 254 characters or more".to_owned(),
            71.. => "a host with a label of 64".to_owned(),
            _ => format!("the host `{}`", host.escape_debug()),
        };
        play.no(&shown, object, by).await?;
    }
    Ok(())
}

async fn networks(play: &mut Play) -> Result<()> {
    for (cidr, by) in [
        ("0.0.0.0/0", WIDE),
        ("0.0.0.0/1", WIDE),
        ("128.0.0.0/1", WIDE),
        ("13.0.0.0/8", WIDE),
        ("13.108.0.0/15", WIDE),
        ("10.0.0.0/8", WIDE),
        ("10.0.0.0/24", PRIVATE),
        ("10.96.0.1/32", PRIVATE),
        ("172.16.0.0/16", PRIVATE),
        ("172.31.255.255/32", PRIVATE),
        ("192.168.0.0/16", PRIVATE),
        ("100.64.0.0/16", PRIVATE),
        ("127.0.0.1/32", PRIVATE),
        ("169.254.169.254/32", PRIVATE),
        ("168.63.129.16/32", PRIVATE),
        ("168.63.0.0/16", PRIVATE),
        ("224.0.0.0/16", PRIVATE),
        ("255.255.255.255/32", PRIVATE),
        ("0.0.0.0/32", PRIVATE),
        ("::/0", WIDE),
        ("::/1", WIDE),
        ("2000::/3", WIDE),
        ("::1/128", PRIVATE),
        ("fd00::/32", PRIVATE),
        ("fd00:ec2::254/128", PRIVATE),
        ("fe80::/64", PRIVATE),
        ("ff02::1/128", PRIVATE),
        ("::ffff:10.0.0.0/104", WIDE),
        ("64:ff9b::/96", PRIVATE),
        ("64:ff9b::a9fe:a9fe/128", PRIVATE),
        ("64:ff9b:1::/48", PRIVATE),
        ("2002:a00::/32", PRIVATE),
        ("2001::/32", PRIVATE),
        ("198.51.100.1/24", WIDE),
        ("198.51.100.1", WIDE),
        (" 198.51.100.0/24", WIDE),
        ("198.51.100.0 /24", WIDE),
        ("010.0.0.0/16", WIDE),
        ("198.51.100.0/024", WIDE),
        ("198.51.100.0/33", WIDE),
        ("198.51.100.0/-1", WIDE),
        ("0xc6336400/24", WIDE),
        ("fe80::1%eth0/128", WIDE),
        ("vendor.example", WIDE),
        ("", WIDE),
    ] {
        let mut object = play.push("refused");
        object["spec"]["endpoints"][0]["cidrs"] = json!([cidr]);
        play.no(&format!("the network `{cidr}`"), object, by).await?;
    }
    let mut object = play.push("refused");
    object["spec"]["endpoints"][0]["cidrs"] = json!(["198.51.100.0/24", "10.1.2.3/32"]);
    play.no("a private network behind a public one", object, PRIVATE).await
}

type Try = (&'static str, Box<dyn Fn(&mut Value)>, &'static str);

fn set(what: &'static str, at: &'static str, to: Value, by: &'static str) -> Try {
    let change = move |object: &mut Value| match at.rsplit_once('/') {
        Some((parent, key)) => {
            let parent = object.pointer_mut(parent).expect("it is there");
            match parent {
                Value::Object(map) if to.is_null() => drop(map.remove(key)),
                _ => parent[key] = to.clone(),
            }
        }
        None => *object = to.clone(),
    };
    (what, Box::new(change), by)
}

fn ports_and_lists() -> Vec<Try> {
    let port = |what, to: Value, by| set(what, "/spec/endpoints/0/port", to, by);
    let endpoint =
        |n: usize| json!({ "host": format!("a{n}.vendor.example"), "cidrs": ["198.51.100.0/24"], "port": 443 });
    let many: Vec<Value> = (0..11).map(endpoint).collect();
    let networks: Vec<String> = (0..17).map(|n| format!("198.51.{n}.0/24")).collect();
    let tls = "must be one that speaks TLS";
    vec![
        port("port 0", json!(0), "spec.endpoints[0].port in body should be greater than or equal to 1"),
        port("port -1", json!(-1), "spec.endpoints[0].port in body should be greater than or equal to 1"),
        port("port 65536", json!(65536), "spec.endpoints[0].port in body should be less than or equal to 65535"),
        port("port 80", json!(80), tls),
        port("port 22", json!(22), tls),
        port("port 25", json!(25), tls),
        port("port 53", json!(53), tls),
        port("port `\"443\"`, a string", json!("443"), "spec.endpoints[0].port in body must be of type integer"),
        port("port 443.5", json!(443.5), "spec.endpoints[0].port in body must be of type int32"),
        port("no port", Value::Null, "spec.endpoints[0].port: Required value"),
        set(
            "a range of ports",
            "/spec/endpoints/0/endPort",
            json!(65535),
            "unknown field \"spec.endpoints[0].endPort\"",
        ),
        set("UDP", "/spec/endpoints/0/protocol", json!("UDP"), "unknown field \"spec.endpoints[0].protocol\""),
        set(
            "a selector of pods",
            "/spec/endpoints/0/podSelector",
            json!({}),
            "unknown field \"spec.endpoints[0].podSelector\"",
        ),
        set("11 endpoints", "/spec/endpoints", json!(many), "spec.endpoints: Too many: 11: must have at most 10 items"),
        set(
            "no endpoints in the list",
            "/spec/endpoints",
            json!([]),
            "spec.endpoints in body should have at least 1 items",
        ),
        set(
            "an endpoint twice",
            "/spec/endpoints",
            json!([endpoint(1), endpoint(1)]),
            "spec.endpoints[1]: Duplicate value",
        ),
        set(
            "17 networks",
            "/spec/endpoints/0/cidrs",
            json!(networks),
            "spec.endpoints[0].cidrs: Too many: 17: must have at most 16 items",
        ),
        set(
            "no networks in the list",
            "/spec/endpoints/0/cidrs",
            json!([]),
            "spec.endpoints[0].cidrs in body should have at least 1 items",
        ),
        set(
            "a network twice",
            "/spec/endpoints/0/cidrs",
            json!(["198.51.100.0/24", "198.51.100.0/24"]),
            "spec.endpoints[0].cidrs[1]: Duplicate value",
        ),
    ]
}

fn words() -> Vec<Try> {
    let one_of = "spec.cover must be one of baaRef, attested and deIdentified";
    let cover = |what, to: Value, by| set(what, "/spec/cover", to, by);
    vec![
        cover("two covers at once", json!({ "baaRef": { "name": "a" }, "attested": true }), one_of),
        cover(
            "three covers at once",
            json!({ "baaRef": { "name": "a" }, "attested": true, "deIdentified": true }),
            one_of,
        ),
        cover("an empty cover", json!({}), one_of),
        cover("`attested: false`", json!({ "attested": false }), "spec.cover.attested is true, or left out"),
        cover(
            "`deIdentified: false`",
            json!({ "deIdentified": false }),
            "spec.cover.deIdentified is true, or left out",
        ),
        cover(
            "`deIdentified` with categories",
            json!({ "deIdentified": true }),
            "spec.cover.deIdentified is for data that identifies nobody",
        ),
        cover(
            "a patient's authorisation as cover",
            json!({ "patientAuthorization": true }),
            "unknown field \"spec.cover.patientAuthorization\"",
        ),
        cover(
            "an agreement in another namespace",
            json!({ "baaRef": { "name": "a", "namespace": "b" } }),
            "unknown field \"spec.cover.baaRef.namespace\"",
        ),
        cover("an agreement without a name", json!({ "baaRef": { "name": "" } }), "spec.cover.baaRef.name"),
        set("Pull with endpoints", "/spec/direction", json!("Pull"), "spec.endpoints is for direction Push"),
        set(
            "Push in full without endpoints",
            "/spec/endpoints",
            Value::Null,
            "spec.endpoints is needed for direction Push",
        ),
        set("the direction `Both`", "/spec/direction", json!("Both"), "spec.direction: Unsupported value: \"Both\""),
        set("the payload `full`", "/spec/payload", json!("full"), "spec.payload: Unsupported value: \"full\""),
        set(
            "the payload `Everything`",
            "/spec/payload",
            json!("Everything"),
            "spec.payload: Unsupported value: \"Everything\"",
        ),
        set("no payload", "/spec/payload", Value::Null, "spec.payload: Required value"),
        set(
            "an empty list of categories",
            "/spec/phiCategories",
            json!([]),
            "spec.phiCategories in body should have at least 1 items",
        ),
        set(
            "an unknown category",
            "/spec/phiCategories",
            json!(["Diagnosis"]),
            "spec.phiCategories[0]: Unsupported value: \"Diagnosis\"",
        ),
        set(
            "a category twice",
            "/spec/phiCategories",
            json!(["CallerID", "CallerID"]),
            "spec.phiCategories[1]: Duplicate value",
        ),
        set("a vendor in upper case", "/spec/vendor", json!("Salesforce"), "spec.vendor in body should match"),
        set(
            "a vendor that breaks the line of a warning",
            "/spec/vendor",
            json!("a\nb"),
            "spec.vendor in body should match",
        ),
        set("no vendor", "/spec/vendor", json!(""), "spec.vendor in body should be at least 1 chars long"),
        set("a service with a space", "/spec/service", json!("crm sync"), "spec.service in body should match"),
        set("a field that is unknown", "/spec/tenant", json!("another"), "unknown field \"spec.tenant\""),
    ]
}
