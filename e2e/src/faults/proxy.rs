//! A TLS proxy on loopback, one listener for each server, that does to calls what the rules say.

use std::{
    convert::Infallible,
    fs,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use anyhow::{Context, Result};
use futures::{StreamExt, stream};
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Full, StreamBody, combinators::BoxBody};
use hyper::body::{Bytes, Frame, Incoming};
use hyper_util::rt::TokioIo;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
use tokio::{net::TcpListener, sync::Notify};

use super::plan::{Action, Call, Rule, Upstream};
use crate::{kubeconfig::Server, pki::Identity};

type Body = BoxBody<Bytes, std::io::Error>;
type Killer = Arc<dyn Fn() + Send + Sync>;

/// What the listeners share.
pub struct Proxy {
    servers: [(Upstream, String); 2],
    client: reqwest::Client,
    rules: Mutex<Vec<Arc<Rule>>>,
    calls: Mutex<Vec<Call>>,
    kill: Mutex<Option<Killer>>,
    late: Notify,
    addresses: [String; 2],
}

/// Why a connection is closed without an answer.
fn closed() -> std::io::Error {
    std::io::ErrorKind::ConnectionReset.into()
}

impl Proxy {
    /// Listens before both servers, with a certificate that their clients trust.
    ///
    /// # Errors
    /// When a listener or the client cannot be made.
    pub async fn start(api: &Server, keys: &str, identity: &Identity) -> Result<Arc<Self>> {
        crate::install_crypto();
        let authority = reqwest::Certificate::from_pem(&fs::read(&api.ca)?)?;
        let client = reqwest::Client::builder().tls_certs_only([authority]).no_proxy().http1_only().build()?;
        let listeners = [TcpListener::bind("127.0.0.1:0").await?, TcpListener::bind("127.0.0.1:0").await?];
        let address =
            |l: &TcpListener| Ok::<_, std::io::Error>(format!("https://127.0.0.1:{}", l.local_addr()?.port()));
        let proxy = Arc::new(Self {
            servers: [(Upstream::Api, api.url.clone()), (Upstream::Keys, keys.to_owned())],
            client,
            rules: Mutex::default(),
            calls: Mutex::default(),
            kill: Mutex::default(),
            late: Notify::new(),
            addresses: [address(&listeners[0])?, address(&listeners[1])?],
        });
        let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(tls(identity)?));
        for (n, listener) in listeners.into_iter().enumerate() {
            tokio::spawn(serve(proxy.clone(), n, listener, acceptor.clone()));
        }
        Ok(proxy)
    }

    /// Where the API server is reached through the proxy.
    pub fn api(&self) -> &str {
        &self.addresses[0]
    }

    /// Where the key service is reached through the proxy.
    pub fn keys(&self) -> &str {
        &self.addresses[1]
    }

    /// How the operator is killed.
    pub fn kill_by(&self, kill: impl Fn() + Send + Sync + 'static) {
        *lock(&self.kill) = Some(Arc::new(kill));
    }

    /// Sets a rule up.
    pub fn rule(&self, rule: Rule) -> Arc<Rule> {
        let rule = Arc::new(rule);
        lock(&self.rules).push(rule.clone());
        rule
    }

    /// Takes a rule away.
    pub fn lift(&self, rule: &Arc<Rule>) {
        lock(&self.rules).retain(|r| !Arc::ptr_eq(r, rule));
    }

    /// Lets calls go on that [`Action::Late`] holds.
    pub fn release(&self) {
        self.late.notify_waiters();
    }

    /// How many calls came until now.
    pub fn mark(&self) -> usize {
        lock(&self.calls).len()
    }

    /// The calls since `mark`, in order.
    pub fn calls(&self, mark: usize) -> Vec<Call> {
        lock(&self.calls)[mark..].to_vec()
    }

    /// Kills the operator as [`Proxy::kill_by`] says.
    pub fn kill(&self) {
        let kill = lock(&self.kill).clone();
        if let Some(kill) = kill {
            kill();
        }
    }

    async fn answer(
        self: Arc<Self>,
        upstream: usize,
        request: Request<Incoming>,
    ) -> Result<Response<Body>, std::io::Error> {
        let (parts, body) = request.into_parts();
        let body = body.collect().await.map_err(|_| closed())?.to_bytes();
        let (server, url) = &self.servers[upstream];
        let path = parts.uri.path_and_query().map(ToString::to_string).unwrap_or_default();
        let call = Call {
            upstream: *server,
            method: parts.method.to_string(),
            path: path.clone(),
            body: String::from_utf8_lossy(&body).into_owned(),
        };
        let rules = lock(&self.rules).clone();
        let actions: Vec<_> = rules.iter().filter(|r| r.applies(&call)).map(|r| r.action.clone()).collect();
        if !call.is_watch() {
            lock(&self.calls).push(call);
        }
        let mut path = path;
        for action in &actions {
            match action {
                Action::KillBefore => {
                    self.kill();
                    return Err(closed());
                }
                Action::Answer(code, after) => return Ok(refuse(*code, *after)),
                Action::Reset => return Err(closed()),
                Action::Delay(time) => tokio::time::sleep(*time).await,
                Action::Late => self.late.notified().await,
                Action::Say(text) => return Ok(whole(StatusCode::OK, &HeaderMap::new(), text.clone().into())),
                Action::Hold(time) => return Ok(held(*time)),
                Action::ListAt(version) => {
                    path = format!("{path}&resourceVersion={version}&resourceVersionMatch=Exact");
                }
                _ => {}
            }
        }
        // What was forwarded is carried out even when the operator is killed meanwhile.
        let forward = async || {
            let request = self.client.request(parts.method.clone(), format!("{url}{path}"));
            let request = request.headers(end_to_end(&parts.headers)).body(body.clone());
            tokio::spawn(request.send()).await.map_err(|_| closed())?.map_err(|_| closed())
        };
        if actions.contains(&Action::Duplicate) {
            let _ = forward().await;
        }
        let answer = forward().await?;
        self.after(answer, &actions).await
    }

    /// What is done to the answer.
    async fn after(&self, answer: reqwest::Response, actions: &[Action]) -> Result<Response<Body>, std::io::Error> {
        let (code, mut headers) = (answer.status(), end_to_end(answer.headers()));
        for action in actions {
            match action {
                Action::KillApplied => {
                    let _ = answer.bytes().await;
                    self.kill();
                    return Err(closed());
                }
                Action::AppliedReset => {
                    let _ = answer.bytes().await;
                    return Err(closed());
                }
                Action::AppliedAnswer(code) => {
                    let _ = answer.bytes().await;
                    return Ok(refuse(*code, None));
                }
                Action::Garbage => {
                    return Ok(whole(code, &headers, Bytes::from_static(b"<html>hvs.CANARY-5550100</html>")));
                }
                Action::Truncate => {
                    let all = answer.bytes().await.map_err(|_| closed())?;
                    return Ok(whole(code, &headers, all.slice(..all.len() / 2)));
                }
                Action::KillAfter => {
                    let all = answer.bytes().await.map_err(|_| closed())?;
                    let kill = lock(&self.kill).clone();
                    tokio::task::spawn_blocking(move || {
                        std::thread::sleep(Duration::from_millis(2));
                        if let Some(kill) = kill {
                            kill();
                        }
                    });
                    return Ok(whole(code, &headers, all));
                }
                Action::Date(seconds) => {
                    let at = std::time::SystemTime::now();
                    let time = Duration::from_secs(seconds.unsigned_abs());
                    let moved = if *seconds < 0 { at - time } else { at + time };
                    headers.insert(
                        header::DATE,
                        HeaderValue::from_str(&httpdate::fmt_http_date(moved)).map_err(|_| closed())?,
                    );
                }
                _ => {}
            }
        }
        let body = answer.bytes_stream().map(|piece| piece.map(Frame::data).map_err(|_| closed()));
        let mut response = Response::new(BodyExt::boxed(StreamBody::new(body)));
        *response.status_mut() = code;
        *response.headers_mut() = headers;
        Ok(response)
    }
}

