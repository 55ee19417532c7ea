//! The windows, driven as a browser is: WebKitWebDriver under Xvfb, against a real server. What a page shows, what the
//! keyboard does, what is said when the server is gone; and what a hostile page gets, which is nothing.
//!
//! Screenshots are kept in the folder `desktop-screenshots` beside the built programs.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // This file is only tests and their tools.

#[path = "window/driver.rs"]
mod driver;
#[path = "window/hostile.rs"]
mod hostile;
#[path = "window/house.rs"]
mod house;
#[path = "window/menu.rs"]
mod menu;
#[path = "window/missing.rs"]
mod missing;
#[path = "window/shown.rs"]
mod shown;
