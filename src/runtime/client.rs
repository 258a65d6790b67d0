//! The operator's client of the API server: it learns the server's time from every answer, and writes only while this replica leads.

use std::{error::Error, sync::Arc};

use http::{Method, Request};
use jiff::Timestamp;
use kube::{Client, client::Body};

use crate::{
    clock::{Clock, date},
    lead::{Lead, NotLeading},
};

/// A client that tells `clock` of the `Date` of every answer.
pub fn dated(client: Client, clock: Arc<Clock>) -> Client {
    let namespace = client.default_namespace().to_owned();
    let service = tower::service_fn(move |request: Request<Body>| {
        let (client, clock) = (client.clone(), clock.clone());
        async move {
            let sent = Timestamp::now();
            let answer = client.send(request).await?;
            if let Some(date) = date(answer.headers()) {
                clock.observe(date, sent, Timestamp::now());
            }
            Ok::<_, kube::Error>(answer)
        }
    });
    Client::new(service, namespace)
}

/// A client that sends no write while this replica does not lead: the last look before a request leaves.
pub fn fenced(client: Client, lead: Arc<Lead>) -> Client {
    let namespace = client.default_namespace().to_owned();
    let service = tower::service_fn(move |request: Request<Body>| {
        let (client, lead) = (client.clone(), lead.clone());
        async move {
            if request.method() != Method::GET && !lead.holds() {
                return Err(Box::<dyn Error + Send + Sync>::from(NotLeading));
            }
            client.send(request).await.map_err(Into::into)
        }
    });
    Client::new(service, namespace)
}

#[cfg(test)]
mod tests {
    use std::{
        convert::Infallible,
        sync::atomic::{AtomicUsize, Ordering::SeqCst},
        time::Duration,
    };

    use http::Response;
    use k8s_openapi::api::core::v1::ConfigMap;
    use kube::{Api, api::PostParams};
    use tokio::time::Instant;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn writes_leave_only_while_this_replica_leads_and_reads_always() {
        let sent = Arc::new(AtomicUsize::new(0));
        let counted = sent.clone();
        let service = tower::service_fn(move |_: Request<Body>| {
            sent.fetch_add(1, SeqCst);
            async { Ok::<_, Infallible>(Response::new(Body::from(br#"{"metadata":{"name":"a"}}"#.to_vec()))) }
        });
        let lead = Arc::new(Lead::default());
        let api = Api::<ConfigMap>::namespaced(fenced(Client::new(service, "default"), lead.clone()), "n");
        let (create, config_map) = (PostParams::default(), ConfigMap::default());
        let refused = api.create(&create, &config_map).await.unwrap_err();
        assert!(refused.to_string().contains("does not lead"), "{refused}");
        assert_eq!(counted.load(SeqCst), 0);
        api.get("a").await.unwrap();
        lead.until(Some(Instant::now() + Duration::from_secs(10)));
        api.create(&create, &config_map).await.unwrap();
        assert_eq!(counted.load(SeqCst), 2);
        tokio::time::advance(Duration::from_secs(10)).await;
        assert!(api.create(&create, &config_map).await.is_err() && counted.load(SeqCst) == 2);
    }

    #[tokio::test]
    async fn the_date_of_an_answer_is_learnt() {
        let service = tower::service_fn(move |_: Request<Body>| async {
            let answer = Response::builder().header("date", "Thu, 01 Jan 2099 00:00:00 GMT");
            Ok::<_, Infallible>(answer.body(Body::from(br#"{"metadata":{"name":"a"}}"#.to_vec())).unwrap())
        });
        let clock = Arc::new(Clock::default());
        let api = Api::<ConfigMap>::namespaced(dated(Client::new(service, "default"), clock.clone()), "n");
        api.get("a").await.unwrap();
        assert!(clock.doubt().is_some() && clock.now().to_string().starts_with("2099-01-01"));
    }
}