fn lock<T>(what: &Mutex<T>) -> MutexGuard<'_, T> {
    what.lock().unwrap_or_else(PoisonError::into_inner)
}

fn tls(identity: &Identity) -> Result<rustls::ServerConfig> {
    let certificates = CertificateDer::pem_file_iter(&identity.certificate)?.collect::<Result<Vec<_>, _>>()?;
    let key = PrivateKeyDer::from_pem_file(&identity.key).context("the server's key")?;
    Ok(rustls::ServerConfig::builder().with_no_client_auth().with_single_cert(certificates, key)?)
}

async fn serve(proxy: Arc<Proxy>, upstream: usize, listener: TcpListener, acceptor: tokio_rustls::TlsAcceptor) {
    while let Ok((stream, _)) = listener.accept().await {
        let (proxy, acceptor) = (proxy.clone(), acceptor.clone());
        tokio::spawn(async move {
            let Ok(stream) = acceptor.accept(stream).await else { return };
            let service = hyper::service::service_fn(move |request| proxy.clone().answer(upstream, request));
            // An error of the service closes the connection: that is what a reset looks like.
            let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

/// Headers that are not about one connection.
fn end_to_end(headers: &HeaderMap) -> HeaderMap {
    let mut kept = headers.clone();
    for hop in [header::HOST, header::CONNECTION, header::TRANSFER_ENCODING, header::CONTENT_LENGTH] {
        kept.remove(hop);
    }
    kept
}

fn whole(code: StatusCode, headers: &HeaderMap, text: Bytes) -> Response<Body> {
    let mut response = Response::new(Full::new(text).map_err(|never: Infallible| match never {}).boxed());
    *response.status_mut() = code;
    *response.headers_mut() = headers.clone();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// An answer that both servers' clients understand, with a canary that must be told on nowhere.
fn refuse(code: u16, after: Option<u32>) -> Response<Body> {
    let reason = if code == 409 { "Conflict" } else { "InjectedFault" };
    let text = format!(
        r#"{{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"{reason}","message":"injected","code":{code},"errors":["injected hvs.CANARY-5550100"]}}"#
    );
    let mut headers = HeaderMap::new();
    if let Some(after) = after {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(after));
    }
    whole(StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR), &headers, text.into())
}

fn held(time: Duration) -> Response<Body> {
    let silence = stream::once(async move {
        tokio::time::sleep(time).await;
        Err::<Frame<Bytes>, _>(closed())
    });
    Response::new(BodyExt::boxed(StreamBody::new(silence)))
}
