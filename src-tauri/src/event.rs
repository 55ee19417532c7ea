//! Everything that can happen to this program: one closed list, one loop (`controller.rs`). Pure.

use client::tunnel::Picture;
use proto::id::{AgentId, WorkspaceId};

use crate::action::Action;
use crate::hosting::HostNews;
use crate::lid::LidNews;
use crate::listener::Listener;
use crate::open::Programs;
use crate::place::Place;
use crate::reachable::{Order, ReachableNews};
use crate::row::Row;
use crate::settings::Settings;

/// Something that happened.
#[derive(Debug, Clone)]
pub enum Event {
    /// The settings were read at the start; whether this program starts at login.
    Settled(Settings, bool),
    /// Which programs are installed.
    Found(Programs),
    /// Every deployment that there is a session at.
    Accounts(Vec<Account>),
    /// Sessions that could not be read; none when all could.
    AccountsUnread(Vec<Unread>),
    /// A session ends at this time and could not be renewed.
    SessionEnds(Place, time::OffsetDateTime),
    /// A session has a new key.
    Renewed(Place),
    /// What became of a sign-in from here.
    SignIn(Place, SignInNews),
    /// The list of a deployment.
    Listed(Place, Listing),
    /// A deployment did not answer, or refused.
    Unlisted(Place, Fault),
    /// The tunnel.
    Tunnel(TunnelNews),
    /// What listens in a workspace.
    Listening(AgentId, Vec<Listener>),
    /// The server of this computer.
    Host(HostNews),
    /// The place where the icon is shown.
    Tray(TrayNews),
    /// A person asked for something.
    Asked(Action),
    /// A link was opened, by us or by a second start of this program. It may hold a password.
    Link(String),
    /// This program was started at login, without a word.
    Quiet,
    /// This program was started again.
    StartedAgain,
    /// What was asked of a workspace did not work.
    ChangeFailed { at: Place, workspace: WorkspaceId, why: String },
    /// Whether this computer is reachable elsewhere, and who is connected.
    Reachable(ReachableNews),
    /// What was ordered about it is done, or why not.
    ReachableDone(Order, Result<(), String>),
    /// A support bundle was made there, or was not.
    Bundled(Result<std::path::PathBuf, String>),
    /// A window did not show its page, or is gone: why, and whether the browser shows it.
    WindowFailed { why: String, browser_instead: bool },
    /// Something else did not work: a sentence for people.
    Trouble(String),
    /// The lid of this computer.
    Lid(LidNews),
    /// The machine woke up.
    Woke,
    /// A time came that `State::next_time` named.
    Time,
    /// The session ends, or Ctrl-C.
    Terminated,
}

/// A session somewhere; the token stays in the shell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    pub place: Place,
    /// The server of this computer.
    pub is_local: bool,
}

/// A session that could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unread {
    /// None when it is the list of sessions itself.
    pub place: Option<Place>,
    pub why: String,
}

/// What becomes of a sign-in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SignInNews {
    /// This page is to be opened; it shows these letters.
    Opened { page: String, word: String },
    /// The deployment has no such page.
    NotOffered,
    /// What was copied signs nobody in: why. Another may be copied.
    NotCopied { why: String },
    /// It is done, and the token is kept; in a file where there is no keyring.
    Done { user: String, in_file: bool },
    /// It is done, and the keyring does not take the token.
    Unkept { why: String },
    /// It did not work.
    Failed { why: String },
}

/// What a deployment said.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Listing {
    pub user: String,
    pub suffix: String,
    pub rows: Vec<Row>,
}

/// Why a deployment has no list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The session is not accepted (any more).
    pub is_sign_in: bool,
    pub text: String,
}

/// The tunnel.
#[derive(Debug, Clone, PartialEq)]
pub enum TunnelNews {
    /// There is no service and no user-space mode.
    Absent,
    /// It cannot be spoken with: why, and what to do.
    Silent(String),
    /// Its state, by the service or by user-space mode.
    Is { picture: Picture, is_userspace: bool },
}

/// The place where the icon is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TrayNews {
    /// A host shows it.
    Shown,
    /// No host is there; one may come.
    NoHost,
    /// There is no session bus, so no tray, no notification.
    NoBus(String),
}
