//! The tray program on a desktop that nobody looks at: Xvfb, a private session bus, `xfce4-panel` as host of the icon. The
//! menu is read and clicked over D-Bus as a panel does it; what is opened is recorded by programs of the test.
//!
//! Screenshots are kept in the folder `desktop-screenshots` beside the built programs.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // This file is only tests and their tools.

#[path = "desktop/accounts.rs"]
mod accounts;
#[path = "desktop/bundle.rs"]
mod bundle;
#[path = "desktop/claimed.rs"]
mod claimed;
#[path = "desktop/hosted.rs"]
mod hosted;
#[path = "desktop/keyring.rs"]
mod keyring;
#[path = "desktop/lid.rs"]
mod lid;
#[path = "desktop/linked.rs"]
mod linked;
#[path = "desktop/missing.rs"]
mod missing;
#[path = "desktop/notifications.rs"]
mod notifications;
#[path = "desktop/opened.rs"]
mod opened;
#[path = "desktop/reachable.rs"]
mod reachable;
#[path = "desktop/schemes.rs"]
mod schemes;
#[path = "desktop/tunnelled.rs"]
mod tunnelled;
#[path = "desktop/upstream.rs"]
mod upstream;

use tests::desk as stage;
