//! What a person can ask for: by a menu item, a button of a notification, or an argument of the program. Pure.

use proto::id::WorkspaceId;

use crate::open::Target;
use crate::place::Place;
use crate::reachable::Wish;

/// One wish.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// The tunnel to every deployment, on or off.
    Connect(bool),
    /// A change to a workspace.
    Workspace(Place, WorkspaceId, Change),
    /// Put this text into the clipboard.
    Copy(String),
    /// Start a program that shows this.
    Open(Target),
    /// Sign in at a deployment, by the browser.
    SignIn(Place),
    /// Be asked at which deployment to sign in.
    AskWhere,
    /// Be asked it no more.
    AskNoMore,
    /// Sign in at the deployment with this address, as a person typed it.
    SignInAt(String),
    /// Sign in at a deployment with the token that was copied from its page.
    UseCopied(Place),
    /// Wait for the browser no more.
    StopSigningIn(Place),
    /// Try again to store a session that the keyring did not take.
    KeepSession(Place),
    /// Sign out at a deployment.
    SignOut(Place),
    /// Read the stored sessions again.
    ReadSessions,
    /// Host workspaces on this computer, or not.
    Host(bool),
    /// Start this program at login, or not.
    StartAtLogin(bool),
    /// Connect whenever this program starts, or not.
    ConnectAtStart(bool),
    /// Whether tunnel and hosting go on after quitting, from now on.
    KeepAfterQuit(bool),
    /// Yes or no to a link, by its number.
    Answer(u32, bool),
    /// End this program; with a word about the tunnel and hosting, or as was chosen before.
    Quit(Option<bool>),
    /// About being reachable elsewhere.
    Reach(Wish),
    /// Minutes after a shut lid at which a workspace stops, or not at all.
    LidRule(WorkspaceId, Option<u32>),
    /// Open `coder://` links too, or not.
    CoderLinks(bool),
    /// Show the workspaces in the browser.
    Dashboard,
    /// Pack what somebody who helps needs.
    MakeBundle,
    /// Ask every deployment again now.
    LookAgain,
}

/// A change to a workspace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    Start,
    Stop,
    Restart,
    /// Start it with the newest version of its template.
    Update,
    /// An hour more.
    Extend,
    Favourite(bool),
}
