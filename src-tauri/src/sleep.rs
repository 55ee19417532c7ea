//! Hears from logind that the machine woke up. Without a system bus or logind nothing is heard, and the tunnel notices
//! by its clocks.

use futures_util::StreamExt;
use tokio::sync::mpsc;

use crate::event::Event;

/// Listens for as long as the bus is there.
pub fn listen(events: mpsc::Sender<Event>) {
    tokio::spawn(async move {
        if let Err(error) = hear(&events).await {
            tracing::debug!(%error, "sleep is not heard of");
        }
    });
}

async fn hear(events: &mpsc::Sender<Event>) -> zbus::Result<()> {
    let bus = zbus::Connection::system().await?;
    let manager =
        zbus::Proxy::new(&bus, "org.freedesktop.login1", "/org/freedesktop/login1", "org.freedesktop.login1.Manager")
            .await?;
    let mut signals = manager.receive_signal("PrepareForSleep").await?;
    while let Some(signal) = signals.next().await {
        let is_about_to: Result<bool, _> = signal.body().deserialize();
        if is_about_to == Ok(false) {
            let _ = events.send(Event::Woke).await;
        }
    }
    Ok(())
}
