//! TLS with certificates on both sides, and tokens.

use std::fs;
use std::path::PathBuf;

use axum::Router;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tonic::Code;
use tonic::transport::{Certificate, ClientTlsConfig, Identity};

use super::neighbours::{Receiver, Sender};
use super::{running, settings, signin};
use crate::serve::{Connections, Listening};
use crate::settings::{Limits, RelayError, ServerTls};
use crate::start;

/// An authority, and certificates that it signed, as files.
struct Authority {
    folder: tempfile::TempDir,
    issuer: CertifiedIssuer<'static, KeyPair>,
}

impl Authority {
    fn new() -> Authority {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("ca.pem"), issuer.pem()).unwrap();
        Authority { folder, issuer }
    }

    fn ca(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// A certificate for 127.0.0.1 and its key.
    fn identity(&self, name: &str) -> (PathBuf, PathBuf) {
        let params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let at = |ending: &str| self.folder.path().join(format!("{name}.{ending}"));
        fs::write(at("pem"), certificate.pem()).unwrap();
        fs::write(at("key"), key.serialize_pem()).unwrap();
        (at("pem"), at("key"))
    }

    fn client(&self, identity: Option<(PathBuf, PathBuf)>) -> ClientTlsConfig {
        let ca = Certificate::from_pem(fs::read(self.ca()).unwrap());
        let config = ClientTlsConfig::new().ca_certificate(ca);
        match identity {
            None => config,
            Some((certificate, key)) => config.identity(Identity::from_pem(
                fs::read(certificate).unwrap(),
                fs::read(key).unwrap(),
            )),
        }
    }
}

/// Serves a receiver by TLS that asks for certificates.
async fn secure_receiver(authority: &Authority) -> Receiver {
    let (mut receiver, router): (Receiver, Router) = Receiver::apart();
    let (certificate, key) = authority.identity("receiver");
    let tls = crate::tls::acceptor(&ServerTls {
        certificate,
        key,
        client_ca: Some(authority.ca()),
    })
    .unwrap();
    let at = Listening::at(([127, 0, 0, 1], 0).into()).await.unwrap();
    receiver.address = at.address;
    let connections = Connections::new(std::sync::Arc::new(Limits::default()), Default::default());
    tokio::spawn(connections.take(at, Some(tls), router));
    receiver
}

#[tokio::test]
async fn certificates_are_shown_and_asked_for_on_both_sides() {
    let authority = Authority::new();
    let receiver = secure_receiver(&authority).await;
    let target = format!("vector+tls://{}", receiver.address)
        .parse()
        .unwrap();
    let mut settings = settings(target);
    settings.forward.ca = Some(authority.ca());
    settings.forward.identity = Some(authority.identity("relay-client"));
    let (certificate, key) = authority.identity("relay");
    settings.tls = Some(ServerTls {
        certificate,
        key,
        client_ca: Some(authority.ca()),
    });
    let relay = running(settings).await;
    let sender = Sender::secure(
        relay.listen[0],
        authority.client(Some(authority.identity("sender"))),
    );
    sender
        .send(&[signin(1, "a", 0, 1), signin(2, "a", 1, 2)])
        .await
        .unwrap();
    assert_eq!(receiver.detections().len(), 1);
    // Without a certificate, with one of another authority, and without TLS.
    let other = Authority::new();
    for stranger in [
        Sender::secure(relay.listen[0], authority.client(None)),
        Sender::secure(
            relay.listen[0],
            authority.client(Some(other.identity("stranger"))),
        ),
        Sender::to(relay.listen[0]),
    ] {
        stranger.send(&[signin(3, "a", 2, 3)]).await.unwrap_err();
    }
    assert_eq!(receiver.requests(), 1);
    sender.send(&[signin(4, "b", 0, 1)]).await.unwrap();
}

#[tokio::test]
async fn a_receiver_that_nobody_vouches_for_gets_nothing() {
    let (authority, other) = (Authority::new(), Authority::new());
    let receiver = secure_receiver(&authority).await;
    let target = format!("vector+tls://{}", receiver.address)
        .parse()
        .unwrap();
    let mut settings = settings(target);
    settings.forward.ca = Some(other.ca());
    settings.forward.identity = Some(authority.identity("relay-client"));
    let relay = running(settings).await;
    let status = Sender::to(relay.listen[0])
        .send(&[signin(1, "a", 0, 1)])
        .await
        .unwrap_err();
    assert_eq!(status.code(), Code::Unavailable, "{status}");
    assert_eq!(receiver.requests(), 0);
}

#[tokio::test]
async fn a_token_is_asked_for_where_one_is_set() {
    let receiver = Receiver::begin().await;
    let mut settings = settings(receiver.target());
    settings.token = Some("right".to_owned());
    let relay = running(settings).await;
    let mut sender = Sender::to(relay.listen[0]);
    for token in [None, Some("wrong"), Some("righ"), Some("right2")] {
        sender.token = token;
        let status = sender.send(&[signin(1, "a", 0, 1)]).await.unwrap_err();
        assert_eq!(status.code(), Code::Unauthenticated);
    }
    sender.token = Some("right");
    sender.send(&[signin(1, "a", 0, 1)]).await.unwrap();
    let client = reqwest::Client::new();
    let at = |path: &str| format!("http://{}{path}", relay.listen[0]);
    let logs = || client.post(at("/v1/logs")).body("{}");
    assert_eq!(logs().send().await.unwrap().status(), 401);
    assert_eq!(
        logs().bearer_auth("right").send().await.unwrap().status(),
        200
    );
    assert_eq!(
        client.get(at("/metrics")).send().await.unwrap().status(),
        401
    );
    assert_eq!(
        client.get(at("/healthz")).send().await.unwrap().status(),
        200
    );
}

#[tokio::test]
async fn certificates_that_cannot_be_used_are_told_before_anything_is_taken() {
    let authority = Authority::new();
    let (certificate, key) = authority.identity("relay");
    let nothing = authority.folder.path().join("nothing.pem");
    fs::write(&nothing, "nothing").unwrap();
    for (certificate, key, said) in [
        (nothing.clone(), key.clone(), "has no certificate"),
        (certificate.clone(), nothing.clone(), "cannot be used"),
        (
            certificate,
            authority.folder.path().join("gone"),
            "cannot read",
        ),
    ] {
        let mut settings = settings("vector://127.0.0.1:1".parse().unwrap());
        settings.tls = Some(ServerTls {
            certificate,
            key,
            client_ca: None,
        });
        let refused: Result<_, RelayError> =
            start(settings, super::rules(super::RULES), None).await;
        let error = refused.err().unwrap().to_string();
        assert!(error.contains(said), "{error}");
    }
}
