//! Who sits at this machine: the users of the active sessions of its seats, as logind says. Somebody who is logged in
//! over the network sits nowhere. Not here: what they may do (`owner`).

use std::collections::BTreeSet;

use futures_util::{FutureExt as _, StreamExt as _};
use tokio::sync::watch;
use zbus::zvariant::OwnedObjectPath;
use zbus::{Connection, MatchRule, MessageStream, Proxy};

use super::bus::{self, LOGIND};

const ROOT: &str = "/org/freedesktop/login1";
/// Seats that are looked at: a machine has one, a classroom's has a few.
const MOST: usize = 64;

/// Follows logind for ever. While it cannot be asked, nobody sits here.
pub async fn follow(address: Option<String>, sitting: watch::Sender<BTreeSet<u32>>) {
    loop {
        if let Err(error) = follow_once(address.as_deref(), &sitting).await {
            tracing::debug!(%error, "logind does not say who sits here");
        }
        sitting.send_if_modified(|users| !std::mem::take(users).is_empty());
        tokio::time::sleep(bus::AGAIN).await;
    }
}

async fn follow_once(address: Option<&str>, sitting: &watch::Sender<BTreeSet<u32>>) -> zbus::Result<()> {
    let connection = bus::join(address).await?;
    let changes =
        MatchRule::builder().msg_type(zbus::message::Type::Signal).sender(LOGIND)?.path_namespace(ROOT)?.build();
    let mut changes = MessageStream::for_match_rule(changes, &connection, None).await?;
    let gone = zbus::fdo::DBusProxy::new(&connection).await?;
    let mut gone = gone.receive_name_owner_changed_with_args(&[(0, LOGIND)]).await?;
    loop {
        let users = look(&connection).await?;
        sitting.send_if_modified(|known| {
            let is_new = *known != users;
            *known = users;
            is_new
        });
        tokio::select! {
            change = changes.next() => {
                let Some(change) = change else { return Ok(()) };
                change?;
                // One look for all the changes that are here by now.
                while let Some(Some(more)) = changes.next().now_or_never() {
                    more?;
                }
            }
            change = gone.next() => if change.is_none() { return Ok(()) },
        }
    }
}

async fn look(connection: &Connection) -> zbus::Result<BTreeSet<u32>> {
    let manager = Proxy::new(connection, LOGIND, ROOT, "org.freedesktop.login1.Manager").await?;
    let seats: Vec<(String, OwnedObjectPath)> = manager.call("ListSeats", &()).await?;
    let mut users = BTreeSet::new();
    for (_, seat) in seats.into_iter().take(MOST) {
        // A seat or a session that went meanwhile seats nobody; the change that says so is on its way.
        users.extend(user_of(connection, seat).await.ok().flatten());
    }
    Ok(users)
}

async fn user_of(connection: &Connection, seat: OwnedObjectPath) -> zbus::Result<Option<u32>> {
    let (name, session): (String, OwnedObjectPath) = property(connection, seat, "Seat", "ActiveSession").await?;
    if name.is_empty() {
        return Ok(None);
    }
    // The login screen and the lock screen of a display manager are sessions of their own class and nobody's desk.
    let class: String = property(connection, session.clone(), "Session", "Class").await?;
    let (uid, _): (u32, OwnedObjectPath) = property(connection, session, "Session", "User").await?;
    Ok(Some(uid).filter(|_| class == "user"))
}

async fn property<T>(connection: &Connection, path: OwnedObjectPath, of: &str, name: &str) -> zbus::Result<T>
where
    T: TryFrom<zbus::zvariant::OwnedValue>,
    T::Error: Into<zbus::Error>,
{
    let proxy = Proxy::new(connection, LOGIND, path, "org.freedesktop.DBus.Properties").await?;
    let value: zbus::zvariant::OwnedValue = proxy.call("Get", &(format!("{LOGIND}.{of}"), name)).await?;
    value.try_into().map_err(Into::into)
}
