//! The kernel's links, addresses, routes and rules over rtnetlink: looking, and making and unmaking what is ours.
//! Not here: which of it is wanted (`plan`), the device itself (`device`).

use std::io;
use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

use futures_util::TryStreamExt;
use netlink_packet_route::AddressFamily;
use netlink_packet_route::address::{AddressAttribute, AddressFlags, AddressMessage};
use netlink_packet_route::link::{AfSpecInet6, AfSpecUnspec, In6AddrGenMode, LinkAttribute, LinkFlags, LinkMessage};
use netlink_packet_route::route::{RouteAddress, RouteAttribute, RouteMessage, RouteProtocol, RouteType};
use netlink_packet_route::rule::{RuleAction, RuleAttribute, RuleFlags, RuleMessage};
use rtnetlink::{AddressMessageBuilder, Handle, IpVersion, LinkUnspec, RouteMessageBuilder};
use tokio::task::JoinHandle;

use crate::os::Look;
use crate::os::outlook::{Foreign, Outlook, claims_ours};
use crate::plan::{
    CHOICE_PRIORITY, CHOICE_TABLE, DEVICE_METRIC, FALLBACK_METRIC, MTU, Others, PREFIX_BITS, Realm, SOURCE_PRIORITY,
    Seen, SeenDevice, Step, TABLE, TOWARDS_PRIORITY, prefix,
};

/// The kernel lists one thing at a time on a connection. A look that was given up in the middle (something more urgent
/// came) is still being answered when the next one asks; so it asks again after this,
const BUSY_PAUSE: Duration = Duration::from_millis(2);
/// and so often.
const BUSY_TRIES: usize = 100;
/// `FIB_RULE_FIND_SADDR`: a rule for a source is also asked for packets that have none yet, and applies to those that
/// would get one like that.
const FIND_SOURCE: RuleFlags = RuleFlags::from_bits_retain(0x1_0000);
/// Packets that begin on this machine come in here.
const LOOPBACK: &str = "lo";

/// A connection for requests.
#[derive(Debug)]
pub struct Netlink {
    handle: Handle,
    carrier: JoinHandle<()>,
}

impl Drop for Netlink {
    fn drop(&mut self) {
        self.carrier.abort();
    }
}

impl Netlink {
    /// Connects.
    pub fn open() -> io::Result<Self> {
        let (connection, handle, _) = rtnetlink::new_connection()?;
        Ok(Self { handle, carrier: tokio::spawn(connection) })
    }

