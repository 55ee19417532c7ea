//! The one TLS set-up of outbound connections: rustls with ring and the system's roots. Not for listening.

use std::sync::{Arc, Once};

static INSTALL: Once = Once::new();

/// Makes ring the process-wide provider. Needed before the first HTTPS call, harmless when repeated.
pub fn install() {
    INSTALL.call_once(|| {
        // An error means that somebody else installed a provider first; there is only one kind in this project.
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
}

/// A TLS set-up that trusts nobody, for plain HTTP deployments: reading the system's roots costs tens of
/// milliseconds, which a client of this computer's own server must not pay. An HTTPS answer would simply fail.
#[must_use]
pub fn trusting_nobody() -> rustls::ClientConfig {
    install();
    rustls::ClientConfig::builder()
        .with_root_certificates(Arc::new(rustls::RootCertStore::empty()))
        .with_no_client_auth()
}

/// A TLS set-up that trusts the system's roots. The websocket and REST libraries make their own; this one is for a proxy.
#[must_use]
pub fn trusting_the_system() -> rustls::ClientConfig {
    install();
    let mut roots = rustls::RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    rustls::ClientConfig::builder().with_root_certificates(roots).with_no_client_auth()
}
