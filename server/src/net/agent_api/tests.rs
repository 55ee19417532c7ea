//! The agent API over pipes, with a real caller.