    /// The index of the link with this name.
    pub async fn link(&self, name: &str) -> io::Result<Option<u32>> {
        match self.handle.link().get().match_name(name).execute().try_next().await.map_err(io_error) {
            Ok(link) => Ok(link.map(|link| link.header.index)),
            Err(error) if error.raw_os_error() == Some(nix::libc::ENODEV) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Removes a link.
    pub async fn delete_link(&self, index: u32) -> io::Result<()> {
        self.handle.link().del(index).execute().await.map_err(io_error)
    }

    /// The machine as it is; `device` is the index of ours.
    pub async fn look(&self, name: &str, device: Option<u32>) -> io::Result<Look> {
        let mut tries = 0;
        loop {
            match self.look_once(name, device).await {
                Err(error) if error.raw_os_error() == Some(nix::libc::EBUSY) && tries < BUSY_TRIES => tries += 1,
                looked => return looked,
            }
            tokio::time::sleep(BUSY_PAUSE).await;
        }
    }

    async fn look_once(&self, name: &str, device: Option<u32>) -> io::Result<Look> {
        let links: Vec<LinkMessage> = self.handle.link().get().execute().try_collect().await.map_err(io_error)?;
        let addresses: Vec<AddressMessage> =
            self.handle.address().get().execute().try_collect().await.map_err(io_error)?;
        let (v4, v6) = (self.routes(IpVersion::V4).await?, self.routes(IpVersion::V6).await?);
        let rules: Vec<RuleMessage> =
            self.handle.rule().get(IpVersion::V6).execute().try_collect().await.map_err(io_error)?;

        let device = device.filter(|index| links.iter().any(|link| link.header.index == *index));
        let own = addresses_of(&addresses, device);
        let seen = Seen {
            fallback: v6.iter().any(is_fallback),
            towards: rules.iter().any(|rule| same_rule(rule, &towards_rule())),
            source: rules.iter().any(|rule| same_rule(rule, &source_rule())),
            choice: rules.iter().any(|rule| same_rule(rule, &choice_rule())),
            forbidden: Realm::ALL.into_iter().filter(|realm| v6.iter().any(|r| is_dead_end(r, *realm))).collect(),
            forbid: others(&addresses, &v6, device).forbidden(),
            device: device.map(|index| SeenDevice {
                up: links.iter().any(|link| link.header.index == index && is_up(link)),
                ipv6: is_ipv6_on(name),
                addresses: own.clone(),
                route: v6.iter().any(|route| is_ours(route, index)),
            }),
        };
        let names = |index: Option<u32>| name_of(&links, index);
        let mut foreign: Vec<Foreign> = v6
            .iter()
            .filter(|route| !is_fallback(route) && device.is_none_or(|index| oif(route) != Some(index)))
            .filter(|route| !matches!(destination(route), Some(IpAddr::V6(address)) if own.contains(&address)))
            .filter_map(|route| claim(route, &names))
            .collect();
        foreign.sort();
        foreign.dedup();
        let outlook = outlook(&links, &addresses, v4.iter().chain(&v6), device);
        Ok(Look { seen, outlook, foreign })
    }

    /// Makes a thing of ours.
    pub async fn make(&self, step: Step, device: Option<u32>) -> io::Result<()> {
        match step {
            Step::Fallback => self.handle.route().add(fallback()).execute().await.map_err(io_error),
            Step::TowardsRule => self.add_rule(towards_rule()).await,
            Step::SourceRule => self.add_rule(source_rule()).await,
            Step::ChoiceRule => self.add_rule(choice_rule()).await,
            Step::Forbid(realm) => self.handle.route().add(dead_end(realm)).execute().await.map_err(io_error),
            Step::Up => self.switch_on(index(device)?).await,
            Step::Address(address) => self.add_address(index(device)?, address).await,
            Step::Route => self.handle.route().add(into_device(index(device)?)).execute().await.map_err(io_error),
            Step::Device | Step::Ipv6 | Step::NetworkManager | Step::Openresolv | Step::ResolvConf => Ok(()),
        }
    }

    /// Takes a thing of ours away.
    pub async fn unmake(&self, step: Step, device: Option<u32>) -> io::Result<()> {
        match step {
            Step::Fallback => self.handle.route().del(fallback()).execute().await.map_err(io_error),
            Step::TowardsRule => self.handle.rule().del(towards_rule()).execute().await.map_err(io_error),
            Step::SourceRule => self.handle.rule().del(source_rule()).execute().await.map_err(io_error),
            Step::ChoiceRule => self.handle.rule().del(choice_rule()).execute().await.map_err(io_error),
            Step::Forbid(realm) => self.handle.route().del(dead_end(realm)).execute().await.map_err(io_error),
            Step::Address(address) => {
                let message = own_address(index(device)?, address);
                self.handle.address().del(message).execute().await.map_err(io_error)
            }
            _ => Ok(()),
        }
    }

    async fn routes(&self, version: IpVersion) -> io::Result<Vec<RouteMessage>> {
        let request = match version {
            IpVersion::V4 => RouteMessageBuilder::<std::net::Ipv4Addr>::new().build(),
            IpVersion::V6 => RouteMessageBuilder::<Ipv6Addr>::new().build(),
        };
        self.handle.route().get(request).execute().try_collect().await.map_err(io_error)
    }

    async fn add_rule(&self, rule: RuleMessage) -> io::Result<()> {
        let mut request = self.handle.rule().add();
        *request.message_mut() = rule;
        request.execute().await.map_err(io_error)
    }

    async fn add_address(&self, index: u32, address: Ipv6Addr) -> io::Result<()> {
        let mut request = self.handle.address().add(index, address.into(), 128).replace();
        // Without these the address is unusable for a second, and the kernel adds a route of its own.
        let flags = AddressFlags::Nodad | AddressFlags::Noprefixroute;
        request.message_mut().attributes.push(AddressAttribute::Flags(flags));
        request.execute().await.map_err(io_error)
    }

    /// Up, with our MTU, and without the link-local address that nobody needs there.
    async fn switch_on(&self, index: u32) -> io::Result<()> {
        // In two requests: within one, the kernel switches on first, and the address is there.
        let quiet = AfSpecUnspec::Inet6(vec![AfSpecInet6::AddrGenMode(In6AddrGenMode::None)]);
        let quiet = LinkAttribute::AfSpecUnspec(vec![quiet]);
        let first = LinkUnspec::new_with_index(index).mtu(MTU).append_extra_attribute(quiet).build();
        self.handle.link().set(first).execute().await.map_err(io_error)?;
        self.handle.link().set(LinkUnspec::new_with_index(index).up().build()).execute().await.map_err(io_error)
    }
}

fn index(device: Option<u32>) -> io::Result<u32> {
    device.ok_or_else(|| io::Error::from_raw_os_error(nix::libc::ENODEV))
}

fn io_error(error: rtnetlink::Error) -> io::Error {
    match error {
        rtnetlink::Error::NetlinkError(message) => message.to_io(),
        other => io::Error::other(other.to_string()),
    }
}

fn fallback() -> RouteMessage {
    let route = RouteMessageBuilder::<Ipv6Addr>::new().destination_prefix(prefix(), PREFIX_BITS);
    route.kind(RouteType::Unreachable).table_id(TABLE).priority(FALLBACK_METRIC).build()
}

fn dead_end(realm: Realm) -> RouteMessage {
    let (network, bits) = realm.network();
    let route = RouteMessageBuilder::<Ipv6Addr>::new().destination_prefix(network, bits);
    route.kind(RouteType::Unreachable).table_id(CHOICE_TABLE).priority(FALLBACK_METRIC).build()
}

fn into_device(index: u32) -> RouteMessage {
    let route = RouteMessageBuilder::<Ipv6Addr>::new().destination_prefix(prefix(), PREFIX_BITS);
    route.output_interface(index).table_id(TABLE).priority(DEVICE_METRIC).build()
}

fn own_address(index: u32, address: Ipv6Addr) -> AddressMessage {
    AddressMessageBuilder::<Ipv6Addr>::new().index(index).address(address, 128).build()
}

fn towards_rule() -> RuleMessage {
    let mut rule = RuleMessage::default();
    rule.header.family = AddressFamily::Inet6;
    rule.header.dst_len = PREFIX_BITS;
    rule.header.action = RuleAction::ToTable;
    rule.attributes = vec![
        RuleAttribute::Destination(prefix().into()),
        RuleAttribute::Priority(TOWARDS_PRIORITY),
        RuleAttribute::Table(TABLE),
    ];
    rule
}

fn source_rule() -> RuleMessage {
    let mut rule = RuleMessage::default();
    rule.header.family = AddressFamily::Inet6;
    rule.header.src_len = PREFIX_BITS;
    rule.header.action = RuleAction::Unreachable;
    rule.attributes = vec![RuleAttribute::Source(prefix().into()), RuleAttribute::Priority(SOURCE_PRIORITY)];
    rule
}

fn choice_rule() -> RuleMessage {
    let mut rule = RuleMessage::default();
    rule.header.family = AddressFamily::Inet6;
    rule.header.src_len = PREFIX_BITS;
    rule.header.action = RuleAction::ToTable;
    rule.header.flags = FIND_SOURCE;
    rule.attributes = vec![
        RuleAttribute::Source(prefix().into()),
        RuleAttribute::Iifname(LOOPBACK.to_owned()),
        RuleAttribute::Priority(CHOICE_PRIORITY),
        RuleAttribute::Table(CHOICE_TABLE),
    ];
    rule
}

/// Whether a listed rule is the one we would make: it has all that ours has, and applies no less often.
fn same_rule(listed: &RuleMessage, ours: &RuleMessage) -> bool {
    let narrows = |attribute: &RuleAttribute| {
        matches!(
            attribute,
            RuleAttribute::Iifname(_)
                | RuleAttribute::Oifname(_)
                | RuleAttribute::FwMark(1..)
                | RuleAttribute::UidRange(_)
                | RuleAttribute::IpProtocol(_)
        )
    };
    let (a, b) = (&listed.header, &ours.header);
    (a.action, a.dst_len, a.src_len) == (b.action, b.dst_len, b.src_len)
        && a.flags.contains(b.flags)
        && ours.attributes.iter().all(|attribute| listed.attributes.contains(attribute))
        && !listed.attributes.iter().any(|attribute| narrows(attribute) && !ours.attributes.contains(attribute))
}

fn table(route: &RouteMessage) -> u32 {
    let long = route.attributes.iter().find_map(|attribute| match attribute {
        RouteAttribute::Table(table) => Some(*table),
        _ => None,
    });
    long.unwrap_or_else(|| route.header.table.into())
}

fn oif(route: &RouteMessage) -> Option<u32> {
    route.attributes.iter().find_map(|attribute| match attribute {
        RouteAttribute::Oif(index) => Some(*index),
        RouteAttribute::MultiPath(hops) => hops.first().map(|hop| hop.interface_index),
        _ => None,
    })
}

fn metric(route: &RouteMessage) -> u32 {
    route
        .attributes
        .iter()
        .find_map(|a| if let RouteAttribute::Priority(metric) = a { Some(*metric) } else { None })
        .unwrap_or(0)
}

fn address(address: &RouteAddress) -> Option<IpAddr> {
    match address {
        RouteAddress::Inet(address) => Some((*address).into()),
        RouteAddress::Inet6(address) => Some((*address).into()),
        _ => None,
    }
}

fn destination(route: &RouteMessage) -> Option<IpAddr> {
    route.attributes.iter().find_map(|a| if let RouteAttribute::Destination(to) = a { address(to) } else { None })
}

fn gateway(route: &RouteMessage) -> Option<IpAddr> {
    route.attributes.iter().find_map(|a| if let RouteAttribute::Gateway(gateway) = a { address(gateway) } else { None })
}

fn is_of_prefix(route: &RouteMessage) -> bool {
    destination(route) == Some(prefix().into()) && route.header.destination_prefix_length == PREFIX_BITS
}

fn is_fallback(route: &RouteMessage) -> bool {
    table(route) == TABLE && is_of_prefix(route) && route.header.kind == RouteType::Unreachable
}

fn is_dead_end(route: &RouteMessage, realm: Realm) -> bool {
    let (network, bits) = realm.network();
    let goes_to = destination(route).unwrap_or(Ipv6Addr::UNSPECIFIED.into());
    let is_there = goes_to == IpAddr::V6(network) && route.header.destination_prefix_length == bits;
    table(route) == CHOICE_TABLE && is_there && route.header.kind == RouteType::Unreachable
}

fn is_ours(route: &RouteMessage, device: u32) -> bool {
    table(route) == TABLE && is_of_prefix(route) && oif(route) == Some(device) && metric(route) == DEVICE_METRIC
}

/// What a foreign route claims of our prefix. A dead end claims nothing: no packet leaves by it.
fn claim(route: &RouteMessage, name: &dyn Fn(Option<u32>) -> String) -> Option<Foreign> {
    if !matches!(route.header.kind, RouteType::Unicast | RouteType::Local | RouteType::Anycast) {
        return None;
    }
    let Some(IpAddr::V6(network)) = destination(route) else { return None };
    let bits = route.header.destination_prefix_length;
    claims_ours(network, bits).then(|| Foreign { network, bits, interface: name(oif(route)), table: table(route) })
}

fn name_of(links: &[LinkMessage], index: Option<u32>) -> String {
    let link = links.iter().find(|link| Some(link.header.index) == index);
    let name = link.and_then(|link| {
        link.attributes.iter().find_map(|a| if let LinkAttribute::IfName(name) = a { Some(name.clone()) } else { None })
    });
    name.unwrap_or_else(|| "an unknown interface".to_owned())
}

fn has_mtu(link: &LinkMessage) -> bool {
    link.attributes.contains(&LinkAttribute::Mtu(MTU))
}

fn is_up(link: &LinkMessage) -> bool {
    link.header.flags.contains(LinkFlags::Up) && has_mtu(link)
}

/// Whether a device may have IPv6 addresses.
pub fn is_ipv6_on(name: &str) -> bool {
    let path = format!("/proc/sys/net/ipv6/conf/{name}/disable_ipv6");
    std::fs::read_to_string(path).is_ok_and(|text| text.trim() == "0")
}

/// The address of a message, and whether it can be used yet.
fn local(message: &AddressMessage) -> Option<(IpAddr, bool)> {
    let mut flags = AddressFlags::empty();
    let (mut address, mut local) = (None, None);
    for attribute in &message.attributes {
        match attribute {
            AddressAttribute::Address(ip) => address = Some(*ip),
            AddressAttribute::Local(ip) => local = Some(*ip),
            AddressAttribute::Flags(bits) => flags = *bits,
            _ => {}
        }
    }
    local.or(address).map(|ip| (ip, !flags.intersects(AddressFlags::Tentative | AddressFlags::Dadfailed)))
}

fn addresses_of(messages: &[AddressMessage], device: Option<u32>) -> Vec<Ipv6Addr> {
    let ours = messages.iter().filter(|message| Some(message.header.index) == device);
    let below = ours.filter_map(|message| match local(message) {
        Some((IpAddr::V6(address), _)) if claims_ours(address, 128) => Some(address),
        _ => None,
    });
    below.collect()
}

/// What of the machine decides whether our address is chosen where it should not be.
fn others(addresses: &[AddressMessage], routes: &[RouteMessage], device: Option<u32>) -> Others {
    let is_preferred = |message: &AddressMessage| {
        let flags = message.attributes.iter().find_map(|a| match a {
            AddressAttribute::Flags(flags) => Some(*flags),
            _ => None,
        });
        flags.is_none_or(|flags| !flags.contains(AddressFlags::Deprecated))
    };
    let elsewhere = addresses.iter().filter(|message| Some(message.header.index) != device && is_preferred(message));
    let addresses = elsewhere.filter_map(|message| match local(message) {
        Some((IpAddr::V6(ip), true)) if !ip.is_loopback() && !ip.is_unicast_link_local() => {
            Some((message.header.index, ip))
        }
        _ => None,
    });
    let set = routes.iter().filter(|route| {
        route.header.kind == RouteType::Unicast
            && route.header.protocol != RouteProtocol::Kernel
            && oif(route) != device
    });
    let ways = set.filter_map(|route| match destination(route) {
        None => Some((oif(route)?, (Ipv6Addr::UNSPECIFIED, 0))),
        Some(IpAddr::V6(network)) => Some((oif(route)?, (network, route.header.destination_prefix_length))),
        Some(IpAddr::V4(_)) => None,
    });
    Others { addresses: addresses.collect(), ways: ways.collect() }
}

fn outlook<'a>(
    links: &[LinkMessage],
    addresses: &[AddressMessage],
    routes: impl Iterator<Item = &'a RouteMessage>,
    device: Option<u32>,
) -> Outlook {
    let carries = |link: &&LinkMessage| {
        let flags = link.header.flags;
        Some(link.header.index) != device
            && !flags.contains(LinkFlags::Loopback)
            && flags.contains(LinkFlags::Up | LinkFlags::LowerUp)
    };
    let is_scoped = |ip: &IpAddr| matches!(ip, IpAddr::V6(ip) if ip.is_unicast_link_local());
    let usable = addresses.iter().filter(|message| Some(message.header.index) != device).filter_map(|message| {
        local(message)
            .filter(|(ip, ready)| *ready && !ip.is_loopback() && !is_scoped(ip))
            .map(|(ip, _)| (message.header.index, ip))
    });
    let defaults = routes.filter(|route| {
        route.header.destination_prefix_length == 0 && route.header.kind == RouteType::Unicast && oif(route) != device
    });
    Outlook {
        links: links.iter().filter(carries).map(|link| link.header.index).collect(),
        addresses: usable.collect(),
        defaults: defaults.map(|route| (oif(route).unwrap_or(0), gateway(route), metric(route))).collect(),
    }
}
