//! Builds: the durable queue, the life of a build, and the daemons that run on this computer.

/// State of the runner.
#[derive(Default)]
pub struct Builds {}
