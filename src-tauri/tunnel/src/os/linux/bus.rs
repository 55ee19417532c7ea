//! The system's D-Bus: joining it, and the two signals we follow (the resolver started, the machine woke up).

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use zbus::fdo::DBusProxy;
use zbus::{Connection, MatchRule, MessageStream};

use super::watch::Signals;

/// Before the bus is tried again. Machines without one pay a failed `connect` for it, nothing else.
pub const AGAIN: Duration = Duration::from_secs(5);
/// One call may take this long; more would hold up what waits for the resolver.
pub const BUDGET: Duration = Duration::from_secs(1);
/// Who knows of sleep, and of who sits here.
pub const LOGIND: &str = "org.freedesktop.login1";
/// The resolver.
pub const RESOLVED: &str = "org.freedesktop.resolve1";

/// Joins the bus at this address, or the system's.
///
/// # Errors
/// There is none, or it does not answer in time.
pub async fn join(address: Option<&str>) -> zbus::Result<Connection> {
    let builder = match address {
        Some(address) => zbus::connection::Builder::address(address)?,
        None => zbus::connection::Builder::system()?,
    };
    let joined = tokio::time::timeout(BUDGET, builder.method_timeout(BUDGET).build()).await;
    joined.unwrap_or_else(|_| Err(zbus::Error::InputOutput(Arc::new(std::io::ErrorKind::TimedOut.into()))))
}

/// Follows the signals for ever.
pub async fn watch(address: Option<String>, signals: Arc<Signals>) {
    let mut is_first = true;
    loop {
        if let Err(error) = follow(address.as_deref(), &signals, is_first).await {
            tracing::debug!(%error, "no D-Bus to follow");
        }
        is_first = false;
        tokio::time::sleep(AGAIN).await;
    }
}

async fn follow(address: Option<&str>, signals: &Signals, is_first: bool) -> zbus::Result<()> {
    let connection = join(address).await?;
    let sleeps = MatchRule::builder()
        .msg_type(zbus::message::Type::Signal)
        // Anybody may send a signal; the bus vouches for the sender only where the match names it.
        .sender(LOGIND)?
        .interface("org.freedesktop.login1.Manager")?
        .member("PrepareForSleep")?
        .build();
    let mut sleeps = MessageStream::for_match_rule(sleeps, &connection, None).await?;
    let bus = DBusProxy::new(&connection).await?;
    let mut owners = bus.receive_name_owner_changed_with_args(&[(0, RESOLVED)]).await?;
    if !is_first {
        // Whatever happened to the resolver while there was no bus was not seen.
        signals.resolver();
    }
    loop {
        tokio::select! {
            message = sleeps.next() => {
                let Some(message) = message else { return Ok(()) };
                // True before, false after.
                if !message?.body().deserialize::<bool>().unwrap_or(true) {
                    signals.woke();
                }
            }
            change = owners.next() => {
                let Some(change) = change else { return Ok(()) };
                if change.args()?.new_owner().is_some() {
                    signals.resolver();
                }
            }
        }
    }
}
