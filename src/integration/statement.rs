//! What a person accepts or attests, in words: generated from the spec, so that any change of meaning changes the text and its hash.

use std::fmt::Write;

use sha2::{Digest, Sha256};

use crate::api::{Endpoint, Flow, Integration, IntegrationSpec, Payload, Statement};

/// The warning of an integration (45 CFR 164.308(b), 164.316(b)(1)(ii)). Lists are in the order of their values, not of the spec.
#[must_use]
pub fn warning(integration: &Integration, platform: &str, entities: &[String]) -> Statement {
    let IntegrationSpec { vendor, service, direction, payload, .. } = &integration.spec;
    let (name, tenant) = names(integration);
    let data = data(&integration.spec);
    let mut text = match direction {
        Flow::Push => {
            format!("Turning on {name} of {tenant} sends {data} outside {platform}, to {vendor} for {service}")
        }
        Flow::Pull => format!("Turning on {name} of {tenant} lets {vendor} fetch {data} from {platform} for {service}"),
    };
    let places = places(integration.spec.destinations());
    if places.is_empty() {
        text.push_str(".\n");
    } else {
        let _ = writeln!(text, ", at {places}.");
    }
    text.push_str(match payload {
        Payload::Full => "All of it is sent once it is covered and accepted; until then links that need a login.\n",
        Payload::LinkOnly => "Links that need a login are sent.\n",
        Payload::Off => "It is off.\n",
    });
    text.push_str(&ground(integration, platform, entities));
    statement(text)
}

/// What is attested when the customer's own agreement is the cover.
#[must_use]
pub fn cover_statement(integration: &Integration, entities: &[String]) -> Option<Statement> {
    integration.spec.cover.as_ref()?.attested?;
    let IntegrationSpec { vendor, service, .. } = &integration.spec;
    let (name, tenant) = names(integration);
    let data = data(&integration.spec);
    let own = entities.join(", ");
    Some(statement(format!(
        "{own} has a business associate agreement of its own in force with {vendor}. It covers {service} and {data}. {tenant} relies on it for {name}.\n"
    )))
}

fn names(integration: &Integration) -> (&str, &str) {
    let meta = &integration.metadata;
    (meta.name.as_deref().unwrap_or_default(), meta.namespace.as_deref().unwrap_or_default())
}

fn data(spec: &IntegrationSpec) -> String {
    let categories: Vec<_> = spec.categories().into_iter().map(|c| c.as_str()).collect();
    if categories.is_empty() {
        return "data that identifies no caller".into();
    }
    format!("{} about callers", categories.join(", "))
}

fn places(endpoints: &[Endpoint]) -> String {
    let place = |e: &Endpoint| {
        let mut cidrs: Vec<_> = e.cidrs.iter().flatten().map(String::as_str).collect();
        cidrs.sort_unstable();
        let networks = if cidrs.is_empty() { String::new() } else { format!(" ({})", cidrs.join(", ")) };
        format!("{}:{}{networks}", e.host, e.port)
    };
    let mut places: Vec<_> = endpoints.iter().map(place).collect();
    places.sort_unstable();
    places.join(", ")
}

fn ground(integration: &Integration, platform: &str, entities: &[String]) -> String {
    let vendor = &integration.spec.vendor;
    let own = entities.join(", ");
    let Some(cover) = &integration.spec.cover else {
        return format!(
            "No agreement with {vendor} is given: the agreement with {platform} does not cover {vendor}.\nLinks alone are sent, by {platform} itself.\n"
        );
    };
    match (&cover.baa_ref, cover.attested, cover.de_identified) {
        (Some(baa), _, _) => format!("BAA {} is to cover {vendor}.\nI accept this for {own}.\n", baa.name),
        (None, Some(_), _) => format!(
            "The agreement with {platform} does not cover {vendor}. {own} needs an agreement of its own with {vendor}, in force.\nI accept this for {own}.\n"
        ),
        (None, None, _) => format!(
            "No agreement with {vendor} is needed only because the data identifies nobody (45 CFR 164.514(b)).\nI accept this for {own}.\n"
        ),
    }
}

