//! Certificates and keys from files, for both sides of the relay.

use std::path::Path;
use std::sync::Arc;

use rustls::RootCertStore;
use rustls::client::Resumption;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use tokio_rustls::{TlsAcceptor, TlsConnector};

use crate::settings::{Receiver, RelayError, ServerTls};

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

/// What receivers are met with: the authorities that are trusted, and the certificate that is shown.
pub(crate) fn connector(receiver: &Receiver) -> Result<TlsConnector, RelayError> {
    use_ring();
    let refused = |path: &Path, error: &dyn std::fmt::Display| {
        RelayError::Setting(format!("{} cannot be used: {error}", path.display()))
    };
    let mut roots = RootCertStore::empty();
    match &receiver.ca {
        Some(ca) => {
            for certificate in certificates(ca)? {
                roots
                    .add(certificate)
                    .map_err(|error| refused(ca, &error))?;
            }
        }
        None => {
            // Those that cannot be read are not trusted, and nothing else is the matter.
            let found = rustls_native_certs::load_native_certs();
            roots.add_parsable_certificates(found.certs);
        }
    }
    let builder = rustls::ClientConfig::builder().with_root_certificates(roots);
    let mut config = match &receiver.identity {
        None => builder.with_no_client_auth(),
        Some((certificate, key)) => {
            let key_der =
                PrivateKeyDer::from_pem_slice(&text(key)?).map_err(|error| refused(key, &error))?;
            builder
                .with_client_auth_cert(certificates(certificate)?, key_der)
                .map_err(|error| refused(certificate, &error))?
        }
    };
    // A server of OpenSSL that asks for certificates and was given no name for its sessions, such as
    // Vector's, ends every connection that resumes one with an internal error.
    config.resumption = Resumption::disabled();
    config.alpn_protocols = vec![b"h2".to_vec()];
    Ok(TlsConnector::from(Arc::new(config)))
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
