//! What the state wants done; the shell does it and reports by events. Pure.

use proto::id::{AgentId, TemplateVersionId, WorkspaceId};
use proto::rest::build::Transition;
use time::OffsetDateTime;

use crate::action::Action;
use crate::open::Launch;
use crate::place::Place;
use crate::settings::Settings;

/// Something to do.
#[derive(Debug, Clone)]
pub enum Effect {
    /// Keep a list of this deployment up to date.
    Watch(Place),
    /// No more.
    Forget(Place),
    /// Ask for the lists again now.
    LookAgain,
    /// Ask a person in the browser to sign in.
    SignIn(Place),
    /// Sign in there with the token in the clipboard.
    SignInWithCopied(Place),
    /// Wait for them no more.
    StopSigningIn(Place),
    /// Try again to store a session that is only held.
    KeepSession(Place),
    /// End the session.
    SignOut(Place),
    /// Read the stored sessions again, and ask for the keyring's password again.
    ReadSessions,
    /// Queue a build.
    Build { at: Place, workspace: WorkspaceId, transition: Transition, version: Option<TemplateVersionId> },
    /// Move the time at which a workspace stops.
    Extend { at: Place, workspace: WorkspaceId, deadline: OffsetDateTime },
    /// Mark a workspace.
    SetFavourite { at: Place, workspace: WorkspaceId, is: bool },
    /// Put a text into the clipboard.
    Copy(String),
    /// Start a program.
    Launch(Launch),
    /// Ask the tunnel to reach these.
    Connect(Vec<Place>),
    /// Ask it to reach nothing.
    Disconnect,
    /// Tell it that the machine woke up.
    WakeTunnel,
    /// Start the server of this computer, or find it running, after a pause.
    StartHost { after: std::time::Duration },
    /// Stop it.
    StopHost,
    /// Change with this program whether this computer is reachable elsewhere.
    Reach(std::path::PathBuf, crate::reachable::Order),
    /// Look at the lid from now on, or no more.
    WatchLid(bool),
    /// Become what opens `coder://` links, or no more.
    SetCoderLinks(bool),
    /// Ask these workspace daemons now and then what listens there.
    FollowPorts(Vec<(Place, AgentId)>),
    /// Pack a support bundle with this program.
    MakeBundle(std::path::PathBuf),
    /// Keep the settings.
    Save(Settings),
    /// Start at login, or not.
    SetStartAtLogin(bool),
    /// Tell the person something.
    Notify(Note),
    /// A line for whoever looks at standard error.
    Say(String),
    /// End, once what was started before is done.
    Exit,
}

/// A notification.
#[derive(Debug, Clone, PartialEq)]
pub struct Note {
    pub title: String,
    pub body: String,
    /// Buttons: text and what it does.
    pub buttons: Vec<(String, Action)>,
    pub is_urgent: bool,
}
