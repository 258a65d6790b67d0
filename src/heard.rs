//! When the API server last said anything of a collection: an object, a bookmark, or that a watch has begun.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, combinators::MapFrame};
use kube::{Client, client::Body};
use tokio::time::Instant;

type Frame = http_body::Frame<Bytes>;

/// When something was last heard. A watch whose connection died without a word says nothing any more, and only this tells.
#[derive(Debug)]
pub struct Heard(Mutex<Instant>);

impl Default for Heard {
    fn default() -> Self {
        Self(Mutex::new(Instant::now()))
    }
}

impl Heard {
    /// For how long nothing was heard.
    #[must_use]
    pub fn silence(&self) -> Duration {
        self.0.lock().expect("no holder of this lock panics").elapsed()
    }

    fn now(&self) {
        *self.0.lock().expect("no holder of this lock panics") = Instant::now();
    }

    /// A client of which every successful answer, and every piece of it, is heard.
    #[must_use]
    pub fn listen(heard: &Arc<Self>, client: Client) -> Client {
        let (heard, namespace) = (heard.clone(), client.default_namespace().to_owned());
        let service = tower::service_fn(move |request: Request<Body>| {
            let (client, heard) = (client.clone(), heard.clone());
            async move { client.send(request).await.map(|answer| heard.hear(answer)) }
        });
        Client::new(service, namespace)
    }

    fn hear(
        self: &Arc<Self>,
        answer: Response<Body>,
    ) -> Response<MapFrame<Body, impl FnMut(Frame) -> Frame + Send + use<>>> {
        let counts = answer.status().is_success();
        if counts {
            self.now();
        }
        let heard = self.clone();
        answer.map(|body| {
            body.map_frame(move |frame| {
                if counts {
                    heard.now();
                }
                frame
            })
        })
    }
}
