//! macOS, Windows and all others: the tunnel is not supported there yet, and every function says so. Same functions as
//! `os/linux`; a system that gets support gets a file of its own.

use std::io;

use bytes::BytesMut;
use mesh::names::Suffix;
use proto::ipc::{Health, NameService};

use super::{Clocks, Happened, Look, NetworkError, Tun};
use crate::network::Settings;
use crate::plan::Step;

/// No value of it exists.
#[derive(Debug)]
pub enum Machine {}

/// No value of it exists.
#[derive(Debug)]
pub enum Names {}

/// No value of it exists.
#[derive(Debug)]
pub enum TunReader {}

/// No value of it exists.
#[derive(Debug, Clone)]
pub enum TunWriter {}

/// No value of it exists.
#[derive(Debug, Clone)]
pub enum Stopper {}

impl Machine {
    /// Says that this system is unsupported.
    ///
    /// # Errors
    /// Always.
    pub fn open(_: &Settings) -> Result<Self, NetworkError> {
        Err(NetworkError::Unsupported)
    }

    /// Unreachable.
    pub async fn look(&self) -> Result<Look, NetworkError> {
        match *self {}
    }

    /// Unreachable.
    pub async fn make(&mut self, _: Step) -> Result<(), NetworkError> {
        match *self {}
    }

    /// Unreachable.
    pub async fn unmake(&mut self, _: Step) -> Result<(), NetworkError> {
        match *self {}
    }

    /// Unreachable.
    pub async fn end_streams(&self) {
        match *self {}
    }

    /// Unreachable.
    pub fn take_device(&mut self) -> Option<Tun> {
        match *self {}
    }

    /// Never asked.
    pub fn clocks() -> Clocks {
        Clocks { boot: std::time::Duration::ZERO, awake: std::time::Duration::ZERO }
    }

    /// Unreachable.
    pub async fn happened(&self) -> Happened {
        match *self {}
    }
}

impl Names {
    /// Says that this system is unsupported.
    ///
    /// # Errors
    /// Always.
    pub fn open(_: &Settings) -> Result<Self, NetworkError> {
        Err(NetworkError::Unsupported)
    }

    /// Unreachable.
    pub async fn ways(&mut self) -> Vec<NameService> {
        match *self {}
    }

    /// Unreachable.
    ///
    /// # Errors
    /// Unreachable.
    pub async fn forget(&mut self, _: NameService) -> io::Result<()> {
        match *self {}
    }

    /// Unreachable.
    ///
    /// # Errors
    /// Unreachable.
    pub async fn tell(&mut self, _: NameService, _: &[Suffix]) -> io::Result<()> {
        match *self {}
    }

    /// Unreachable.
    pub fn was_overwritten(&mut self, _: tokio::time::Instant) -> bool {
        match *self {}
    }

    /// Unreachable.
    pub fn caveat(&self, _: NameService) -> Option<Health> {
        match *self {}
    }

    /// Unreachable.
    pub fn why_none(&self) -> String {
        match *self {}
    }

    /// Unreachable.
    pub async fn untell(&mut self, _: Step) -> io::Result<()> {
        match *self {}
    }
}

impl TunReader {
    /// Unreachable.
    pub fn read(&mut self, _: &mut dyn FnMut(&[u8])) -> io::Result<()> {
        match *self {}
    }

    /// Unreachable.
    pub fn stopper(&self) -> Stopper {
        match *self {}
    }
}

impl TunWriter {
    /// Unreachable.
    pub fn write(&mut self, _: &mut Vec<BytesMut>) {
        match *self {}
    }
}

impl Stopper {
    /// Unreachable.
    pub fn stop(&self) {
        match *self {}
    }
}

/// Nobody is known to sit here.
pub async fn follow_seats(_: Option<String>, _: tokio::sync::watch::Sender<std::collections::BTreeSet<u32>>) {}

/// Says that this system is unsupported.
///
/// # Errors
/// Always.
pub fn admit(_: &std::path::Path, _: &std::collections::BTreeSet<u32>) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}