fn statement(text: String) -> Statement {
    let text_sha256 = format!("{:x}", Sha256::digest(text.as_bytes()));
    Statement { text, text_sha256 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        api::{NameRef, PhiCategory},
        integration::fixture::crm,
    };

    fn hash(integration: &Integration) -> String {
        warning(integration, "ringwell", &["acme".into()]).text_sha256
    }

    #[test]
    fn the_warning_names_vendor_service_data_destinations_and_cover() {
        let said = warning(&crm(), "ringwell", &["acme".into()]);
        let wanted = "Turning on crm of acme sends CallerID about callers outside ringwell, to salesforce for crm-sync, at login.salesforce.example:443 (198.51.100.0/24).\nAll of it is sent once it is covered and accepted; until then links that need a login.\nBAA salesforce-2026 is to cover salesforce.\nI accept this for acme.\n";
        assert_eq!(said.text, wanted);
        assert_eq!(said.text_sha256, format!("{:x}", Sha256::digest(wanted)));
    }

    #[test]
    fn any_change_of_meaning_changes_the_hash_and_no_other_change_does() {
        let was = hash(&crm());
        let changes: [fn(&mut Integration); 10] = [
            |i| i.spec.vendor = "hubspot".into(),
            |i| i.spec.service = "crm".into(),
            |i| i.spec.phi_categories = Some(vec![PhiCategory::CallerID, PhiCategory::Recording]),
            |i| i.spec.phi_categories = None,
            |i| i.spec.payload = Payload::LinkOnly,
            |i| i.spec.endpoints.as_mut().unwrap()[0].host = "login.salesforce.test-example".into(),
            |i| i.spec.endpoints.as_mut().unwrap()[0].port = 8443,
            |i| i.spec.endpoints.as_mut().unwrap()[0].cidrs = Some(vec!["203.0.113.0/24".into()]),
            |i| i.spec.cover.as_mut().unwrap().baa_ref = Some(NameRef { name: "salesforce-2025".into() }),
            |i| i.spec.cover = None,
        ];
        let mut seen = std::collections::BTreeSet::from([was.clone()]);
        for change in changes {
            let mut changed = crm();
            change(&mut changed);
            assert!(seen.insert(hash(&changed)), "{:?}", changed.spec);
        }
        let mut same = crm();
        same.metadata.labels = Some([("team".into(), "sales".into())].into());
        same.metadata.resource_version = Some("77".into());
        assert_eq!(hash(&same), was);
        let (mut one, mut other) = (crm(), crm());
        one.spec.phi_categories = Some(vec![PhiCategory::CallerID, PhiCategory::Form]);
        other.spec.phi_categories = Some(vec![PhiCategory::Form, PhiCategory::CallerID]);
        assert_eq!(hash(&one), hash(&other), "the order of a set means nothing");
    }

    #[test]
    fn the_platform_and_the_entities_are_part_of_what_is_accepted() {
        let texts = [("ringwell", "acme"), ("other", "acme"), ("ringwell", "brite")]
            .map(|(platform, entity)| warning(&crm(), platform, &[entity.to_owned()]).text_sha256);
        assert_eq!(std::collections::BTreeSet::from(texts).len(), 3);
    }

    #[test]
    fn there_is_a_cover_statement_only_where_somebody_is_to_attest() {
        let mut own = crm();
        assert_eq!(cover_statement(&own, &["acme".into()]), None);
        own.spec.cover = Some(crate::api::Cover { baa_ref: None, attested: Some(true), de_identified: None });
        let said = cover_statement(&own, &["acme".into()]).unwrap();
        assert_eq!(
            said.text,
            "acme has a business associate agreement of its own in force with salesforce. It covers crm-sync and CallerID about callers. acme relies on it for crm.\n"
        );
    }
}
