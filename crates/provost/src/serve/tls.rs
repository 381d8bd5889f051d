//! The server's certificate: read from files, offered to clients, read again when the files change.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use aws_lc_rs::digest::{Context, SHA256};
use rustls::crypto::{CryptoProvider, aws_lc_rs as provider};
use rustls::pki_types::pem::{self, PemObject as _};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{InconsistentKeys, ServerConfig};
use tokio_rustls::TlsAcceptor;
use tracing::{info, warn};

use crate::answer::{Failure, UNFORESEEN};
use crate::pin::Pin;

/// How often the files are looked at.
const LOOK: Duration = Duration::from_secs(1);

/// A certificate with its key, as the files had it when they last fitted together.
#[derive(Debug)]
pub struct Identity {
    certificate: PathBuf,
    key: PathBuf,
    current: RwLock<Arc<CertifiedKey>>,
}

/// What the files hold, to tell whether it is still the same. Names and times do not tell: tools that renew
/// certificates replace files, links or whole directories.
type Print = Vec<u8>;

impl Identity {
    /// Reads the files, which must be there and fit together.
    pub fn load(certificate: &Path, key: &Path) -> Result<Self, Failure> {
        let (chain, secret) = contents(certificate, key)?;
        let read = parse(certificate, &chain, key, &secret)?;
        Ok(Self {
            certificate: certificate.to_owned(),
            key: key.to_owned(),
            current: RwLock::new(Arc::new(read)),
        })
    }

    /// By what the command line recognizes this server.
    pub fn pin(&self) -> Pin {
        Pin::of(&self.current().cert[0])
    }

    fn current(&self) -> Arc<CertifiedKey> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Reads the files again whenever they change. The old certificate stays while they do not fit together: one of them
    /// may be new already and the other not yet. `renewed` hears of each new certificate before clients see it.
    pub async fn follow(&self, renewed: impl Fn(Pin)) {
        let mut seen = Print::new();
        loop {
            tokio::time::sleep(LOOK).await;
            // A file that is being replaced may be away for a moment.
            let Ok((chain, secret)) = contents(&self.certificate, &self.key) else { continue };
            let print = print(&chain, &secret);
            if print == seen {
                continue;
            }
            seen = print;
            match parse(&self.certificate, &chain, &self.key, &secret) {
                Ok(read) if read.cert == self.current().cert => {}
                Ok(read) => {
                    renewed(Pin::of(&read.cert[0]));
                    *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(read);
                    info!("a new certificate is served");
                }
                Err(failure) => warn!("the certificate that was served until now stays: {}", failure.message),
            }
        }
    }
}

impl ResolvesServerCert for Identity {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.current())
    }
}

/// What takes the handshakes of clients.
pub fn acceptor(identity: Arc<Identity>) -> Result<TlsAcceptor, Failure> {
    let mut config = ServerConfig::builder_with_provider(Arc::new(provider::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| Failure::new("Tls", format!("TLS cannot start: {error}"), UNFORESEEN))?
        .with_no_client_auth()
        .with_cert_resolver(identity);
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

fn contents(certificate: &Path, key: &Path) -> Result<(Vec<u8>, Vec<u8>), Failure> {
    let read = |file: &Path, what: &str| {
        fs::read(file)
            .map_err(|error| failure(format!("the {what} cannot be read from {}: {error}", file.display())))
    };
    Ok((read(certificate, "certificate")?, read(key, "private key")?))
}

fn print(chain: &[u8], secret: &[u8]) -> Print {
    let mut context = Context::new(&SHA256);
    for part in [chain, secret] {
        context.update(&part.len().to_be_bytes());
        context.update(part);
    }
    context.finish().as_ref().to_vec()
}

fn parse(certificate: &Path, chain: &[u8], key: &Path, secret: &[u8]) -> Result<CertifiedKey, Failure> {
    let malformed =
        |file: &Path, error: &pem::Error| failure(format!("{} is malformed: {error}", file.display()));
    let chain = CertificateDer::pem_slice_iter(chain)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| malformed(certificate, &error))?;
    if chain.is_empty() {
        return Err(failure(format!("{} holds no certificate", certificate.display())));
    }
    let secret = PrivateKeyDer::from_pem_slice(secret).map_err(|error| match error {
        pem::Error::NoItemsFound => failure(format!("{} holds no private key", key.display())),
        error => malformed(key, &error),
    })?;
    let provider: CryptoProvider = provider::default_provider();
    CertifiedKey::from_der(chain, secret, &provider).map_err(|error| match error {
        rustls::Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => failure(format!(
            "the private key in {} does not belong to the first certificate in {}",
            key.display(),
            certificate.display()
        )),
        error => failure(format!("{} and {} cannot be used: {error}", certificate.display(), key.display())),
    })
}

fn failure(words: String) -> Failure {
    Failure::new(
        "Certificate",
        words,
        "--tls-cert takes a PEM file with the server's certificate first and those that vouch for it after it, --tls-key \
         one with its private key, not encrypted",
    )
}
