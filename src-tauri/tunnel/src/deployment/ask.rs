//! The first questions to a deployment, and what each bad answer means. A trouble that is final needs a person, or
//! another network; the others pass.

use std::net::IpAddr;

use client::error::with_causes;
use client::{ClientError, Deployment, DialError};
use mesh::names::Suffix;
use proto::address::is_in_tunnel;
use proto::id::UserId;
use proto::ipc::{Health, HealthCode};
use proto::rest::agent::ConnectionInfo;
use url::{Host, Url};

/// What a deployment must say before an engine can be started.
pub struct Answers {
    /// Who we are.
    pub me: UserId,
    /// The same as a name.
    pub username: String,
    /// How to connect.
    pub info: ConnectionInfo,
    /// Its suffix, checked.
    pub suffix: Suffix,
}

/// Why a deployment cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// As it is shown.
    pub health: Health,
    /// Asking again will not help.
    pub is_final: bool,
}

impl Trouble {
    /// One that is final.
    pub fn last(code: HealthCode, detail: impl Into<String>) -> Self {
        Self { health: Health::new(code, detail), is_final: true }
    }

    /// One that may pass.
    pub fn passing(code: HealthCode, detail: impl Into<String>) -> Self {
        Self { health: Health::new(code, detail), is_final: false }
    }
}

/// Asks everything.
pub async fn ask(deployment: &Deployment) -> Result<Answers, Trouble> {
    refuse_own_prefix(deployment.url()).await?;
    let (me, info) =
        tokio::try_join!(deployment.user("me"), deployment.connection_info()).map_err(|error| of(&error))?;
    let host = deployment.url().host_str().unwrap_or_default();
    let suffix = Suffix::new(&info.hostname_suffix, host)
        .map_err(|error| Trouble::last(HealthCode::SuffixRefused, error.to_string()))?;
    Ok(Answers { me: me.id, username: me.username, info, suffix })
}

/// Our own packets to a deployment inside the tunnel would go round in circles.
async fn refuse_own_prefix(url: &Url) -> Result<(), Trouble> {
    let addresses: Vec<IpAddr> = match (url.host(), url.port_or_known_default()) {
        (Some(Host::Ipv6(address)), _) => vec![address.into()],
        (Some(Host::Domain(name)), Some(port)) => {
            // A name that cannot be looked up is found out, in words, by the question that follows.
            let found = tokio::net::lookup_host((name, port)).await;
            found.map(|found| found.map(|address| address.ip()).collect()).unwrap_or_default()
        }
        _ => Vec::new(),
    };
    match addresses.into_iter().find(|address| is_in_tunnel(*address)) {
        Some(address) => {
            Err(Trouble::last(HealthCode::OwnPrefix, format!("{} is at {address}", url.host_str().unwrap_or_default())))
        }
        None => Ok(()),
    }
}

/// What a failed REST call means.
pub fn of(error: &ClientError) -> Trouble {
    use HealthCode as Code;
    match error {
        ClientError::Refused(refusal) => match refusal.status {
            401 => Trouble::last(Code::TokenRefused, &refusal.message),
            404 => Trouble::last(Code::DeploymentTooOld, &refusal.message),
            _ => Trouble::passing(Code::DeploymentUnreachable, error.to_string()),
        },
        ClientError::Redirected { .. } | ClientError::Request(_) => {
            Trouble::last(Code::DeploymentUnreachable, error.to_string())
        }
        _ => Trouble::passing(Code::DeploymentUnreachable, with_causes(error)),
    }
}

/// What a refused control connection means. A deployment that was reached once may be back in a moment, but not with a
/// token that it does not accept.
pub fn refused(error: &DialError) -> Trouble {
    use HealthCode as Code;
    match error {
        DialError::Refused(refusal) => match refusal.status {
            401 => Trouble::last(Code::TokenRefused, &refusal.message),
            400 if refusal.is_about("version") => Trouble::last(Code::DeploymentTooOld, &refusal.message),
            404 => Trouble::last(Code::DeploymentTooOld, &refusal.message),
            _ => Trouble::last(Code::DeploymentUnreachable, &refusal.message),
        },
        DialError::Request(_) => Trouble::last(Code::DeploymentUnreachable, error.to_string()),
        _ => Trouble::passing(Code::DeploymentUnreachable, with_causes(error)),
    }
}
