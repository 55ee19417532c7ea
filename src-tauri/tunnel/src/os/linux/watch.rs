//! What happens to the machine, folded into a few flags: kernel notices and D-Bus signals. Nothing queues up, however
//! long nobody asks. Not here: what is done about it (`network`).

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use futures_util::StreamExt;
use netlink_packet_route::RouteNetlinkMessage;
use netlink_packet_route::link::{LinkAttribute, LinkFlags, LinkMessage};
use rtnetlink::MulticastGroup as Group;
use rtnetlink::packet_core::NetlinkPayload;
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use super::bus;
use crate::os::Happened;

const NETWORK: u8 = 1;
const FLAP: u8 = 2;
const RESOLVER: u8 = 4;
const WOKE: u8 = 8;

/// Flags that are raised by watchers and lowered by the one who asks.
#[derive(Debug, Default)]
pub struct Signals {
    flags: AtomicU8,
    raised: Notify,
}

impl Signals {
    fn raise(&self, flags: u8) {
        self.flags.fetch_or(flags, Ordering::AcqRel);
        self.raised.notify_one();
    }

    /// The system's resolver started anew.
    pub fn resolver(&self) {
        self.raise(RESOLVER);
    }

    /// The machine woke up.
    pub fn woke(&self) {
        self.raise(WOKE);
    }

    /// The flags raised since the last call; waits for one. Cancel safe.
    pub async fn next(&self) -> Happened {
        loop {
            let flags = self.flags.swap(0, Ordering::AcqRel);
            if flags != 0 {
                let has = |flag| flags & flag != 0;
                return Happened { network: has(NETWORK), flap: has(FLAP), resolver: has(RESOLVER), woke: has(WOKE) };
            }
            self.raised.notified().await;
        }
    }
}

/// A watcher, ended on drop.
#[derive(Debug)]
pub struct Task(JoinHandle<()>);

impl Drop for Task {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Watches the kernel's network. Notices of our own device are passed on as well: somebody else may have made them.
pub fn network(device: String, signals: Arc<Signals>) -> io::Result<Task> {
    const GROUPS: &[Group] = &[
        Group::Link,
        Group::Ipv4Ifaddr,
        Group::Ipv6Ifaddr,
        Group::Ipv4Route,
        Group::Ipv6Route,
        Group::Ipv4Rule,
        Group::Ipv6Rule,
    ];
    let (connection, _, mut messages) = rtnetlink::new_multicast_connection(GROUPS)?;
    Ok(Task(tokio::spawn(async move {
        let carrier = Task(tokio::spawn(connection));
        // An overrun (ENOBUFS) arrives as a message of its own kind: we look at everything anyway.
        while let Some((message, _)) = messages.next().await {
            let flap = matches!(&message.payload, NetlinkPayload::InnerMessage(RouteNetlinkMessage::NewLink(link) | RouteNetlinkMessage::DelLink(link)) if lost_carrier(link, &device));
            signals.raise(if flap { NETWORK | FLAP } else { NETWORK });
        }
        drop(carrier);
        tracing::error!("the kernel's notices ended; changes of the network are not seen any more");
    })))
}

fn lost_carrier(link: &LinkMessage, device: &str) -> bool {
    let is_ours = link.attributes.iter().any(|a| matches!(a, LinkAttribute::IfName(name) if name == device));
    !is_ours && !link.header.flags.contains(LinkFlags::LowerUp)
}

/// Watches the resolver and logind on D-Bus, and joins the bus again when it comes back.
pub fn signals_of_bus(address: Option<String>, signals: Arc<Signals>) -> Task {
    Task(tokio::spawn(bus::watch(address, signals)))
}
