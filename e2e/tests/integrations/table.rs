//! R29, R30, R31, R38, R45: cover × acceptance × plan state × what is asked → flag and way out, all combinations on real servers.

use anyhow::{Result, ensure};
use futures::{StreamExt, TryStreamExt, stream};
use ringfence_e2e::{promise, table::Table, tenant::unique};
use serde_json::{Value, json};

use crate::{
    desk::{acknowledge, attest_cover, await_all, await_status, change, integrations, make, push, tina, with_vendor},
    office::{Office, draft, open},
};

const COVERS: [&str; 7] = ["none", "baa", "unsigned", "foreign", "attested", "unattested", "deidentified"];
const ACCEPTED: [&str; 3] = ["no", "stale", "yes"];
const ASKED: [&str; 3] = ["Full", "LinkOnly", "Off"];

/// What the tenant with this cover, acceptance and wish gets while its plan is open: from the rows, not from the code.
fn expected(cover: &str, accepted: &str, asked: &str) -> &'static str {
    let covered = ["baa", "attested", "deidentified"].contains(&cover);
    match asked {
        "Off" => "off",
        "Full" if covered && accepted == "yes" => "full",
        _ => "link-only",
    }
}

#[tokio::test]
async fn what_is_sent_is_the_strictest_of_asked_cover_acceptance_and_plan() -> Result<()> {
    promise("integrations_table", async |bed| {
        let office = Office::on(bed).await?;
        let tina = tina(bed).await?;
        let (vendor, other) = (unique("vendor"), unique("clinic"));
        let story = office.tenant("table", &unique("nobody")).await?;
        office.flip(&story, &[&story.tenant]).await?;
        let mut own = draft(&story.tenant, &story.tenant, "ringwell")?;
        // Else an agreement that is attested, of which nobody knows where the vendor is, covers nothing.
        own["spec"]["restrictions"]["offshoring"] = "Allow".into();
        office.agree(own).await?;
        let platform = format!("platform-{vendor}");
        office.agree(with_vendor(&platform, &vendor)?).await?;
        let unsigned = format!("unsigned-{vendor}");
        office.file(with_vendor(&unsigned, &vendor)?).await?;
        let foreign = format!("foreign-{vendor}");
        let mut theirs = draft(&foreign, &other, &vendor)?;
        theirs["spec"]["scope"]["services"] = json!([crate::desk::SERVICE]);
        office.agree(theirs).await?;
        open(&story).await?;

        let mut rows = vec![];
        for cover in COVERS {
            for accepted in ACCEPTED {
                for asked in ASKED {
                    rows.push((format!("{cover}-{accepted}-{}", asked.to_lowercase()), cover, accepted, asked));
                }
            }
        }
        ensure!(rows.len() == 63, "they fit one tenant");
        let one = async |(name, cover, accepted, asked): &(String, &str, &str, &str)| {
            let mut object = push(name, &story.tenant, &vendor);
            object["spec"]["payload"] = (*asked).into();
            let baa = |name: &str| json!({ "baaRef": { "name": name } });
            match *cover {
                "baa" => object["spec"]["cover"] = baa(&platform),
                "unsigned" => object["spec"]["cover"] = baa(&unsigned),
                "foreign" => object["spec"]["cover"] = baa(&foreign),
                "attested" | "unattested" => object["spec"]["cover"] = json!({ "attested": true }),
                "deidentified" => {
                    object["spec"]["cover"] = json!({ "deIdentified": true });
                    object["spec"].as_object_mut().map(|s| s.remove("phiCategories"));
                }
                _ => {}
            }
            make(&tina, object).await?;
            if *cover == "attested" {
                attest_cover(&tina, &story.tenant, name, 3600).await?;
            }
            if *accepted != "no" {
                acknowledge(&tina, &story.tenant, name).await?;
            }
            if *accepted == "stale" {
                let moved = json!({ "endpoints": [{ "host": "api.vendor.example", "cidrs": ["198.51.100.0/24"], "port": 8443 }] });
                change(&tina, &story.tenant, name, moved).await?;
            }
            anyhow::Ok(())
        };
        stream::iter(&rows).map(one).buffer_unordered(8).try_collect::<Vec<()>>().await?;

        let wanted: Vec<_> = rows.iter().map(|(n, c, a, p)| (n.clone(), expected(c, a, p))).collect();
        await_all(&story, &wanted).await?;
        let mut table = Table::new(&["cover", "accepted", "asked", "plan Active: flag", "way out", "plan Suspended: flag", "way out"]);
        for (name, cover, accepted, asked) in &rows {
            let is = expected(cover, accepted, asked);
            let said = await_status(&tina, (&story.tenant, name), "status says what is published", |s| {
                let payload = match is {
                    "full" => "Full",
                    "link-only" => "LinkOnly",
                    _ => "Off",
                };
                let egress = said(s, "EgressOpen");
                s["payload"] == payload && (egress["status"] == "True") == (is == "full") && said(s, "Ready")["status"] != "Unknown"
            })
            .await?;
            let ready = said_status(&said, "Ready");
            let stalls = *cover == "foreign" && *asked == "Full";
            ensure!(ready == if stalls { "False" } else { "True" }, "{name}: Ready is {ready}: {said}");
            let way = if is == "full" { "open" } else { "-" };
            table.row([cover, accepted, asked, is, way, "off", "-"].map(|s| (*s).to_owned()).to_vec());
        }
        let plan = story.read_plan().await?;
        let full = plan.data["status"]["integrations"]["full"].as_array().map_or(0, Vec::len);
        ensure!(full == 3, "the plan's status lists them: {}", plan.data["status"]["integrations"]);

        story.change_plan(json!({ "state": "Suspended" })).await?;
        let off: Vec<_> = wanted.iter().map(|(n, _)| (n.clone(), "off")).collect();
        await_all(&story, &off).await?;
        story.change_plan(json!({ "state": "Active" })).await?;
        await_all(&story, &wanted).await?;
        table.must_be_in("integrations.md", "table", 7)?;
        integrations(&office.admin, &story.tenant).delete_collection(&Default::default(), &Default::default()).await?;
        await_all(&story, &[]).await.map(drop)
    })
    .await
}

fn said(status: &Value, condition: &str) -> Value {
    crate::office::condition(status, condition)
}

fn said_status(status: &Value, condition: &str) -> String {
    said(status, condition)["status"].as_str().unwrap_or_default().to_owned()
}
