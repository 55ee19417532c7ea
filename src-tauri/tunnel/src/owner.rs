//! Who may speak to the service: the kernel says who calls, this decides. Pure.
//!
//! Allowed are root, the members of one group, and who sits at this machine. Among them one person at a time owns the tunnel: whoever first asks
//! for a deployment, until nothing is wanted any more. Everybody else finds a closed socket, root too: a token that the
//! owner gave must not serve another.

use std::collections::{BTreeSet, HashMap};

#[cfg(test)]
mod tests;

/// How the kernel shows users who have no number here, such as root of another user namespace: nobody in particular.
const OVERFLOW: u32 = 65534;

/// Most connections at once.
pub const MAX_CLIENTS: usize = 64;
/// Most connections of one person, so that before there is an owner nobody keeps the others out.
pub const MAX_CLIENTS_OF_ONE: usize = 32;
/// Most connections of one person that watch: each is sent every change.
pub const MAX_WATCHERS: usize = 4;

/// What the kernel says of the other end of a socket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credentials {
    /// The person.
    pub uid: u32,
    /// The group it acts as.
    pub gid: u32,
    /// Its further groups; `None` when the kernel does not say.
    pub groups: Option<Vec<u32>>,
}

/// Which person a connection belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Uid(pub u32);

/// See the module.
#[derive(Debug)]
pub struct Door {
    group: Option<u32>,
    sitting: BTreeSet<u32>,
    owner: Option<Uid>,
    inside: HashMap<Uid, usize>,
}

impl Door {
    /// Lets in root and this group.
    pub fn new(group: Option<u32>) -> Self {
        Self { group, sitting: BTreeSet::new(), owner: None, inside: HashMap::new() }
    }

    /// Who sits at this machine now. Who came in before stays, and an owner who left the desk keeps the tunnel.
    pub fn seat(&mut self, mut users: BTreeSet<u32>) {
        users.remove(&OVERFLOW);
        self.sitting = users;
    }

    /// Who may come in; `None` closes the socket. Each admission is followed by one [`Door::leave`].
    pub fn admit(&mut self, caller: &Credentials) -> Option<Uid> {
        let uid = Uid(caller.uid);
        let is_allowed = caller.uid == 0
            || self.sitting.contains(&caller.uid)
            || self.group.is_some_and(|group| caller.is_in(group));
        let is_taken = self.owner.is_some_and(|owner| owner != uid);
        let of_one = self.inside.get(&uid).copied().unwrap_or_default();
        let all: usize = self.inside.values().sum();
        if !is_allowed || is_taken || of_one >= MAX_CLIENTS_OF_ONE || all >= MAX_CLIENTS {
            return None;
        }
        self.inside.insert(uid, of_one + 1);
        Some(uid)
    }

    /// A connection ended.
    pub fn leave(&mut self, uid: Uid) {
        if let Some(count) = self.inside.get_mut(&uid) {
            *count -= 1;
            if *count == 0 {
                self.inside.remove(&uid);
            }
        }
    }

    /// Takes the tunnel for a person; `false` when it belongs to another. The connections of others must be closed.
    pub fn own(&mut self, uid: Uid) -> bool {
        *self.owner.get_or_insert(uid) == uid
    }

    /// Whether the tunnel belongs to this person.
    pub fn is_owner(&self, uid: Uid) -> bool {
        self.owner == Some(uid)
    }

    /// Whether the tunnel belongs to anybody.
    pub fn is_owned(&self) -> bool {
        self.owner.is_some()
    }

    /// Nothing is wanted any more: the next one may take the tunnel.
    pub fn disown(&mut self) {
        self.owner = None;
    }
}

impl Credentials {
    fn is_in(&self, group: u32) -> bool {
        // A kernel that names no groups has answered nothing that could be believed.
        self.groups.as_ref().is_some_and(|groups| self.gid == group || groups.contains(&group))
    }
}
