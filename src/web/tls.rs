//! TLS from two files, the only place that names `rustls` (TLS-01).
//!
//! TLS 1.2 and 1.3, every suite with forward secrecy, by `ring`. The files are looked at again and again: a certificate that was renewed is
//! used for the next connection, without a restart. One that does not load changes nothing: the old one serves on.

use crate::config::TlsConfig;
use anyhow::{Context, anyhow};
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{ClientConfig, ClientConnection, RootCertStore, ServerConfig, StreamOwned};
use std::io::{Read, Write};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

/// Lower: a renewed certificate is used sooner. Higher: fewer looks at files that rarely change.
const RENEW_EVERY: Duration = Duration::from_secs(60);

/// The certificate that is shown to browsers, and where it comes from.
#[derive(Debug)]
pub struct Certificate {
    files: TlsConfig,
    current: Mutex<(Arc<CertifiedKey>, Stamp)>,
}

/// When each of the two files was last written.
type Stamp = [Option<SystemTime>; 2];

impl Certificate {
    /// Read both files. The error names the one that cannot be used.
    pub fn open(files: &TlsConfig) -> anyhow::Result<Arc<Self>> {
        let stamp = stamp(files);
        Ok(Arc::new(Self { files: files.clone(), current: Mutex::new((load(files)?, stamp)) }))
    }

    /// Read the files again if they changed. True when another certificate is shown from now on.
    pub fn renew(&self) -> anyhow::Result<bool> {
        let stamp = stamp(&self.files);
        if self.current.lock().unwrap_or_else(PoisonError::into_inner).1 == stamp {
            return Ok(false);
        }
        let renewed = load(&self.files)?;
        *self.current.lock().unwrap_or_else(PoisonError::into_inner) = (renewed, stamp);
        Ok(true)
    }
}

impl ResolvesServerCert for Certificate {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.current.lock().unwrap_or_else(PoisonError::into_inner).0.clone())
    }
}

/// What the server needs to speak TLS with that certificate.
pub fn server(certificate: Arc<Certificate>) -> anyhow::Result<ServerConfig> {
    let versions = ServerConfig::builder_with_provider(Arc::new(ring::default_provider())).with_safe_default_protocol_versions()?;
    Ok(versions.with_no_client_auth().with_cert_resolver(certificate))
}

pub use tokio_rustls::TlsAcceptor as Acceptor;

/// Streams with TLS, by a certificate that was handed over as text: for a process that opens no file of ours.
pub fn acceptor(chain: &[u8], key: &[u8]) -> anyhow::Result<Acceptor> {
    let chain: Vec<CertificateDer<'static>> =
        CertificateDer::pem_slice_iter(chain).collect::<Result<_, _>>().context("read a certificate")?;
    let key = PrivateKeyDer::from_pem_slice(key).context("read a certificate's key")?;
    let versions = ServerConfig::builder_with_provider(Arc::new(ring::default_provider())).with_safe_default_protocol_versions()?;
    let config = versions.with_no_client_auth().with_single_cert(chain, key).context("use a certificate with its key")?;
    Ok(Acceptor::from(Arc::new(config)))
}

/// Where systems keep the authorities that they trust.
const AUTHORITIES: [&str; 3] = ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"];

/// TLS with a server of this name, over a connection that is there. `ca_file`: the authority to trust instead of those of the system.
/// Blocks.
pub fn connect<S: Read + Write>(name: &str, stream: S, ca_file: Option<&Path>) -> anyhow::Result<StreamOwned<ClientConnection, S>> {
    let system = AUTHORITIES.iter().map(Path::new).find(|file| file.exists());
    let file = ca_file.or(system).context("this machine has no list of authorities that it trusts: name a ca_file")?;
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(file).map_err(|error| unreadable("authority", file, &error))? {
        // A list of the system may hold one that nobody can use.
        let _ignored = roots.add(certificate.map_err(|error| unreadable("authority", file, &error))?);
    }
    let versions = ClientConfig::builder_with_provider(Arc::new(ring::default_provider())).with_safe_default_protocol_versions()?;
    let config = versions.with_root_certificates(roots).with_no_client_auth();
    let name = ServerName::try_from(name.to_owned()).context("a server's name")?;
    Ok(StreamOwned::new(ClientConnection::new(Arc::new(config), name)?, stream))
}

/// Look after the certificate for as long as the server runs.
pub async fn keep_fresh(certificate: Arc<Certificate>) {
    let mut tick = tokio::time::interval(RENEW_EVERY);
    loop {
        tick.tick().await;
        match certificate.renew() {
            Ok(true) => tracing::info!("The TLS certificate was renewed"),
            Ok(false) => {}
            Err(error) => tracing::warn!(?error, "The renewed TLS certificate cannot be used; the old one serves on"),
        }
    }
}

fn load(files: &TlsConfig) -> anyhow::Result<Arc<CertifiedKey>> {
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_file_iter(&files.certificate_file)
        .and_then(Iterator::collect)
        .map_err(|error| unreadable("certificate", &files.certificate_file, &error))?;
    if chain.is_empty() {
        return Err(anyhow!("the certificate file {} holds no certificate in PEM", files.certificate_file.display()));
    }
    let key = PrivateKeyDer::from_pem_file(&files.key_file).map_err(|error| unreadable("key", &files.key_file, &error))?;
    let certified = CertifiedKey::from_der(chain, key, &ring::default_provider()).with_context(|| {
        format!("the key {} does not belong to the certificate {}", files.key_file.display(), files.certificate_file.display())
    })?;
    Ok(Arc::new(certified))
}

fn unreadable(what: &str, file: &Path, error: &impl std::fmt::Display) -> anyhow::Error {
    anyhow!("read the TLS {what} file {}: {error}", file.display())
}

fn stamp(files: &TlsConfig) -> Stamp {
    [&files.certificate_file, &files.key_file].map(|file| std::fs::metadata(file).and_then(|data| data.modified()).ok())
}
