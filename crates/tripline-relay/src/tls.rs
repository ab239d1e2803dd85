//! Certificates and keys from files, for both sides of the relay.

use std::path::Path;
use std::sync::Arc;

use rustls::RootCertStore;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use tokio_rustls::TlsAcceptor;

use crate::settings::{RelayError, ServerTls};

/// The content of a file of certificates or a key.
pub(crate) fn text(path: &Path) -> Result<Vec<u8>, RelayError> {
    std::fs::read(path).map_err(|source| RelayError::File {
        doing: "cannot read",
        path: path.to_owned(),
        source,
    })
}

/// Makes the one implementation of cryptography that is built in the one that is used.
pub(crate) fn use_ring() {
    // Where another was chosen before, that one is used.
    let _ = rustls::crypto::ring::default_provider().install_default();
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, RelayError> {
    let bytes = text(path)?;
    let all: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&bytes).collect();
    match all {
        Ok(all) if !all.is_empty() => Ok(all),
        Ok(_) => Err(RelayError::Setting(format!(
            "{} has no certificate in PEM",
            path.display()
        ))),
        Err(error) => Err(RelayError::Setting(format!(
            "{} is no PEM: {error}",
            path.display()
        ))),
    }
}

/// What senders are met with.
pub(crate) fn acceptor(tls: &ServerTls) -> Result<TlsAcceptor, RelayError> {
    use_ring();
    let refused = |path: &Path, error: &dyn std::fmt::Display| {
        RelayError::Setting(format!("{} cannot be used: {error}", path.display()))
    };
    let chain = certificates(&tls.certificate)?;
    let key = PrivateKeyDer::from_pem_slice(&text(&tls.key)?)
        .map_err(|error| refused(&tls.key, &error))?;
    let builder = rustls::ServerConfig::builder();
    let builder = match &tls.client_ca {
        None => builder.with_no_client_auth(),
        Some(ca) => {
            let mut roots = RootCertStore::empty();
            for certificate in certificates(ca)? {
                roots
                    .add(certificate)
                    .map_err(|error| refused(ca, &error))?;
            }
            let verifier = WebPkiClientVerifier::builder(Arc::new(roots)).build();
            builder.with_client_cert_verifier(verifier.map_err(|error| refused(ca, &error))?)
        }
    };
    let mut config = builder
        .with_single_cert(chain, key)
        .map_err(|error| refused(&tls.certificate, &error))?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}
